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
		{"params", "{}"},
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
		{"params", "{\"add_model\":\"geometric\"}", "add_model: is no parameter"},
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

struct setting {
	char given[120];
	int64_t leverage;
	char field[24]; /* of the fault; "" if it is accepted */
	char message[48];
};

ParameterizedTestParameters(decision_params, checks_every_setting)
{
	static struct setting rows[] = {
		{"{}", 10, "", ""},
		{"{\"preset\":\"dcabot-classic\",\"take_profit\":\"0.2\"}", 10, "", ""},
		{"{\"max_margin_pct\":null}", 10, "", ""},
		{"{\"use_post_only\":false}", 125, "", ""},
		{"{\"preset\":\"safe\"}", 10, "preset", "unrecognized preset \"safe\""},
		{"{\"preset\":7}", 10, "preset", "expected a string"},
		{"{\"initial_size\":0.006}", 10, "initial_size", "expected a decimal string"},
		{"{\"initial_size\":\"0\"}", 10, "initial_size", "must be from 0.000001 to 1"},
		{"{\"initial_size\":\"0.0000001\"}", 10, "initial_size", "more than 6 places"},
		{"{\"initial_size\":\"0.6\"}", 10, "initial_size", "above max_margin_pct"},
		{"{\"initial_size\":null}", 10, "initial_size", "cannot be null"},
		{"{\"take_profit\":\"11\"}", 10, "take_profit", "must be from 0.0005 to 10"},
		{"{\"use_post_only\":1}", 10, "use_post_only", "expected a boolean"},
		{"{\"compat.gate_blocks_tp\":false}", 10, "compat.gate_blocks_tp",
			"is no parameter"},
		{"{\"symbol\":\"BTCUSDT\"}", 10, "symbol", "column of the pair"},
		{"{}", 126, "leverage", "must be from 1 to 125"},
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
	char named[40];
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
	const char given[] = "{\"take_profit\":\"11\",\"add_step\":\"0.01\",\"side\":\"long\"}";
	unsigned char params[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
	struct err err;

	cr_assert(eq(int, field_parse(given, strlen(given), &document, &err), 0));
	struct field root = field_root(document);
	cr_expect(eq(int,
		decision_params(strategy_find("martingale"), &root, 10, params, &faults, &err),
		-1));
	cr_assert(faults != NULL);
	cr_expect(strstr(faults, "take_profit") != NULL);
	cr_expect(strstr(faults, "add_step") != NULL);
	cr_expect(strstr(faults, "\"side\"") != NULL);
}

/* State. */

Test(decision_state, comes_back_as_it_was_written)
{
	const struct strategy *strategy = strategy_find("martingale");
	const int64_t state[2] = {7, 3};
	int64_t back[2] = {0, 0};
	CLEANUP(field_document_free) struct field_document *document = NULL;
	CLEANUP(doc_free) struct doc *doc = decision_state_write(strategy, state);
	CLEANUP(text_free) char *text = doc_dump(doc);
	struct err err;

	cr_assert(eq(sz, strategy->state_size, sizeof state));
	cr_assert(eq(int, field_parse(text, strlen(text), &document, &err), 0));
	struct field root = field_root(document);
	cr_assert(eq(int, decision_state_read(strategy, &root, back, &err), 0), "%s", err.message);
	cr_expect(eq(i64, back[0], 7));
	cr_expect(eq(i64, back[1], 3));
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
	cr_expect(eq(u32, decision.input.indicators.valid, (1U << INDICATOR_COUNT) - 1));
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
