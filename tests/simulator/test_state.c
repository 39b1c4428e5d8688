/*
 * What --state keeps: a simulator that ended, however, comes back with everything it had
 * acknowledged, to the last digit and id, and the market's time has passed meanwhile.
 */
#include "tests/simulator/client.h"

#include "simulator/deed.h"

static struct client client;
static struct instrument instrument;
static struct simulator_options options;
static char folder[64], journal[96], ledger[96];

/* A clock of the test's own: nothing happens unless it is told. */
static int64_t now_ms;

static int64_t fake_utc_ms(void *context)
{
	(void)context;
	return now_ms;
}

/* Since another boot each time: it says nothing about the one before. */
static int64_t boot_ms = 5000;

static int64_t fake_mono_ms(void *context)
{
	(void)context;
	return now_ms - boot_ms;
}

static void fake_sleep_ms(void *context, int64_t duration_ms)
{
	(void)context;
	now_ms += duration_ms;
}

static const struct clock fake_clock = {
	.utc_ms = fake_utc_ms, .mono_ms = fake_mono_ms, .sleep_ms = fake_sleep_ms};

static void setup(void)
{
	client = (struct client){0};
	options = client_options(&client, &instrument);
	(void)snprintf(folder, sizeof folder, "/tmp/botbeat-state-XXXXXX");
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	(void)snprintf(journal, sizeof journal, "%s/journal", folder);
	(void)snprintf(ledger, sizeof ledger, "%s/ledger", folder);
	options.state_folder = folder;
	options.ledger_file = ledger;
}

static void teardown(void)
{
	client_stop(&client);
	(void)unlink(journal);
	(void)unlink(ledger);
	(void)rmdir(folder);
}

TestSuite(state, .init = setup, .fini = teardown);

static void start(void)
{
	client_start_with(&client, &options);
}

static void stop(void)
{
	http_free(&client.http);
	simulator_stop(&client.simulator);
}

static void restart(void)
{
	stop();
	start();
}

static char *text_of(const char *target)
{
	struct answer answer = client_get(&client, target);

	cr_assert(answer.arrived, "%s", answer.err.message);
	char *text = strdup(answer.response->body);
	answer_done(&answer);
	/* The one thing that is of the moment of asking. */
	char *time = strstr(text, "\"time\":");
	if (time != NULL)
		*time = '\0';
	return text;
}

static char *file_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	cr_assert(ne(ptr, file, NULL), "%s", path);
	(void)fread(text, 1, (1 << 20) - 1, file);
	(void)fclose(file);
	return text;
}

static const char *const views[] = {
	"/sim/ledger",
	"/v5/account/wallet-balance?accountType=UNIFIED",
	"/v5/account/info",
	"/v5/account/transaction-log?accountType=UNIFIED",
	"/v5/position/list?category=linear&symbol=BTCUSDT",
	"/v5/position/closed-pnl?category=linear&symbol=BTCUSDT",
	"/v5/order/realtime?category=linear&symbol=BTCUSDT",
	"/v5/order/history?category=linear&symbol=BTCUSDT",
	"/v5/execution/list?category=linear&symbol=BTCUSDT",
	"/v5/market/tickers?category=linear&symbol=BTCUSDT",
	"/v5/market/kline?category=linear&symbol=BTCUSDT&interval=5",
};

#define VIEWS (sizeof views / sizeof views[0])

/* Every view of both accounts is the same text before and after. */
static void expect_same_after_restart(const char *because)
{
	static const char *const names[] = {"alice", "bob"};
	char *before[2][VIEWS];

	for (size_t who = 0; who < 2; who++) {
		client_as(&client, names[who]);
		for (size_t i = 0; i < VIEWS; i++)
			before[who][i] = text_of(views[i]);
	}
	restart();
	for (size_t who = 0; who < 2; who++) {
		client_as(&client, names[who]);
		for (size_t i = 0; i < VIEWS; i++) {
			char *after = text_of(views[i]);
			cr_expect(eq(str, after, before[who][i]), "%s: %s", because, views[i]);
			free(after);
			free(before[who][i]);
		}
	}
	client_as(&client, "alice");
}

