/*
 * round - one pair of a run: see, decide, act; again if acting changed what was seen.
 *
 * An order that fills while it is cancelled changes what was decided on: the decision is made anew,
 * at most twice. An entry that filled where no stop could wait for it is followed by one more,
 * which takes no new risk and places the stop.
 */
#ifndef WORKER_ROUND_H
#define WORKER_ROUND_H

#include "worker/work.h"

MUST_CHECK int round_pair(struct work *work, size_t pair, struct err *err);

#endif
