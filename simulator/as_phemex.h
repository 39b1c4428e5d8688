/*
 * as_phemex - the simulated exchange as Phemex USDT perpetuals (the /g- API): signing, envelope,
 * codes, limits, public routes, the account. Orders and books are in as_phemex_order.
 *
 * A POST carries a JSON body, everything else a query. A business refusal is HTTP 200 with a
 * code. Limits of an account: 500 a minute for the group CONTRACT, 100 for the others.
 */
#ifndef SIMULATOR_AS_PHEMEX_H
#define SIMULATOR_AS_PHEMEX_H

#include "simulator/call.h"

extern const struct dialect as_phemex;

enum { /* the codes that more than one file uses */
	AS_PHEMEX_ARGUMENT = 30000,
	AS_PHEMEX_MISSING = 412,
	AS_PHEMEX_NO_ORDER = 10002,
	AS_PHEMEX_MODE = 20004,
};

int as_phemex_refuse_broker(struct call *call, const struct err *err);

/* A parameter that must be there. */
int as_phemex_required(struct call *call, const char *name, char text[CALL_TEXT_SIZE]);
/* -1 in *ret if it is absent and not required. */
int as_phemex_symbol(struct call *call, bool required, int *ret);

/* "Buy", "Sell"; "Merged", "Long", "Short" */
const char *as_phemex_side(enum side side);
const char *as_phemex_leg(enum leg leg);

/* Milliseconds as the venue's nanoseconds. */
void as_phemex_put_ns(struct doc *row, const char *name, int64_t at_ms);

#endif
