/*
 * strategy - the contract between Botbeat and a trading strategy.
 *
 * A strategy is a pure function of what it is shown: no I/O, no clock, no randomness, no
 * allocation, no globals. The same object code runs live, on paper, in the simulator and in the
 * backtester; the same input gives the same output, byte for byte.
 *
 * Units inside a decision are integers: prices in ticks, quantities in lots (both by the rules of
 * this moment), money in 1e-8 of the quote coin ("e8"), ratios in ppm, times in UTC milliseconds
 * of the market. units.h makes them from market nouns; products go through 128 bits.
 */
#ifndef STRATEGIES_STRATEGY_H
#define STRATEGIES_STRATEGY_H

#include "core/market/market.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STRATEGY_ORDERS_MAX 64
#define STRATEGY_INTENTS_MAX 16
#define STRATEGY_REASONS_MAX 40
#define STRATEGY_PARAMS_SIZE 6144
#define STRATEGY_STATE_SIZE 1024
#define STRATEGY_RUNGS_MAX 201 /* of a preview: the opening and 200 adds */
#define E8 100000000LL
#define PPM 1000000LL

enum strategy_mode { /* strategy.md 3.1 */
	MODE_NORMAL,
	MODE_GRACEFUL_STOP,
	MODE_TP_ONLY,
	MODE_MANUAL,
	MODE_PANIC,
	MODE_HALTED,
};

enum purpose { /* why an order exists; stands in the journal */
	PURPOSE_OPEN,
	PURPOSE_ADD,
	PURPOSE_REDUCE,
	PURPOSE_CLOSE,
	PURPOSE_TAKE_PROFIT,
	PURPOSE_STOP,
	PURPOSE_FOREIGN, /* somebody else's order on our leg */
};

struct strategy_tier {    /* maintenance margin = value * rate - deduction */
	int64_t limit_e8; /* upper bound of the position's value */
	int64_t maintenance_ppm;
	int64_t deduction_e8;
	int64_t max_leverage_ppm; /* 10x = 10,000,000 */
};

struct strategy_rules {                     /* in the units of this decision */
	struct decimal tick_size, lot_size; /* what one tick and one lot are worth */
	int64_t min_lots, max_lots, max_market_lots;
	int64_t min_notional_e8;
	int64_t maintenance_ppm; /* of the tier of the present position */
	int64_t maker_fee_ppm, taker_fee_ppm;
	bool trading;
	size_t tier_count; /* 0: maintenance_ppm alone is known */
	struct strategy_tier tiers[RISK_TIERS_MAX];
};

struct strategy_ticker {
	int64_t bid_ticks, ask_ticks, last_ticks, mark_ticks;
	int64_t funding_ppm;
	int64_t next_funding_ms;
	int64_t age_ms; /* real time since the venue was read; -1: no ticker */
};

struct strategy_account {
	int64_t wallet_e8, equity_e8, available_e8;
	int64_t active_symbols;      /* of the account, with a position */
	int64_t account_notional_e8; /* all bots' positions and resting entries of this account */
	int64_t account_margin_e8;
	int64_t age_ms; /* real time since the account was read */
	enum position_mode position_mode;
	enum margin_mode margin_mode;
	bool margin_mode_known;
	bool settings_match; /* false: leverage, position or margin mode is not the bot's: no
				entries */
};

struct strategy_leg {
	int64_t lots;       /* 0: flat */
	int64_t average_e8; /* price in 1e-8 quote (averages do not sit on ticks) */
	int64_t margin_e8;  /* margin assigned to the position */
	int64_t maintenance_e8;
	int64_t unrealised_e8;
	int64_t liquidation_ticks; /* 0: not known (never read as safe) */
	int64_t leverage_ppm;      /* actual; 10x = 10,000,000 */
};

struct strategy_order { /* an order of this leg that is not final; others' are FOREIGN */
	int32_t id;     /* the caller's handle, for CANCEL */
	enum purpose purpose;
	enum side side;
	enum order_type type;
	int64_t price_ticks, trigger_ticks;
	int64_t lots, filled_lots;
	bool unknown;       /* sent, outcome not known */
	int64_t created_ms; /* market time */
};

enum block {                       /* reasons of the platform that take new risk away; a bit set */
	BLOCK_EXITS_ONLY = 1 << 0, /* plan, suspension, lapsed subscription, breaker, pause */
	BLOCK_UNKNOWN = 1 << 1,    /* an unknown order or unconfirmed cancel on this leg */
	BLOCK_DRIFT = 1 << 2,      /* position and book disagree */
	BLOCK_RETRIED = 1 << 3,    /* this slot may have sent already */
	BLOCK_UNKNOWN_REDUCE = 1 << 4, /* no further reduces, stops and full close excepted */
};

