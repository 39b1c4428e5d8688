/*
 * martingale_params - the settings of our own rule: strategy.md 3.1, as far as it is built.
 *
 * The table is the manual of each setting (botbeat strategy params prints it). Everything is an
 * int64_t in the unit of its kind: ratios in ppm, money and sizes in 1e-8, times in seconds,
 * percents in 1e-6 of a percent. Settings that may be off are PARAM_OFF then.
 */
#ifndef STRATEGIES_MARTINGALE_PARAMS_H
#define STRATEGIES_MARTINGALE_PARAMS_H

#include "strategies/strategy.h"

#define MARTINGALE_FILTERS_MAX 4
#define MARTINGALE_ADDS_MAX 200
#define MARTINGALE_STEPS_MAX 10
#define MARTINGALE_SCORES_MAX 5

enum start_condition { START_CONTINUOUS, START_SIGNAL, START_MANUAL };
enum wanted_margin { WANTED_ISOLATED, WANTED_CROSS, WANTED_KEEP };
enum size_mode { SIZE_BALANCE_PCT, SIZE_QUOTE, SIZE_QTY };
enum size_basis { BASIS_MARGIN, BASIS_NOTIONAL };
enum average_kind { AVERAGE_EMA, AVERAGE_SMA };
enum average_op { OP_BELOW, OP_ABOVE };
enum entry_type { ENTRY_POST_ONLY, ENTRY_LIMIT, ENTRY_MARKET };
enum add_model { ADD_LOSS_PROPORTIONAL, ADD_GEOMETRIC, ADD_CUSTOM_LIST };
enum add_reference { REFERENCE_BASE, REFERENCE_LAST_FILL, REFERENCE_AVERAGE };
enum tp_basis { TP_PRICE_MOVE, TP_ROE, TP_BALANCE_PCT };
enum stop_basis { STOP_PRICE_FROM_AVERAGE, STOP_ROE, STOP_BALANCE_PCT };
enum stop_price { STOP_ON_MARK, STOP_ON_LAST };
enum exit_type { EXIT_LIMIT_THEN_MARKET, EXIT_LIMIT, EXIT_MARKET };
enum limit_action { TIME_TP_ONLY, TIME_CLOSE };
enum cap_sharing { CAP_FIXED, CAP_EQUAL_ACTIVE };
enum critical_action { CRITICAL_CLOSE, CRITICAL_REDUCE };
enum atr_baseline { BASELINE_TRAILING_MEAN, BASELINE_CLASSIC };
enum missing_data { MISSING_BLOCK, MISSING_ALLOW };
enum vol_block { VOL_OPEN = 1 << 0, VOL_ADD = 1 << 1, VOL_REPRICE = 1 << 2 };

struct average_test { /* a price against a moving average */
	int64_t ma, span, tf;
	int64_t op;     /* as a long means it; a short mirrors it */
	int64_t offset; /* of the average, ppm; mirrored as well */
};
struct custom_add {
	int64_t deviation, size;
};
struct tp_step {
	int64_t profit, fraction;
};
struct size_step {
	int64_t over, fraction;
};
struct score { /* points for a value beyond a limit */
	int64_t over, points;
};
struct stop_loss {
	int64_t basis, value, trigger, on_exchange;
};

#define MARTINGALE_LIST(type, most)                                                                \
	struct {                                                                                   \
		int64_t count;                                                                     \
		struct type items[most];                                                           \
	}

struct martingale_params { /* in the order of the table */
	int64_t preset;
	int64_t start_condition;

	int64_t margin_mode;
	int64_t allocated_balance;
	int64_t account_max_exposure;
	int64_t foreign_order_policy, foreign_position_policy;

	int64_t initial_size_mode, size_basis, initial_size;
	MARTINGALE_LIST(average_test, MARTINGALE_FILTERS_MAX) entry_filter;
	MARTINGALE_LIST(average_test, 1) trend_gate;
	int64_t entry_order_type, post_only_retries, entry_timeout_s;
	int64_t price_min, price_max;
	int64_t cooldown_after_close_s;

	int64_t add_model, max_adds;
	int64_t add_step, add_step_mult, add_volume, add_volume_mult, add_reference;
	MARTINGALE_LIST(custom_add, MARTINGALE_ADDS_MAX) add_list;
	int64_t add_loss_trigger, add_loss_gain, buildup_limit, safe_decline_bonus;
	int64_t min_add_interval_s;

	int64_t tp_basis, take_profit, tp_on_book;
	MARTINGALE_LIST(tp_step, MARTINGALE_STEPS_MAX) tp_steps;
	int64_t tp_min_balance_profit;
	MARTINGALE_LIST(size_step, MARTINGALE_STEPS_MAX) tp_size_ladder;
	MARTINGALE_LIST(stop_loss, 1) stop_loss;
	int64_t stop_action, time_limit_s, time_limit_action;
	int64_t exit_order_type, exit_timeout_count;

	int64_t max_exposure, max_margin_pct, cap_sharing, taper_start;
	int64_t min_liq_distance;
	int64_t margin_warn, margin_critical, margin_critical_action;
	int64_t daily_loss_limit, max_orders_per_day, max_notional_per_order;

	int64_t vol_tf, vol_window;
	int64_t atr_span, atr_mult, atr_baseline;
	int64_t bb_span, bb_sd, bb_width_max;
	int64_t hv_span, hv_max;
	MARTINGALE_LIST(score, MARTINGALE_SCORES_MAX) decline_fall;
	MARTINGALE_LIST(score, MARTINGALE_SCORES_MAX) decline_jerk;
	MARTINGALE_LIST(score, MARTINGALE_SCORES_MAX) decline_volume;
	int64_t decline_crash, decline_fast, decline_moderate;
	int64_t vol_blocks, vol_release_s, on_missing_data;
};

extern const struct strategy_param martingale_params_table[];
extern const char *const martingale_params_later[]; /* planned, not built */

/* Fills in a struct martingale_params with the values of the preset safe. */
void martingale_params_values(void *ret_params);

/* The milliseconds of a tf or vol_tf. */
int64_t martingale_params_interval_ms(int64_t tf);

#endif
