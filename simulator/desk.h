/*
 * desk - every change of the simulated exchange, whoever asks for it: done, and written down.
 *
 * The only file that changes the broker and the market clock. The venues' dialects (api_…), the
 * operator's routes (admin) and the passing of time (venue) come here; what was done is added to
 * the journal, and carried out again from it after a crash. A refusal (-1 with the broker's own
 * err->venue_code) changes nothing and is not written down.
 *
 * The caller holds the venue's lock and has brought it up to the present.
 */
#ifndef SIMULATOR_DESK_H
#define SIMULATOR_DESK_H

#include "simulator/deed.h"

struct venue;

/* ---- traders -------------------------------------------------------------------------------- */

enum {
	DESK_ID_MAY_REPEAT = 1, /* see broker_place_again */
	DESK_AT_ONCE = 2,       /* takes effect before the call returns, not a drawn moment later */
};

/* As broker_place, broker_amend, broker_cancel. */
MUST_CHECK int desk_place(struct venue *venue, size_t account, const struct order_request *request,
	unsigned how, struct order *ret_order, struct err *err);
MUST_CHECK int desk_amend(struct venue *venue, size_t account, const char *order_id,
	const struct broker_amend *amend, unsigned how, struct err *err);
MUST_CHECK int desk_cancel(
	struct venue *venue, size_t account, const char *order_id, unsigned how, struct err *err);

/* symbol -1: every one, for the two modes. */
MUST_CHECK int desk_leverage(struct venue *venue, size_t account, int symbol, struct decimal buy,
	struct decimal sell, struct err *err);
MUST_CHECK int desk_position_mode(
	struct venue *venue, size_t account, int symbol, enum position_mode mode, struct err *err);
MUST_CHECK int desk_margin_mode(
	struct venue *venue, size_t account, int symbol, enum margin_mode mode, struct err *err);

/* ---- the operator --------------------------------------------------------------------------- */

/* amount > 0: a deposit, < 0: a withdrawal of what is available. */
MUST_CHECK int desk_transfer(
	struct venue *venue, size_t account, struct decimal amount, struct err *err);
/* A price point by hand; it stands until the next step of the replay. */
MUST_CHECK int desk_price(struct venue *venue, size_t symbol, struct decimal last,
	struct decimal mark, struct err *err);
MUST_CHECK int desk_funding(
	struct venue *venue, size_t symbol, struct decimal rate, struct err *err);
/* The time is set here. */
MUST_CHECK int desk_force(struct venue *venue, const struct broker_forced *forced, struct err *err);
/* Sets the market clock forward by skip_ms (the end is never passed) and changes its speed. */
void desk_clock(struct venue *venue, int64_t skip_ms, int64_t speed_milli);

/* ---- time, and the first start -------------------------------------------------------------- */

/* The next step of the replay; the venue's clocks stand where it is due. */
void desk_step(struct venue *venue);
/* What is due by the venue's server clock takes effect. */
void desk_due(struct venue *venue);

/* Adds a symbol or an account, the opening, and the first prices: whatever a start consists of. */
MUST_CHECK int desk_begin(struct venue *venue, const struct deed *deed, struct err *err);

/* ---- after a crash -------------------------------------------------------------------------- */

/* Carries a deed of the journal out again, at its own time. Refusals are ERR_CONFIG. */
MUST_CHECK int desk_repeat(struct venue *venue, const struct deed *deed, struct err *err);

#endif
