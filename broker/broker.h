/*
 * broker - an exact broker of USDT-margined linear perpetual futures.
 *
 * Serves the simulated exchange, paper trading and the backtester. It has no clock, no I/O and no
 * hidden dice: time, prices and the seed come from the caller, so the same calls give the same
 * ledger to the last digit. Rules and roundings follow Bybit's unified account; where its pages
 * leave something open, the choice is stated here or in README.md.
 *
 * The one idea: acknowledge first, match later. broker_place, broker_amend and broker_cancel only
 * check and queue; what they ask takes effect at effect_ms, inside the first broker_price or
 * broker_step whose time is not before it. A cancel can thus lose to a fill. Everything that
 * happens is told once, in order, through the ledger callback; the readers show the state
 * between two calls.
 *
 * Units: inside, prices are whole ticks, quantities whole lots and money whole 1e-8 USDT. All
 * decimals given must be multiples of these (market data excepted, see broker_price), all
 * decimals returned are exact. Amounts end at 10^10 USDT.
 *
 * Rounding: a fee, a funding payment and the entry value of a closed part are rounded to 1e-8,
 * ties away from zero. Margins are rounded up. Nothing leaks: the entry value that a partial
 * close leaves behind is the exact rest, so that, always and to the last digit,
 *     wallet = deposits - withdrawals + realised - fees + funding.
 *
 * Rules of money (README.md has the formulas and what is left out):
 *  - An opening order reserves value / leverage plus the taker fee of its value, at its price (a
 *    market order: at ask or bid). In one-way mode the oldest orders against the position close
 *    it first and reserve nothing for that part. A waiting conditional order reserves nothing.
 *  - Isolated: a leg's margin is its entry value / leverage. Cross: value at mark / leverage.
 *    Available = wallet - position margins - order margins + what is unrealised on cross legs.
 *  - Maintenance = value at mark * (tier rate + taker fee) - deduction of the tier.
 *  - Liquidation, tested at each price: isolated, when margin + unrealised <= maintenance of the
 *    leg; cross, when equity (without what isolated legs were allotted) <= maintenance of the cross
 *    legs, and then every one of them goes.
 *  - The venue takes a leg over at its bankruptcy price: the tick at which price loss and taker
 *    fee together cost the leg's margin and not more (cross: the legs' shares of the equity, by
 *    value at mark, so that the wallet ends at zero or a few ticks above). Whatever the market
 *    would have made of it is the insurance fund's.
 *  - ADL and settlement close at the price given, without a fee.
 *
 * Ownership: the broker owns everything; readers return plain values. Not thread-safe. Handles
 * of accounts and symbols are small integers from 0, valid for the broker's life; a handle that
 * was never given out is our own mistake and asserted.
 *
 * Refusals: -1, err->code is the class a venue adapter would use, err->venue_code the exact
 * enum broker_refusal, and nothing has changed.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "core/market/market.h"

#define BROKER_AVERAGE_SCALE 12 /* places of a shown average price, rounded half up */

struct broker;

/* ---- what happens: the ledger --------------------------------------------------------------- */

enum broker_event_kind {
	BROKER_EVENT_ACCEPTED,    /* an order was acknowledged and waits for its effect_ms */
	BROKER_EVENT_WORKING,     /* it took effect: in the book, or waiting for its trigger */
	BROKER_EVENT_TRIGGERED,   /* a conditional order fired; its ids stay */
	BROKER_EVENT_AMENDED,     /* an amend took effect, or a reduce-only order was cut */
	BROKER_EVENT_CANCELLED,   /* final; may have fills; reason says why */
	BROKER_EVENT_REJECTED,    /* final without fills: acknowledged, then refused */
	BROKER_EVENT_TOO_LATE,    /* an accepted cancel or amend met an order that was final */
	BROKER_EVENT_FILL,        /* trade, liquidation, ADL or settlement; books money */
	BROKER_EVENT_FUNDING,     /* books money */
	BROKER_EVENT_TRANSFER,    /* deposit or withdrawal; books money */
	BROKER_EVENT_LIQUIDATION, /* a leg (cross: every leg) is taken over; its fills follow */
};

