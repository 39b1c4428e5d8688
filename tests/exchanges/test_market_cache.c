#include "core/base/cleanup.h"
#include "core/base/ident.h"
#include "core/io/redis.h"
#include "tests/exchanges/fake_venue.h"
#include "tests/support/server.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static struct fake_venue venue;

static void setup(void)
{
	fake_start(&venue);
}

static void teardown(void)
{
	fake_stop(&venue);
}

TestSuite(market_cache, .init = setup, .fini = teardown);

/* A process of its own as far as the exchange can see: its own connections, its own memory. */
struct node {
	struct http *http;
	struct redis *redis;
	struct exchange *exchange;
};

static void node_open(struct node *node, const char *redis_url)
{
	struct err err = {0};
	const struct http_options options = {.user_agent = "test"};
	node->http = http_new(&options);
	node->redis = NULL;
	if (redis_url != NULL && redis_new(redis_url, 5000, 5000, &node->redis, &err) == -1)
		die("%s", err.message);
	const struct exchange_options exchange_options = {
		.venue = VENUE_BYBIT,
		.environment = ENVIRONMENT_TESTNET,
		.base_url = venue.url,
		.recv_window_ms = 5000,
		.http = node->http,
		.redis = node->redis,
		.egress = venue.url, /* two tests differ, so their limits do not meet */
	};
	if (exchange_open(&exchange_options, &node->exchange, &err) == -1)
		die("%s", err.message);
}

static void node_close(struct node *node)
{
	exchange_free(&node->exchange);
	http_free(&node->http);
	if (node->redis != NULL)
		redis_free(&node->redis);
}

enum wanted { TICKER, CANDLES, CLOSED, RULES };

static int read_one(struct exchange *exchange, enum wanted wanted, struct err *err)
{
	CLEANUP(arena_free) struct arena *arena = arena_new(65536, 1024 * 1024);
	struct ticker ticker;
	struct rules rules;
	struct candle_list candles;
	int64_t age_ms;

	switch (wanted) {
	case TICKER:
		return exchange_ticker(exchange, "BTCUSDT", &ticker, &age_ms, err);
	case CANDLES:
		return exchange_candles(
			exchange, arena, "BTCUSDT", DAY_MS, 200, &candles, &age_ms, err);
	case CLOSED:
		return exchange_closed_candles(
			exchange, arena, "BTCUSDT", DAY_MS, 150, &candles, &age_ms, err);
	case RULES:
		return exchange_rules(exchange, "BTCUSDT", &rules, err);
	}
	return -1;
}

#define HERD 50

/* Fifty processes that start together; how many of them got what they wanted. */
static int stampede(enum wanted wanted)
{
	const char *redis_url = test_redis_url();
	int gate[2];
	cr_assert(eq(int, pipe(gate), 0));
	pid_t children[HERD];
	for (size_t i = 0; i < HERD; i++) {
		children[i] = fork();
		cr_assert(children[i] >= 0);
		if (children[i] > 0)
			continue;
		struct node node;
		struct err err = {0};
		char byte;
		node_open(&node, redis_url);
		close(gate[1]);
		(void)!read(gate[0], &byte, 1); /* returns when the gate is closed */
		int result = read_one(node.exchange, wanted, &err);
		node_close(&node);
		_exit(result == 0 ? 0 : 1);
	}
	close(gate[0]);
	close(gate[1]);

	int served = 0;
	for (size_t i = 0; i < HERD; i++) {
		int status = -1;
		cr_assert(eq(int, waitpid(children[i], &status, 0), children[i]));
		served += status == 0 ? 1 : 0;
	}
	return served;
}

Test(market_cache, a_herd_of_processes_makes_one_request_for_candles)
{
	venue.delay_ms = 100;
	cr_expect(eq(int, stampede(CLOSED), HERD));
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/kline"), 1));
}

Test(market_cache, a_herd_of_processes_makes_one_request_for_rules)
{
	venue.delay_ms = 100;
	cr_expect(eq(int, stampede(RULES), HERD));
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/instruments-info"), 1));
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/risk-limit"), 1));
}

