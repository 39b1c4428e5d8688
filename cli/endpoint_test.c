#include "cli/endpoint_test.h"

#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/config.h"
#include "core/io/http.h"
#include "core/io/postgres.h"
#include "core/io/redis.h"
#include "exchanges/exchange.h"
#include "exchanges/pool.h"
#include "worker/venues.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum environment called[] = {ENVIRONMENT_TESTNET, ENVIRONMENT_LIVE};

struct asking { /* a process's own means */
	struct http *http;
	struct redis *redis;
	struct venues *venues;
};

static void asking_done(struct asking *asking)
{
	venues_free(&asking->venues);
	redis_free(&asking->redis);
	http_free(&asking->http);
}

static int asking_open(const struct config *config, struct postgres *postgres, bool shared,
	struct asking *ret, struct err *err)
{
	const char *ca_file = config_text(config, "venue.ca_file");
	const char *egress = config_text(config, "venue.egress");
	const char *redis = config_text(config, "redis.url");

	if (http_init(err) == -1)
		return -1;
	if (shared && redis[0] != '\0' &&
		redis_new(redis, config_int(config, "redis.connect_timeout_ms"),
			config_int(config, "redis.command_timeout_ms"), &ret->redis, err) == -1)
		return -1;
	ret->http = http_new(&(struct http_options){
		.user_agent = "botbeat",
		.connect_timeout_ms = config_int(config, "venue.connect_timeout_ms"),
		.total_timeout_ms = config_int(config, "venue.total_timeout_ms"),
		.ca_file = ca_file[0] == '\0' ? NULL : ca_file,
		.egress = egress[0] == '\0' ? NULL : egress,
	});
	ret->venues = venues_new(config, ret->http, ret->redis);
	return venues_pools(ret->venues, postgres, -1, err);
}

/* NULL: this program does not know the venue. */
static struct exchange *handle_of(
	struct asking *asking, enum venue_name venue, enum environment environment)
{
	struct exchange *exchange = NULL;
	struct err ignored;

	if (venues_get(asking->venues, venue, environment, &exchange, &ignored) == -1)
		return NULL;
	return exchange;
}

/* --- health --------------------------------------------------------------------------------- */

static void describe(const struct pool_endpoint *endpoint, const struct pool_health *health,
	char text[ENDPOINT_HEALTH_TEXT])
{
	long long wait_s = (long long)(health->wait_ms + 999) / 1000;

	if (health->open)
		(void)snprintf(text, ENDPOINT_HEALTH_TEXT, "open, tried in %lld s", wait_s);
	else if (health->auth_open)
		(void)snprintf(text, ENDPOINT_HEALTH_TEXT,
			"its address is refused, tried in %lld s", wait_s);
	else if (endpoint->draining)
		(void)snprintf(text, ENDPOINT_HEALTH_TEXT, "draining");
	else
		(void)snprintf(text, ENDPOINT_HEALTH_TEXT, "ok");
}

static void add_items(struct exchange *exchange, enum venue_name venue,
	enum environment environment, struct endpoint_health *health)
{
	for (size_t i = 0; i < pool_count(exchange); i++) {
		struct pool_health seen = pool_look(exchange, i);
		health->items = mem_grow(health->items, health->count + 1, sizeof health->items[0]);
		struct endpoint_health_item *item = &health->items[health->count++];
		(void)snprintf(item->exchange, sizeof item->exchange, "%s", venue_name_text(venue));
		(void)snprintf(item->environment, sizeof item->environment, "%s",
			environment_text(environment));
		(void)snprintf(item->name, sizeof item->name, "%s", pool_at(exchange, i)->name);
		describe(pool_at(exchange, i), &seen, item->text);
	}
}

int endpoint_health_read(const struct config *config, struct postgres *postgres,
	struct endpoint_health *ret, struct err *err)
{
	CLEANUP(asking_done) struct asking asking = {.http = NULL};
	struct err away;

	if (config_text(config, "redis.url")[0] == '\0')
		return 0;
	if (asking_open(config, postgres, true, &asking, err) == -1)
		return -1;
	/* The list is of use without: its last column says that nobody could be asked. */
	if (redis_connect(asking.redis, &away) == -1)
		return 0;
	for (int venue = 0; venue <= VENUE_BINANCE; venue++)
		for (size_t i = 0; i < sizeof called / sizeof called[0]; i++) {
			struct exchange *exchange = handle_of(
				&asking, (enum venue_name)venue, called[i]);
			if (exchange != NULL)
				add_items(exchange, (enum venue_name)venue, called[i], ret);
		}
	return 0;
}

void endpoint_health_done(struct endpoint_health *health)
{
	free(health->items);
	*health = (struct endpoint_health){.items = NULL};
}

const char *endpoint_health_text(const struct endpoint_health *health, const char *exchange,
	const char *environment, const char *name)
{
	for (size_t i = 0; i < health->count; i++)
		if (strcmp(health->items[i].exchange, exchange) == 0 &&
			strcmp(health->items[i].environment, environment) == 0 &&
			strcmp(health->items[i].name, name) == 0)
			return health->items[i].text;
	return NULL;
}

/* --- endpoint test -------------------------------------------------------------------------- */

