/*
 * Every figure, worked out again by figures.py from the candles and the list of trades. Needs
 * python3 with its standard library; where there is none, the test says so and is skipped.
 */
#include "backtest/csv.h"
#include "backtest/figures.h"
#include "backtest/files.h"
#include "core/io/field.h"
#include "decision/decision.h"
#include "tests/backtest/script.h"

#include <math.h>
#include <sys/wait.h>

TestSuite(figures, .init = scratch_open, .fini = scratch_close, .timeout = 280);

#define CANDLES TEST_SOURCE_DIR "/data/candles/btcusd_perp_ftx_1m_2022-01.csv"

/* --- a trader without averages: the month is long enough for him to be annualised ------------- */

#define HOUR_MS INT64_C(3600000)

/* Buys in the morning, adds at noon, sells by a resting order in the evening or at the market. */
static void trader_decide(
	const struct strategy_input *input, const void *state, struct strategy_output *ret)
{
	int64_t hour = input->now_ms % (24 * HOUR_MS) / HOUR_MS;
	int64_t minute = input->now_ms % HOUR_MS / 60000;

	(void)state;
	memset(ret, 0, sizeof *ret);
	for (size_t i = 0; i < input->order_count; i++)
		ret->intents[ret->intent_count++] = (struct intent){
			.kind = INTENT_CANCEL, .order_id = input->orders[i].id};
	if (minute < 5 && (hour == 6 || hour == 12))
		ret->intents[ret->intent_count++] = script_buy(
			hour == 6 ? 300 : 200, hour == 6 ? 0 : input->ticker.bid_ticks - 10);
	if (hour >= 18 && input->leg_own.lots > 0)
		ret->intents[ret->intent_count++] = script_close(input->leg_own.lots,
			hour < 22 ? input->leg_own.average_e8 / 10000000 + 2000 : 0);
}

static struct strategy trader;

/* --- the two answers -------------------------------------------------------------------------- */

static struct field_document *again(const struct backtest_options *options,
	const struct backtest_result *result, const char *trades)
{
	CLEANUP(text_free)
	char *command = mem_format("python3 " TEST_SOURCE_DIR "/tests/backtest/figures.py " CANDLES
				   " %s %" PRId64 " %" PRId64 " 10000 %" PRId64 " %s",
		trades, result->begin_ms, result->end_ms, options->bot.leverage,
		options->high_first ? "high" : "low");
	struct field_document *document = NULL;
	static char text[16384];
	struct err err;

	FILE *pipe = popen(command, "r");
	cr_assert(pipe != NULL);
	size_t size = fread(text, 1, sizeof text, pipe);
	cr_assert(zero(int, pclose(pipe)), "%s", command);
	cr_assert(zero(int, field_parse(text, size, &document, &err)), "%s", err.message);
	return document;
}

static double plain(const struct figures *figures, enum figure_id id)
{
	const struct figure *figure = &figures->all[id];

	switch (figures_name(id)->kind) {
	case FIGURE_MONEY:
		return (double)figure->whole / 1e8;
	case FIGURE_DURATION:
		return (double)figure->whole / 1000;
	case FIGURE_COUNT:
		return (double)figure->whole;
	case FIGURE_DAY:
	case FIGURE_PERCENT:
	case FIGURE_RATIO:
		break;
	}
	return figure->real;
}

static void compare(const struct figures *figures, enum figure_id id, const struct field *other)
{
	const char *key = figures_name(id)->key;
	char day[FIGURES_TEXT_SIZE];
	struct field member;
	struct err err;

	cr_assert(zero(int, field_get_optional(other, key, &member, &err)), "%s", err.message);
	if (member.value == NULL)
		return; /* the other one has no way to know: decisions, orders */
	cr_expect(eq(int, figures->all[id].known, field_present(&member)), "%s", key);
	if (!figures->all[id].known || !field_present(&member))
		return;
	CLEANUP(text_free) char *text = field_dump(&member);
	if (figures_name(id)->kind == FIGURE_DAY) {
		(void)figures_text(figures, id, day, sizeof day);
		cr_expect(strncmp(text + 1, day, 10) == 0, "%s: %s, not %s", key, day, text);
		return;
	}
	double ours = plain(figures, id), theirs = strtod(text, NULL);
	/* Durations and amounts are whole milliseconds and 1e-8 here, means of them included. */
	double slack = figures_name(id)->kind == FIGURE_DURATION ? 0.001 : 1e-8;
	cr_expect(fabs(ours - theirs) <= slack + 1e-9 * fabs(theirs), "%s: %.12g, not %.12g", key,
		ours, theirs);
}

static void expect_same_figures(struct backtest_options *options)
{
	struct backtest_result result;
	struct record record;
	struct err err;
	int known = 0;

	record_init(&record, HOUR_MS);
	options->record = &record;
	cr_assert(zero(int, backtest_run(options, &result, &err)), "%s", err.message);
	cr_assert(gt(sz, record.fill_count, 30));
	const char *trades = scratch_path("trades.csv");
	cr_assert(zero(int, files_trades(&record, &options->terms.rules, trades, &err)), "%s",
		err.message);
	CLEANUP(field_document_free)
	struct field_document *document = again(options, &result, trades);
	struct field other = field_root(document);
	struct figures figures = figures_of(&result);
	for (int id = 0; id < FIGURES; id++) {
		compare(&figures, (enum figure_id)id, &other);
		known += figures.all[id].known;
	}
	cr_expect(gt(int, known, 28));
	record_done(&record);
	backtest_done(&result);
}