Test(market_cache, a_herd_does_not_press_a_venue_that_is_down)
{
	fake_say(&venue, &(struct fake_answer){.path = "/v5/market/instruments-info",
				 .times = -1,
				 .status = 503,
				 .body = "down"});
	venue.delay_ms = 50;
	cr_expect(eq(int, stampede(RULES), 0));
	int arrivals = fake_arrivals(&venue, "/v5/market/instruments-info");
	cr_expect(arrivals >= 1 && arrivals <= 5, "%d: one failure speaks for all", arrivals);
}

Test(market_cache, a_process_asks_once_for_what_is_young_enough)
{
	struct node node;
	struct err err = {0};
	node_open(&node, NULL);

	for (int i = 0; i < 100; i++) {
		cr_assert(eq(int, read_one(node.exchange, CLOSED, &err), 0), "%s", err.message);
		cr_assert(eq(int, read_one(node.exchange, CANDLES, &err), 0), "%s", err.message);
		cr_assert(eq(int, read_one(node.exchange, RULES, &err), 0), "%s", err.message);
	}
	/* Both counts of candles are rounded to the same one. */
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/kline"), 1));
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/instruments-info"), 1));
	struct exchange_usage usage = exchange_usage_take(node.exchange);
	cr_expect(eq(i64, usage.public_calls, 3));
	cr_expect(eq(i64, exchange_usage_take(node.exchange).public_calls, 0));
	node_close(&node);
}

Test(market_cache, a_ticker_gets_old)
{
	struct node node;
	struct err err = {0};
	struct ticker ticker;
	int64_t first_age_ms, age_ms;
	node_open(&node, test_redis_url());

	cr_assert(eq(
		int, exchange_ticker(node.exchange, "BTCUSDT", &ticker, &first_age_ms, &err), 0));
	clock_sleep_ms(clock_system(), 60);
	cr_assert(eq(int, exchange_ticker(node.exchange, "BTCUSDT", &ticker, &age_ms, &err), 0));
	cr_expect(age_ms >= first_age_ms + 60, "the age of what is kept goes on");
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/tickers"), 1));
	clock_sleep_ms(clock_system(), 500);
	cr_assert(eq(int, exchange_ticker(node.exchange, "BTCUSDT", &ticker, &age_ms, &err), 0));
	cr_expect(age_ms < 500);
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/tickers"), 2));
	node_close(&node);
}

Test(market_cache, another_process_sees_the_age_too)
{
	struct node one, other;
	struct err err = {0};
	struct ticker ticker;
	int64_t age_ms;
	node_open(&one, test_redis_url());
	node_open(&other, test_redis_url());

	venue.delay_ms = 30;
	cr_assert(eq(int, exchange_ticker(one.exchange, "BTCUSDT", &ticker, &age_ms, &err), 0));
	cr_expect(age_ms >= 30, "%lld: age counts from the request", (long long)age_ms);
	clock_sleep_ms(clock_system(), 50);
	cr_assert(eq(int, exchange_ticker(other.exchange, "BTCUSDT", &ticker, &age_ms, &err), 0));
	cr_expect(age_ms >= 75 && age_ms < 500, "%lld", (long long)age_ms);
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/tickers"), 1));
	node_close(&one);
	node_close(&other);
}

Test(market_cache, dropped_rules_are_read_again)
{
	struct node one, other;
	struct err err = {0};
	node_open(&one, test_redis_url());
	node_open(&other, test_redis_url());

	cr_assert(eq(int, read_one(one.exchange, RULES, &err), 0), "%s", err.message);
	exchange_rules_drop(one.exchange, "BTCUSDT");
	cr_assert(eq(int, read_one(other.exchange, RULES, &err), 0), "%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/instruments-info"), 2));
	cr_assert(eq(int, read_one(one.exchange, RULES, &err), 0), "%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/instruments-info"), 2));
	node_close(&one);
	node_close(&other);
}

