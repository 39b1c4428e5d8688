#include "cli/backtest_print.h"

#include "backtest/report.h"
#include "core/base/clock.h"
#include "core/io/doc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SPARKS 60

/* --- for people ----------------------------------------------------------------------------- */

static void print_head(const struct backtest_setup *setup, const struct backtest_result *result)
{
	const struct backtest_options *options = &setup->options;
	char begin[CLOCK_TEXT_SIZE], end[CLOCK_TEXT_SIZE], length[FIGURES_TEXT_SIZE];

	(void)clock_text(result->begin_ms, begin, sizeof begin);
	(void)clock_text(result->end_ms, end, sizeof end);
	(void)printf("%s %s, %s, %" PRId64 "x %s, every %" PRId64 " s\n",
		options->terms.rules.symbol, options->bot.side == SIDE_BUY ? "long" : "short",
		options->bot.strategy->name, options->bot.leverage,
		margin_mode_text(options->bot.margin_mode), options->bot.interval_ms / 1000);
	(void)printf("%.16sZ to %.16sZ (%s)\n", begin, end,
		figures_duration(result->end_ms - result->begin_ms, length, sizeof length));
}

static void print_assumptions(const struct backtest_setup *setup)
{
	const struct backtest_options *options = &setup->options;
	const struct broker_fees *fees = &options->terms.fees;

	(void)printf("fees %s %% maker, %s %% taker; funding %s%s; slippage %d.%02d bp\n",
		DECIMAL_TEXT(decimal_trim(decimal_mul(fees->maker, decimal_from_int(100)))),
		DECIMAL_TEXT(decimal_trim(decimal_mul(fees->taker, decimal_from_int(100)))),
		setup->funding_text,
		options->funding->stamps == NULL ? " every 8 h at 00, 08 and 16 h UTC" : "",
		options->slippage_ppm / 100, options->slippage_ppm % 100);
}

static void print_ending(const struct backtest_result *result, int path)
{
	char moment[CLOCK_TEXT_SIZE];

	if (result->liquidated_ms != 0)
		(void)printf("%s: LIQUIDATED at %.16sZ, the run ends there\n",
			report_path_name(path),
			clock_text(result->liquidated_ms, moment, sizeof moment));
	if (result->paused_ms != 0)
		(void)printf("%s: paused since %.16sZ, waits for a person (--resume-after)\n",
			report_path_name(path),
			clock_text(result->paused_ms, moment, sizeof moment));
	if (result->counts.refused > 0)
		(void)printf("%s: the last order was turned away because: %s\n",
			report_path_name(path), result->counts.refusal);
	if (result->counts.faults > 0)
		(void)printf("%s: %" PRId64 " decisions ended in a fault, the last: %s\n",
			report_path_name(path), result->counts.faults, result->counts.fault);
	if (result->counts.missing_minutes > 0)
		(void)printf("%s: %" PRId64 " of %" PRId64 " minutes were missing in the candles\n",
			report_path_name(path), result->counts.missing_minutes,
			result->counts.minutes);
}

static void print_figures(const struct backtest_result results[2], int worse)
{
	const struct figures worst = figures_of(&results[worse]);
	const struct figures other = figures_of(&results[!worse]);

	(void)printf("\n%-26s %18s %18s\n", "", report_path_name(worse), report_path_name(!worse));
	for (int id = 0; id < FIGURES; id++) {
		char first[FIGURES_TEXT_SIZE], second[FIGURES_TEXT_SIZE];
		(void)printf("%-26s %18s %18s\n", figures_name((enum figure_id)id)->label,
			figures_text(&worst, (enum figure_id)id, first, sizeof first),
			figures_text(&other, (enum figure_id)id, second, sizeof second));
	}
}

static void print_adds(const struct backtest_cycles *cycles)
{
	const char *between = "cycles by adds: ";

	if (cycles->count == 0)
		return;
	for (int i = 0; i <= BACKTEST_ADDS_MAX; i++) {
		if (cycles->by_adds[i] == 0)
			continue;
		(void)printf("%s%d%s x %" PRId64, between, i, i == BACKTEST_ADDS_MAX ? "+" : "",
			cycles->by_adds[i]);
		between = ", ";
	}
	(void)putchar('\n');
}

/* Equity at the end of each sixtieth of the run. */
static void print_spark(const struct record *record)
{
	static const char *const sparks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	size_t count = record->bucket_count < SPARKS ? record->bucket_count : SPARKS;
	int64_t low = INT64_MAX, high = INT64_MIN;

	for (size_t i = 0; i < count; i++) {
		int64_t equity =
			record->buckets[(i + 1) * record->bucket_count / count - 1].equity_e8;
		low = equity < low ? equity : low;
		high = equity > high ? equity : high;
	}
	if (count == 0)
		return;
	(void)printf("\nequity %s ",
		DECIMAL_TEXT(decimal_round(decimal_scaled(low, 8), 2, ROUND_HALF_UP)));
	for (size_t i = 0; i < count; i++) {
		int64_t equity =
			record->buckets[(i + 1) * record->bucket_count / count - 1].equity_e8;
		__int128 level = high == low ? 0 : (__int128)(equity - low) * 7 / (high - low);
		(void)fputs(sparks[(int)level], stdout);
	}
	(void)printf(
		" %s\n", DECIMAL_TEXT(decimal_round(decimal_scaled(high, 8), 2, ROUND_HALF_UP)));
}

