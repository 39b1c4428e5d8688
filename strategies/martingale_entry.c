#include "strategies/martingale_entry.h"

#include "strategies/martingale_ladder.h"

#define TICKER_AGE_MAX_MS 5000
#define DAY_MS 86400000LL
#define SECOND_MS 1000

/* Gates are asked one after another; where reasons are wanted, also after the first that fails. */
#define ASK(view, passed, gate)                                                                    \
	do {                                                                                       \
		if (!(gate)) {                                                                     \
			(passed) = false;                                                          \
			if ((view)->output->quiet)                                                 \
				return false;                                                      \
		}                                                                                  \
	} while (0)

/* ---- what the platform and the account allow ------------------------------------------------ */

static bool mode_allows(struct martingale_view *view)
{
	enum strategy_mode mode = view->input->mode;
	bool allowed = mode == MODE_NORMAL || (mode == MODE_GRACEFUL_STOP && view->held);

	return MARTINGALE_GATE(view, "mode", allowed, "mode %s", strategy_mode_text(mode));
}

static bool platform_allows(struct martingale_view *view)
{
	static const struct {
		uint32_t block;
		const char *text;
	} blocks[] = {
		{BLOCK_EXITS_ONLY, "the platform allows exits only"},
		{BLOCK_UNKNOWN, "the outcome of an order or cancel is not known"},
		{BLOCK_DRIFT, "position and book disagree"},
		{BLOCK_RETRIED, "this slot may have sent already"},
		{BLOCK_UNKNOWN_REDUCE, "the outcome of a reduce is not known"},
	};

	if (view->input->blocks == 0)
		return true;
	for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
		if (view->input->blocks & blocks[i].block)
			MARTINGALE_GATE(view, "platform", false, "%s", blocks[i].text);
	}
	return false;
}

static bool orders_are_known(struct martingale_view *view)
{
	const struct strategy_input *input = view->input;

	for (size_t i = 0; i < input->order_count; i++) {
		if (input->orders[i].unknown && input->orders[i].purpose != PURPOSE_FOREIGN)
			return MARTINGALE_GATE(view, "unknown_order", false,
				"the outcome of an order is not known");
	}
	return true;
}

static bool is_wanted_margin_mode(struct martingale_view *view)
{
	const struct strategy_account *account = &view->input->account;
	int64_t wanted = view->params->margin_mode;
	bool fits = wanted == WANTED_KEEP ||
		    (account->margin_mode_known &&
			    (account->margin_mode == MARGIN_CROSS) == (wanted == WANTED_CROSS));

	if (fits)
		return true;
	return MARTINGALE_GATE(view, "settings", false, "margin mode is %s, wanted %s",
		account->margin_mode_known ? margin_mode_text(account->margin_mode) : "not known",
		wanted == WANTED_CROSS ? "cross" : "isolated");
}

static bool account_allows(struct martingale_view *view)
{
	const struct strategy_input *input = view->input;
	bool passed = true;

	if (!input->account.settings_match)
		ASK(view, passed,
			MARTINGALE_GATE(view, "settings", false,
				"leverage, position or margin mode is not the bot's"));
	ASK(view, passed, is_wanted_margin_mode(view));
	if (!input->rules.trading)
		ASK(view, passed,
			MARTINGALE_GATE(view, "symbol", false, "the symbol is not trading"));
	if (input->leg == LEG_ONE_WAY && input->leg_opposite.lots > 0)
		ASK(view, passed,
			MARTINGALE_GATE(view, "position", false,
				"the symbol is held in the other direction"));
	if (view->balance_e8 <= 0)
		ASK(view, passed,
			MARTINGALE_GATE(view, "balance", false,
				"the wallet balance %s is not above zero",
				TEXT_E8(view->balance_e8)));
	return passed;
}

