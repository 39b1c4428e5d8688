#include "backtest/gauge.h"

#include <stdlib.h>

#define DAY_MS INT64_C(86400000)

static double ratio(int64_t part, int64_t whole)
{
	return whole > 0 ? (double)part / (double)whole : 0;
}

int64_t gauge_equity(const struct gauge *gauge, int64_t ticks)
{
	const struct grid_leg *leg = &gauge->leg;

	return leg->wallet_e8 + leg->lots * ticks * leg->unit_e8 +
	       (leg->lots < 0 ? leg->cost_e8 : -leg->cost_e8);
}

void gauge_begin(struct gauge *gauge, const struct grid_leg *leg, int64_t at_ms)
{
	*gauge = (struct gauge){
		.leg = *leg,
		.begun = true,
		.begin_ms = at_ms,
		.begin_e8 = leg->wallet_e8,
		.now_ms = at_ms,
		.equity_e8 = leg->wallet_e8,
		.peak_e8 = leg->wallet_e8,
		.surface_e8 = leg->wallet_e8 - leg->wallet_e8 / GAUGE_BAND,
		.surface_ms = at_ms,
		.trough_e8 = leg->wallet_e8,
		.low = INT64_MAX,
	};
	if (at_ms % DAY_MS == 0) {
		gauge->day_begun = true;
		gauge->day_begin_e8 = leg->wallet_e8;
	}
}

void gauge_done(struct gauge *gauge)
{
	free(gauge->days);
	*gauge = (struct gauge){0};
}

/* The drawdown from the present peak, as it stands: deeper than any before it? */
static void judge_drawdown(struct gauge *gauge, int64_t at_ms, bool open)
{
	double depth = ratio(gauge->peak_e8 - gauge->trough_e8, gauge->peak_e8);

	if (depth <= gauge->drawdown)
		return;
	gauge->drawdown = depth;
	gauge->drawdown_ms = at_ms - gauge->surface_ms;
	gauge->drawdown_open = open;
}

static void come_up(struct gauge *gauge, int64_t at_ms, bool open)
{
	judge_drawdown(gauge, at_ms, open);
	if (gauge->trough_e8 >= gauge->surface_e8)
		return;
	int64_t under_ms = at_ms - gauge->surface_ms;
	gauge->underwater_ms += under_ms;
	if (under_ms > gauge->underwater_longest_ms)
		gauge->underwater_longest_ms = under_ms;
}

void gauge_surface(struct gauge *gauge, int64_t at_ms, int64_t equity_e8)
{
	if (gauge->trough_e8 < equity_e8)
		come_up(gauge, at_ms, false);
	if (equity_e8 > gauge->peak_e8) {
		gauge->peak_e8 = equity_e8;
		gauge->surface_e8 = equity_e8 - equity_e8 / GAUGE_BAND;
	}
	gauge->trough_e8 = equity_e8;
	gauge->surface_ms = at_ms;
}

static void most(double *extreme, double value)
{
	if (value > *extreme)
		*extreme = value;
}

/* What the leg that ends here went through: exposure, margin and liquidation at its prices. */
static void settle(struct gauge *gauge)
{
	const struct grid_leg *leg = &gauge->leg;

	if (leg->lots == 0 || gauge->high == 0)
		return;
	int64_t lots = leg->lots < 0 ? -leg->lots : leg->lots;
	double exposure = ratio(lots * gauge->high * leg->unit_e8, leg->wallet_e8);
	most(&gauge->exposure, exposure);
	most(&gauge->margin, leg->margin_e8 > 0 ? ratio(leg->margin_e8, leg->wallet_e8)
						: exposure * 100 / (double)leg->leverage_cents);
	if (leg->liquidation_ticks == 0)
		return;
	int64_t nearest = leg->lots > 0 ? gauge->low : gauge->high;
	double distance = ratio(
		leg->lots > 0 ? nearest - leg->liquidation_ticks : leg->liquidation_ticks - nearest,
		nearest);
	if (!gauge->distance_known || distance < gauge->distance)
		gauge->distance = distance;
	gauge->distance_known = true;
}

void gauge_change(struct gauge *gauge, const struct grid_leg *leg, int64_t at_ms)
{
	bool was_flat = gauge->leg.lots == 0;

	/* Flat until now: it stood where it stood up to this moment. */
	if (was_flat && gauge->equity_e8 >= gauge->surface_e8)
		gauge->surface_ms = at_ms;
	settle(gauge);
	if (was_flat && leg->lots != 0)
		gauge->held_since_ms = at_ms;
	if (!was_flat && leg->lots == 0)
		gauge->held_ms += at_ms - gauge->held_since_ms;
	gauge->leg = *leg;
	gauge->low = INT64_MAX;
	gauge->high = 0;
	if (leg->lots != 0)
		return;
	gauge->now_ms = at_ms;
	gauge->equity_e8 = leg->wallet_e8;
	if (leg->wallet_e8 < gauge->trough_e8)
		gauge->trough_e8 = leg->wallet_e8;
	if (leg->wallet_e8 >= gauge->surface_e8)
		gauge_surface(gauge, at_ms, leg->wallet_e8);
}

void gauge_day_end(struct gauge *gauge, int64_t at_ms)
{
	if (!gauge->day_begun) { /* the first day was not a whole one */
		gauge->day_begun = true;
		gauge->day_begin_e8 = gauge->equity_e8;
		return;
	}
	if (gauge->day_count == gauge->day_room) {
		gauge->day_room = gauge->day_room == 0 ? 64 : gauge->day_room * 2;
		gauge->days = mem_grow(gauge->days, gauge->day_room, sizeof gauge->days[0]);
	}
	gauge->days[gauge->day_count++] = (struct gauge_day){
		.begin_ms = at_ms - DAY_MS, .equity_e8 = gauge->equity_e8};
}

void gauge_end(struct gauge *gauge, int64_t at_ms)
{
	if (gauge->leg.lots == 0 && gauge->equity_e8 >= gauge->surface_e8)
		gauge->surface_ms = at_ms;
	gauge->now_ms = at_ms;
	settle(gauge);
	if (gauge->leg.lots != 0)
		gauge->held_ms += at_ms - gauge->held_since_ms;
	come_up(gauge, at_ms, gauge->equity_e8 < gauge->surface_e8);
}