#define CREATE "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\","
#define BUY "\"side\":\"Buy\",\"orderType\":\"Market\","
#define LIMIT "\"side\":\"Buy\",\"orderType\":\"Limit\","
#define STOP "\"side\":\"Sell\",\"orderType\":\"Market\",\"qty\":\"0.01\",\"reduceOnly\":true,"
#define NAMED "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderLinkId\":\"%s\"%s}"

static void place(const char *id, const char *rest)
{
	POST_OK(&client, "/v5/order/create", CREATE "\"orderLinkId\":\"%s\",%s}", id, rest);
}

/* Something of every kind that can change the exchange. */
static void live(void)
{
	POST_OK(&client, "/v5/position/set-leverage",
		CREATE "\"buyLeverage\":\"20\",\"sellLeverage\":\"20\"}");
	place("open", BUY "\"qty\":\"0.1\"");
	place("rest", LIMIT "\"qty\":\"0.01\",\"price\":\"19000\"");
	place("moved", LIMIT "\"qty\":\"0.01\",\"price\":\"18000\"");
	POST_OK(&client, "/v5/order/amend", NAMED, "moved",
		",\"price\":\"18500.5\",\"qty\":\"0.02\"");
	place("gone", LIMIT "\"qty\":\"0.01\",\"price\":\"17000\"");
	POST_OK(&client, "/v5/order/cancel", NAMED, "gone", "");
	place("stop", STOP "\"triggerPrice\":\"19500\",\"triggerDirection\":2,"
			   "\"triggerBy\":\"MarkPrice\"");
	POST_OK(&client, "/sim/clock", "{\"advance_ms\":125000}");
	POST_OK(&client, "/sim/funding", "{\"symbol\":\"BTCUSDT\",\"rate\":\"0.0003\"}");
	POST_OK(&client, "/sim/deposit", "{\"key\":\"alice\",\"amount\":\"250.5\"}");
	POST_OK(&client, "/sim/withdraw", "{\"key\":\"bob\",\"amount\":\"99.25\"}");
	POST_OK(&client, "/sim/trade",
		"{\"key\":\"alice\",\"symbol\":\"BTCUSDT\",\"side\":\"Sell\",\"qty\":\"0.03\"}");
	POST_OK(&client, "/sim/force",
		"{\"key\":\"alice\",\"symbol\":\"BTCUSDT\",\"qty\":\"0.02\",\"price\":\"19999\","
		"\"kind\":\"adl\"}");
	client_as(&client, "bob");
	POST_OK(&client, "/v5/account/set-margin-mode", "{\"setMarginMode\":\"ISOLATED_MARGIN\"}");
	POST_OK(&client, "/v5/position/switch-mode", CREATE "\"mode\":3}");
	place("open", BUY "\"qty\":\"0.02\",\"positionIdx\":1");
	place("short", "\"side\":\"Sell\",\"orderType\":\"Market\",\"qty\":\"0.01\","
		       "\"positionIdx\":2");
	POST_OK(&client, "/sim/price",
		"{\"symbol\":\"BTCUSDT\",\"last\":\"18900\",\"mark\":\"19400\"}");
	client_as(&client, "alice");
}

Test(state, whatever_was_acknowledged_is_there_after_a_restart)
{
	start();
	live();
	expect_same_after_restart("everything");
	expect_same_after_restart("a second time");
	/* Nothing was settled by coming back: it goes on. */
	place("after", BUY "\"qty\":\"0.01\"");
	struct answer twice = client_post(&client, "/v5/order/create",
		CREATE "\"orderLinkId\":\"gone\"," BUY "\"qty\":\"0.01\"}");
	cr_expect(eq(i64, twice.code, 110072), "an id stays used");
	answer_done(&twice);
	expect_same_after_restart("with what came after");
}