static bool prices_are_good(struct martingale_view *view)
{
	const struct strategy_input *input = view->input;

	if (!view->priced)
		return MARTINGALE_GATE(view, "ticker", false, "no bid, ask and mark");
	if (input->ticker.age_ms > TICKER_AGE_MAX_MS)
		return MARTINGALE_GATE(view, "ticker_age", false,
			"prices are %lld ms old, limit %d ms", (long long)input->ticker.age_ms,
			TICKER_AGE_MAX_MS);
	if (input->now_ms < input->last_entry_ms)
		return MARTINGALE_GATE(
			view, "ticker_age", false, "prices are older than the last fill");
	return true;
}

/* ---- locks ---------------------------------------------------------------------------------- */

static void renew_day_lock(struct martingale_view *view)
{
	int64_t limit = view->params->daily_loss_limit;
	i128 result_e8 = view->input->day_net_e8 + view->unrealised_e8;

	if (limit == PARAM_OFF || result_e8 >= 0)
		return;
	if (-result_e8 * PPM >= (i128)limit * view->balance_e8)
		view->state->day_locked_until_ms = view->input->now_ms -
						   view->input->now_ms % DAY_MS + DAY_MS;
}

static bool is_unlocked(struct martingale_view *view)
{
	const struct strategy_input *input = view->input;
	const struct martingale_params *params = view->params;
	int64_t limit_s = params->time_limit_s;
	bool passed = true;

	if (view->state->stopped)
		ASK(view, passed,
			MARTINGALE_GATE(view, "stopped", false,
				"after a stop a person has to start the bot"));
	if (params->daily_loss_limit != PARAM_OFF)
		ASK(view, passed,
			MARTINGALE_GATE(view, "daily_loss",
				input->now_ms >= view->state->day_locked_until_ms,
				"today %s, limit %s %% of balance",
				TEXT_E8(input->day_net_e8 + view->unrealised_e8),
				TEXT_PPM_PERCENT(params->daily_loss_limit)));
	if (view->held && limit_s != 0 &&
		input->now_ms - input->cycle_started_ms >= limit_s * SECOND_MS)
		ASK(view, passed,
			MARTINGALE_GATE(view, "time_limit", false,
				"the cycle is older than %lld s: no more adds",
				(long long)limit_s));
	if (martingale_risk_level_below(view, params->margin_critical))
		ASK(view, passed,
			MARTINGALE_GATE(view, "margin_level", false, "the margin is critical"));
	return passed;
}

/* ---- the market ----------------------------------------------------------------------------- */

static void renew_releases(struct martingale_view *view, const struct martingale_calm *calm)
{
	if (calm->wild)
		view->state->wild_ms = view->input->now_ms;
	if (calm->dangerous)
		view->state->danger_ms = view->input->now_ms;
}

static bool is_released(struct martingale_view *view, int64_t since_ms, const char *what)
{
	int64_t calm_s = (view->input->now_ms - since_ms) / SECOND_MS;

	if (since_ms == 0 ||
		view->input->now_ms - since_ms >= view->params->vol_release_s * SECOND_MS)
		return true;
	return MARTINGALE_GATE(view, "release", false, "%s was %lld s ago, limit %lld s", what,
		(long long)calm_s, (long long)view->params->vol_release_s);
}

static bool is_calm(struct martingale_view *view, const struct martingale_calm *calm)
{
	const struct martingale_params *params = view->params;
	bool asked = (params->vol_blocks & (view->held ? VOL_ADD : VOL_OPEN)) != 0;
	bool passed = true;

	if (calm->missing)
		ASK(view, passed,
			MARTINGALE_GATE(view, "data", params->on_missing_data == MISSING_ALLOW,
				"candles for the volatility tests are missing or old"));
	if (asked)
		ASK(view, passed,
			!calm->wild && is_released(view, view->state->wild_ms, "high volatility"));
	ASK(view, passed,
		!calm->dangerous && is_released(view, view->state->danger_ms, "a fast decline"));
	return passed;
}

