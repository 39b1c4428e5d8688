#include "strategies/classic_rule.h"

#include "strategies/output.h"
#include "strategies/text.h"

typedef __int128 i128;

#define CENT_E8 1000000LL

/* Fixed in the original. */
#define LOSS_TRIGGER_PCT (-5)    /* return on margin */
#define REDUCE_SHARE_OVER_BP 750 /* 7.5 %; the 10 % rung behind it is never reached */

/* part / whole in percent with up to four places, as a decimal for a text. */
static struct decimal percent(int64_t part_cents, int64_t whole_e8)
{
	return decimal_mul_div(decimal_scaled(part_cents, 2), decimal_from_int(100),
		decimal_scaled(whole_e8, 8), 4, ROUND_HALF_UP);
}

static int compare_ema(const struct classic_view *view, enum indicator which)
{
	return decimal_compare(
		view->price, decimal_scaled(view->input->indicators.value[which], 8));
}

/* Is the price on the side of the average that the rule wants? */
static bool ema_gate(const struct classic_view *view, enum indicator which, const char *gate,
	const char *name, bool want_above)
{
	int order = compare_ema(view, which);
	bool passed = want_above ? order > 0 : order < 0;

	return output_reason(view->output, gate, passed, "price %s %s %s %s", TEXT(view->price),
		order > 0   ? ">"
		: order < 0 ? "<"
			    : "=",
		name, TEXT_E8(view->input->indicators.value[which]));
}

static bool trend_gate(
	const struct classic_view *view, enum indicator which, const char *gate, const char *name)
{
	if (view->critical)
		return output_reason(
			view->output, gate, true, "not asked, margin level is critical");
	return ema_gate(view, which, gate, name, view->input->side == SIDE_BUY);
}

static void explain_volatility(const struct classic_view *view)
{
	const int64_t *value = view->input->indicators.value;
	struct strategy_output *output = view->output;

	switch (view->volatility) {
	case VOLATILITY_CALM:
		output_reason(output, "volatility", true,
			view->input->indicators.valid & (1U << INDICATOR_ATR)
				? "calm"
				: "no candles to judge by, taken as calm");
		break;
	case VOLATILITY_ATR:
		output_reason(output, "volatility", false, "ATR14 %s > 1.5 x %s",
			TEXT_E8(value[INDICATOR_ATR]), TEXT_E8(value[INDICATOR_ATR_BASELINE]));
		break;
	case VOLATILITY_BANDS:
		output_reason(output, "volatility", false, "Bollinger width %s %% > 8 %%",
			TEXT_PPM_PERCENT(value[INDICATOR_BB_WIDTH_PPM]));
		break;
	case VOLATILITY_RETURNS:
		output_reason(output, "volatility", false, "deviation of returns %s %% > 5 %%",
			TEXT_PPM_PERCENT(value[INDICATOR_HV_PPM]));
		break;
	}
	output_reason(output, "decline", !volatility_decline_dangerous(view->decline),
		"%s, score %lld", volatility_decline_text(view->decline),
		(long long)view->decline_score);
}

static bool profit_is_armed(const struct classic_view *view)
{
	const struct classic_params *params = view->params;
	i128 profit_e8 = (i128)view->unrealised_cents * CENT_E8;
	i128 margin_e8 = (i128)view->margin_cents * CENT_E8;
	bool enough = profit_e8 * PPM > (i128)params->tp_min_balance_profit * view->balance_e8;
	bool built = margin_e8 * PPM >= (i128)params->buildup_limit * view->balance_e8;

	return output_reason(view->output, "profit", enough && built,
		"profit %s %% %s %s %% of balance, margin %s %% %s %s %%",
		TEXT(percent(view->unrealised_cents, view->balance_e8)),
		enough ? ">" : "<=", TEXT_PPM_PERCENT(params->tp_min_balance_profit),
		TEXT(percent(view->margin_cents, view->balance_e8)), built ? ">=" : "<",
		TEXT_PPM_PERCENT(params->buildup_limit));
}

static enum classic_choice choose_exit(const struct classic_view *view)
{
	bool large = view->share_bp > REDUCE_SHARE_OVER_BP;