/*
 * Indicator values, by the strategy's own indicators(); 1e-8 quote for prices, ppm for ratios.
 * A value counts only if its bit in valid is set. Strategies share this block so that a snapshot
 * can carry ready values in place of candles.
 */
enum indicator {
	INDICATOR_EMA_FAST,  /* EMA50 of the bot's interval */
	INDICATOR_EMA_SLOW,  /* EMA200 */
	INDICATOR_EMA_ENTRY, /* EMA100 of 1 h */
	INDICATOR_ATR,       /* ATR14 now */
	INDICATOR_ATR_BASELINE,
	INDICATOR_BB_WIDTH_PPM,
	INDICATOR_HV_PPM,
	INDICATOR_ROC5_PPM,
	INDICATOR_ROC15_PPM,
	INDICATOR_VOLUME_RATIO_PPM,
	INDICATOR_TREND,    /* the average of a trend gate */
	INDICATOR_FILTER_1, /* the averages of entry filters */
	INDICATOR_FILTER_2,
	INDICATOR_FILTER_3,
	INDICATOR_FILTER_4,
	INDICATOR_COUNT
};
#define SERIES_WANT_MAX 6

struct indicators {
	uint32_t valid; /* bit per enum indicator */
	int64_t value[INDICATOR_COUNT];
	int64_t last_closed_ms; /* open time of the newest closed candle used; 0: none */
	size_t candles_5m;      /* how many candles the volatility window held */
	/* Of each wanted series, in the order of wants: when its newest closed candle opened. */
	int64_t closed_ms[SERIES_WANT_MAX];
};

/*
 * A candle as indicators see it. A caller that shows the same candles again and again (a
 * backtester) makes these once, with indicators_bar; nobody else needs to know them.
 */
struct strategy_bar {
	int64_t open_ms;
	double high, low, close, volume;
	double true_range; /* against the close of the bar before */
	double log_return; /* of the close, from the bar before */
};

struct series { /* candles of one interval, oldest first; the last may be unclosed */
	int64_t interval_ms;
	const struct candle *candles;
	size_t count;
	const struct strategy_bar
		*bars; /* closed ones, in place of candles; NULL: read the candles */
};

/* What a strategy wants to be shown, so that the caller fetches just that. */
struct series_want {
	int64_t interval_ms;
	size_t count;
	bool open_candle; /* the unfinished one included */
};

struct strategy_input {
	int64_t now_ms; /* market time */
	/* Reasons are left out: where millions of decisions are made and nobody reads them. What is
	 * decided is the same. */
	bool quiet;
	char symbol[SYMBOL_SIZE];
	enum side side; /* the bot's: SIDE_BUY long, SIDE_SELL short */
	enum leg leg;
	enum strategy_mode mode;
	bool auto_open;   /* the pair's automatic_mode */
	bool open_asked;  /* a person asked for this cycle's opening (bot open) */
	uint32_t blocks;  /* enum block */
	int64_t leverage; /* the pair's wanted leverage, x */
	struct strategy_rules rules;
	struct strategy_ticker ticker;
	struct strategy_account account;
	struct strategy_leg leg_own, leg_opposite;
	/* From the booked fills; times are the market's, 0 where there is none. */
	int64_t cycle; /* the running one's number; 0: flat */
	int64_t cycle_adds, cycle_started_ms, last_fill_ms;
	int64_t cycle_base_ticks;   /* price of the cycle's first fill */
	int64_t last_add_ticks;     /* of its last fill that added; the base until there is one */
	int64_t last_entry_ms;      /* its last fill of an entry, the opening's among them */
	int64_t cycle_entered_lots; /* all that its entries filled; 0: not told, what is held */
	int64_t cycle_funding_e8;   /* received in it; paid < 0 */
	int64_t cycle_ended_ms;     /* when the last cycle ended that did */
	/* What ended it: STOP, CLOSE, TAKE_PROFIT, REDUCE; FOREIGN: the venue (liquidation, ADL) or
	 * a hand. Means nothing while cycle_ended_ms is 0. */
	enum purpose cycle_ended_by;
	int64_t day_net_e8; /* this bot's net since 00:00 UTC of market time, all its pairs */
	int64_t day_orders; /* entry orders that this bot sent since then, all its pairs */
	struct indicators indicators;
	size_t order_count;
	struct strategy_order orders[STRATEGY_ORDERS_MAX];
	const void *params; /* the strategy's own, validated */
};