enum broker_reason { /* why an order ended, or was cut */
	BROKER_REASON_NONE,
	BROKER_REASON_USER,         /* cancelled as asked */
	BROKER_REASON_POST_ONLY,    /* would have taken */
	BROKER_REASON_NO_LIQUIDITY, /* the rest of a market or IOC order, or a FOK order */
	BROKER_REASON_REDUCE_ONLY,  /* the position shrank, went flat or turned */
	BROKER_REASON_MARGIN,       /* not enough when it took effect or fired */
	BROKER_REASON_RISK_LIMIT,   /* beyond the risk tier when it took effect or fired */
	BROKER_REASON_LIQUIDATION,  /* the account or leg was taken over */
	BROKER_REASON_SETTLEMENT,   /* the symbol stopped trading */
};

struct broker_event {
	uint64_t sequence; /* from 1, without gaps, over all accounts */
	enum broker_event_kind kind;
	enum broker_reason reason;
	int64_t time_ms; /* market time given by the caller */
	int account;
	int symbol; /* -1: a transfer */
	enum leg leg;

	/* Set where the kind has one, else NULL; they live for the callback only. */
	const struct order *order; /* as it stands after the event; NULL for forced fills */
	const struct fill *fill;
	const struct funding_payment *funding;

	/* What the wallet booked; zeros where nothing was. change = cash_flow + paid - fee. */
	struct decimal cash_flow; /* realised price PnL, or the transfer */
	struct decimal fee;       /* paid > 0, rebate < 0 */
	struct decimal paid;      /* funding: received > 0, paid < 0 */
	struct decimal change;
	struct decimal wallet; /* after it */

	/* Fills: the leg after it, and what a closing part closed (for closed-PnL rows). */
	struct decimal size_after;      /* signed, short < 0 */
	struct decimal closed_cost;     /* entry value of the closed part */
	struct decimal closed_value;    /* exit value of it */
	struct decimal closed_open_fee; /* share of the opening fees of it */
	struct decimal closing_fee;     /* share of this fill's fee that belongs to it */
};

typedef void broker_ledger(void *context, const struct broker_event *event);

const char *broker_event_text(enum broker_event_kind kind); /* "accepted", "too_late", … */
const char *broker_reason_text(enum broker_reason reason);  /* "post_only", …; "" for none */

/* ---- building ------------------------------------------------------------------------------- */

struct broker_settings {
	uint64_t seed;    /* of the liquidity dice */
	uint32_t id_salt; /* in every order and execution id, so that two runs never share one */
	int symbols_max;  /* 1 to 4096 */
	int closed_max;   /* closed orders kept per account for broker_order; older are dropped */
	/*
	 * The share of a period's volume that one account can take, and that its resting orders
	 * can get, is drawn per account, symbol and period from this range (basis points).
	 */
	int taker_share_min_bps, taker_share_max_bps;
	int maker_share_min_bps, maker_share_max_bps;
	/*
	 * What a taker pays beyond bid or ask (parts per million of the price, up to a tick), never
	 * beyond the order's own limit: depth is not modelled, so a backtest adds its cost here.
	 */
	int taker_slippage_ppm;
	int conditionals_max;  /* waiting conditional orders per account and symbol (Bybit: 10) */
	int orders_max;        /* working orders per account and symbol (Bybit: 500) */
	broker_ledger *ledger; /* NULL: nobody listens */
	void *ledger_context;
};

/* Bybit's limits, shares 2 % to 10 %, no slippage, 500 closed orders, 64 symbols, no listener. */
struct broker_settings broker_settings_default(void);

/* The settings must be in range (asserted). The caller frees. */
struct broker *broker_new(const struct broker_settings *settings);
void broker_free(struct broker **broker);

struct broker_fees {
	struct decimal maker; /* fraction of value, -0.01 to 0.01; negative: a rebate */
	struct decimal taker; /* 0 to 0.01 */
};

