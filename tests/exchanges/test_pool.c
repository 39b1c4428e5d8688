/*
 * The pool over real HTTP: two servers of the same venue. What goes where, what is let go of, and
 * what goes all the same.
 */
#include "exchanges/pool.h"

#include "core/base/cleanup.h"
#include "core/io/redis.h"
#include "exchanges/auth_watch.h"
#include "exchanges/exchange.h"
#include "tests/exchanges/fake_venue.h"
#include "tests/support/server.h"

#include <criterion/parameterized.h>

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define TIME "/v5/market/time"
#define CREATE "/v5/order/create"
#define REFUSED_KEY "{\"retCode\":10010,\"retMsg\":\"Unmatched IP\",\"result\":{},\"time\":%T}"

static struct fake_venue left, right;
static struct http *http;
static struct redis *redis;
static struct exchange *exchange;
static struct arena *arena;
static struct err err;

static struct pool_endpoint endpoint_of(
	const char *name, const struct fake_venue *venue, const char *egress)
{
	struct pool_endpoint endpoint = {.tier = TIER_STANDARD, .weight = 1};

	(void)snprintf(endpoint.name, sizeof endpoint.name, "%s", name);
	(void)snprintf(endpoint.base_url, sizeof endpoint.base_url, "%s", venue->url);
	(void)snprintf(endpoint.egress, sizeof endpoint.egress, "%s", egress);
	return endpoint;
}

static void set_pool(const struct pool_endpoint *endpoints, size_t count)
{
	size_t refused;

	pool_set(exchange, endpoints, count, &refused);
	cr_assert(zero(sz, refused));
}

static void open_exchange(void)
{
	const struct exchange_options options = {
		.venue = VENUE_BYBIT,
		.environment = ENVIRONMENT_TESTNET,
		.base_url = left.url,
		.recv_window_ms = 5000,
		.egress_per_second = -1,
		.http = http,
		.redis = redis,
	};

	cr_assert(zero(int, exchange_open(&options, &exchange, &err)), "%s", err.message);
	exchange_attach(exchange, &(struct exchange_credential){.key = "key", .secret = "secret"});
}

static void setup(void)
{
	const struct http_options options = {.user_agent = "test", .total_timeout_ms = 2000};

	fake_start(&left);
	fake_start(&right);
	http = http_new(&options);
	arena = arena_new(65536, 1024 * 1024);
	open_exchange();
}

/* After the suite's own: the exchange of that one shares nothing. */
static void setup_shared(void)
{
	cr_assert(zero(int, redis_new(test_redis_url(), 5000, 5000, &redis, &err)), "%s",
		err.message);
	exchange_free(&exchange);
	open_exchange();
}

static void teardown(void)
{
	exchange_free(&exchange);
	arena_free(&arena);
	http_free(&http);
	redis_free(&redis);
	fake_stop(&left);
	fake_stop(&right);
}

TestSuite(pool, .init = setup, .fini = teardown);

static int ask_time(void)
{
	int64_t server_ms;

	return exchange_adapter(exchange)->time(exchange, &server_ms, &err);
}

static int ask_account(void)
{
	struct account account;

	return exchange_adapter(exchange)->account(exchange, "BTCUSDT", &account, &err);
}

static int place(bool reduce_only)
{
	struct exchange_request request;
	char id[VENUE_ORDER_ID_SIZE];
	const struct order_request order = {
		.client_order_id = "bb-1",
		.symbol = "BTCUSDT",
		.side = SIDE_BUY,
		.leg = LEG_ONE_WAY,
		.type = ORDER_MARKET,
		.quantity = decimal_literal("0.010"),
		.reduce_only = reduce_only,
	};

	if (exchange_adapter(exchange)->prepare_place(exchange, arena, &order, &request, &err) ==
		-1)
		return -1;
	return exchange_send(exchange, &request, id, &err);
}

static void break_time(struct fake_venue *venue)
{
	fake_say(
		venue, &(struct fake_answer){.path = TIME, .status = 500, .body = "", .times = -1});
}

Test(pool, without_rows_the_configuration_is_the_pool)
{
	cr_expect(eq(sz, pool_count(exchange), 1));
	cr_expect(zero(int, ask_time()), "%s", err.message);
	cr_expect(eq(int, fake_arrivals(&left, TIME), 1));
}

Test(pool, a_read_that_failed_is_asked_of_another_endpoint)
{
	struct pool_endpoint endpoints[] = {
		endpoint_of("left", &left, ""), endpoint_of("right", &right, "")};

	endpoints[1].priority = 1;
	break_time(&left);
	set_pool(endpoints, 2);
	for (int i = 0; i < 8; i++)
		cr_expect(zero(int, ask_time()), "%s", err.message);
	cr_expect(eq(int, fake_arrivals(&right, TIME), 8));
	cr_expect(eq(int, fake_arrivals(&left, TIME), 5), "then its breaker opens");
}