static bool is_allowed(struct martingale_view *view, const struct martingale_calm *calm)
{
	bool passed = true;

	ASK(view, passed, mode_allows(view));
	ASK(view, passed, platform_allows(view));
	ASK(view, passed, orders_are_known(view));
	ASK(view, passed, account_allows(view));
	ASK(view, passed, prices_are_good(view));
	ASK(view, passed, is_unlocked(view));
	ASK(view, passed, is_calm(view, calm));
	return passed;
}

/* ---- opening -------------------------------------------------------------------------------- */

static bool day_has_room(struct martingale_view *view)
{
	int64_t limit = view->params->max_orders_per_day;
	int64_t sent = view->input->day_orders;

	if (limit == PARAM_OFF || sent < limit)
		return true;
	return MARTINGALE_GATE(view, "orders_per_day", false, "%lld entries today, limit %lld",
		(long long)sent, (long long)limit);
}

static bool has_cooled_down(struct martingale_view *view)
{
	int64_t wait_s = view->params->cooldown_after_close_s;
	int64_t since_ms = view->input->now_ms - view->input->cycle_ended_ms;

	if (wait_s == 0 || view->input->cycle_ended_ms == 0 || since_ms >= wait_s * SECOND_MS)
		return true;
	return MARTINGALE_GATE(view, "cooldown", false,
		"the last cycle ended %lld s ago, limit %lld s", (long long)(since_ms / SECOND_MS),
		(long long)wait_s);
}

static bool is_in_price_range(struct martingale_view *view)
{
	const struct martingale_params *params = view->params;
	struct grid *grid = &view->grid;
	i128 price = grid_product(grid, view->own_ticks, grid->price.over);
	bool low = params->price_min != PARAM_OFF &&
		   price < grid_product(grid, params->price_min, grid->price.under);
	bool high = params->price_max != PARAM_OFF &&
		    price > grid_product(grid, params->price_max, grid->price.under);

	if (!low && !high)
		return true;
	return MARTINGALE_GATE(view, "price_range", false, "price %s is %s %s",
		TEXT(units_price_of(view->own_ticks, &view->input->rules)), low ? "below" : "above",
		TEXT_E8(low ? params->price_min : params->price_max));
}

static bool filters_hold(struct martingale_view *view)
{
	static const char *const gates[MARTINGALE_FILTERS_MAX] = {
		"entry_filter_1", "entry_filter_2", "entry_filter_3", "entry_filter_4"};
	const struct martingale_params *params = view->params;
	bool passed = true;

	for (int64_t i = 0; i < params->entry_filter.count; i++)
		ASK(view, passed,
			martingale_calm_average(view, &params->entry_filter.items[i],
				(enum indicator)(INDICATOR_FILTER_1 + i),
				martingale_calm_filter_series(params, (size_t)i), gates[i]));
	return passed;
}

static bool starts(struct martingale_view *view)
{
	int64_t condition = view->params->start_condition;

	if (view->input->open_asked)
		return MARTINGALE_GATE(view, "start", true, "a person asked for it");
	if (!view->input->auto_open)
		return MARTINGALE_GATE(view, "start", false, "does not open by itself");
	if (condition == START_MANUAL)
		return MARTINGALE_GATE(view, "start", false, "waits for bot open");
	return condition == START_CONTINUOUS || filters_hold(view);
}

static bool opening_is_due(struct martingale_view *view, struct martingale_wish *wish)
{
	bool passed = true;

	ASK(view, passed, day_has_room(view));
	ASK(view, passed, has_cooled_down(view));
	ASK(view, passed, is_in_price_range(view));
	ASK(view, passed, starts(view));
	wish->size = view->params->initial_size;
	return passed;
}

/* ---- adding --------------------------------------------------------------------------------- */

static int64_t adds_filled(const struct martingale_view *view)
{
	return view->state->adds_filled;
}