void backtest_print_table(const struct backtest_setup *setup,
	const struct backtest_result results[2], const struct record records[2])
{
	int worse = backtest_worse(results);

	print_head(setup, &results[worse]);
	print_assumptions(setup);
	print_figures(results, worse);
	print_spark(&records[worse]);
	print_adds(&results[worse].cycles);
	print_ending(&results[worse], worse);
	print_ending(&results[!worse], !worse);
}

/* --- for programs --------------------------------------------------------------------------- */

static void put_figure(struct doc *doc, const struct figures *figures, enum figure_id id)
{
	const struct figure_name *name = figures_name(id);
	const struct figure *figure = &figures->all[id];
	char moment[CLOCK_TEXT_SIZE];

	if (!figure->known) {
		doc_null(doc, name->key);
		return;
	}
	switch (name->kind) {
	case FIGURE_MONEY:
		doc_decimal(doc, name->key, decimal_trim(decimal_scaled(figure->whole, 8)));
		break;
	case FIGURE_COUNT:
		doc_int(doc, name->key, figure->whole);
		break;
	case FIGURE_DURATION:
		doc_int(doc, name->key, figure->whole / 1000);
		break;
	case FIGURE_DAY:
		(void)clock_text(figure->whole, moment, sizeof moment);
		moment[10] = '\0';
		doc_text(doc, name->key, moment);
		break;
	case FIGURE_PERCENT:
	case FIGURE_RATIO:
		doc_real(doc, name->key, figure->real);
		break;
	}
}

static void put_moment(struct doc *doc, const char *name, int64_t at_ms)
{
	char moment[CLOCK_TEXT_SIZE];

	doc_text(doc, name, at_ms == 0 ? NULL : clock_text(at_ms, moment, sizeof moment));
}

static struct doc *adds_doc(const struct backtest_cycles *cycles)
{
	struct doc *adds = doc_object();
	char name[16];

	for (int i = 0; i <= BACKTEST_ADDS_MAX; i++) {
		(void)snprintf(name, sizeof name, "%d", i);
		if (cycles->by_adds[i] > 0)
			doc_int(adds, name, cycles->by_adds[i]);
	}
	return adds;
}

static struct doc *result_doc(const struct backtest_result *result, int path)
{
	struct figures figures = figures_of(result);
	struct doc *doc = doc_object();

	doc_text(doc, "path", report_path_name(path));
	for (int id = 0; id < FIGURES; id++)
		put_figure(doc, &figures, (enum figure_id)id);
	doc_child(doc, "cycles_by_adds", adds_doc(&result->cycles));
	put_moment(doc, "liquidated_at", result->liquidated_ms);
	put_moment(doc, "paused_at", result->paused_ms);
	doc_int(doc, "faults", result->counts.faults);
	doc_text(doc, "last_refusal", result->counts.refused == 0 ? NULL : result->counts.refusal);
	doc_int(doc, "minutes", result->counts.minutes);
	doc_int(doc, "missing_minutes", result->counts.missing_minutes);
	return doc;
}

struct doc *backtest_print_assumptions(const struct backtest_setup *setup)
{
	const struct backtest_options *options = &setup->options;
	const struct rules *rules = &options->terms.rules;
	struct doc *doc = doc_object();

	doc_text(doc, "candles", setup->candles);
	doc_decimal(doc, "balance", options->balance);
	doc_decimal(doc, "fee_maker", options->terms.fees.maker);
	doc_decimal(doc, "fee_taker", options->terms.fees.taker);
	doc_text(doc, "funding", setup->funding_text);
	doc_int(doc, "funding_interval_s",
		options->funding->stamps == NULL ? rules->funding_interval_ms / 1000 : 0);
	doc_decimal(doc, "slippage_bps", decimal_trim(decimal_scaled(options->slippage_ppm, 2)));
	doc_decimal(doc, "tick_size", rules->tick_size);
	doc_decimal(doc, "lot_size", rules->lot_size);
	doc_decimal(doc, "min_notional", rules->min_notional);
	doc_text(doc, "margin_mode", margin_mode_text(options->bot.margin_mode));
	doc_text(doc, "position_mode", position_mode_text(options->bot.position_mode));
	doc_int(doc, "interval_seconds", options->bot.interval_ms / 1000);
	doc_int(doc, "ema_interval", options->bot.ema_interval_min);
	doc_int(doc, "seed", (int64_t)options->seed);
	return doc;
}

struct doc *backtest_print_doc(
	const struct backtest_setup *setup, const struct backtest_result results[2])
{
	const struct backtest_options *options = &setup->options;
	struct doc *doc = doc_object();
	struct doc *paths = doc_array();
	int worse = backtest_worse(results);

	doc_text(doc, "symbol", options->terms.rules.symbol);
	doc_text(doc, "side", options->bot.side == SIDE_BUY ? "long" : "short");
	doc_text(doc, "strategy", options->bot.strategy->name);
	doc_int(doc, "leverage", options->bot.leverage);
	doc_json(doc, "params", setup->params_text);
	put_moment(doc, "begin", results[worse].begin_ms);
	put_moment(doc, "end", results[worse].end_ms);
	doc_child(doc, "assumptions", backtest_print_assumptions(setup));
	doc_push(paths, result_doc(&results[worse], worse));
	doc_push(paths, result_doc(&results[!worse], !worse));
	doc_child(doc, "paths", paths);
	return doc;
}
