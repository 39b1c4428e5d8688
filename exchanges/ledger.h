/*
 * ledger - fills and payments of several pages and windows become one list.
 *
 * Pure. Windows that touch and pages that move show a row twice: each is kept once, oldest first.
 */
#ifndef EXCHANGES_LEDGER_H
#define EXCHANGES_LEDGER_H

#include "exchanges/exchange.h"

/* By time, then id. */
void ledger_sort_fills(struct fill_list *list);
void ledger_sort_funding(struct funding_list *list);

#endif
