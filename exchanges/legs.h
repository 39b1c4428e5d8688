/*
 * legs - the rows of a symbol's positions become an account's: one one-way leg, or one of each
 * hedged leg, whatever the order in which a venue lists them.
 *
 * Pure. Never only the first row is read: in hedge mode it may be the flat one.
 */
#ifndef EXCHANGES_LEGS_H
#define EXCHANGES_LEGS_H

#include "core/io/field.h"
#include "core/market/market.h"

struct legs { /* zero-initialised: none seen */
	struct position slots[3];
	bool seen[3];
};

/* name is the field that tells the leg, for the error about a second row of one leg. */
MUST_CHECK int legs_add(struct legs *legs, const struct field *row, const char *name,
	const struct position *position, struct err *err);

/* A leg is held in its own direction only. */
MUST_CHECK int legs_check_side(
	const struct field *row, const struct position *position, struct err *err);

/* Fills in mode, count and positions, the long leg first. ERR_PROTOCOL if they are neither. */
MUST_CHECK int legs_arrange(
	const struct legs *legs, const struct field *list, struct account *ret, struct err *err);

#endif