/*
 * Adds a symbol and gives its handle. ERR_INVALID names the field: tick_size * lot_size must be a
 * multiple of 1e-8, there is at least one tier, tiers ascend, and the maintenance margin does
 * not jump between them: deduction(n) = limit(n-1) * (rate(n) - rate(n-1)) + deduction(n-1).
 */
MUST_CHECK int broker_symbol_add(struct broker *broker, const struct rules *rules,
	const struct broker_fees *fees, int *ret_symbol, struct err *err);

/* New rules with the same tick and lot size ("trading" may turn false); ERR_INVALID as above. */
MUST_CHECK int broker_symbol_update(
	struct broker *broker, int symbol, const struct rules *rules, struct err *err);

/* The handle of a name, -1 if there is none. The rules are borrowed from the broker. */
int broker_symbol(const struct broker *broker, const char *name);
const struct rules *broker_rules(const struct broker *broker, int symbol);
struct broker_fees broker_fees(const struct broker *broker, int symbol);
int broker_symbol_count(const struct broker *broker);

/* A new empty account: one-way everywhere, leverage 10 (or the symbol's maximum if lower). */
int broker_account_add(struct broker *broker, enum margin_mode mode);
int broker_account_count(const struct broker *broker);

/* ---- the market ----------------------------------------------------------------------------- */

struct broker_price {
	int64_t time_ms;       /* never earlier than before (asserted) */
	struct decimal last;   /* rounded to the nearest tick; all prices at least one tick */
	struct decimal mark;   /* nearest tick; for margin, liquidation, funding, mark triggers */
	struct decimal bid;    /* down to a tick: what a taker sells at */
	struct decimal ask;    /* up to a tick: what a taker buys at */
	int64_t period_ms;     /* names the period (candle) that volume belongs to */
	struct decimal volume; /* base coin traded in the whole period; what is taken is counted */
};

/*
 * One point of the price path. In this order: the price is set; what is queued and due takes
 * effect at it; conditional orders fire; resting limit orders that last has traded through
 * (strictly) fill at their price as maker; liquidation is tested at mark. ERR_INVALID if a price
 * is not positive or volume is negative: nothing changed.
 */
MUST_CHECK int broker_price(
	struct broker *broker, int symbol, const struct broker_price *price, struct err *err);

/* Lets what is queued and due by time_ms take effect at the standing prices. */
void broker_step(struct broker *broker, int64_t time_ms);

/* The earliest effect_ms in the queue; false if it is empty. */
bool broker_due(const struct broker *broker, int64_t *ret_effect_ms);

/*
 * A funding stamp: every leg open now pays mark value * rate if long, receives it if short (rate
 * < 0: the other way). Isolated: what the free balance cannot pay comes out of the leg's margin.
 * ERR_INVALID: no price yet, or a rate beyond -0.1 to 0.1.
 */
MUST_CHECK int broker_funding(
	struct broker *broker, int symbol, int64_t time_ms, struct decimal rate, struct err *err);

/* The newest price, rounded as used; false before the first. */
bool broker_last_price(const struct broker *broker, int symbol, struct broker_price *ret);

/* ---- what a trader asks --------------------------------------------------------------------- */