/*
 * What a decision asks for. Sent in the order of design.md 7 whatever their order here: cancels,
 * protection, amendments and exits, entries; an entry whose cancelled predecessor is not seen final
 * is dropped.
 *
 * CANCEL  an order of ours. Not a stop: protection (struct strategy_stop) says whether one stands.
 * PLACE   any purpose but STOP and FOREIGN.
 * AMEND   a resting limit order that reduces: its new price, and its new whole quantity (what has
 *         filled of it included). Entries are cancelled and placed anew.
 * NOTIFY  people are told, once per cycle and code.
 * LOCK    for people only: the strategy keeps its locks in its own state.
 * PAUSE   the bot is paused when the run closes, with code as the reason: exits go on, entries wait
 *         for a person.
 */
enum intent_kind {
	INTENT_CANCEL,
	INTENT_PLACE,
	INTENT_NOTIFY,
	INTENT_LOCK,
	INTENT_AMEND,
	INTENT_PAUSE,
};

struct intent {
	enum intent_kind kind;
	int32_t order_id;     /* CANCEL, AMEND: strategy_order.id */
	enum purpose purpose; /* PLACE from here on; AMEND: price_ticks and lots */
	enum side side;
	enum order_type type;
	enum time_in_force time_in_force;
	int64_t price_ticks, trigger_ticks;
	int64_t lots;
	bool reduce_only;
	enum trigger_by trigger_by;
	const char *code; /* NOTIFY, LOCK, PAUSE: static text, "margin_warning" */
	int64_t until_ms; /* LOCK */
};

/*
 * The protective stop of the leg, said anew in every decision: what must be true when the run ends,
 * not what to send. The caller holds it against the stops that stand and does what is missing:
 * amends, places anew, sizes it for the position and the entries beside it, splits it at the
 * venue's largest order, cancels what is left over once the leg is flat. A strategy that wants no
 * churn says the trigger of the stop it is shown again.
 */
enum protection {
	PROTECTION_KEEP, /* no opinion: what stands stays as it is (faults, stale data) */
	PROTECTION_STOP, /* a stop over the whole leg stands at the trigger */
	PROTECTION_NONE, /* none is wanted: one that stands is cancelled, after everything else */
};

/* What is done if a stop that should stand is not confirmed when the run ends. */
enum stop_action {
	STOP_ACTION_CLOSE,           /* the leg is closed at the market */
	STOP_ACTION_CLOSE_AND_PAUSE, /* and the bot is paused */
};

struct strategy_stop {
	enum protection protection;
	int64_t trigger_ticks; /* STOP from here on */
	enum trigger_by trigger_by;
	enum stop_action action;
};

struct reason {        /* one gate and what it said */
	char gate[24]; /* "ema_slow", "volatility", "profit", … */
	bool passed;
	char text[104]; /* "price 59400 > EMA200 59000" */
};

enum decision_status { DECISION_OK, DECISION_FAULT };

struct strategy_output {
	enum decision_status status;
	bool quiet;      /* as asked for: there are no reasons */
	char action[16]; /* "none", "open", "add", "reduce", "close": for people */
	size_t intent_count;
	struct intent intents[STRATEGY_INTENTS_MAX]; /* in sending order */
	size_t reason_count;
	struct reason reasons[STRATEGY_REASONS_MAX];
	struct strategy_stop stop;
	/*
	 * "No naked time": an entry rests past its run only if a standing stop covers the position
	 * with its fill. Else the run waits entry_timeout_ms (market time; 0 and everything above
	 * 10 s of real time: 10 s), cancels what is left of it and decides again, without entries.
	 */
	int64_t entry_timeout_ms;
	bool rests_unprotected; /* the exception: a preset that says so at start (dcabot-classic) */
	int64_t follow_up_ms;   /* market time at which to look again; 0: next slot will do */
	unsigned char state[STRATEGY_STATE_SIZE] __attribute__((aligned(16))); /* the new state */
};

/*
 * A setting of a strategy: the table is the validator, the documentation and the schema. Every
 * value is stored in int64_t: bool and enum too (the index), a set as bits, an amount in the unit
 * of its kind. An object stands as a count of 0 (null) or 1 with its members behind it, a list as
 * its count with its items behind it.
 */
enum param_kind {
	PARAM_INT,
	PARAM_RATIO, /* a decimal of 6 places, in ppm */
	PARAM_MONEY, /* a decimal of 8 places, in e8 */
	PARAM_BOOL,
	PARAM_ENUM,
	PARAM_SET, /* some of the names */
	PARAM_OBJECT,
	PARAM_LIST, /* of objects; minimum and maximum are its length's */
};
struct strategy_param {
	const char *name;
	enum param_kind kind;
	size_t offset;            /* in the params struct; of a member: in its object */
	bool nullable;            /* null = off, stored as PARAM_OFF */
	int64_t minimum, maximum; /* in the stored unit, inclusive */
	const char *const *names; /* ENUM, SET: NULL-terminated */
	const char *const *later; /* ENUM, SET: names that are not built yet, for the message */
	const struct strategy_param *members; /* OBJECT, LIST: ended by name NULL */
	size_t item_size;                     /* LIST */
	const char *fallback; /* of a member that is left out, as a user would write it; NULL: it
				 must be given */
	const char *unit, *meaning;
};
#define PARAM_OFF INT64_MIN