/* The same again from what stands in the file, in the order in which it happened. */
Test(state, the_ledger_file_goes_on_where_it_ended)
{
	start();
	live();
	char *told = text_of("/sim/ledger");
	char *written = file_text(ledger);
	cr_expect(eq(str, written, told));
	free(written);
	restart();
	place("after", BUY "\"qty\":\"0.01\"");
	char *more = text_of("/sim/ledger");
	cr_expect(zero(int, strncmp(more, told, strlen(told))), "what was told stays");
	cr_expect(gt(sz, strlen(more), strlen(told)));
	written = file_text(ledger);
	cr_expect(eq(str, written, more));
	free(written);
	free(more);
	free(told);
}

Test(state, a_torn_last_line_is_dropped)
{
	start();
	place("whole", BUY "\"qty\":\"0.01\"");
	char *before = text_of("/sim/ledger");
	stop();
	FILE *file = fopen(journal, "a");
	(void)fputs("place\t1700006400000\t17000", file);
	(void)fclose(file);
	file = fopen(ledger, "a");
	(void)fputs("{\"sequence\":99,\"ev", file);
	(void)fclose(file);
	start();
	char *after = text_of("/sim/ledger");
	cr_expect(eq(str, after, before));
	place("next", BUY "\"qty\":\"0.01\"");
	expect_same_after_restart("lines follow where the torn one stood");
	free(before);
	free(after);
}

Test(state, a_new_account_joins_and_the_others_stay_who_they_are)
{
	static const struct accounts_entry more[] = {{"carol", "secret-of-carol", {5000, 0}},
		{"bob", "secret-of-bob", {1, 0}}, {"alice", "secret-of-alice", {2, 0}}};

	start();
	live();
	stop();
	options.accounts = more;
	options.account_count = 3;
	start();
	struct answer answer = client_get(&client, "/v5/user/query-api");
	EXPECT_VALUE(&answer, "userID", "100000001", "alice is still the first");
	answer_done(&answer);
	client_as(&client, "carol");
	answer = client_get(&client, "/v5/user/query-api");
	EXPECT_VALUE(&answer, "userID", "100000003", "carol is new");
	answer_done(&answer);
	answer = client_get(&client, "/v5/account/wallet-balance?accountType=UNIFIED");
	EXPECT_VALUE(&answer, "list.0.coin.0.walletBalance", "5000", "with her balance");
	answer_done(&answer);
	expect_same_after_restart("three of them");
}

/* --- time ----------------------------------------------------------------------------------- */

static int64_t market_ms(void)
{
	struct answer answer = client_get(&client, "/sim/clock");
	int64_t at_ms = strtoll(value_at(&answer, "market_ms"), NULL, 10);

	answer_done(&answer);
	return at_ms;
}

/* When the fake clock says so, whatever the machine's says. */
static int64_t stamp_shift(void)
{
	return now_ms - clock_utc_ms(clock_system());
}

