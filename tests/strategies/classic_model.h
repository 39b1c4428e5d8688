/*
 * classic_model - the rule of strategy.md 1.5 a second time, written down from that page.
 *
 * Fractions instead of integers in units, one function per line of the page. It knows nothing of
 * modes, blocks and ages: those are the platform's.
 */
#ifndef TESTS_STRATEGIES_CLASSIC_MODEL_H
#define TESTS_STRATEGIES_CLASSIC_MODEL_H

#include "strategies/classic_params.h"
#include "strategies/strategy.h"
#include "tests/strategies/rational.h"

#include <string.h>

typedef struct rational R;

struct model_answer {
	const char *action;
	int64_t lots;
	int64_t price_ticks;
};

struct model {
	const struct strategy_input *in;
	const struct classic_params *params;
	bool is_long, position;
	R price, B, M, U, roe, level, pf, L, lot;
	bool hv, safe, dangerous;
};

static inline R model_e8(int64_t value)
{
	return rational_of(value, 100000000);
}

static inline R model_ppm(int64_t value)
{
	return rational_of(value, 1000000);
}

static inline R model_value(const struct model *m, enum indicator which, bool is_price)
{
	int64_t value = m->in->indicators.value[which];

	return is_price ? model_e8(value) : model_ppm(value);
}

static inline bool model_above(R value, int64_t limit_thousandths)
{
	return rational_less(rational_of(limit_thousandths, 1000), value);
}

static inline bool model_high_volatility(const struct model *m)
{
	R atr = model_value(m, INDICATOR_ATR, true);
	R early = model_value(m, INDICATOR_ATR_BASELINE, true);

	return rational_less(rational_mul(early, rational_of(3, 2)), atr) ||
	       model_above(model_value(m, INDICATOR_BB_WIDTH_PPM, false), 80) ||
	       model_above(model_value(m, INDICATOR_HV_PPM, false), 50);
}

static inline int model_decline_score(const struct model *m)
{
	R roc5 = model_value(m, INDICATOR_ROC5_PPM, false);
	R roc15 = model_value(m, INDICATOR_ROC15_PPM, false);
	R v = model_value(m, INDICATOR_VOLUME_RATIO_PPM, false);
	int score = 0;

	if (rational_less(roc5, rational_of(-5, 100)))
		score += 40;
	else if (rational_less(roc5, rational_of(-3, 100)))
		score += 25;
	else if (rational_less(roc5, rational_of(-1, 100)))
		score += 10;

	R s = rational_of(1, 1);
	if (roc15.over != 0)
		s = rational_div(roc5, roc15);
	if (s.over < 0)
		s = rational_neg(s);
	score += model_above(s, 2500) ? 30 : model_above(s, 1500) ? 15 : 0;
	score += model_above(v, 3000) ? 30 : model_above(v, 2000) ? 15 : 0;
	return score > 100 ? 100 : score;
}

static inline bool model_gate(const struct model *m, enum indicator which)
{
	R ema = model_value(m, which, true);

	if (!m->position || rational_less(m->level, rational_of(2, 1)))
		return true;
	return m->is_long ? rational_less(ema, m->price) : rational_less(m->price, ema);
}

static inline R model_symbol_margin(const struct model *m)
{
	const struct strategy_leg *own = &m->in->leg_own;
	const struct strategy_leg *other = &m->in->leg_opposite;
	int64_t own_e8 = own->lots > 0 ? own->margin_e8 : 0;
	int64_t other_e8 = other->lots > 0 ? other->margin_e8 : 0;

	return model_e8(own_e8 > other_e8 ? own_e8 : other_e8);
}

static inline R model_cap(const struct model *m)
{
	bool counted = m->in->leg_own.lots > 0 || m->in->leg_opposite.lots > 0;
	int64_t n = m->in->account.active_symbols + (counted ? 0 : 1);

	return rational_div(model_ppm(m->params->max_margin_pct), rational_of(n < 1 ? 1 : n, 1));
}

static inline R model_taper(const struct model *m)
{
	R cap = model_cap(m);
	R u = rational_div(model_symbol_margin(m), m->B);
	R t0 = rational_mul(cap, rational_of(7, 10));

	if (rational_less(u, t0))
		return rational_of(1, 1);
	if (rational_less(u, cap))
		return rational_div(rational_sub(cap, u), rational_sub(cap, t0));
	return rational_of(0, 1);
}

static inline int64_t model_clamp(const struct model *m, __int128 lots)
{
	const struct strategy_rules *rules = &m->in->rules;

	if (lots > rules->max_lots)
		lots = rules->max_lots;
	if (lots < rules->min_lots)
		lots = rules->min_lots;
	return (int64_t)lots;
}

static inline struct model_answer model_nothing(void)
{
	return (struct model_answer){"none", 0, 0};
}

