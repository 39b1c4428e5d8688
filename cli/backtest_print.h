/*
 * backtest_print - what a backtest came to: a table and a sparkline for people, one document for
 * programs. The worse path stands first.
 */
#ifndef CLI_BACKTEST_PRINT_H
#define CLI_BACKTEST_PRINT_H

#include "backtest/figures.h"
#include "cli/backtest_setup.h"

struct doc;

/* records: with pictures, of high first and low first. */
void backtest_print_table(const struct backtest_setup *setup,
	const struct backtest_result results[2], const struct record records[2]);

/* The caller frees. */
struct doc *backtest_print_doc(
	const struct backtest_setup *setup, const struct backtest_result results[2]);

/* What the figures rest on: fees, funding, slippage, rules, path; one object, for reports too. */
struct doc *backtest_print_assumptions(const struct backtest_setup *setup);

#endif
