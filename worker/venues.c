#include "worker/venues.h"

#include "core/io/config.h"
#include "core/io/http.h"
#include "exchanges/exchange.h"

#include <stdlib.h>
#include <string.h>

#define VENUES 3
#define ENVIRONMENTS 3

struct venues {
	const struct config *config;
	struct http *http;
	struct redis *redis;
	struct exchange *handles[VENUES][ENVIRONMENTS];
};

struct venues *venues_new(const struct config *config, struct http *http, struct redis *redis)
{
	struct venues *venues = mem_zero(1, sizeof *venues);

	venues->config = config;
	venues->http = http;
	venues->redis = redis;
	return venues;
}

void venues_free(struct venues **venues)
{
	if (*venues == NULL)
		return;
	for (int venue = 0; venue < VENUES; venue++)
		for (int environment = 0; environment < ENVIRONMENTS; environment++)
			exchange_free(&(*venues)->handles[venue][environment]);
	free(*venues);
	*venues = NULL;
}

enum url_use { URL_BASE, URL_KEYS };

/* The settings that hold URLs. */
static const struct url_setting {
	enum venue_name venue;
	enum environment environment;
	enum url_use use;
	const char *name;
} url_settings[VENUE_HOSTS_MAX] = {
	{VENUE_BYBIT, ENVIRONMENT_LIVE, URL_BASE, "venue.bybit_url"},
	{VENUE_BYBIT, ENVIRONMENT_TESTNET, URL_BASE, "venue.bybit_testnet_url"},
	{VENUE_PHEMEX, ENVIRONMENT_LIVE, URL_BASE, "venue.phemex_url"},
	{VENUE_PHEMEX, ENVIRONMENT_TESTNET, URL_BASE, "venue.phemex_testnet_url"},
	{VENUE_BINANCE, ENVIRONMENT_LIVE, URL_BASE, "venue.binance_url"},
	{VENUE_BINANCE, ENVIRONMENT_TESTNET, URL_BASE, "venue.binance_testnet_url"},
	{VENUE_BINANCE, ENVIRONMENT_LIVE, URL_KEYS, "venue.binance_key_url"},
	{VENUE_BINANCE, ENVIRONMENT_TESTNET, URL_KEYS, "venue.binance_testnet_key_url"},
};

/* "" if it is not set, or if the venue has no such setting. */
static const char *url_of(const struct config *config, enum venue_name venue,
	enum environment environment, enum url_use use)
{
	for (size_t i = 0; i < VENUE_HOSTS_MAX; i++) {
		const struct url_setting *setting = &url_settings[i];
		if (setting->venue == venue && setting->environment == environment &&
			setting->use == use)
			return config_text(config, setting->name);
	}
	return "";
}

int venues_get(struct venues *venues, enum venue_name venue, enum environment environment,
	struct exchange **ret, struct err *err)
{
	struct exchange **handle = &venues->handles[venue][environment];
	const char *egress = config_text(venues->config, "venue.egress");
	const char *base_url = url_of(venues->config, venue, environment, URL_BASE);

	if (environment == ENVIRONMENT_PAPER)
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "environment paper is not built yet");
	if (*handle == NULL) {
		struct exchange_options options = {
			.venue = venue,
			.environment = environment,
			.base_url = base_url[0] == '\0' ? NULL : base_url,
			.key_url = url_of(venues->config, venue, environment, URL_KEYS),
			.egress = egress[0] == '\0' ? NULL : egress,
			.egress_per_second = config_int(
				venues->config, "venue.requests_per_second"),
			.recv_window_ms = config_int(venues->config, "venue.recv_window_ms"),
			.http = venues->http,
			.redis = venues->redis,
		};
		if (exchange_open(&options, handle, err) == -1)
			return err_while(err, "could not open %s", venue_name_text(venue));
	}
	*ret = *handle;
	return 0;
}

int venues_hosts(const struct config *config, struct venue_hosts *ret, struct err *err)
{
	size_t count = 0;

	for (size_t i = 0; i < VENUE_HOSTS_MAX; i++) {
		const char *url = config_text(config, url_settings[i].name);
		if (url[0] == '\0')
			continue;
		if (http_host(url, ret->texts[count], sizeof ret->texts[count], err) == -1)
			return err_while(err, "could not understand %s", url_settings[i].name);
		ret->names[count] = ret->texts[count];
		count++;
	}
	ret->names[count] = NULL;
	return 0;
}

bool venues_use_https(const struct config *config)
{
	for (size_t i = 0; i < VENUE_HOSTS_MAX; i++)
		if (strncmp(config_text(config, url_settings[i].name), "https:", 6) == 0)
			return true;
	return false;
}
