/*
 * instrument - one symbol of the simulated exchange: where its prices come from, and its rules.
 *
 * Rules are those of broker/terms.h unless told otherwise.
 */
#ifndef SIMULATOR_INSTRUMENT_H
#define SIMULATOR_INSTRUMENT_H

#include "broker/broker.h"
#include "simulator/candles.h"

struct instrument {
	struct candles_source source;
	struct rules rules; /* with the symbol's name */
	struct broker_fees fees;
	bool funding_fixed;
	struct decimal funding_rate; /* if fixed; else drawn for each payment */
};

/* The rules and fees above; the source is left empty. symbol must be valid (asserted). */
void instrument_default(const char *symbol, struct instrument *ret);

/*
 * Reads SYMBOL=FILE[,volume=quote|base][,shift=DAYS][,tick=SIZE][,lot=SIZE][,funding=RATE].
 * ERR_INVALID names the part that is wrong. The file is not opened.
 */
MUST_CHECK int instrument_parse(const char *text, struct instrument *ret, struct err *err);

/* "BTC" of "BTCUSDT". */
void instrument_base_coin(const char *symbol, char ret_coin[SYMBOL_SIZE]);

#endif