Test(market_cache, closed_candles_leave_the_unfinished_one_out)
{
	CLEANUP(arena_free) struct arena *arena = arena_new(65536, 1024 * 1024);
	struct node node;
	struct err err = {0};
	struct candle_list candles;
	int64_t age_ms;
	node_open(&node, NULL);

	cr_assert(eq(int,
		exchange_candles(
			node.exchange, arena, "BTCUSDT", DAY_MS, 10, &candles, &age_ms, &err),
		0));
	cr_assert(eq(sz, candles.count, 2));
	cr_expect(not(candles.items[1].closed));
	cr_assert(eq(int,
		exchange_closed_candles(
			node.exchange, arena, "BTCUSDT", DAY_MS, 10, &candles, &age_ms, &err),
		0));
	cr_assert(eq(sz, candles.count, 1));
	cr_expect(candles.items[0].closed);
	cr_assert(eq(int,
		exchange_candles(
			node.exchange, arena, "BTCUSDT", DAY_MS, 1, &candles, &age_ms, &err),
		0));
	cr_assert(eq(sz, candles.count, 1));
	cr_expect(not(candles.items[0].closed), "the newest of them");
	node_close(&node);
}

Test(market_cache, a_count_out_of_range_is_refused)
{
	CLEANUP(arena_free) struct arena *arena = arena_new(65536, 1024 * 1024);
	struct node node;
	struct err err = {0};
	struct candle_list candles;
	int64_t age_ms;
	node_open(&node, NULL);

	cr_expect(eq(int,
		exchange_candles(
			node.exchange, arena, "BTCUSDT", DAY_MS, 1001, &candles, &age_ms, &err),
		-1));
	cr_expect(eq(str, err.message, "candles: 1001 is not 1 to 1000"));
	cr_expect(eq(int,
		exchange_candles(
			node.exchange, arena, "BTCUSDT", 61000, 10, &candles, &age_ms, &err),
		-1));
	cr_expect(eq(int, err.code, ERR_INVALID));
	node_close(&node);
}

/* Writes a key of this market's ticker. */
static void put_key(struct redis *redis, const char *end, const char *text, const char *life_ms)
{
	char name[96];
	struct err err = {0};
	(void)snprintf(name, sizeof name, "{bb}:m:%016llx:t:BTCUSDT%s",
		(unsigned long long)hash_bytes(venue.url, strlen(venue.url)), end);
	const char *const texts[] = {"SET", name, text, "PX", life_ms};
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	cr_assert(
		eq(int, redis_command(redis, 5, texts, NULL, &reply, &err), 0), "%s", err.message);
}

Test(market_cache, a_text_of_another_version_is_read_anew)
{
	struct node node;
	struct err err = {0};
	node_open(&node, test_redis_url());

	put_key(node.redis, "", "10000 ticker0 something else", "10000");
	cr_assert(eq(int, read_one(node.exchange, TICKER, &err), 0), "%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/tickers"), 1));
	node_close(&node);
}

Test(market_cache, a_reader_that_died_is_replaced)
{
	struct node node;
	struct err err = {0};
	node_open(&node, test_redis_url());

	put_key(node.redis, ":lock", "a dead one's", "200");
	int64_t start_ms = clock_mono_ms(clock_system());
	cr_assert(eq(int, read_one(node.exchange, TICKER, &err), 0), "%s", err.message);
	cr_expect(clock_mono_ms(clock_system()) - start_ms >= 150, "it waits as long as the lock");
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/tickers"), 1));
	node_close(&node);
}

Test(market_cache, without_a_redis_that_answers_everybody_reads_for_himself)
{
	struct node node;
	struct err err = {0};
	node_open(&node, "unix:///nowhere/socket");

	cr_assert(eq(int, read_one(node.exchange, TICKER, &err), 0), "%s", err.message);
	cr_expect(eq(int, fake_arrivals(&venue, "/v5/market/tickers"), 1));
	node_close(&node);
}
