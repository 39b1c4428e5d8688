#include "strategies/martingale_state.h"

#define FIELD(name)                                                                                \
	{                                                                                          \
#name, offsetof(struct martingale_state, name)                                     \
	}

const struct strategy_field martingale_state_table[] = {
	FIELD(cycle),
	FIELD(adds_filled),
	FIELD(wild_ms),
	FIELD(danger_ms),
	FIELD(day_locked_until_ms),
	FIELD(stopped),
	FIELD(stop_seen_ms),
	FIELD(resumed),
	FIELD(stop_lots),
	FIELD(stop_average_e8),
	FIELD(stop_balance_e8),
	FIELD(stop_basis_ticks),
	FIELD(stop_ticks),
	FIELD(exit_since_ms),
	FIELD(entry_planned_ms),
	FIELD(entry_misses),
	{NULL, 0},
};
