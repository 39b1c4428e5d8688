/* What T3 makes of fills whose fee is in another coin: claim, book, and look at the rows. */
#include "core/base/arena.h"
#include "core/io/http.h"
#include "tests/core/store/bot.h"
#include "tests/exchanges/fake_venue.h"
#include "worker/booking.h"
#include "worker/worth.h"

static struct bot bot;
static struct fake_venue venue;
static struct http *http;
static struct claim claim;
static struct work work;
static struct run_context context;
static struct job job;

static int64_t minute_ms; /* the minute in which the fills of a test are */

/* A coin that has a market, at 300 in this minute and 200 in the one before. */
static const char *candles_of_coin(void)
{
	static char body[512];
	int64_t open_ms = minute_ms;

	(void)snprintf(body, sizeof body,
		"{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"symbol\":\"BNBUSDT\",\"list\":["
		"[\"%lld\",\"299\",\"310\",\"290\",\"300\",\"7\",\"0\"],"
		"[\"%lld\",\"201\",\"210\",\"190\",\"200\",\"5\",\"0\"]]},\"time\":%%T}",
		(long long)open_ms, (long long)(open_ms - 60000));
	return body;
}

static void say_candles(const char *body)
{
	fake_say(&venue,
		&(struct fake_answer){.path = "/v5/market/kline", .times = -1, .body = body});
}

static void setup(void)
{
	struct err err;

	minute_ms = clock_utc_ms(clock_system());
	minute_ms -= minute_ms % 60000;
	bot_open(&bot, "booking");
	bot_claim(&bot, -10, &claim);
	cr_assert(eq(int, (int)claim.outcome, CLAIM_TAKEN));
	fake_start(&venue);
	http = http_new(&(struct http_options){.user_agent = "test"});
	context = (struct run_context){.postgres = bot.worker, .clock = clock_system()};
	work = (struct work){.context = &context,
		.job = &job,
		.claim = claim,
		.arena = arena_new(65536, 8 << 20)};
	const struct exchange_options options = {.venue = VENUE_BYBIT,
		.environment = ENVIRONMENT_TESTNET,
		.base_url = venue.url,
		.recv_window_ms = 5000,
		.http = http};
	cr_assert(zero(int, exchange_open(&options, &work.exchange, &err)), "%s", err.message);
	work.venue = exchange_adapter(work.exchange);
	cr_assert(zero(int, dossier_read(claim.document, work.arena, &work.dossier, &err)), "%s",
		err.message);
}

static void teardown(void)
{
	dossier_done(&work.dossier);
	exchange_free(&work.exchange);
	arena_free(&work.arena);
	http_free(&http);
	fake_stop(&venue);
	claim_done(&claim);
	bot_close(&bot);
}

TestSuite(booking, .init = setup, .fini = teardown, .timeout = 60);

static struct fill fill_of(const char *id, enum side side, const char *price, const char *coin)
{
	struct fill fill = {.kind = FILL_TRADE,
		.side = side,
		.leg = LEG_LONG,
		.quantity = decimal_literal("1"),
		.price = decimal_literal(price),
		.fee = decimal_literal("0.01"),
		.executed_ms = minute_ms + 1};

	(void)snprintf(fill.exec_id, sizeof fill.exec_id, "%s", id);
	(void)snprintf(fill.venue_order_id, sizeof fill.venue_order_id, "o%s", id);
	(void)snprintf(fill.fee_currency, sizeof fill.fee_currency, "%s", coin);
	(void)snprintf(fill.symbol, sizeof fill.symbol, "BTCUSDT");
	return fill;
}

static void book(struct fill fill)
{
	CLEANUP(booking_free) struct booking *booking = booking_new(&work);
	struct err err;

	cr_assert(zero(int, booking_fill(booking, 0, NULL, &fill, false, NULL, &err)), "%s",
		err.message);
	cr_assert(zero(int, booking_commit(booking, &err)), "%s", err.message);
}