	output_reason(view->output, "size_ladder", large, "margin %s %% of balance %s 7.5 %%",
		TEXT_HUNDREDTHS(view->share_bp), large ? ">" : "<=");
	if (large)
		return CLASSIC_REDUCE;

	bool reached = (i128)view->roe_pct * (PPM / 100) > view->params->take_profit;
	output_reason(view->output, "take_profit", reached, "return on margin %lld %% %s %s %%",
		(long long)view->roe_pct,
		reached ? ">" : "<=", TEXT_PPM_PERCENT(view->params->take_profit));
	return reached ? CLASSIC_CLOSE : CLASSIC_NONE;
}

/* Is the margin below limit times numerator / 2 of the balance? */
static bool is_small(const struct classic_view *view, int numerator)
{
	i128 margin_e8 = (i128)view->margin_cents * CENT_E8;

	return 2 * margin_e8 * PPM <
	       numerator * ((i128)view->params->buildup_limit * view->balance_e8);
}

static bool loss_trigger(const struct classic_view *view)
{
	bool deep = view->unrealised_cents < 0 && view->roe_pct < LOSS_TRIGGER_PCT;

	return output_reason(view->output, "loss", deep, "return on margin %lld %% %s %d %%",
		(long long)view->roe_pct, deep ? "<" : "is not below", LOSS_TRIGGER_PCT);
}

static bool may_add(const struct classic_view *view)
{
	struct strategy_output *output = view->output;
	const char *share = TEXT_HUNDREDTHS(view->share_bp);

	if (view->critical)
		return output_reason(output, "add", true, "margin level %s < 2: add always",
			TEXT_HUNDREDTHS(view->level_pct));
	if (volatility_decline_dangerous(view->decline))
		return output_reason(output, "add", false, "%s: no adds",
			volatility_decline_text(view->decline));
	if (volatility_decline_safe(view->decline) && is_small(view, 3))
		return output_reason(output, "add", true,
			"margin %s %% of balance is small and the decline is safe", share);
	if (view->volatility != VOLATILITY_CALM)
		return output_reason(output, "add", false, "high volatility: no adds");
	if (is_small(view, 2))
		return output_reason(
			output, "add", true, "margin %s %% of balance is small", share);

	bool deep = loss_trigger(view);
	bool trend = trend_gate(view, INDICATOR_EMA_FAST, "ema_fast", "EMA50");
	return output_reason(output, "add", deep && trend,
		"above the small-position limit: needs a loss and the trend");
}

static enum classic_choice choose_held(const struct classic_view *view)
{
	bool known = view->level_pct != CLASSIC_LEVEL_UNKNOWN;

	output_reason(view->output, "margin_level", !view->critical,
		known ? "margin level %s" : "maintenance margin is not known",
		TEXT_HUNDREDTHS(view->level_pct));
	if (profit_is_armed(view))
		return choose_exit(view);
	if (!known)
		return CLASSIC_NONE;
	return may_add(view) ? CLASSIC_ADD : CLASSIC_NONE;
}

static enum classic_choice choose_flat(const struct classic_view *view)
{
	bool may = output_reason(view->output, "auto_open", view->input->auto_open,
		view->input->auto_open ? "opens by itself" : "does not open by itself");
	bool dip = ema_gate(view, INDICATOR_EMA_ENTRY, "ema_entry", "EMA100 of 1 h",
		view->input->side == SIDE_SELL);
	bool quiet = view->volatility == VOLATILITY_CALM &&
		     !volatility_decline_dangerous(view->decline);

	return may && dip && quiet ? CLASSIC_OPEN : CLASSIC_NONE;
}

enum classic_choice classic_rule_choose(const struct classic_view *view)
{
	if (!view->held) {
		explain_volatility(view);
		return choose_flat(view);
	}
	/* As in the original, this gate stands before the exits too. */
	if (!trend_gate(view, INDICATOR_EMA_SLOW, "ema_slow", "EMA200"))
		return CLASSIC_NONE;
	explain_volatility(view);
	return choose_held(view);
}