static bool adds_are_left(struct martingale_view *view)
{
	int64_t most = martingale_ladder_count(view->params);

	return MARTINGALE_GATE(view, "max_adds", adds_filled(view) < most, "%lld of %lld adds made",
		(long long)adds_filled(view), (long long)most);
}

static bool interval_has_passed(struct martingale_view *view)
{
	int64_t since_ms = view->input->now_ms - view->input->last_entry_ms;
	int64_t wait_s = view->params->min_add_interval_s;

	if (view->input->last_entry_ms == 0 || since_ms >= wait_s * SECOND_MS)
		return true;
	return MARTINGALE_GATE(view, "add_interval", false,
		"the last entry was %lld s ago, limit %lld s", (long long)(since_ms / SECOND_MS),
		(long long)wait_s);
}

/* Is the price at least deviation away from a reference given in e8 (or ticks, by the ratio)? */
static bool is_away_from(
	struct martingale_view *view, i128 reference, struct ratio unit, int64_t deviation)
{
	struct grid *grid = &view->grid;
	i128 factor = view->is_long ? LADDER_ONE - deviation : LADDER_ONE + deviation;
	i128 price = grid_product(grid, grid_product(grid, view->own_ticks, unit.over), LADDER_ONE);
	i128 limit = grid_product(grid, grid_product(grid, reference, unit.under), factor);

	return view->is_long ? price <= limit : price >= limit;
}

static bool is_away_from_ticks(struct martingale_view *view, int64_t ticks, int64_t deviation)
{
	return is_away_from(view, ticks, (struct ratio){1, 1}, deviation);
}

static bool is_away_from_average(struct martingale_view *view, int64_t deviation)
{
	return is_away_from(view, view->input->leg_own.average_e8, view->grid.price, deviation);
}

/* The price that the last entry was filled at; a position that was adopted has none. */
static int64_t last_entry_ticks(const struct martingale_view *view)
{
	const struct strategy_input *input = view->input;

	return input->last_add_ticks != 0 ? input->last_add_ticks : input->cycle_base_ticks;
}

static bool rung_is_reached(struct martingale_view *view, int64_t deviation)
{
	const struct strategy_input *input = view->input;
	int64_t reference = view->params->add_reference == REFERENCE_BASE ? input->cycle_base_ticks
									  : last_entry_ticks(view);
	bool by_average = view->params->add_reference == REFERENCE_AVERAGE || reference == 0;
	bool reached = by_average ? is_away_from_average(view, deviation)
				  : is_away_from_ticks(view, reference, deviation);

	return MARTINGALE_GATE(view, "add_step", reached, "price %s is%s %s %% from %s %s",
		TEXT(units_price_of(view->own_ticks, &input->rules)), reached ? "" : " not",
		TEXT(decimal_round(decimal_scaled(deviation, 10), 4, ROUND_DOWN)),
		by_average ? "the average" : "the reference",
		by_average ? TEXT_E8(input->leg_own.average_e8)
			   : TEXT(units_price_of(reference, &input->rules)));
}

/* However far the price jumped: no two adds closer than one step. */
static bool is_apart(struct martingale_view *view)
{
	int64_t last = last_entry_ticks(view);
	int64_t step = view->params->add_step * (LADDER_ONE / PPM);

	if (last == 0 || is_away_from_ticks(view, last, step))
		return true;
	return MARTINGALE_GATE(view, "add_apart", false,
		"price is not %s %% from the last entry %s",
		TEXT_PPM_PERCENT(view->params->add_step),
		TEXT(units_price_of(last, &view->input->rules)));
}

static bool is_losing(struct martingale_view *view)
{
	if (is_away_from_average(view, 0))
		return true;
	return MARTINGALE_GATE(view, "add_loss", false,
		"price is on the winning side of average %s",
		TEXT_E8(view->input->leg_own.average_e8));
}

