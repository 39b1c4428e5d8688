/*
 * protection - the stop of a leg: what stands, what must, and the way from one to the other.
 *
 * A strategy says which stop must stand when the run ends (strategies/strategy.h). Here it is sized
 * for what is held and for the entries beside it, split at the venue's largest market order, and
 * held against the stops that the venue shows. A stop that differs is amended; where the venue
 * amends none or refuses, a new one is placed and the old one cancelled once the new is seen
 * standing; where the venue refuses two, the old one goes first and the new one follows in the same
 * run. A stop that this run placed counts only when the venue has shown it standing.
 */
#ifndef WORKER_PROTECTION_H
#define WORKER_PROTECTION_H

#include "worker/batch.h"
#include "worker/view.h"

#define STOPS_MAX 8 /* pieces; venues let as few as ten wait */

struct protection_state {
	struct batch *batch;
	struct strategy_stop stop;
	struct decimal trigger;
	struct decimal largest; /* the venue's largest market order */
	struct planned *amends[STOPS_MAX], *places[STOPS_MAX];
	struct row *surplus[STRATEGY_ORDERS_MAX]; /* stand and are not wanted */
	size_t amend_count, place_count, surplus_count;
	bool refused; /* the venue will have no such stop: the reason stands in refusal */
	bool moved;   /* a stop had fired or gone: what was decided on is no longer so */
	struct err refusal;
};

/* Quantity of our part of the leg now: with drift the smaller of ours and the venue's. */
struct decimal protection_held(const struct work *work, size_t pair);

/* What is left of entries that may still fill. */
struct decimal protection_entries(const struct work *work, size_t pair);

/* Of stops that stand: seen in this run, or known to stand from an earlier one. */
struct decimal protection_standing(const struct work *work, size_t pair);

/*
 * Makes the rows that bring the stops to what the decision wants; nothing is planned or sent. With
 * entries yet to be planned: their whole quantity.
 */
void protection_init(struct protection_state *protection, struct batch *batch,
	const struct view *view, const struct strategy_stop *stop, struct decimal entries);

/* Sends them and waits until the venue shows the stops; what is left over is cancelled then. */
MUST_CHECK int protection_arm(struct protection_state *protection, struct err *err);

/* Cancels every stop of the leg that stands. */
MUST_CHECK int protection_clear(struct batch *batch, struct err *err);

/*
 * The stop that should stand does not: cancels what entries rest, closes the leg at the market,
 * tells people, and pauses the bot if the action says so.
 */
MUST_CHECK int protection_give_up(struct protection_state *protection, struct err *err);

/*
 * In a stop run: places a stop again whose cancel had been sent to make room for another, if
 * nothing stands in its place. Passes the stop.
 */
MUST_CHECK int protection_restore(struct work *work, size_t pair, struct err *err);

#endif