static void skip_without_python(void)
{
	if (system("python3 -c '' 2>/dev/null") != 0)
		cr_skip("python3 is not there");
}

struct month {
	struct tape *tape;
	struct funding funding;
};

static void open_month(struct month *month)
{
	const struct csv_options csv = {.volume_in_quote = true};
	struct csv_report report;
	struct err err;

	cr_assert(
		zero(int, csv_read(CANDLES, &csv, &month->tape, &report, &err)), "%s", err.message);
	cr_assert(zero(int, tape_fit(&month->tape, decimal_literal("0.1"), &err)));
	cr_assert(zero(int, funding_read("0.0001", 8 * HOUR_MS, &month->funding, &err)));
}

static void close_month(struct month *month)
{
	tape_free(&month->tape);
	funding_done(&month->funding);
}

Test(figures, of_a_month_of_days_in_another_language)
{
	struct month month;

	skip_without_python();
	open_month(&month);
	struct backtest_options options = script_options(month.tape, &month.funding);
	trader = script_strategy;
	trader.decide = trader_decide;
	options.bot.strategy = &trader;
	options.bot.interval_ms = 300000;
	options.bot.margin_mode = MARGIN_CROSS;
	options.slippage_ppm = 200;
	options.high_first = true;
	expect_same_figures(&options);
	close_month(&month);
}

Test(figures, of_a_short_martingale_in_another_language)
{
	unsigned char params[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
	static const char text[] = "{\"preset\":\"dcabot-classic\"}";
	CLEANUP(field_document_free) struct field_document *document = NULL;
	struct month month;
	struct err err;

	skip_without_python();
	open_month(&month);
	cr_assert(zero(int, field_parse(text, sizeof text - 1, &document, &err)));
	struct field root = field_root(document);
	struct backtest_options options = script_options(month.tape, &month.funding);
	options.bot.strategy = strategy_find("martingale");
	options.bot.side = SIDE_SELL;
	options.bot.interval_ms = 300000;
	options.bot.margin_mode = MARGIN_CROSS;
	options.bot.params = params;
	cr_assert(zero(int, decision_params(options.bot.strategy, &root, 10, params, NULL, &err)));
	expect_same_figures(&options);
	close_month(&month);
}

/* --- what people read ------------------------------------------------------------------------- */

struct text_row {
	char because[40];
	enum figure_id id;
	struct figure figure;
	char text[FIGURES_TEXT_SIZE], plain[FIGURES_TEXT_SIZE];
};

ParameterizedTestParameters(figures, as_texts)
{
	static struct text_row rows[] = {
		{"money has groups and cents", FIGURE_FEES, {true, 123456789012345678, 0},
			"1,234,567,890.12", "1234567890.12345678"},
		{"money below zero", FIGURE_FUNDING, {true, -100000600000, 0}, "-1,000.01",
			"-1000.006"},
		{"three digits need no comma", FIGURE_FUNDING, {true, -12300000000, 0}, "-123.00",
			"-123"},
		{"a share", FIGURE_WIN_RATE, {true, 0, 0.12345}, "12.35 %", "0.123450"},
		{"a ratio", FIGURE_SHARPE, {true, 0, -1.5}, "-1.50", "-1.500000"},
		{"days", FIGURE_CYCLE_LONGEST, {true, 200000000, 0}, "2 d 7 h", "200000000"},
		{"hours", FIGURE_CYCLE_LONGEST, {true, 7260000, 0}, "2 h 1 min", "7260000"},
		{"minutes", FIGURE_CYCLE_LONGEST, {true, 7140000, 0}, "119 min", "7140000"},
		{"a date", FIGURE_WORST_DAY_AT, {true, 1641340800000, 0}, "2022-01-05",
			"1641340800000"},
		{"what is not known", FIGURE_SHARPE, {false, 0, 0}, "-", ""},
	};
	return cr_make_param_array(struct text_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct text_row *row, figures, as_texts)
{
	struct figures figures = {0};
	char text[FIGURES_TEXT_SIZE];

	figures.all[row->id] = row->figure;
	(void)figures_text(&figures, row->id, text, sizeof text);
	cr_expect(strcmp(text, row->text) == 0, "%s: \"%s\"", row->because, text);
	(void)figures_plain(&figures, row->id, text, sizeof text);
	cr_expect(strcmp(text, row->plain) == 0, "%s: \"%s\"", row->because, text);
}

Test(figures, nothing_is_annualised_from_a_liquidated_run_but_the_loss)
{
	struct backtest_result result = {.begin_ms = 0,
		.end_ms = INT64_C(40) * 86400000,
		.liquidated_ms = 5,
		.gauge = {.begin_e8 = 100, .equity_e8 = 60}};
	struct figures figures = figures_of(&result);

	cr_expect(eq(dbl, figures.all[FIGURE_ANNUAL_RETURN].real, -1));
	cr_expect(eq(dbl, figures.all[FIGURE_TOTAL_RETURN].real, 0.6 - 1));
}
