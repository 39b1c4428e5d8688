#include "worker/venues.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/config.h"
#include "core/io/doc.h"
#include "core/io/http.h"
#include "core/io/log.h"
#include "core/io/postgres.h"
#include "core/store/endpoint.h"
#include "exchanges/exchange.h"
#include "exchanges/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VENUES 3
#define ENVIRONMENTS 3
#define NOTE_EVERY_MS 30000

struct venues {
	const struct config *config;
	struct http *http;
	struct redis *redis;
	struct exchange *handles[VENUES][ENVIRONMENTS];
	struct postgres_result *rows; /* of the endpoint pools; NULL: never read */
	int64_t version;              /* of the rows */
	int64_t noted_mono_ms;
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
	postgres_result_free(&(*venues)->rows);
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
} url_settings[] = {
	{VENUE_BYBIT, ENVIRONMENT_LIVE, URL_BASE, "venue.bybit_url"},
	{VENUE_BYBIT, ENVIRONMENT_TESTNET, URL_BASE, "venue.bybit_testnet_url"},
	{VENUE_PHEMEX, ENVIRONMENT_LIVE, URL_BASE, "venue.phemex_url"},
	{VENUE_PHEMEX, ENVIRONMENT_TESTNET, URL_BASE, "venue.phemex_testnet_url"},
	{VENUE_BINANCE, ENVIRONMENT_LIVE, URL_BASE, "venue.binance_url"},
	{VENUE_BINANCE, ENVIRONMENT_TESTNET, URL_BASE, "venue.binance_testnet_url"},
	{VENUE_BINANCE, ENVIRONMENT_LIVE, URL_KEYS, "venue.binance_key_url"},
	{VENUE_BINANCE, ENVIRONMENT_TESTNET, URL_KEYS, "venue.binance_testnet_key_url"},
};

#define URL_SETTINGS (sizeof url_settings / sizeof url_settings[0])

/* "" if it is not set, or if the venue has no such setting. */
static const char *url_of(const struct config *config, enum venue_name venue,
	enum environment environment, enum url_use use)
{
	for (size_t i = 0; i < URL_SETTINGS; i++) {
		const struct url_setting *setting = &url_settings[i];
		if (setting->venue == venue && setting->environment == environment &&
			setting->use == use)
			return config_text(config, setting->name);
	}
	return "";
}

/* ---- pools ------------------------------------------------------------------------------- */

/* Columns of endpoint_rows. */
enum {
	ROW_VERSION,
	ROW_EXCHANGE,
	ROW_ENVIRONMENT,
	ROW_ID,
	ROW_NAME,
	ROW_URL,
	ROW_EGRESS,
	ROW_TIER,
	ROW_PRIORITY,
	ROW_WEIGHT,
	ROW_LIMIT,
	ROW_DRAINING,
};

static void copy(char *to, size_t size, const struct postgres_result *rows, size_t row, size_t at)
{
	(void)snprintf(to, size, "%s", postgres_text(rows, row, at));
}

static struct pool_endpoint endpoint_at(const struct postgres_result *rows, size_t row)
{
	struct pool_endpoint endpoint = {
		.tier = TIER_STANDARD,
		.priority = postgres_int(rows, row, ROW_PRIORITY),
		.weight = postgres_int(rows, row, ROW_WEIGHT),
		.per_second = postgres_int(rows, row, ROW_LIMIT),
		.draining = postgres_bool(rows, row, ROW_DRAINING),
	};

	(void)endpoint_tier_parse(postgres_text(rows, row, ROW_TIER), &endpoint.tier);
	copy(endpoint.id, sizeof endpoint.id, rows, row, ROW_ID);
	copy(endpoint.name, sizeof endpoint.name, rows, row, ROW_NAME);
	copy(endpoint.base_url, sizeof endpoint.base_url, rows, row, ROW_URL);
	copy(endpoint.egress, sizeof endpoint.egress, rows, row, ROW_EGRESS);
	size_t length = strlen(endpoint.base_url);
	while (length > 0 && endpoint.base_url[length - 1] == '/')
		endpoint.base_url[--length] = '\0';
	return endpoint;
}

static bool is_allowed(const struct venue_hosts *hosts, const char *url)
{
	char host[256];
	struct err ignored;

	if (http_host(url, host, sizeof host, &ignored) == -1)
		return false;
	for (size_t i = 0; hosts->names[i] != NULL; i++)
		if (strcasecmp(hosts->names[i], host) == 0)
			return true;
	return false;
}

static void set_pool(struct venues *venues, enum venue_name venue, enum environment environment)
{
	struct exchange *exchange = venues->handles[venue][environment];
	struct pool_endpoint endpoints[POOL_MAX];
	struct venue_hosts hosts;
	struct err err;
	size_t count = 0;
	size_t refused;

	if (exchange == NULL || venues->rows == NULL ||
		venues_hosts(venues->config, &hosts, &err) == -1)
		return;
	for (size_t row = 0; row < postgres_rows(venues->rows) && count < POOL_MAX; row++) {
		if (strcmp(postgres_text(venues->rows, row, ROW_EXCHANGE),
			    venue_name_text(venue)) != 0 ||
			strcmp(postgres_text(venues->rows, row, ROW_ENVIRONMENT),
				environment_text(environment)) != 0)
			continue;
		endpoints[count] = endpoint_at(venues->rows, row);
		if (is_allowed(&hosts, endpoints[count].base_url))
			count++;
		else
			log_event(LOG_WARN,
				"an endpoint is left out: venue.extra_hosts does not allow its "
				"host",
				LOG_TEXT("endpoint", endpoints[count].name),
				LOG_TEXT("url", endpoints[count].base_url));
	}
	pool_set(exchange, endpoints, count, &refused);
	if (refused > 0)
		log_event(LOG_WARN, "endpoints are left out: their URLs cannot be used",
			LOG_INT("endpoints", (int64_t)refused));
}

