#include "worker/takings.h"

#include "core/io/metrics.h"

#define PLACES 6

struct takings {
	struct takings *before;
	enum trade_action action;
	int64_t pnl, value, fee; /* millionths */
};

/* What does not fit is left out: a figure of a dashboard stops no booking. */
static int64_t millionths(struct decimal amount)
{
	int64_t fixed = 0;

	return decimal_is_valid(amount) && decimal_to_fixed(amount, PLACES, ROUND_HALF_UP, &fixed)
		       ? fixed
		       : 0;
}

void takings_add(struct takings **list, struct arena *arena, const struct trade_effect *effect,
	struct decimal price)
{
	struct takings *trade = ARENA_NEW(arena, struct takings);

	*trade = (struct takings){
		.before = *list,
		.action = effect->action,
		.pnl = millionths(effect->pnl),
		.value = millionths(decimal_mul(effect->quantity, price)),
		.fee = effect->fee_priced ? millionths(effect->fee_value) : 0,
	};
	*list = trade;
}

static void count_pnl(int64_t pnl)
{
	metrics_observe(METRIC_TRADE_PNL, pnl);
	if (pnl > 0)
		metrics_add(METRIC_TRADE_PROFIT, pnl);
	else if (pnl < 0)
		metrics_add(METRIC_TRADE_LOSS, -pnl);
}

void takings_count(const struct takings *list, const char *venue)
{
	for (const struct takings *trade = list; trade != NULL; trade = trade->before) {
		metrics_add(METRIC_TRADES, 1, venue, trade_action_text(trade->action));
		metrics_add(METRIC_TRADE_VOLUME, trade->value, venue);
		metrics_add(METRIC_USAGE, 1, "trades", "recorded");
		metrics_add(METRIC_USAGE, 1, "volume", "recorded");
		if (trade->fee > 0)
			metrics_add(METRIC_TRADE_FEES, trade->fee);
		if (trade->action == TRADE_REDUCED || trade->action == TRADE_CLOSED)
			count_pnl(trade->pnl);
	}
}
