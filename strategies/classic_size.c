#include "strategies/classic_size.h"

#include "strategies/exact.h"

typedef __int128 i128;

#define TAPER_START_TENTHS 7 /* of the cap */

bool classic_size_uncapped(const struct classic_view *view)
{
	return view->params->max_margin_pct == PARAM_OFF;
}

static void by_step(struct exact *size, struct decimal step)
{
	exact_by(size, (int64_t)step.coefficient);
	for (int i = 0; i < step.scale; i++)
		exact_times(size, 10);
}

/* Divides a quote amount by the price of one lot. */
static void by_price_of_lot(const struct classic_view *view, struct exact *size)
{
	exact_by(size, view->price_ticks);
	by_step(size, view->input->rules.tick_size);
	by_step(size, view->input->rules.lot_size);
}

/* 1 below 70 % of the cap, then straight down to 0 at the cap: room / (0.3 x cap x balance). */
static struct exact taper(const struct classic_view *view)
{
	i128 cap = (i128)view->params->max_margin_pct * view->balance_e8;
	i128 used = cap - view->room;

	if (classic_size_uncapped(view) || 10 * used < TAPER_START_TENTHS * cap)
		return exact_from(1);
	if (view->room <= 0)
		return exact_from(0);

	struct exact factor = exact_from((unsigned __int128)view->room);
	exact_times(&factor, 10);
	exact_by(&factor, 10 - TAPER_START_TENTHS);
	exact_by(&factor, view->params->max_margin_pct);
	exact_by(&factor, view->balance_e8);
	return factor;
}

bool classic_size_wished(const struct classic_view *view, int64_t *ret_lots)
{
	struct exact size = taper(view);

	if (!view->held || view->margin_cents == 0) {
		exact_times(&size, view->balance_e8);
		exact_times(&size, view->params->initial_size);
		exact_by(&size, E8);
		exact_by(&size, PPM);
	} else {
		/* Cents x hundredths. In profit the original's size is negative: nothing. */
		exact_times(&size, view->margin_cents);
		exact_times(&size, view->roe_pct < 0 ? -view->roe_pct : 0);
		exact_by(&size, 100);
		exact_by(&size, 100);
	}
	exact_times(&size, view->leverage_ppm);
	exact_by(&size, PPM);
	by_price_of_lot(view, &size);
	return exact_floor(&size, ret_lots);
}

int64_t classic_size_clamp(const struct classic_view *view, int64_t lots)
{
	const struct strategy_rules *rules = &view->input->rules;

	if (lots > rules->max_lots)
		lots = rules->max_lots;
	return lots < rules->min_lots ? rules->min_lots : lots;
}

bool classic_size_room(const struct classic_view *view, int64_t *ret_lots)
{
	if (classic_size_uncapped(view) || view->room <= 0) {
		*ret_lots = classic_size_uncapped(view) ? INT64_MAX : 0;
		return true;
	}

	struct exact size = exact_from((unsigned __int128)view->room);
	exact_times(&size, view->leverage_ppm);
	exact_by(&size, view->symbols);
	exact_by(&size, PPM);
	exact_by(&size, E8);
	exact_by(&size, PPM);
	by_price_of_lot(view, &size);
	if (!exact_floor(&size, ret_lots) && size.fits)
		*ret_lots = INT64_MAX; /* more than can be counted is room enough */
	return size.fits;
}