static const struct output_column columns[] = {
	{"exchange", OUTPUT_TEXT},
	{"environment", OUTPUT_TEXT},
	{"name", OUTPUT_TEXT},
	{"answers", OUTPUT_BOOL},
	{"ms", OUTPUT_INT},
	{"clock_offset_ms", OUTPUT_INT},
	{"error", OUTPUT_TEXT},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

struct tested {
	char *cells[COLUMNS]; /* NULL: none */
	bool answers;
};

struct tests {
	struct tested *items;
	size_t count;
};

static void tests_done(struct tests *tests)
{
	for (size_t i = 0; i < tests->count; i++)
		for (size_t k = 0; k < COLUMNS; k++)
			text_free(&tests->items[i].cells[k]);
	free(tests->items);
}

/* The first call connects, the second one is measured. */
static int ask_time(struct exchange *exchange, const char *name, int64_t *ret_took_ms,
	int64_t *ret_offset_ms, struct err *err)
{
	const struct clock *clock = clock_system();
	int64_t server_ms;

	if (pool_pin(exchange, name, err) == -1 ||
		exchange_adapter(exchange)->time(exchange, &server_ms, err) == -1)
		return -1;
	int64_t begin_ms = clock_utc_ms(clock);
	if (exchange_adapter(exchange)->time(exchange, &server_ms, err) == -1)
		return -1;
	int64_t end_ms = clock_utc_ms(clock);
	*ret_took_ms = end_ms - begin_ms;
	*ret_offset_ms = server_ms - (begin_ms + end_ms) / 2;
	return 0;
}

static void test_one(struct exchange *exchange, const char *exchange_name,
	const char *environment_name, const char *name, struct tests *tests)
{
	int64_t took_ms = 0;
	int64_t offset_ms = 0;
	struct err err = {.message = ""};

	tests->items = mem_grow(tests->items, tests->count + 1, sizeof tests->items[0]);
	struct tested *tested = &tests->items[tests->count++];
	*tested = (struct tested){
		.answers = ask_time(exchange, name, &took_ms, &offset_ms, &err) == 0};
	tested->cells[0] = mem_text(exchange_name);
	tested->cells[1] = mem_text(environment_name);
	tested->cells[2] = mem_text(name);
	tested->cells[3] = mem_text(tested->answers ? "true" : "false");
	if (tested->answers) {
		tested->cells[4] = mem_format("%" PRId64, took_ms);
		tested->cells[5] = mem_format("%" PRId64, offset_ms);
	} else {
		tested->cells[6] = mem_text(err.message);
	}
}

struct wanted { /* NULL: any */
	const char *exchange, *environment, *name;
};

static bool is_wanted(const char *wanted, const char *text)
{
	return wanted == NULL || strcmp(wanted, text) == 0;
}

/* What nobody named and nobody set up is left alone: a configured default is no endpoint yet. */
static void test_pool(struct exchange *exchange, const char *exchange_name,
	const char *environment_name, const struct wanted *wanted, struct tests *tests)
{
	for (size_t i = 0; i < pool_count(exchange); i++) {
		const struct pool_endpoint *endpoint = pool_at(exchange, i);
		bool asked_for = endpoint->id[0] != '\0' || wanted->environment != NULL;
		char name[POOL_NAME_SIZE];
		(void)snprintf(name, sizeof name, "%s", endpoint->name);
		if (asked_for && is_wanted(wanted->name, name))
			test_one(exchange, exchange_name, environment_name, name, tests);
	}
}

static void test_all(struct asking *asking, const struct wanted *wanted, struct tests *tests)
{
	for (int venue = 0; venue <= VENUE_BINANCE; venue++) {
		const char *exchange_name = venue_name_text((enum venue_name)venue);
		for (size_t i = 0; i < sizeof called / sizeof called[0]; i++) {
			const char *environment_name = environment_text(called[i]);
			struct exchange *exchange = handle_of(
				asking, (enum venue_name)venue, called[i]);
			if (exchange != NULL && is_wanted(wanted->exchange, exchange_name) &&
				is_wanted(wanted->environment, environment_name))
				test_pool(exchange, exchange_name, environment_name, wanted, tests);
		}
	}
}

static int judge(const struct tests *tests, const struct wanted *wanted, struct err *err)
{
	size_t silent = 0;

	if (tests->count == 0 && wanted->exchange != NULL)
		return err_set(err, ERR_NOT_FOUND, ERR_RETRY_NEVER, "there is no such endpoint");
	for (size_t i = 0; i < tests->count; i++)
		silent += !tests->items[i].answers;
	if (silent == 0)
		return 0;
	return err_set(err, ERR_NETWORK, ERR_RETRY_LATER, "%zu of %zu endpoints do not answer",
		silent, tests->count);
}

int endpoint_test_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(asking_done) struct asking asking = {.http = NULL};
	CLEANUP(tests_done) struct tests tests = {.items = NULL};
	struct wanted wanted = {
		.exchange = argc > 0 ? argv[0] : NULL,
		.environment = argc > 1 ? argv[1] : NULL,
		.name = argc > 2 ? argv[2] : NULL,
	};
	struct postgres *postgres;

	if (command_database(context, &postgres, err) == -1 ||
		asking_open(command_config(context), postgres, false, &asking, err) == -1)
		return -1;
	test_all(&asking, &wanted, &tests);
	const char **cells = mem_zero(tests.count * COLUMNS + 1, sizeof *cells);
	for (size_t i = 0; i < tests.count; i++)
		for (size_t k = 0; k < COLUMNS; k++)
			cells[i * COLUMNS + k] = tests.items[i].cells[k];
	output_table(columns, COLUMNS, cells, tests.count, command_json(context));
	free(cells);
	return judge(&tests, &wanted, err);
}
