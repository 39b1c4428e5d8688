/*
 * strategy_market - the rules and the price that settings are held against.
 *
 * From a file and an option, from a venue's public interface, or nominal ones.
 */
#ifndef CLI_STRATEGY_MARKET_H
#define CLI_STRATEGY_MARKET_H

#include "cli/command.h"
#include "strategies/strategy.h"

/* For a command's table: --rules, --price, --exchange, --environment, --symbol. */
#define STRATEGY_MARKET_OPTIONS                                                                    \
	{"rules", "FILE", "trading rules, as in a snapshot (docs/snapshot.md)"},                   \
		{"price", "PRICE", "the opening's price (the venue's, or 1)"},                     \
		{"exchange", "VENUE", "ask this venue for rules and price"},                       \
		{"environment", "WHICH", "testnet or live (live)"},                                \
	{                                                                                          \
		"symbol", "SYMBOL", "of the venue"                                                 \
	}

struct strategy_market {
	struct strategy_rules rules;
	int64_t price_ticks;
	bool nominal; /* nothing was told */
};

MUST_CHECK int strategy_market_read(
	struct command_context *context, struct strategy_market *ret, struct err *err);

#endif
