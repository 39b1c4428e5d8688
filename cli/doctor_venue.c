#include "cli/doctor.h"

#include "cli/venue_session.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/config.h"
#include "core/io/http.h"
#include "core/io/postgres.h"
#include "core/store/health.h"
#include "exchanges/exchange.h"
#include "worker/venues.h"

#include <inttypes.h>
#include <stdlib.h>

#define TOPIC "venue"
#define OFFSET_WARN_MS 5000

/* *ret_offset_ms: the venue's clock minus ours; *ret_took_ms: the round trip. */
static int ask_time(struct venues *venues, const char *exchange_name, const char *environment_name,
	int64_t *ret_offset_ms, int64_t *ret_took_ms, struct err *err)
{
	const struct clock *clock = clock_system();
	struct exchange *exchange;
	enum environment environment;
	enum venue_name venue;
	int64_t server_ms;

	if (venue_name_parse(exchange_name, &venue, err) == -1 ||
		environment_parse(environment_name, &environment, err) == -1 ||
		venues_get(venues, venue, environment, &exchange, err) == -1)
		return -1;
	/* Twice: the first call connects, the second one measures. */
	if (exchange_adapter(exchange)->time(exchange, &server_ms, err) == -1)
		return -1;
	int64_t begin_ms = clock_utc_ms(clock);
	if (exchange_adapter(exchange)->time(exchange, &server_ms, err) == -1)
		return -1;
	int64_t end_ms = clock_utc_ms(clock);
	*ret_offset_ms = server_ms - (begin_ms + end_ms) / 2;
	*ret_took_ms = end_ms - begin_ms;
	return 0;
}

static void check_one(const struct doctor *doctor, struct venues *venues, const char *exchange,
	const char *environment, const char *bots)
{
	int64_t offset_ms;
	int64_t took_ms;
	struct err err;

	if (ask_time(venues, exchange, environment, &offset_ms, &took_ms, &err) == -1)
		findings_add(doctor->findings, FINDING_FAIL, TOPIC,
			"is the address right, and may this host reach it? venue.egress, firewall, "
			"venue.ca_file",
			"%s %s (%s bots): %s", exchange, environment, bots, err.message);
	else if (llabs(offset_ms) > OFFSET_WARN_MS)
		findings_add(doctor->findings, FINDING_WARN, TOPIC,
			"run a time service; requests are signed by the venue's clock, logs are "
			"not",
			"%s %s (%s bots): its clock is %" PRId64 " ms from this host's", exchange,
			environment, bots, offset_ms);
	else
		findings_add(doctor->findings, FINDING_OK, TOPIC, NULL,
			"%s %s (%s bots) answers in %" PRId64 " ms, its clock is %" PRId64
			" ms from this host's",
			exchange, environment, bots, took_ms, offset_ms);
}

void doctor_venue_check(const struct doctor *doctor)
{
	const struct config *config = command_config(doctor->context);
	CLEANUP(postgres_result_free) struct postgres_result *in_use = NULL;
	CLEANUP(venues_free) struct venues *venues = NULL;
	CLEANUP(http_free) struct http *http = NULL;
	struct postgres *postgres;
	struct err err;

	/* That the database is away was said before. */
	if (command_database(doctor->context, &postgres, &err) == -1)
		return;
	if (http_init(&err) == -1 || health_venues(postgres, &in_use, &err) == -1) {
		findings_add(doctor->findings, FINDING_FAIL, TOPIC, NULL, "%s", err.message);
		return;
	}
	http = venue_session_http(config);
	/* Without Redis: what is asked here counts in nobody's limits. */
	venues = venues_new(config, http, NULL);
	for (size_t row = 0; row < postgres_rows(in_use); row++)
		check_one(doctor, venues, postgres_text(in_use, row, 0),
			postgres_text(in_use, row, 1), postgres_text(in_use, row, 2));
	if (postgres_rows(in_use) == 0)
		findings_add(doctor->findings, FINDING_OK, TOPIC, NULL, "no venue is in use");
}