int venues_pools(struct venues *venues, struct postgres *postgres, int64_t version, struct err *err)
{
	struct postgres_result *rows = NULL;

	if (venues->rows != NULL && version == venues->version)
		return 0;
	if (endpoint_rows(postgres, &rows, err) == -1)
		return -1;
	postgres_result_free(&venues->rows);
	venues->rows = rows;
	venues->version = postgres_rows(rows) > 0 ? postgres_int(rows, 0, ROW_VERSION) : 0;
	for (int venue = 0; venue < VENUES; venue++)
		for (int environment = 0; environment < ENVIRONMENTS; environment++)
			set_pool(venues, (enum venue_name)venue, (enum environment)environment);
	return 0;
}

static char *usage_text(const struct pool_usage *usage, size_t count)
{
	CLEANUP(doc_free) struct doc *list = doc_array();

	for (size_t i = 0; i < count; i++) {
		struct doc *item = doc_object();
		doc_text(item, "name", usage[i].name);
		doc_text(item, "operation", usage[i].operation);
		doc_int(item, "ok", usage[i].calls[POOL_OK]);
		doc_int(item, "refused", usage[i].calls[POOL_REFUSED]);
		doc_int(item, "limited", usage[i].calls[POOL_LIMITED]);
		doc_int(item, "failed", usage[i].calls[POOL_FAILED]);
		doc_int(item, "duration_ms", usage[i].duration_ms);
		doc_int(item, "slowest_ms", usage[i].slowest_ms);
		doc_push(list, item);
	}
	return doc_dump(list);
}

static void note_usage(struct venues *venues, struct postgres *postgres, enum venue_name venue,
	enum environment environment)
{
	struct exchange *exchange = venues->handles[venue][environment];
	struct err err;
	size_t count = 0;

	if (exchange == NULL)
		return;
	const struct pool_usage *usage = pool_usage(exchange, &count);
	if (count == 0)
		return;
	CLEANUP(text_free) char *text = usage_text(usage, count);
	if (endpoint_note_usage(postgres, venue_name_text(venue), environment_text(environment),
		    text, &err) == 0)
		pool_usage_clear(exchange);
	else
		log_failure(LOG_INFO, "calls are counted with the next ones", &err);
}

void venues_note_usage(struct venues *venues, struct postgres *postgres, bool now)
{
	int64_t now_ms = clock_mono_ms(clock_system());

	if (!now && now_ms - venues->noted_mono_ms < NOTE_EVERY_MS)
		return;
	venues->noted_mono_ms = now_ms;
	for (int venue = 0; venue < VENUES; venue++)
		for (int environment = 0; environment < ENVIRONMENTS; environment++)
			note_usage(venues, postgres, (enum venue_name)venue,
				(enum environment)environment);
}

/* ---- handles ----------------------------------------------------------------------------- */

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
		set_pool(venues, venue, environment);
	}
	*ret = *handle;
	return 0;
}

static int add_host(
	struct venue_hosts *hosts, size_t *count, const char *host, size_t length, struct err *err)
{
	if (*count == VENUE_HOSTS_MAX || length >= sizeof hosts->texts[0])
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"venue.extra_hosts: at most %d hosts in all, of at most 255 bytes",
			VENUE_HOSTS_MAX);
	(void)snprintf(hosts->texts[*count], sizeof hosts->texts[0], "%.*s", (int)length, host);
	hosts->names[*count] = hosts->texts[*count];
	(*count)++;
	return 0;
}

int venues_hosts(const struct config *config, struct venue_hosts *ret, struct err *err)
{
	const char *extra = config_text(config, "venue.extra_hosts");
	size_t count = 0;

	for (size_t i = 0; i < URL_SETTINGS; i++) {
		const char *url = config_text(config, url_settings[i].name);
		char host[256];
		if (url[0] == '\0')
			continue;
		if (http_host(url, host, sizeof host, err) == -1)
			return err_while(err, "could not understand %s", url_settings[i].name);
		if (add_host(ret, &count, host, strlen(host), err) == -1)
			return -1;
	}
	for (size_t length; *extra != '\0'; extra += length) {
		extra += strspn(extra, " ,");
		length = strcspn(extra, " ,");
		if (length > 0 && add_host(ret, &count, extra, length, err) == -1)
			return -1;
	}
	ret->names[count] = NULL;
	return 0;
}

bool venues_use_https(const struct config *config)
{
	for (size_t i = 0; i < URL_SETTINGS; i++)
		if (strncmp(config_text(config, url_settings[i].name), "https:", 6) == 0)
			return true;
	return false;
}
