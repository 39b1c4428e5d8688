/*
 * terms - the rules and fees of a symbol where no venue is asked.
 *
 * Those of a large perpetual on Bybit, for the simulated exchange and the backtester: risk tiers
 * with deduction, minimum notional 5, funding every 8 hours, maker 0.02 %, taker 0.055 %. BTCUSDT
 * and ETHUSDT have their own tick and lot sizes; every other symbol gets 0.0001 and 0.1 unless the
 * caller sets them.
 */
#ifndef BROKER_TERMS_H
#define BROKER_TERMS_H

#include "broker/broker.h"

struct terms {
	struct rules rules; /* with the symbol's name */
	struct broker_fees fees;
};

/* 2 to 31 of A-Z, 0-9 and -. */
bool terms_symbol_valid(const char *symbol);

/* symbol must be valid (asserted). */
struct terms terms_default(const char *symbol);

/*
 * Sets the lot size, and moves the quantity limits onto it: the smallest order is one lot, the
 * largest ones are rounded up.
 */
void terms_set_lot(struct rules *rules, struct decimal lot_size);

#endif
