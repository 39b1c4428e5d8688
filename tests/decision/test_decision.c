#include "tests/decision/case.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

/* A snapshot with holes: member name → what stands there instead of the usual value. */
static char *snapshot_with(const char *name, const char *value)
{
	static const struct {
		const char *name, *value;
	} usual[] = {
		{"strategy", "\"martingale\""},
		{"params", "{\"preset\":\"dcabot-classic\"}"},
		{"state", "{}"},
		{"now_ms", "1670889600000"},
		{"symbol", "\"BTCUSDT\""},
		{"side", "\"long\""},
		{"leverage", "10"},
		{"rules",
			"{\"tick_size\":\"0.1\",\"lot_size\":\"0.001\",\"min_quantity\":\"0.001\","
			"\"max_quantity\":\"100\",\"max_market_quantity\":\"100\","
			"\"min_notional\":\"5\"}"},
		{"ticker", "{\"bid\":\"60000\",\"ask\":\"60000.1\",\"age_ms\":100}"},
		{"account", "{\"wallet\":\"10000\",\"equity\":\"10000\",\"available\":\"10000\","
			    "\"active_symbols\":0,\"account_notional\":\"0\","
			    "\"account_margin\":\"0\",\"age_ms\":100,\"position_mode\":\"hedge\","
			    "\"settings_match\":true}"},
		{"indicators", "{\"ema_fast\":\"59000\",\"ema_slow\":\"59000\","
			       "\"ema_entry\":\"61000\"}"},
	};
	char *text = calloc(1, 8192);
	bool placed = false;

	strcat(text, "{");
	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
		bool here = strcmp(usual[i].name, name) == 0;
		const char *chosen = here ? value : usual[i].value;

		placed = placed || here;
		if (chosen[0] == '\0')
			continue;
		sprintf(text + strlen(text), "%s\"%s\":%s", strlen(text) > 1 ? "," : "",
			usual[i].name, chosen);
	}
	if (!placed)
		sprintf(text + strlen(text), ",\"%s\":%s", name, value);
	strcat(text, "}");
	return text;
}

struct refused {
	char member[16];
	char value[400];  /* "" leaves the member out */
	char message[80]; /* must stand in the error */
};