struct strategy_field { /* the persisted state, by name, for the codec */
	const char *name;
	size_t offset; /* of an int64_t */
};

/*
 * Values for every setting, and with them a rule: a preset has its own settings and state. The
 * first int64_t of its params is its index among the presets.
 */
struct strategy_preset {
	const char *name, *meaning;
	const struct strategy_param *params; /* ended by name NULL; the first is "preset" */
	const struct strategy_field *state;  /* ended by name NULL */
	bool stops;       /* it may ask for a stop at the venue (PROTECTION_STOP) */
	bool plain_state; /* its state does not name it: it was the first, and there is one such */
	void (*values)(void *ret_params);
};

/* What settings are held against; NULL and 0: not known, and then not asked. */
struct strategy_setting {
	int64_t leverage; /* 0: no ladder is asked about */
	enum side side;
	const struct strategy_rules *rules;
	int64_t price_ticks; /* with rules */
	int64_t balance_e8;
};

struct strategy_fault { /* of a setting */
	char field[64];
	char value[48]; /* as a user would write it; "" if there is none */
	char bound[80]; /* what it must keep */
	char message[160];
};

struct strategy_rung {         /* one entry of a ladder, and the position after it */
	int64_t deviation_ppm; /* of its price from the opening's, towards the loss */
	int64_t price_ticks, lots, notional_e8;
	int64_t total_lots, total_notional_e8; /* at the prices paid */
	int64_t average_e8;
	int64_t break_even_ppm;           /* the move from its price back to the average */
	int64_t exposure_ppm, margin_ppm; /* of the balance */
	int64_t margin_e8;
	int64_t liquidation_ticks; /* 0: no price liquidates it */
	int64_t stop_ticks;        /* 0: no stop */
	int64_t take_profit_ticks; /* the first; 0: none that a price reaches */
	int64_t loss_at_stop_e8;   /* without fees */
};

struct strategy_preview {
	size_t rung_count; /* the opening is the first */
	struct strategy_rung rungs[STRATEGY_RUNGS_MAX];
	char note[200]; /* what it assumes; "" if nothing */
};

struct strategy {
	const char *name;                      /* "martingale" */
	const struct strategy_preset *presets; /* ended by name NULL; the first is the default */
	/* Settings that are planned and not built, for the message; NULL-terminated. */
	const char *const *later;
	size_t params_size, state_size;
	int64_t state_version;
	/* Checks across fields; appends each fault to ret (size of them), returns how many. */
	size_t (*check)(const void *params, const struct strategy_setting *setting,
		struct strategy_fault *ret, size_t size);
	/* The ladder of a setting whose rules, price and balance are known. */
	void (*preview)(const void *params, const struct strategy_setting *setting,
		struct strategy_preview *ret);
	/* What candles indicators() needs; ema_interval_min is the pair's column. Returns how many.
	 */
	size_t (*wants)(const void *params, int64_t ema_interval_min,
		struct series_want ret[SERIES_WANT_MAX]);
	/*
	 * From candles to values; series in the order of wants. ret begins zeroed; given again it
	 * keeps the values of a series whose newest closed candle is still the same.
	 */
	void (*indicators)(const void *params, const struct series *series, size_t count,
		const struct rules *rules, struct indicators *ret);
	/* state: the persisted one (zeroed on the first run). */
	void (*decide)(
		const struct strategy_input *input, const void *state, struct strategy_output *ret);
	/* A person starts the bot (again): lifts what waits for one (PAUSE). */
	void (*resume)(const void *params, void *state);
};

/* NULL if there is none of that name. registry.c is the only place that lists them. */
const struct strategy *strategy_find(const char *name);
const struct strategy *strategy_at(size_t index); /* NULL past the end */

/* NULL if the strategy has none of that name. */
const struct strategy_preset *strategy_preset(const struct strategy *strategy, const char *name);
/* The one that params were made with. */
const struct strategy_preset *strategy_preset_of(
	const struct strategy *strategy, const void *params);

const char *strategy_mode_text(enum strategy_mode mode);
int strategy_mode_parse(const char *text, enum strategy_mode *ret); /* -1: unrecognized */
const char *purpose_text(enum purpose purpose);
int purpose_parse(const char *text, enum purpose *ret);
bool purpose_is_entry(enum purpose purpose); /* OPEN, ADD */

#endif