enum broker_refusal { /* err->venue_code of a refusal */
	BROKER_REFUSED_NOTHING,
	BROKER_REFUSED_NO_PRICE,         /* ERR_MAINTENANCE: the symbol has no price yet */
	BROKER_REFUSED_NOT_TRADING,      /* ERR_MAINTENANCE */
	BROKER_REFUSED_LEG,              /* ERR_BUG: the leg does not match the position mode */
	BROKER_REFUSED_CLIENT_ID,        /* ERR_DUPLICATE: used before by this account, ever */
	BROKER_REFUSED_PRICE,            /* ERR_FILTER: not positive, or not a multiple of tick */
	BROKER_REFUSED_QUANTITY,         /* ERR_FILTER: not positive, or not a multiple of lot */
	BROKER_REFUSED_TOO_SMALL,        /* ERR_FILTER: below min_quantity */
	BROKER_REFUSED_TOO_LARGE,        /* ERR_FILTER: above the maximum quantity or amount */
	BROKER_REFUSED_NOTIONAL,         /* ERR_FILTER: below min_notional (never a reduce) */
	BROKER_REFUSED_TRIGGER,          /* ERR_FILTER: trigger price not a positive multiple */
	BROKER_REFUSED_TRIGGER_RISING,   /* ERR_FILTER: rising, but not above the price now */
	BROKER_REFUSED_TRIGGER_FALLING,  /* ERR_FILTER: falling, but not below the price now */
	BROKER_REFUSED_CONDITIONALS_MAX, /* ERR_FILTER */
	BROKER_REFUSED_ORDERS_MAX,       /* ERR_FILTER */
	BROKER_REFUSED_FLAT,             /* ERR_FLAT: reduce-only without a position */
	BROKER_REFUSED_REDUCE_SIDE,      /* ERR_FILTER: reduce-only on the position's own side */
	BROKER_REFUSED_MARGIN,           /* ERR_MARGIN: available balance is too small */
	BROKER_REFUSED_RISK_LIMIT,       /* ERR_FILTER: leverage or size beyond the risk tier */
	BROKER_REFUSED_NO_ORDER,         /* ERR_NO_ORDER: never existed, or is final */
	BROKER_REFUSED_AMEND_FILLED,     /* ERR_FILTER: new quantity not above what is filled */
	BROKER_REFUSED_AMEND_FIELD,      /* ERR_FILTER: the order has no such field */
	BROKER_REFUSED_UNCHANGED,        /* ERR_NO_CHANGE */
	BROKER_REFUSED_LEVERAGE,         /* ERR_FILTER: out of range, or sides differ where equal */
	BROKER_REFUSED_HAS_POSITION,     /* ERR_BUG (mode), ERR_FILTER (margin mode) */
	BROKER_REFUSED_HAS_ORDERS,       /* as above */
};

/* "flat", "trigger_rising", … */
const char *broker_refusal_text(enum broker_refusal refusal);

/*
 * Acknowledges an order and names it in ret_order (ids, status open or untriggered).
 *
 * request: leg LEG_ONE_WAY in one-way mode, else the leg; in hedge mode the side that closes the
 * leg is reduce-only whatever the flag says. client_order_id may be "". A trigger price other
 * than 0 (or ORDER_STOP_MARKET, which then needs one) makes it conditional: ORDER_LIMIT becomes
 * a limit order when it fires, everything else a market order. A market order is an IOC order
 * without a price limit. A reduce-only order is trimmed to the position; conditional ones need
 * no position and no margin until they fire. Quantity 0 with reduce_only and close_on_trigger
 * closes what there is then, up to the maximum quantity. close_on_trigger implies reduce_only.
 *
 * Two orders of one call sequence with equal effect_ms take effect in the order of the calls.
 */
MUST_CHECK int broker_place(struct broker *broker, int account, const struct order_request *request,
	int64_t effect_ms, struct order *ret_order, struct err *err);

/*
 * As broker_place, for a venue that keeps a client id unique among working orders only: an id
 * whose order is final may be used again, and then names the new one.
 */
MUST_CHECK int broker_place_again(struct broker *broker, int account,
	const struct order_request *request, int64_t effect_ms, struct order *ret_order,
	struct err *err);

struct broker_amend { /* what shall stay is left out */
	bool has_quantity, has_price, has_trigger_price;
	struct decimal quantity; /* the new total, above what is filled */
	struct decimal price;
	struct decimal trigger_price;
};

/* id: the venue's or the client's. Ids stay; a new price that crosses takes. */
MUST_CHECK int broker_amend(struct broker *broker, int account, const char *id,
	const struct broker_amend *amend, int64_t effect_ms, struct err *err);
MUST_CHECK int broker_cancel(
	struct broker *broker, int account, const char *id, int64_t effect_ms, struct err *err);

