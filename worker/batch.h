/*
 * batch - the rows of a decision: made here, planned together (T1), sent one by one (T2, T3).
 *
 * A row is made once and has its id from then on. batch_plan commits all rows that were made since
 * the last one; what is planned and not sent by the end of the run never left. Which row goes when
 * is the caller's affair (orders, protection).
 */
#ifndef WORKER_BATCH_H
#define WORKER_BATCH_H

#include "worker/work.h"

#define BATCH_ROWS_MAX 192
#define SPLITS_MAX 8 /* pieces of an exit beyond the venue's largest order */

struct planned {
	struct row *row;
	enum time_in_force time_in_force; /* of an order that is placed */
	bool replaces; /* a stop's cancel: another is placed after it, come what may */
	bool sent;
	struct decimal filled_before; /* of the order that is cancelled, when that was decided */
};

struct batch {
	struct work *work;
	size_t pair;
	bool stop_run; /* rows pass a closed stop gate */
	struct planned rows[BATCH_ROWS_MAX];
	size_t count;
	size_t planned_count; /* of them stand in the journal */
};

struct batch *batch_new(struct work *work, size_t pair, bool stop_run); /* in the run's arena */

/* How many rows may still be made. */
size_t batch_room(const struct batch *batch);

struct placement { /* what an order is to be */
	enum purpose purpose;
	enum side side;
	enum order_type type;
	enum time_in_force time_in_force;
	struct decimal quantity;
	struct decimal price;         /* limit only */
	struct decimal trigger_price; /* stop only */
	enum trigger_by trigger_by;
	bool reduce_only;
	struct decimal value; /* of an entry: what it adds to the account's notional */
};

/* New rows; there must be room. Borrowed from the batch. */
struct planned *batch_place(struct batch *batch, const struct placement *placement);
struct planned *batch_cancel(struct batch *batch, struct row *target);
/* quantity is the new whole one; price for a limit order, else it is the trigger's. */
struct planned *batch_amend(struct batch *batch, const struct row *target, struct decimal quantity,
	struct decimal price);

/*
 * T1 of what was made since the last. state: the strategy's new state as JSON, which drops whatever
 * was planned before and not sent; NULL adds to it.
 */
MUST_CHECK int batch_plan(
	struct batch *batch, const char *state, int64_t state_version, struct err *err);

/*
 * One row: sign, T2, write, T3. *ret_failure tells how the venue took it (code ERR_NONE:
 * acknowledged). -1 only for what ends the run: fenced, stopped, no permit, or a journal that did
 * not answer.
 */
MUST_CHECK int batch_send(
	struct batch *batch, struct planned *planned, struct err *ret_failure, struct err *err);

#endif