ParameterizedTestParameters(decision, refuses_what_it_cannot_read)
{
	static struct refused rows[] = {
		{"colour", "1", "colour: unrecognized member"},
		{"strategy", "", "strategy: missing"},
		{"strategy", "\"grid\"", "strategy: unrecognized strategy \"grid\""},
		{"symbol", "7", "symbol: expected a string"},
		{"symbol", "\"A123456789012345678901234567890123456789\"", "symbol: is longer"},
		{"side", "\"buy\"", "side: must be \"long\" or \"short\""},
		{"leg", "\"short\"", "leg: must be the side"},
		{"leg", "\"middle\"", "unrecognized leg \"middle\""},
		{"mode", "\"asleep\"", "mode: unrecognized mode \"asleep\""},
		{"blocks", "[\"weather\"]", "blocks: unrecognized block \"weather\""},
		{"blocks", "{}", "blocks: expected an array"},
		{"leverage", "0", "leverage: must be from 1 to 125"},
		{"leverage", "\"10\"", "leverage: expected an integer"},
		{"now_ms", "-1", "now_ms: is out of range"},
		{"rules", "", "rules: missing"},
		{"rules", "{}", "rules.tick_size: missing"},
		{"ticker", "{\"bid\":60000,\"ask\":\"60000.1\",\"age_ms\":1}",
			"ticker.bid: expected a decimal string"},
		{"ticker", "{\"bid\":\"60000.05\",\"ask\":\"60000.1\",\"age_ms\":1}",
			"bid: 60000.05 is not a multiple of the tick size 0.1"},
		{"ticker", "{\"bid\":\"60000\",\"ask\":\"60000.1\",\"age_ms\":1,\"mid\":\"1\"}",
			"ticker.mid: unrecognized member"},
		{"account", "{\"wallet\":\"1e5\"}", "account.wallet: "},
		{"position",
			"{\"quantity\":\"0.0005\",\"average\":\"1\",\"margin\":\"1\","
			"\"unrealised\":\"0\"}",
			"is not a multiple of the lot size 0.001"},
		{"orders",
			"[{\"id\":99999999999,\"purpose\":\"add\",\"side\":\"buy\","
			"\"type\":\"limit\",\"quantity\":\"1\",\"filled\":\"0\"}]",
			"orders[0].id: does not fit into 32 bits"},
		{"orders",
			"[{\"id\":1,\"purpose\":\"fun\",\"side\":\"buy\",\"type\":\"limit\","
			"\"quantity\":\"1\",\"filled\":\"0\"}]",
			"orders[0].purpose: unrecognized purpose \"fun\""},
		{"candles", "{}", "indicators: give these or candles, not both"},
		{"indicators", "{\"rsi\":\"50\"}", "indicators.rsi: unrecognized member"},
		{"indicators", "{\"ema_slow\":\"99999999999999\"}",
			"indicators.ema_slow: is out of range"},
		{"params", "{\"preset\":\"dcabot-classic\",\"add_model\":\"geometric\"}",
			"add_model: is fixed in preset dcabot-classic"},
		{"params", "{\"leverage\":10}", "leverage: is a column of the pair"},
		{"state", "{\"version\":2}", "state.version: is 2"},
		{"state", "{\"version\":1,\"cycle\":1,\"adds_filled\":0,\"mood\":1}",
			"state.mood: unrecognized member"},
	};
	return cr_make_param_array(struct refused, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct refused *row, decision, refuses_what_it_cannot_read)
{
	static struct decision_case decision;
	struct err err = {0};
	CLEANUP(text_free) char *text = snapshot_with(row->member, row->value);

	cr_expect(eq(int, case_read(text, &decision, &err), -1), "%s", text);
	cr_expect(eq(int, err.code, ERR_INVALID), "%s", err.message);
	cr_expect(strstr(err.message, row->message) != NULL, "wanted \"%s\", got \"%s\"",
		row->message, err.message);
}

Test(decision, reads_the_usual_snapshot)
{
	static struct decision_case decision;
	struct err err = {0};
	CLEANUP(text_free) char *text = snapshot_with("cycle", "null");

	cr_assert(eq(int, case_read(text, &decision, &err), 0), "%s", err.message);
	CLEANUP(text_free) char *answer = case_answer(&decision);
	cr_expect(strstr(answer, "\"action\":\"open\"") != NULL, "%s", answer);
}

/* Parameters. */

#define CLASSIC(given) "{\"preset\":\"dcabot-classic\"" given "}"

struct setting {
	char given[280];
	int64_t leverage;
	char field[40]; /* of the fault; "" if it is accepted */
	char message[100];
};

ParameterizedTestParameters(decision_params, checks_every_setting)
{
	static struct setting rows[] = {
		{CLASSIC(""), 10, "", ""},
		{CLASSIC(",\"take_profit\":\"0.2\""), 10, "", ""},
		{CLASSIC(",\"max_margin_pct\":null"), 10, "", ""},
		{CLASSIC(",\"use_post_only\":false"), 125, "", ""},
		{"{\"preset\":\"brave\"}", 10, "preset", "unrecognized preset \"brave\""},
		{"{\"preset\":7}", 10, "preset", "expected a string"},
		{CLASSIC(",\"initial_size\":0.006"), 10, "initial_size",
			"expected a decimal string"},
		{CLASSIC(",\"initial_size\":\"0\""), 10, "initial_size",
			"must be from 0.000001 to 1"},
		{CLASSIC(",\"initial_size\":\"0.0000001\""), 10, "initial_size",
			"more than 6 places"},
		{CLASSIC(",\"initial_size\":\"0.6\""), 10, "initial_size", "above max_margin_pct"},
		{CLASSIC(",\"initial_size\":null"), 10, "initial_size", "cannot be null"},
		{CLASSIC(",\"take_profit\":\"11\""), 10, "take_profit",
			"must be from 0.0005 to 10"},
		{CLASSIC(",\"use_post_only\":1"), 10, "use_post_only", "expected a boolean"},
		{CLASSIC(",\"compat.gate_blocks_tp\":false"), 10, "compat.gate_blocks_tp",
			"is fixed in preset dcabot-classic"},
		{CLASSIC(",\"symbol\":\"BTCUSDT\""), 10, "symbol", "column of the pair"},
		{CLASSIC(""), 126, "leverage", "must be from 1 to 125"},

		{"{\"preset\":\"safe\"}", 5, "", ""},
		{"{\"preset\":\"safe\",\"max_exposure\":null,\"stop_loss\":null}", 5, "", ""},
		{"{\"preset\":\"safe\"}", 10, "min_liq_distance",
			"liquidated 9.5 % away: leverage at most 6"},
		{"{\"preset\":\"safe\"}", 6, "min_liq_distance",
			"after add 3 liquidation at 0.82134933 is only 14.7624 %"},
		{"{\"preset\":\"safe\",\"initial_size\":\"0.001\",\"margin_mode\":\"cross\"}", 20,
			"", ""},
		{"{\"preset\":\"safe\",\"mood\":1}", 5, "mood",
			"is no parameter of strategy martingale"},
		{"{\"preset\":\"safe\",\"interval_seconds\":300}", 5, "interval_seconds",
			"column of the bot"},
		{"{\"preset\":\"safe\",\"use_post_only\":true}", 5, "use_post_only",
			"is fixed in preset safe"},
		{"{\"preset\":\"safe\",\"tp_trailing\":{}}", 5, "tp_trailing", "is not built yet"},
		{"{\"preset\":\"safe\",\"start_condition\":\"webhook\"}", 5, "start_condition",
			"\"webhook\" is not built yet"},
		{"{\"preset\":\"safe\",\"add_model\":\"fixed\"}", 5, "add_model",
			"\"fixed\" is not built yet"},
		{"{\"preset\":\"safe\",\"margin_critical_action\":\"add\"}", 5,
			"margin_critical_action", "\"add\" is not built yet"},
		{"{\"preset\":\"safe\",\"max_adds\":201}", 5, "max_adds", "must be from 0 to 200"},
		{"{\"preset\":\"safe\",\"max_adds\":\"6\"}", 5, "max_adds", "expected an integer"},
		{"{\"preset\":\"safe\",\"price_min\":\"2\",\"price_max\":\"1\"}", 5, "price_min",
			"lies above price_max 1"},

		{"{\"preset\":\"safe\",\"stop_loss\":\"0.05\"}", 5, "stop_loss",
			"expected an object or null"},
		{"{\"preset\":\"safe\",\"stop_loss\":{}}", 5, "stop_loss.value", "must be given"},
		{"{\"preset\":\"safe\",\"stop_loss\":{\"value\":\"0.05\",\"colour\":1}}", 5,
			"stop_loss.colour", "unrecognized member"},
		{"{\"preset\":\"safe\",\"stop_loss\":{\"value\":\"0.1\"}}", 5, "stop_loss.value",
			"with the whole ladder liquidation at 0.75728321"},
		{"{\"preset\":\"safe\",\"stop_loss\":{\"value\":\"0.25\",\"basis\":\"price_from_"
		 "average\"}}",
			5, "stop_loss.value", "or comes before it"},

		{"{\"preset\":\"safe\",\"entry_filter\":[{\"span\":50,\"tf\":\"1h\",\"op\":"
		 "\"above\"}]}",
			5, "", ""},
		{"{\"preset\":\"safe\",\"entry_filter\":[{\"span\":200,\"tf\":\"1h\",\"op\":"
		 "\"above\"}]}",
			5, "entry_filter[0].span", "five times its span"},
		{"{\"preset\":\"safe\",\"entry_filter\":[{\"ma\":\"sma\",\"span\":200,\"tf\":"
		 "\"1h\","
		 "\"op\":\"above\"}]}",
			5, "", ""},
		{"{\"preset\":\"safe\",\"entry_filter\":[{\"span\":50,\"tf\":\"2h\",\"op\":"
		 "\"above\"}]}",
			5, "entry_filter[0].tf", "unrecognized value \"2h\""},
		{"{\"preset\":\"safe\",\"entry_filter\":[1]}", 5, "entry_filter[0]",
			"expected an object"},
		{"{\"preset\":\"safe\",\"entry_filter\":{}}", 5, "entry_filter",
			"expected an array"},

		{"{\"preset\":\"safe\",\"add_model\":\"custom_list\"}", 5, "add_list",
			"custom_list needs the list of its adds"},
		{"{\"preset\":\"safe\",\"add_list\":[{\"deviation\":\"0.01\",\"size\":\"0.006\"}]}",
			5, "add_list", "only used by add_model custom_list"},
		{"{\"preset\":\"safe\",\"add_model\":\"custom_list\",\"add_list\":[{\"deviation\":"
		 "\"0.02\","
		 "\"size\":\"0.006\"},{\"deviation\":\"0.025\",\"size\":\"0.006\"}]}",
			5, "add_list[1].deviation", "must be at least 0.03"},
		{"{\"preset\":\"safe\",\"add_model\":\"custom_list\",\"add_list\":[{\"deviation\":"
		 "\"0.02\","
		 "\"size\":\"0.02\"},{\"deviation\":\"0.03\",\"size\":\"0.039\"}]}",
			5, "", ""},
		{"{\"preset\":\"safe\",\"buildup_limit\":\"0.02\"}", 5, "buildup_limit",
			"only used by add_model loss_proportional"},

		{"{\"preset\":\"safe\",\"tp_steps\":[{\"profit\":\"0.01\",\"fraction\":\"0.5\"}]}",
			5, "tp_steps", "add up to 0.5, not 1"},
		{"{\"preset\":\"safe\",\"tp_steps\":[{\"profit\":\"0.02\",\"fraction\":\"0.5\"},{"
		 "\"profit\":"
		 "\"0.01\",\"fraction\":\"0.5\"}]}",
			5, "tp_steps[1].profit", "must be above the step before, 0.02"},
		{"{\"preset\":\"safe\",\"tp_steps\":[{\"profit\":\"0.01\",\"fraction\":\"0.5\"},{"
		 "\"profit\":"
		 "\"0.02\",\"fraction\":\"0.5\"}]}",
			5, "", ""},

		{"{\"preset\":\"safe\",\"margin_warn\":\"1.5\"}", 5, "margin_warn",
			"below margin_critical 2"},
		{"{\"preset\":\"safe\",\"margin_critical_action\":\"reduce\"}", 5,
			"margin_critical_action", "saves nothing"},
		{"{\"preset\":\"safe\",\"bb_span\":101}", 5, "bb_span",
			"needs 101 candles, vol_window has 100"},
		{"{\"preset\":\"safe\",\"decline_fast\":80}", 5, "decline_crash",
			"lies below decline_fast 80"},
		{"{\"preset\":\"safe\",\"vol_blocks\":[\"open\",\"shut\"]}", 5, "vol_blocks",
			"unrecognized value \"shut\""},
		{"{\"preset\":\"safe\",\"vol_blocks\":[]}", 5, "", ""},

		{"{\"preset\":\"safe\",\"initial_size\":\"0.1\"}", 5, "max_notional_per_order",
			"the opening needs 5000, max_notional_per_order leaves 2000"},
		{"{\"preset\":\"safe\",\"max_exposure\":\"0.3\"}", 5, "max_exposure",
			"the ladder cannot be carried"},
		{"{\"preset\":\"safe\",\"max_adds\":20,\"add_step\":\"0.1\",\"add_step_mult\":"
		 "\"1\","
		 "\"add_volume_mult\":\"1\",\"min_liq_distance\":null,\"stop_loss\":null}",
			5, "max_adds", "add 10 would lie below a price of zero"},
	};
	return cr_make_param_array(struct setting, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct setting *row, decision_params, checks_every_setting)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	CLEANUP(text_free) char *faults = NULL;
	const struct strategy *strategy = strategy_find("martingale");
	unsigned char params[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
	struct err err = {0};

	cr_assert(eq(int, field_parse(row->given, strlen(row->given), &document, &err), 0));
	struct field root = field_root(document);
	int result = decision_params(strategy, &root, row->leverage, params, &faults, &err);

	cr_expect(
		eq(int, result, row->field[0] == '\0' ? 0 : -1), "%s: %s", row->given, err.message);
	if (row->field[0] == '\0')
		return;
	char named[64];
	snprintf(named, sizeof named, "\"field\":\"%s\"", row->field);
	cr_expect(eq(int, err.code, ERR_INVALID));
	cr_assert(faults != NULL);
	cr_expect(strstr(faults, named) != NULL, "%s", faults);
	cr_expect(strstr(err.message, row->message) != NULL, "%s", err.message);
}

Test(decision_params, reports_all_faults_at_once)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	CLEANUP(text_free) char *faults = NULL;
	const char given[] = "{\"take_profit\":\"11\",\"mood\":\"0.01\",\"side\":\"long\"}";
	unsigned char params[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
	struct err err;

	cr_assert(eq(int, field_parse(given, strlen(given), &document, &err), 0));
	struct field root = field_root(document);
	cr_expect(eq(int,
		decision_params(strategy_find("martingale"), &root, 10, params, &faults, &err),
		-1));
	cr_assert(faults != NULL);
	cr_expect(strstr(faults, "take_profit") != NULL);
	cr_expect(strstr(faults, "mood") != NULL);
	cr_expect(strstr(faults, "\"side\"") != NULL);
}

/* State. */

static void read_state(struct decision_case *decision, const char *text, struct err *err, int want)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;

	cr_assert(eq(int, field_parse(text, strlen(text), &document, err), 0));
	struct field root = field_root(document);
	cr_assert(eq(int, decision_state_read(decision, &root, err), want), "%s", err->message);
}

static void begin_with(struct decision_case *decision, const char *preset)
{
	memset(decision, 0, sizeof *decision);
	decision->strategy = strategy_find("martingale");
	strategy_preset(decision->strategy, preset)->values(decision->params);
}

struct preset_row {
	char name[24];
};

ParameterizedTestParameters(decision_state, comes_back_as_it_was_written)
{
	static struct preset_row rows[] = {{"safe"}, {"dcabot-classic"}};

	return cr_make_param_array(struct preset_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct preset_row *row, decision_state, comes_back_as_it_was_written)
{
	static struct decision_case decision;
	unsigned char state[STRATEGY_STATE_SIZE] __attribute__((aligned(16))) = {0};
	struct err err = {0};

	begin_with(&decision, row->name);
	const struct strategy_preset *preset = strategy_preset(decision.strategy, row->name);
	int64_t value = 7;
	for (const struct strategy_field *field = preset->state; field->name != NULL; field++) {
		memcpy(state + field->offset, &value, sizeof value);
		value += 3;
	}
	CLEANUP(doc_free) struct doc *doc = decision_state_write(&decision, state);
	CLEANUP(text_free) char *text = doc_dump(doc);
	read_state(&decision, text, &err, 0);
	cr_expect(eq(int, memcmp(decision.state, state, sizeof state), 0), "%s", text);
}

Test(decision_state, of_another_preset_is_begun_anew)
{
	static struct decision_case decision;
	static const unsigned char nothing[STRATEGY_STATE_SIZE];
	struct err err = {0};

	begin_with(&decision, "safe");
	read_state(&decision, "{\"version\":1,\"cycle\":4,\"adds_filled\":3}", &err, 0);
	cr_expect(eq(int, memcmp(decision.state, nothing, sizeof nothing), 0));
	begin_with(&decision, "dcabot-classic");
	read_state(&decision, "{\"version\":1,\"preset\":\"safe\",\"cycle\":4}", &err, 0);
	cr_expect(eq(int, memcmp(decision.state, nothing, sizeof nothing), 0));
	begin_with(&decision, "safe");
	read_state(&decision, "{\"version\":1,\"preset\":\"safe\",\"cycle\":4}", &err, -1);
	cr_expect(strstr(err.message, "adds_filled: missing") != NULL, "%s", err.message);
}

/* Candles. */

static char *candles_text(size_t count, const char *last_row)
{
	char *text = calloc(1, 1 << 18);
	const int64_t now_ms = 1670889600000;
	static const int minutes[] = {1, 60, 5};

	strcat(text, "{");
	for (size_t s = 0; s < 3; s++) {
		sprintf(text + strlen(text), "%s\"%dm\":[", s > 0 ? "," : "", minutes[s]);
		for (size_t i = 0; i < count; i++)
			sprintf(text + strlen(text),
				"%s[%lld,\"60000\",\"60010\",\"59990\",\"%zu\",\"1.5\"]",
				i > 0 ? "," : "",
				(long long)(now_ms - (int64_t)(count - i) * minutes[s] * 60000),
				s == 1 ? 61000 : 59000 + i % 3);
		sprintf(text + strlen(text), "%s]", last_row);
	}
	strcat(text, "}");
	return text;
}

static char *snapshot_of_candles(size_t count, const char *last_row)
{
	CLEANUP(text_free) char *rows = candles_text(count, last_row);
	CLEANUP(text_free) char *head = snapshot_with("indicators", "");
	size_t size = strlen(rows) + strlen(head) + 64;
	char *text = calloc(1, size);

	head[strlen(head) - 1] = '\0';
	snprintf(text, size, "%s,\"ema_interval\":1,\"candles\":%s}", head, rows);
	return text;
}

Test(decision, makes_indicators_of_candles)
{
	static struct decision_case decision;
	struct err err = {0};
	CLEANUP(text_free) char *text = snapshot_of_candles(210, "");

	cr_assert(eq(int, case_read(text, &decision, &err), 0), "%s", err.message);
	cr_expect(eq(u32, decision.input.indicators.valid, (1U << INDICATOR_TREND) - 1));
	cr_expect(eq(i64, decision.input.indicators.value[INDICATOR_EMA_ENTRY], 61000 * E8));
	cr_expect(eq(sz, decision.input.indicators.candles_5m, 100));
	cr_expect(eq(i64, decision.input.indicators.last_closed_ms, 1670889300000));

	CLEANUP(text_free) char *answer = case_answer(&decision);
	cr_expect(strstr(answer, "\"action\":\"open\"") != NULL, "%s", answer);
}

Test(decision, refuses_candles_out_of_order_or_from_the_future)
{
	static struct decision_case decision;
	struct err err = {0};
	static const char *const rows[] = {
		",[1670889000000,\"1\",\"1\",\"1\",\"1\",\"1\"]",
		",[1670889600001,\"1\",\"1\",\"1\",\"1\",\"1\"]",
		",[1670889600000,\"1\",\"1\",\"1\",\"1\"]",
		",[1670889600000,\"1\",\"1\",\"1\",null,\"1\"]",
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(text_free) char *text = snapshot_of_candles(30, rows[i]);

		cr_expect(eq(int, case_read(text, &decision, &err), -1), "row %zu", i);
		cr_expect(strstr(err.message, "candles.1m[30]") != NULL, "%s", err.message);
	}
}

Test(decision, without_averages_there_is_no_decision)
{
	static struct decision_case decision;
	struct err err = {0};
	CLEANUP(text_free) char *text = snapshot_with("indicators", "{}");

	cr_assert(eq(int, case_read(text, &decision, &err), 0), "%s", err.message);
	CLEANUP(text_free) char *answer = case_answer(&decision);
	cr_expect(strstr(answer, "EMA200 is missing, no decision") != NULL, "%s", answer);
	cr_expect(strstr(answer, "\"intents\":[]") != NULL, "%s", answer);
}

Test(decision, the_hash_of_reasons_ignores_prices)
{
	static struct strategy_output a, b;

	memset(&a, 0, sizeof a);
	strcpy(a.action, "none");
	a.reason_count = 1;
	strcpy(a.reasons[0].gate, "ema_slow");
	strcpy(a.reasons[0].text, "price 1 > EMA200 0.9");
	b = a;
	strcpy(b.reasons[0].text, "price 2 > EMA200 0.9");
	cr_expect(eq(u64, decision_reasons_hash(&a), decision_reasons_hash(&b)));
	b.reasons[0].passed = true;
	cr_expect(ne(u64, decision_reasons_hash(&a), decision_reasons_hash(&b)));
}

/* What the fills tell and the day's counts, through a written snapshot and back. */
Test(decision, what_the_fills_tell_comes_back_as_it_was_written)
{
	static struct decision_case decision, copy;
	struct err err = {0};
	CLEANUP(text_free)
	char *text = snapshot_with("cycle",
		"{\"number\":4,\"adds\":2,\"started_ms\":1,\"last_fill_ms\":5,\"last_entry_ms\":4,"
		"\"base_price\":\"60000\",\"last_add_price\":\"59000.1\",\"ended_ms\":3,"
		"\"ended_by\":\"stop\"}");

	cr_assert(eq(int, case_read(text, &decision, &err), 0), "%s", err.message);
	decision.input.day_orders = 7;
	decision.input.day_net_e8 = -E8;
	CLEANUP(doc_free) struct doc *doc = decision_write(&decision);
	CLEANUP(text_free) char *written = doc_dump(doc);
	cr_assert(eq(int, case_read(written, &copy, &err), 0), "%s", err.message);
	const struct strategy_input *back = &copy.input;
	cr_expect(eq(i64, back->cycle, 4));
	cr_expect(eq(i64, back->cycle_base_ticks, 600000));
	cr_expect(eq(i64, back->last_add_ticks, 590001));
	cr_expect(eq(i64, back->last_entry_ms, 4));
	cr_expect(eq(i64, back->cycle_ended_ms, 3));
	cr_expect(eq(int, back->cycle_ended_by, PURPOSE_STOP));
	cr_expect(eq(i64, back->day_orders, 7));
	cr_expect(eq(i64, back->day_net_e8, -E8));
}

struct said {
	enum protection protection;
	char text[96]; /* "" : must not be told at all */
};

ParameterizedTestParameters(decision, tells_what_must_protect_the_leg)
{
	static struct said rows[] = {
		{PROTECTION_KEEP, ""},
		{PROTECTION_NONE, "\"stop\":null"},
		{PROTECTION_STOP,
			"\"stop\":{\"trigger_price\":\"59000\",\"trigger_by\":\"mark\",\"action\":"
			"\"close_and_pause\"}"},
	};
	return cr_make_param_array(struct said, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct said *row, decision, tells_what_must_protect_the_leg)
{
	static struct decision_case decision;
	static struct strategy_output output;
	struct err err = {0};
	CLEANUP(text_free) char *text = snapshot_with("cycle", "null");

	cr_assert(eq(int, case_read(text, &decision, &err), 0), "%s", err.message);
	output.stop = (struct strategy_stop){.protection = row->protection,
		.trigger_ticks = 590000,
		.trigger_by = TRIGGER_MARK,
		.action = STOP_ACTION_CLOSE_AND_PAUSE};
	output.intents[0] = (struct intent){
		.kind = INTENT_AMEND, .order_id = 3, .price_ticks = 610000, .lots = 20};
	output.intents[1] = (struct intent){.kind = INTENT_PAUSE, .code = "stop_loss"};
	output.intent_count = 2;
	CLEANUP(doc_free) struct doc *doc = decision_write_output(&decision, &output);
	CLEANUP(text_free) char *answer = doc_dump(doc);
	if (row->text[0] != '\0')
		cr_expect(strstr(answer, row->text) != NULL, "%s", answer);
	else
		cr_expect(strstr(answer, "\"stop\"") == NULL, "%s", answer);
	cr_expect(strstr(answer, "{\"kind\":\"amend\",\"order_id\":3,\"quantity\":\"0.02\","
				 "\"price\":\"61000\"}") != NULL,
		"%s", answer);
	cr_expect(strstr(answer, "{\"kind\":\"pause\",\"code\":\"stop_loss\"}") != NULL, "%s",
		answer);
}

/* Documents. */

struct documented {
	char preset[24];
};

ParameterizedTestParameters(decision, documents_the_settings_as_they_are)
{
	static struct documented rows[] = {{"safe"}, {"dcabot-classic"}};

	return cr_make_param_array(struct documented, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct documented *row, decision, documents_the_settings_as_they_are)
{
	const struct strategy *strategy = strategy_find("martingale");
	CLEANUP(text_free) char *page = case_file(TEST_SOURCE_DIR "/docs/strategy.md");
	CLEANUP(text_free)
	char *table = decision_params_markdown(strategy_preset(strategy, row->preset));
	char mark[64];

	cr_assert(page != NULL);
	snprintf(mark, sizeof mark, "<!-- params %s -->\n", row->preset);
	char *begin = strstr(page, mark);
	cr_assert(begin != NULL, "%s", mark);
	begin += strlen(mark);
	char *end = strstr(begin, "<!-- end -->");
	cr_assert(end != NULL);
	*end = '\0';
	cr_expect(strcmp(begin, table) == 0,
		"docs/strategy.md is not what botbeat strategy params --preset %s --markdown "
		"prints",
		row->preset);
}

/* A default that a form shows must be one that is accepted. */
Test(decision, a_schema_names_every_setting)
{
	const struct strategy *strategy = strategy_find("martingale");
	const struct strategy_preset *preset = strategy_preset(strategy, "safe");
	CLEANUP(doc_free) struct doc *schema = decision_schema(strategy, preset);
	CLEANUP(text_free) char *text = doc_dump(schema);
	CLEANUP(field_document_free) struct field_document *document = NULL;
	unsigned char params[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
	unsigned char values[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16))) = {0};
	struct field properties, member, defaults;
	struct err err = {0};

	cr_assert(eq(int, field_parse(text, strlen(text), &document, &err), 0), "%s", err.message);
	struct field root = field_root(document);
	cr_assert(eq(int, field_get(&root, "properties", &properties, &err), 0));
	for (const struct strategy_param *param = preset->params; param->name != NULL; param++)
		cr_expect(eq(int, field_get(&properties, param->name, &member, &err), 0), "%s",
			err.message);
	cr_assert(eq(int, field_get(&root, "default", &defaults, &err), 0));
	cr_assert(eq(int, decision_params(strategy, &defaults, 5, params, NULL, &err), 0), "%s",
		err.message);
	preset->values(values);
	cr_expect(eq(int, memcmp(params, values, strategy->params_size), 0));
}
