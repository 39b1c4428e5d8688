/* backtest - a strategy over recorded candles: figures, a report, its trades. */
#include "backtest/files.h"
#include "backtest/report.h"
#include "cli/backtest_print.h"
#include "cli/backtest_setup.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 2000 /* of the picture: what a screen can show */

static const struct command_option options[] = {
	{"params", "FILE", "a JSON object of the strategy's parameters (its first preset)"},
	BACKTEST_SETUP_OPTIONS,
	{"report", "FILE", "an HTML report, complete in itself"},
	{"trades", "FILE", "fills and funding of the worse path, CSV"},
	{"equity", "FILE", "price and equity of the worse path over time, CSV"},
	{0},
};

struct outcome { /* begin with {0} */
	struct backtest_result results[2];
	struct record records[2];
	bool made;
};

static void outcome_done(struct outcome *outcome)
{
	for (int i = 0; i < 2; i++) {
		if (outcome->made)
			backtest_done(&outcome->results[i]);
		record_done(&outcome->records[i]);
	}
}

/* Whole minutes, so many that the picture has at most BUCKETS points. */
static int64_t bucket_ms(const struct backtest_setup *setup)
{
	int64_t minutes = (int64_t)setup->tape->count;

	return (minutes + BUCKETS - 1) / BUCKETS * TAPE_MINUTE_MS;
}

static void show_progress(void *context, int64_t done_ppm)
{
	progress_show(context, done_ppm);
}

static int run_both(struct backtest_setup *setup, struct outcome *outcome, struct err *err)
{
	struct record *const records[2] = {&outcome->records[0], &outcome->records[1]};
	struct progress progress = progress_begin("backtest");

	for (int i = 0; i < 2; i++)
		record_init(&outcome->records[i], bucket_ms(setup));
	setup->options.progress = show_progress;
	setup->options.progress_context = &progress;
	int result = backtest_both(&setup->options, records, outcome->results, err);
	progress_end(&progress);
	outcome->made = result == 0;
	return result;
}

static int write_report(const struct backtest_setup *setup, const struct outcome *outcome,
	const struct record *worse, const char *path, struct err *err)
{
	CLEANUP(doc_free) struct doc *assumptions = backtest_print_assumptions(setup);
	const struct report report = {.options = &setup->options,
		.results = outcome->results,
		.record = worse,
		.assumptions = assumptions,
		.params = setup->params_text};

	return report_write(&report, path, err);
}

static int write_files(struct command_context *context, const struct backtest_setup *setup,
	const struct outcome *outcome, struct err *err)
{
	const struct record *worse = &outcome->records[backtest_worse(outcome->results)];
	const struct rules *rules = &setup->options.terms.rules;
	const char *trades = command_value(context, "trades");
	const char *equity = command_value(context, "equity");
	const char *page = command_value(context, "report");

	if (trades != NULL && files_trades(worse, rules, trades, err) == -1)
		return -1;
	if (equity != NULL && files_equity(worse, rules, equity, err) == -1)
		return -1;
	return page == NULL ? 0 : write_report(setup, outcome, worse, page, err);
}

static int run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(backtest_setup_done) struct backtest_setup setup = {0};
	CLEANUP(outcome_done) struct outcome outcome = {0};
	(void)argc, (void)argv;

	if (backtest_setup_read(context, "params", &setup, err) == -1 ||
		run_both(&setup, &outcome, err) == -1 ||
		write_files(context, &setup, &outcome, err) == -1)
		return -1;
	if (!command_json(context)) {
		backtest_print_table(&setup, outcome.results, outcome.records);
		return 0;
	}
	CLEANUP(doc_free) struct doc *doc = backtest_print_doc(&setup, outcome.results);
	output_doc(doc);
	return 0;
}

const struct command backtest_command = {
	.name = "backtest",
	.summary = "Run a strategy over recorded candles",
	.details =
		"The strategy that trades live decides at each interval; the broker model of the\n"
		"simulated exchange fills, charges, funds and liquidates (docs/backtesting.md).\n"
		"Both orders of high and low inside each minute are run; the worse comes first.\n"
		"Candles are CSV files or what `botbeat candles import` wrote; several follow one\n"
		"another in time.",
	.options = options,
	.run = run,
};