Test(booking, a_fee_in_another_coin_is_kept_and_counts_by_its_worth)
{
	say_candles(candles_of_coin());
	struct fill entry = fill_of("1", SIDE_BUY, "100", "BNB");
	struct fill exit = fill_of("2", SIDE_SELL, "110", "BNB");
	entry.executed_ms -= 60000;
	book(entry);
	book(exit);
	EXPECT_CELL(&bot,
		"select string_agg(trim_scale(fee) || fee_currency, ' ' order by exec_id) from "
		"trades",
		"0.01BNB 0.01BNB", "as it was paid");
	/* 0.01 at 200 in the minute of the entry, at 300 in that of the exit. */
	EXPECT_CELL(&bot,
		"select string_agg(trim_scale(net_pnl)::text, ' ' order by exec_id) from trades",
		"-2 7", "by the price of its own minute");
	EXPECT_CELL(&bot, "select trim_scale(cycle_net) from trades where exec_id = '2'", "5",
		"10 less both fees");
	EXPECT_CELL(&bot, "select trim_scale(net_pnl) || ' ' || fees_unpriced from cycles", "5 0",
		"the dashboard's word too");
}

Test(booking, a_fee_without_a_price_leaves_the_net_open)
{
	say_candles("{\"retCode\":10001,\"retMsg\":\"params error: symbol invalid\",\"result\":{},"
		    "\"time\":%T}");
	book(fill_of("1", SIDE_BUY, "100", "XYZ"));
	book(fill_of("2", SIDE_SELL, "110", "USDT"));
	EXPECT_CELL(&bot,
		"select coalesce(string_agg(coalesce(net_pnl::text, 'null'), ' ' order by exec_id))"
		" from trades",
		"null 9.99", "unknown, not zero");
	EXPECT_CELL(&bot, "select cycle_net is null from trades where exec_id = '2'", "t",
		"nor has the cycle a net");
	EXPECT_CELL(&bot, "select (net_pnl is null) || ' ' || fees_unpriced from cycles", "true 1",
		"and it is flagged");
	EXPECT_CELL(&bot, "select fee_unpriced from trades_view where exec_id = '1'", "t",
		"so is the trade");
}

Test(booking, a_minute_that_the_venue_does_not_show_has_no_price)
{
	struct decimal value;

	say_candles(candles_of_coin());
	struct fill fill = fill_of("1", SIDE_BUY, "100", "BNB");
	cr_expect(eq(int, worth_of_fee(&work, &fill, minute_ms - 180000, &value), false));
	cr_expect(eq(int, worth_of_fee(&work, &fill, minute_ms + 59999, &value), true));
	cr_expect(decimal_equal(value, decimal_literal("3")), "%s", DECIMAL_TEXT(value));
}

Test(booking, a_fee_of_nothing_needs_no_price)
{
	struct decimal value;
	struct fill fill = fill_of("1", SIDE_BUY, "100", "XYZ");

	fill.fee = DECIMAL_ZERO;
	cr_expect(eq(int, worth_of_fee(&work, &fill, minute_ms + 59999, &value), true));
	cr_expect(decimal_is_zero(value));
	cr_expect(zero(int, fake_arrivals(&venue, "/v5/market/kline")), "nobody was asked");
}

/* The venue tells the profit with the fill, or owes it. */
Test(booking, the_venues_profit_is_owed_where_the_fill_does_not_tell_it)
{
	struct fill exit = fill_of("2", SIDE_SELL, "110", "USDT");

	book(fill_of("1", SIDE_BUY, "100", "USDT"));
	EXPECT_CELL(&bot, "select pnl_owed is null from pair_states where pair_id = " PAIR, "t",
		"an entry owes none");
	book(exit);
	EXPECT_CELL(&bot, "select pnl_owed is not null from pair_states where pair_id = " PAIR, "t",
		"owed");
	book(fill_of("3", SIDE_BUY, "100", "USDT"));
	exit = fill_of("4", SIDE_SELL, "110", "USDT");
	exit.has_venue_pnl = true;
	exit.venue_pnl = decimal_literal("9.9");
	book(exit);
	EXPECT_CELL(&bot, "select trim_scale(venue_pnl) from trades where exec_id = '4'", "9.9",
		"told");
}
