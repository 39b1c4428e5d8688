/*
 * martingale_risk - margin level, liquidation, and what the caps leave room for.
 *
 * Liquidation prices are a little nearer to the market than the venue's: the maintenance margin is
 * taken at the larger of the values that it could be taken at.
 */
#ifndef STRATEGIES_MARTINGALE_RISK_H
#define STRATEGIES_MARTINGALE_RISK_H

#include "strategies/martingale_view.h"

/* Where the position as it is would be liquidated, ticks; 0: at no price. */
int64_t martingale_risk_liquidation(struct martingale_view *view);

/* The nearer of that and what the venue says; 0: neither knows one. */
int64_t martingale_risk_nearest_liquidation(struct martingale_view *view);

/* Where it would be after an entry of lots at a price. */
int64_t martingale_risk_liquidation_after(
	struct martingale_view *view, int64_t lots, int64_t price_ticks);

/* True if liquidation (0: none) is at least min_liq_distance of mark away from mark. */
bool martingale_risk_far_enough(struct martingale_view *view, int64_t liquidation_ticks);

/* True if margin level x limit_ppm is below maintenance; never while flat. */
bool martingale_risk_level_below(struct martingale_view *view, int64_t limit_ppm);

/* The margin level in hundredths, for texts. */
int64_t martingale_risk_level_pct(struct martingale_view *view);

/* How much of a cap is used: cap (ppm of the balance) x balance - used, and the cap. */
struct martingale_cap {
	const char *name;
	int64_t cap_ppm; /* shared already */
	i128 room;       /* in e8 x ppm; may be below zero */
};

/* What all caps together leave. */
struct martingale_room {
	struct martingale_cap tightest; /* of the two that taper, by share; cap_ppm 0: none is on */
	i128 notional_e8; /* the largest entry; may be below zero; INT64_MAX: no cap is on */
	const char *name; /* of what allows the least, for texts */
	bool is_setting;  /* it is a setting, not what the account has left */
};
/* resting: of an order that rests already, whose margin is gone from the available balance. */
struct martingale_room martingale_risk_room(struct martingale_view *view, bool resting);

#endif