/* At once; buy and sell are equal in one-way mode and in cross margin. Step 0.01. */
MUST_CHECK int broker_set_leverage(struct broker *broker, int account, int symbol,
	struct decimal buy, struct decimal sell, struct err *err);

/* At once; the symbol (-1: every one) must be flat and without orders. */
MUST_CHECK int broker_set_position_mode(
	struct broker *broker, int account, int symbol, enum position_mode mode, struct err *err);

/* Likewise; -1 also decides for symbols that are added later. */
MUST_CHECK int broker_set_margin_mode(
	struct broker *broker, int account, int symbol, enum margin_mode mode, struct err *err);

/* ---- what happens to a trader --------------------------------------------------------------- */

/* ERR_INVALID unless positive and a multiple of 1e-8. */
MUST_CHECK int broker_deposit(struct broker *broker, int account, struct decimal amount,
	int64_t time_ms, struct err *err);

/* As broker_deposit; ERR_MARGIN if more than is available. */
MUST_CHECK int broker_withdraw(struct broker *broker, int account, struct decimal amount,
	int64_t time_ms, struct err *err);

/*
 * Closes quantity of a leg at price without a fee, as the venue does in ADL (FILL_ADL) or when a
 * symbol is delisted (FILL_SETTLEMENT). ERR_FLAT without a position; a larger quantity is
 * trimmed; otherwise ERR_FILTER as in broker_place.
 */
struct broker_forced {
	int account, symbol;
	enum leg leg;
	enum fill_kind kind;
	struct decimal quantity, price;
	int64_t time_ms;
};
MUST_CHECK int broker_force(
	struct broker *broker, const struct broker_forced *forced, struct err *err);

/* ---- reading -------------------------------------------------------------------------------- */

struct broker_balance {
	struct balance balance; /* wallet, equity, available */
	struct decimal unrealised;
	struct decimal position_margin; /* initial margin of all legs */
	struct decimal order_margin;
	struct decimal maintenance_margin;
	struct decimal deposits;                /* minus withdrawals */
	struct decimal realised, fees, funding; /* since the beginning */
};
struct broker_balance broker_balance(const struct broker *broker, int account);

/* What was set for all symbols last; where one differs, broker_symbol_state tells. */
enum margin_mode broker_margin_mode(const struct broker *broker, int account);

struct broker_symbol_state {
	enum position_mode mode;
	enum margin_mode margin;
	struct decimal buy_leverage, sell_leverage;
};
struct broker_symbol_state broker_symbol_state(
	const struct broker *broker, int account, int symbol);

/* One position in one-way mode, long then short in hedge mode; flat ones included. */
size_t broker_positions(const struct broker *broker, int account, int symbol,
	struct position ret_positions[POSITIONS_MAX]);

struct broker_position_extra {   /* what a venue shows beside struct position */
	struct decimal value;    /* at mark */
	struct decimal realised; /* of this leg since it was last flat: PnL - fees + funding */
	struct decimal realised_total;
};
struct broker_position_extra broker_position_extra(
	const struct broker *broker, int account, int symbol, enum leg leg);

/*
 * The number in an order's id, or in an execution's or a payment's: unique and ascending among
 * each of the two. 0 if the text is no such id.
 */
uint64_t broker_id_number(const char *id);

struct broker_order {
	struct order order;
	struct order_request request; /* as accepted; amended fields are in order */
	enum broker_reason reason;
	bool pending;       /* acknowledged, not yet in effect */
	bool triggered;     /* a conditional order that has fired */
	struct decimal fee; /* paid so far */
};

/* By the venue's id or the client's; false if unknown or dropped (settings.closed_max). */
bool broker_order(
	const struct broker *broker, int account, const char *id, struct broker_order *ret);

/*
 * Visits the orders of an account that are not final, oldest first; symbol -1: all symbols. The
 * callback must not call the broker; returning false ends the walk.
 */
typedef bool broker_visit(void *context, const struct broker_order *order);
void broker_orders(
	const struct broker *broker, int account, int symbol, broker_visit *visit, void *context);

#endif