Test(state, the_markets_time_passes_while_nobody_is_there)
{
	now_ms = INT64_C(1800000000000);
	options.clock = &fake_clock;
	options.speed_milli = 1000;
	start();
	client.window_ms = 60000;
	client.shift_ms = stamp_shift();
	POST_OK(&client, "/sim/clock", "{\"speed\":\"60\"}");
	place("rest", LIMIT "\"qty\":\"0.001\",\"price\":\"19995\"");
	cr_expect(eq(i64, market_ms(), START_MS));
	stop();
	now_ms += 2500;
	boot_ms += 777777;
	start();
	client.shift_ms = stamp_shift();
	cr_expect(eq(i64, market_ms(), START_MS + 150000), "2.5 s at sixty times the speed");
	struct answer answer = client_get(
		&client, "/v5/execution/list?category=linear&symbol=BTCUSDT&orderLinkId=rest");
	cr_expect(eq(sz, rows_of(&answer), 1), "the price passed the order meanwhile");
	int64_t filled_ms = strtoll(value_at(&answer, "list.0.execTime"), NULL, 10);
	cr_expect(gt(i64, filled_ms, INT64_C(1800000000000)), "and it was filled when it did");
	cr_expect(lt(i64, filled_ms, INT64_C(1800000001001)), "and it was filled when it did");
	answer_done(&answer);
	now_ms -= 3600000;
	restart();
	cr_expect(eq(i64, market_ms(), START_MS + 150000), "a clock set back takes nothing back");
	now_ms += 1000;
	cr_expect(eq(i64, market_ms(), START_MS + 210000), "and time goes on");
}

/* --- what cannot be gone on from ------------------------------------------------------------ */

struct unfit {
	char because[48];
	char error[64];
	int part;
};

ParameterizedTestParameters(state, refuses_what_does_not_fit)
{
	static struct unfit rows[] = {
		{"an account is missing", "key \"bob\", which is not among the accounts", 0},
		{"another tick size", "other candles or rules", 1},
		{"other candles", "other candles or rules", 2},
		{"a line that is none", "journal line 4", 3},
		{"the ledger of another", "is not of this exchange's state", 4},
		{"a folder that cannot be made", "could not make folder", 5},
		{"another's folder", "in use by another", 6},
		{"a beginning without end", "incomplete", 7},
		{"a deed for nobody", "no account 7", 8},
		{"a deed that is refused", "available balance", 9},
		{"a step that does not follow", "does not follow", 10},
	};
	return cr_make_param_array(struct unfit, rows, sizeof rows / sizeof rows[0]);
}

static void append(const char *path, const char *text)
{
	FILE *file = fopen(path, "a");

	(void)fputs(text, file);
	(void)fclose(file);
}

static void change_line(int wanted, const char *text)
{
	char *old = file_text(journal);
	char *rest = old;
	FILE *file = fopen(journal, "w");

	for (int number = 1; rest != NULL && *rest != '\0'; number++) {
		const char *line = strsep(&rest, "\n");
		if (number == wanted && text[0] == '\0')
			break; /* it and all that follow are gone */
		(void)fprintf(file, "%s\n", number == wanted ? text : line);
	}
	(void)fclose(file);
	free(old);
}

#define LATER "4000000000000\t1700006400000\t"

static void spoil(int part)
{
	switch (part) {
	case 0:
		options.account_count = 1;
		break;
	case 1:
		instrument.rules.tick_size = decimal_literal("0.5");
		break;
	case 2:
		append(client.file, "1700036400000,20000,20010,19990,20000,50\n");
		break;
	case 3:
		change_line(4, "step\t1\t2\tthree");
		break;
	case 4:
		append(ledger, "{\"sequence\":1}\n");
		break;
	case 5:
		options.state_folder = "/nowhere/state";
		break;
	case 7:
		change_line(3, "");
		break;
	case 8:
		append(journal, "transfer\t" LATER "7\t10\n");
		break;
	case 9:
		append(journal, "transfer\t" LATER "0\t-10000000\n");
		break;
	case 10:
		append(journal, "step\t" LATER "77\n");
		break;
	default:
		break;
	}
}

ParameterizedTest(struct unfit *row, state, refuses_what_does_not_fit)
{
	struct simulator *other = NULL;
	struct err err = {.message = ""};

	setup();
	start();
	place("one", BUY "\"qty\":\"0.01\"");
	if (row->part != 6)
		stop();
	spoil(row->part);
	cr_expect(eq(int, simulator_start(&options, &other, &err), -1), "%s", row->because);
	cr_expect(ne(ptr, strstr(err.message, row->error), NULL), "%s: %s", row->because,
		err.message);
	cr_expect(eq(ptr, other, NULL));
	teardown();
}