static bool ladder_is_due(struct martingale_view *view, struct martingale_wish *wish)
{
	bool passed = true;

	if (adds_filled(view) >= martingale_ladder_count(view->params))
		return false;
	int64_t add = adds_filled(view) + 1;
	ASK(view, passed, rung_is_reached(view, martingale_ladder_deviation(view->params, add)));
	ASK(view, passed, is_apart(view));
	ASK(view, passed, is_losing(view));
	wish->size = martingale_ladder_size(view->params, add);
	return passed;
}

/* Return on margin at or below the trigger: U / (cost / leverage) <= trigger. */
static bool loss_is_deep(struct martingale_view *view)
{
	struct grid *grid = &view->grid;
	i128 have = grid_product(grid, view->unrealised_e8, view->leverage_ppm);
	bool deep = view->unrealised_e8 < 0 &&
		    have <= grid_product(grid, view->cost_e8, view->params->add_loss_trigger);

	return MARTINGALE_GATE(view, "add_loss", deep, "return on margin %s %%, trigger %s %%",
		view->cost_e8 <= 0
			? "-"
			: TEXT(decimal_scaled(grid_floor(grid, have, 1, view->cost_e8), 4)),
		TEXT_PPM_PERCENT(view->params->add_loss_trigger));
}

static bool is_building_up(struct martingale_view *view, const struct martingale_calm *calm)
{
	const struct martingale_params *params = view->params;
	i128 limit = (i128)params->buildup_limit * view->balance_e8;

	if (params->buildup_limit == 0)
		return false;
	if (calm->safe)
		limit = grid_floor(&view->grid, limit, params->safe_decline_bonus, PPM);
	bool small = view->margin_e8 * PPM < limit;
	return MARTINGALE_GATE(view, "buildup", small, "margin %s is%s below the build-up limit",
		TEXT_E8(view->margin_e8), small ? "" : " not");
}

static bool loss_is_due(struct martingale_view *view, const struct martingale_calm *calm,
	struct martingale_wish *wish)
{
	wish->by_loss = loss_is_deep(view);
	wish->size = martingale_ladder_size(view->params, 1);
	return wish->by_loss || is_building_up(view, calm);
}

static bool add_is_due(struct martingale_view *view, const struct martingale_calm *calm,
	struct martingale_wish *wish)
{
	const struct martingale_params *params = view->params;
	bool passed = true;

	ASK(view, passed, adds_are_left(view));
	if (params->add_model == ADD_LOSS_PROPORTIONAL)
		ASK(view, passed, loss_is_due(view, calm, wish));
	else
		ASK(view, passed, ladder_is_due(view, wish));
	ASK(view, passed, interval_has_passed(view));
	ASK(view, passed, day_has_room(view));
	if (params->trend_gate.count > 0)
		ASK(view, passed,
			martingale_calm_average(view, &params->trend_gate.items[0], INDICATOR_TREND,
				1, "trend_gate"));
	return passed;
}

/* ---- both ----------------------------------------------------------------------------------- */

bool martingale_entry_decide(
	struct martingale_view *view, bool may_replace, struct martingale_entry *ret)
{
	struct martingale_calm calm = martingale_calm_look(view);
	struct martingale_wish wish = {0};

	*ret = (struct martingale_entry){.purpose = view->held ? PURPOSE_ADD : PURPOSE_OPEN};
	renew_releases(view, &calm);
	renew_day_lock(view);
	ret->wild = calm.wild;
	ret->allowed = is_allowed(view, &calm);
	/* The gates of a new entry speak of prices. */
	if (!view->priced || (view->output->quiet && (!ret->allowed || !may_replace)))
		return !view->grid.overflow;

	bool due = view->held ? add_is_due(view, &calm, &wish) : opening_is_due(view, &wish);
	if (!due || !ret->allowed || !may_replace)
		return !view->grid.overflow;
	return martingale_size_entry(view, &wish, &ret->lots);
}