Test(pool, an_order_is_never_sent_to_a_second_endpoint)
{
	struct pool_endpoint endpoints[] = {
		endpoint_of("left", &left, ""), endpoint_of("right", &right, "")};

	endpoints[1].priority = 1;
	fake_say(&left,
		&(struct fake_answer){.path = CREATE, .status = 500, .body = "", .times = -1});
	set_pool(endpoints, 2);
	cr_expect(eq(int, place(false), -1));
	cr_expect(eq(int, (int)err.retry, ERR_RETRY_ASK));
	cr_expect(eq(int, fake_arrivals(&left, CREATE), 1));
	cr_expect(zero(int, fake_arrivals(&right, CREATE)));
}

/* The breaker is the endpoint's: public calls broke it. */
Test(pool, an_open_breaker_stops_new_risk_and_lets_protection_pass)
{
	cr_assert(zero(int, ask_account()), "%s", err.message);
	break_time(&left);
	for (int i = 0; i < 6; i++)
		(void)ask_time();
	cr_expect(eq(int, place(false), -1), "an entry");
	cr_expect(eq(int, (int)err.code, ERR_RATE), "%s", err.message);
	cr_expect(eq(int, (int)err.retry, ERR_RETRY_THROTTLED));
	cr_expect(gt(i64, err.retry_after_ms, 0));
	cr_expect(zero(int, fake_arrivals(&left, CREATE)));
	cr_expect(eq(int, ask_account(), -1), "a read of a run with nothing at risk");
	pool_route(exchange, &(struct pool_route){.tier = TIER_STANDARD, .at_risk = true});
	cr_expect(zero(int, ask_account()), "a read of a run with a position: %s", err.message);
}

Test(pool, a_reducing_order_passes_an_open_breaker)
{
	cr_assert(zero(int, ask_account()), "%s", err.message);
	break_time(&left);
	for (int i = 0; i < 6; i++)
		(void)ask_time();
	cr_expect(zero(int, place(true)), "%s", err.message);
	cr_expect(eq(int, fake_arrivals(&left, CREATE), 1));
}

/* This host has all of 127.0.0.0/8, so addresses of it part the egresses of a test. */
Test(pool, private_calls_leave_from_the_bound_addresses_only)
{
	struct pool_endpoint endpoints[] = {
		endpoint_of("left", &left, "127.0.0.1"), endpoint_of("right", &right, "127.0.0.2")};
	const char *const bound[] = {"127.0.0.2"};

	set_pool(endpoints, 2);
	pool_route(exchange,
		&(struct pool_route){.tier = TIER_STANDARD, .egresses = bound, .egress_count = 1});
	for (int i = 0; i < 4; i++) {
		cr_expect(zero(int, ask_account()), "%s", err.message);
		cr_expect(zero(int, place(false)), "%s", err.message);
	}
	cr_expect(eq(int, fake_arrivals(&right, CREATE), 4));
	cr_expect(zero(int, fake_arrivals(&left, CREATE)));
	cr_expect(zero(int, fake_arrivals(&left, "/v5/account/wallet-balance")));
	for (int i = 0; i < 40; i++)
		cr_expect(zero(int, ask_time()), "%s", err.message);
	cr_expect(gt(int, fake_arrivals(&left, TIME), 0), "public calls go anywhere");
}

Test(pool, a_bound_credential_waits_rather_than_leave_from_elsewhere)
{
	const char *const bound[] = {"192.0.2.77"}; /* TEST-NET-1: no host has it */

	pool_route(exchange,
		&(struct pool_route){.tier = TIER_STANDARD, .egresses = bound, .egress_count = 1});
	cr_expect(eq(int, ask_account(), -1));
	cr_expect(eq(int, (int)err.code, ERR_REFUSED));
	cr_expect(eq(int, (int)err.retry, ERR_RETRY_LATER), "another host may have it");
	cr_expect(zero(int, fake_arrivals(&left, "/v5/account/wallet-balance")));
	cr_expect(zero(int, ask_time()), "%s", err.message);
}

Test(pool, an_address_of_another_host_is_passed_over)
{
	struct pool_endpoint endpoints[] = {
		endpoint_of("left", &left, "192.0.2.77"), endpoint_of("right", &right, "")};

	endpoints[1].priority = 1;
	set_pool(endpoints, 2);
	cr_expect(zero(int, ask_time()), "%s", err.message);
	cr_expect(zero(int, fake_arrivals(&left, TIME)));
}

Test(pool, a_ban_of_one_address_leaves_the_others)
{
	struct pool_endpoint endpoints[] = {
		endpoint_of("left", &left, "127.0.0.1"), endpoint_of("right", &right, "127.0.0.2")};

	endpoints[1].priority = 1;
	fake_say(&left,
		&(struct fake_answer){
			.path = TIME, .status = 403, .body = "access too frequent", .times = -1});
	set_pool(endpoints, 2);
	for (int i = 0; i < 5; i++)
		cr_expect(zero(int, ask_time()), "%s", err.message);
	cr_expect(eq(int, fake_arrivals(&left, TIME), 1), "once, and no more until it is over");
	cr_expect(eq(int, fake_arrivals(&right, TIME), 5));
}

