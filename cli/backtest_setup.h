/*
 * backtest_setup - what a backtest runs on, from the options that backtest and sweep share.
 *
 * Reads candles, parameters, terms and funding, and tells on standard error what was mended in the
 * candles. Everything that a result depends on is in the setup, so that reports can say it.
 */
#ifndef CLI_BACKTEST_SETUP_H
#define CLI_BACKTEST_SETUP_H

#include "backtest/backtest.h"
#include "backtest/csv.h"
#include "cli/command.h"
#include "core/io/field.h"

#define BACKTEST_SETUP_OPTIONS                                                                     \
	{"candles", "FILE[,FILE...]", "one-minute candles: CSV, or what candles import wrote"},    \
		{"symbol", "SYMBOL", "whose rules hold (the file's own, else BTCUSDT)"},           \
		{"side", "SIDE", "long or short (long)"},                                          \
		{"strategy", "NAME", "which strategy (martingale)"},                               \
		{"leverage", "N", "1 to 125 (10)"},                                                \
		{"interval", "SECONDS", "between two decisions, 10 to 86400 (300)"},               \
		{"ema-interval", "MINUTES", "the pair's candles for averages (1)"},                \
		{"position-mode", "MODE", "hedge or one_way (hedge)"},                             \
		{"margin-mode", "MODE", "cross or isolated (cross)"},                              \
		{"balance", "USDT", "deposited at the beginning (10000)"},                         \
		{"fees", "MAKER,TAKER", "fractions (0.0002,0.00055)"},                             \
		{"funding", "FILE|RATE", "a rate for every payment, or time,rate lines (0.0001)"}, \
		{"slippage", "BPS", "what a taker pays beyond bid or ask (2)"},                    \
		{"volume", "WHICH", "base or quote, where the header does not say (base)"},        \
		{"tick", "SIZE", "price step (the symbol's)"},                                     \
		{"lot", "SIZE", "quantity step (the symbol's)"},                                   \
		{"min-notional", "USDT", "smallest order value (5)"},                              \
		{"from", "TIME", "first decision (as soon as the candles suffice)"},               \
		{"to", "TIME", "end (the candles')"},                                              \
		{"resume-after", "SECONDS", "when a person resumes a paused bot (never)"},         \
	{                                                                                          \
		"seed", "N", "of the shares of the volume that orders get (1)"                     \
	}

struct backtest_setup {                  /* begin with {0}; backtest_setup_done frees */
	struct backtest_options options; /* bot.params points into params */
	struct tape *tape;
	struct funding funding;
	const char *candles, *funding_text; /* as typed */
	char *params_text;                  /* the parameters as given, JSON */
	unsigned char params[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
};

/*
 * params_option names the option that holds the parameters' file, a JSON object as `bot add
 * --params` takes it; not given: the strategy's first preset.
 */
MUST_CHECK int backtest_setup_read(struct command_context *context, const char *params_option,
	struct backtest_setup *ret, struct err *err);
void backtest_setup_done(struct backtest_setup *setup);

/* Candle files in a row, as --candles takes them; findings are told on standard error. */
MUST_CHECK int backtest_setup_tape(
	const char *files, const struct csv_options *options, struct tape **ret, struct err *err);

/* Tells what a CSV file needed; silent if it needed nothing. */
void backtest_setup_tell(const char *path, const struct csv_report *report);

#endif