static inline struct model_answer model_enter(const struct model *m, const char *action, R raw)
{
	bool capped = m->params->max_margin_pct != PARAM_OFF;
	R taper = capped ? model_taper(m) : rational_of(1, 1);
	R size = rational_div(rational_mul(raw, taper), m->lot);
	/* Python rounds down towards zero; below zero or not, the minimum follows. */
	int64_t lots = model_clamp(m, size.over < 0 ? 0 : rational_floor(size));

	if (capped) {
		R value = rational_mul(rational_mul(rational_of(lots, 1), m->lot), m->price);
		R after = rational_add(model_symbol_margin(m), rational_div(value, m->L));

		if (rational_less(model_cap(m), rational_div(after, m->B)))
			return model_nothing();
	}
	return (struct model_answer){
		action, lots, m->is_long ? m->in->ticker.bid_ticks : m->in->ticker.ask_ticks};
}

static inline struct model_answer model_open(const struct model *m, const char *action)
{
	R margin = rational_mul(m->B, model_ppm(m->params->initial_size));

	return model_enter(m, action, rational_div(rational_mul(margin, m->L), m->price));
}

static inline struct model_answer model_add(const struct model *m)
{
	if (m->M.over == 0)
		return model_open(m, "add");
	R loss = rational_mul(rational_mul(m->M, m->L), rational_neg(m->roe));

	return model_enter(m, "add", rational_div(loss, m->price));
}

static inline struct model_answer model_profit(const struct model *m)
{
	int64_t held = m->in->leg_own.lots;
	R percent = rational_round(rational_mul(m->pf, rational_of(100, 1)), 2);

	if (rational_less(rational_of(75, 10), percent)) {
		int64_t lots = model_clamp(
			m, rational_floor(rational_of((__int128)held * 33, 100)));

		if (lots > held)
			return model_nothing();
		return (struct model_answer){"reduce", lots, m->in->ticker.ask_ticks};
	}
	if (rational_less(model_ppm(m->params->take_profit), m->roe))
		return (struct model_answer){"close", held, m->in->ticker.ask_ticks};
	return model_nothing();
}

static inline bool model_wants_add(const struct model *m)
{
	R limit = model_ppm(m->params->buildup_limit);

	if (rational_less(m->level, rational_of(2, 1)))
		return true;
	if (m->dangerous)
		return false;
	if (m->safe && rational_less(m->pf, rational_mul(limit, rational_of(3, 2))))
		return true;
	if (m->hv)
		return false;
	if (rational_less(m->pf, limit))
		return true;
	return m->U.over < 0 && rational_less(m->roe, rational_of(-5, 100)) &&
	       model_gate(m, INDICATOR_EMA_FAST);
}

static inline struct model_answer model_held(const struct model *m)
{
	R limit = model_ppm(m->params->buildup_limit);
	R threshold = model_ppm(m->params->tp_min_balance_profit);

	if (rational_less(threshold, rational_div(m->U, m->B)) && !rational_less(m->pf, limit))
		return model_profit(m);
	return model_wants_add(m) ? model_add(m) : model_nothing();
}

static inline void model_see(struct model *m, const struct strategy_input *in)
{
	const struct strategy_leg *own = &in->leg_own;
	R tick = rational_of(1, 10); /* of the sample's rules */

	m->in = in;
	m->params = in->params;
	m->is_long = in->side == SIDE_BUY;
	m->position = own->lots > 0;
	m->lot = rational_of(1, 1000);
	m->price = rational_mul(
		rational_of(m->is_long ? in->ticker.bid_ticks : in->ticker.ask_ticks, 1), tick);
	m->B = model_e8(in->account.wallet_e8);
	m->L = m->position ? model_ppm(own->leverage_ppm) : rational_of(in->leverage, 1);
	m->hv = model_high_volatility(m);
	int score = model_decline_score(m);
	m->dangerous = score >= 40;
	m->safe = score < 40;
	if (!m->position)
		return;

	m->M = rational_round(model_e8(own->margin_e8), 2);
	m->U = rational_round(model_e8(own->unrealised_e8), 2);
	m->roe = m->M.over == 0 ? rational_of(0, 1) : rational_round(rational_div(m->U, m->M), 2);
	m->level = rational_round(rational_div(rational_add(model_e8(own->margin_e8), m->U),
					  model_e8(own->maintenance_e8)),
		2);
	m->pf = rational_div(m->M, m->B);
}

static inline struct model_answer model_decide(const struct strategy_input *in)
{
	struct model m = {0};

	model_see(&m, in);
	if (!model_gate(&m, INDICATOR_EMA_SLOW))
		return model_nothing();
	if (m.position)
		return model_held(&m);

	R entry = model_value(&m, INDICATOR_EMA_ENTRY, true);
	bool dip = m.is_long ? rational_less(m.price, entry) : rational_less(entry, m.price);
	if (in->auto_open && !m.hv && !m.dangerous && dip)
		return model_open(&m, "open");
	return model_nothing();
}

#endif