Test(pool, every_call_is_counted_by_endpoint_operation_and_outcome)
{
	struct pool_endpoint endpoint = endpoint_of("left", &left, "");

	(void)snprintf(endpoint.id, sizeof endpoint.id, "id-1");
	set_pool(&endpoint, 1);
	cr_assert(zero(int, ask_time()), "%s", err.message);
	cr_assert(zero(int, place(false)), "%s", err.message);
	fake_say(&left, &(struct fake_answer){.path = CREATE,
				.times = 1,
				.body = "{\"retCode\":110007,\"retMsg\":\"ab not enough for new "
					"order\",\"result\":{},\"time\":%T}"});
	cr_assert(eq(int, place(false), -1));

	size_t count;
	const struct pool_usage *usage = pool_usage(exchange, &count);
	cr_assert(eq(sz, count, 2));
	cr_expect(eq(str, usage[0].operation, "GET " TIME));
	cr_expect(eq(i64, usage[0].calls[POOL_OK], 1));
	cr_expect(eq(str, usage[1].operation, "POST " CREATE));
	cr_expect(eq(str, usage[1].id, "id-1"));
	cr_expect(eq(i64, usage[1].calls[POOL_OK], 1));
	cr_expect(eq(i64, usage[1].calls[POOL_REFUSED], 1));
	pool_usage_clear(exchange);
	(void)pool_usage(exchange, &count);
	cr_expect(zero(sz, count), "and begins anew");
	struct exchange_usage calls = exchange_usage_take(exchange);
	cr_expect(eq(i64, calls.by_tier[TIER_STANDARD], 3));
}

/* --- keys that are refused ------------------------------------------------------------------ */

static void refuse_keys(struct fake_venue *venue)
{
	static const char *const paths[] = {
		"/v5/account/wallet-balance", "/v5/position/list", "/v5/account/info"};

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		struct fake_answer answer = {.body = REFUSED_KEY, .times = -1};
		(void)snprintf(answer.path, sizeof answer.path, "%s", paths[i]);
		fake_say(venue, &answer);
	}
}

static void attach_key(int number)
{
	static char key[16];

	(void)snprintf(key, sizeof key, "key-%d", number);
	exchange_attach(exchange, &(struct exchange_credential){.key = key, .secret = "secret"});
}

/* 127.0.0.N of a test of its own: what is kept in Redis is kept by the address. */
static const char *own_egress(void)
{
	static char egress[32];

	(void)snprintf(egress, sizeof egress, "127.%d.%d.%d", 1 + (int)(random_u64() % 250),
		(int)(random_u64() % 250), 1 + (int)(random_u64() % 250));
	return egress;
}

Test(pool, one_refused_key_is_believed_a_minute_later, .init = setup_shared)
{
	struct pool_endpoint endpoint = endpoint_of("left", &left, own_egress());

	set_pool(&endpoint, 1);
	refuse_keys(&left);
	attach_key(1);
	cr_expect(eq(int, ask_account(), -1));
	cr_expect(eq(int, (int)err.code, ERR_AUTH), "%s", err.message);
	cr_expect(eq(int, (int)err.retry, ERR_RETRY_THROTTLED), "nobody is blocked yet");
	cr_expect(gt(i64, err.retry_after_ms, 50000));
}

Test(pool, many_refused_keys_open_their_address_and_blame_none, .init = setup_shared)
{
	const char *egress = own_egress();
	struct pool_endpoint endpoints[] = {
		endpoint_of("left", &left, egress), endpoint_of("right", &right, "127.0.0.1")};
	const char *const bound[] = {egress};
	const struct pool_route route = {
		.tier = TIER_STANDARD, .egresses = bound, .egress_count = 1};
	int blamed = 0;

	set_pool(endpoints, 2);
	refuse_keys(&left);
	pool_route(exchange, &route);
	for (int i = 0; i < 12; i++) {
		attach_key(i);
		cr_expect(eq(int, ask_account(), -1));
		blamed += err.retry == ERR_RETRY_NEVER;
	}
	cr_expect(zero(int, blamed), "no bot is paused");
	cr_expect(eq(int, fake_arrivals(&left, "/v5/account/wallet-balance"), AUTH_WATCH_MANY),
		"then nobody asks over that address");
	cr_expect(eq(int, (int)err.code, ERR_RATE), "%s", err.message);
	pool_route(exchange, NULL);
	cr_expect(zero(int, ask_account()), "an unbound key goes another way: %s", err.message);
	cr_expect(zero(int, ask_time()), "public calls are none of it: %s", err.message);
}