/* --- lines ---------------------------------------------------------------------------------- */

static struct deed full_deed(enum deed_kind kind)
{
	struct deed deed = {.kind = kind,
		.server_ms = INT64_C(1700006400123),
		.market_ms = INT64_C(1641340800000),
		.account = 3,
		.symbol = 1,
		.version = 1,
		.seed = -5,
		.salt = 77,
		.start_ms = 60000,
		.path = MARKET_PATH_LOW_FIRST,
		.mark_is_last = true,
		.name = "alice",
		.fingerprint = INT64_MIN,
		.anchor_ms = 12,
		.speed_milli = 60000,
		.step = 9,
		.effect_ms = INT64_C(1700006400128),
		.order_id = "00000001-0000-0000-0000-000000000002",
		.request = {.client_order_id = "",
			.side = SIDE_SELL,
			.leg = LEG_SHORT,
			.type = ORDER_LIMIT,
			.time_in_force = TIF_POST_ONLY,
			.quantity = decimal_literal("0.010"),
			.price = decimal_literal("19000.10"),
			.trigger_price = decimal_literal("18000"),
			.trigger_by = TRIGGER_MARK,
			.trigger_rising = true,
			.reduce_only = true,
			.close_on_trigger = true},
		.id_may_repeat = true,
		.amend = {.has_price = true, .price = decimal_literal("1.50")},
		.leg = LEG_LONG,
		.fill_kind = FILL_ADL,
		.position_mode = POSITION_ONE_WAY,
		.margin_mode = MARGIN_CROSS,
		.amount = decimal_literal("-0.00000001"),
		.second = decimal_literal("123456789.12345678")};
	return deed;
}

Test(deed, every_kind_is_read_as_it_was_written)
{
	for (int kind = 0; kind < DEED_KINDS; kind++) {
		struct deed deed = full_deed((enum deed_kind)kind), read, again;
		struct buffer first, second;
		struct err err;

		buffer_init(&first, 4096);
		buffer_init(&second, 4096);
		deed_write(&deed, &first);
		char *line = strdup(first.data);
		line[strlen(line) - 1] = '\0';
		cr_assert(zero(int, deed_parse(line, &read, &err)), "%s: %s", first.data,
			err.message);
		deed_write(&read, &second);
		cr_expect(eq(str, second.data, first.data));
		cr_expect(eq(int, (int)read.kind, kind));
		/* Whatever is cut off is missed. */
		free(line);
		line = strdup(first.data);
		*strrchr(line, '\t') = '\0';
		cr_expect(eq(int, deed_parse(line, &again, &err), -1), "%s", first.data);
		free(line);
		buffer_done(&first);
		buffer_done(&second);
	}
}

struct line {
	char because[40];
	char text[100];
};

ParameterizedTestParameters(deed, refuses_a_line)
{
	static struct line rows[] = {
		{"nothing", ""},
		{"a word that is no deed", "jump\t1\t2"},
		{"no stamps", "due"},
		{"one part too many", "due\t1\t2\t3"},
		{"a number that is none", "step\t1\t2\t3x"},
		{"a number beyond 64 bits", "step\t1\t2\t9223372036854775808"},
		{"a choice that is not there", "account\t1\t2\talice\t5\t2"},
		{"an amount with an exponent", "account\t1\t2\talice\t1e5\t1"},
		{"a name that is too long",
			"account\t1\t2\t1234567890123456789012345678901234567890123456789012345678"
			"901234567\t5\t1"},
	};
	return cr_make_param_array(struct line, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct line *row, deed, refuses_a_line)
{
	struct deed deed;
	struct err err = {.message = ""};

	cr_expect(eq(int, deed_parse(row->text, &deed, &err), -1), "%s", row->because);
	cr_expect(ne(chr, err.message[0], '\0'), "%s", row->because);
}
