/*
 * market - the nouns that venues, strategies, journal and broker share.
 *
 * Plain values; amounts are decimals; times are UTC milliseconds of the venue unless a name says
 * otherwise. Quantities are absolute and in base coin; the side stands beside them. A missing
 * amount is a flag, never a zero.
 */
#ifndef CORE_MARKET_MARKET_H
#define CORE_MARKET_MARKET_H

#include "core/base/decimal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYMBOL_SIZE 32
#define VENUE_ORDER_ID_SIZE 64
#define CLIENT_ID_SIZE 64 /* any client's id as the venue shows it; ours are 36 */

enum venue_name { VENUE_PHEMEX, VENUE_BYBIT, VENUE_BINANCE };
enum environment { ENVIRONMENT_PAPER, ENVIRONMENT_TESTNET, ENVIRONMENT_LIVE };
enum side { SIDE_BUY, SIDE_SELL };
/* The leg of a position: in hedge mode a symbol has a long and a short one, else one. */
enum leg { LEG_LONG, LEG_SHORT, LEG_ONE_WAY };
enum position_mode { POSITION_HEDGE, POSITION_ONE_WAY };
enum margin_mode { MARGIN_ISOLATED, MARGIN_CROSS };
enum order_type { ORDER_LIMIT, ORDER_MARKET, ORDER_STOP_MARKET };
enum time_in_force { TIF_GTC, TIF_IOC, TIF_FOK, TIF_POST_ONLY };
enum trigger_by { TRIGGER_LAST, TRIGGER_MARK };

/* What the venue says of an order. The journal's states are in core/store/journal.h. */
enum order_status {
	ORDER_STATUS_OPEN,        /* New, PartiallyFilled */
	ORDER_STATUS_UNTRIGGERED, /* a stop that waits */
	ORDER_STATUS_FILLED,
	ORDER_STATUS_CANCELLED, /* may have fills */
	ORDER_STATUS_REJECTED,
};

enum liquidity { LIQUIDITY_MAKER, LIQUIDITY_TAKER };
enum fill_kind { FILL_TRADE, FILL_LIQUIDATION, FILL_ADL, FILL_SETTLEMENT };

struct candle {
	int64_t open_ms;
	struct decimal open, high, low, close;
	struct decimal volume; /* base coin */
	bool closed;           /* false: still forming */
};

struct ticker {
	struct decimal bid, ask, last, mark;
	struct decimal funding_rate; /* of the next payment; 0.0001 = longs pay 1 bp */
	int64_t next_funding_ms;
	int64_t market_ms; /* the venue's market time of this reading */
};

struct risk_tier {
	struct decimal limit;            /* upper bound of position value, quote */
	struct decimal maintenance_rate; /* fraction */
	struct decimal initial_rate;     /* fraction */
	struct decimal deduction;        /* maintenance = value * rate - deduction */
	struct decimal max_leverage;
};

#define RISK_TIERS_MAX 64

struct rules { /* one symbol's trading rules */
	char symbol[SYMBOL_SIZE];
	bool trading; /* false: delisted, suspended, settling */
	struct decimal tick_size;
	struct decimal lot_size; /* quantity step */
	struct decimal min_quantity;
	struct decimal max_quantity; /* limit orders */
	struct decimal max_market_quantity;
	struct decimal min_notional; /* quote */
	struct decimal max_leverage;
	bool fees_known;                     /* the account's; false: nobody told */
	struct decimal maker_fee, taker_fee; /* fraction of the value; a rebate is < 0 */
	int64_t funding_interval_ms;
	size_t tier_count;
	struct risk_tier tiers[RISK_TIERS_MAX]; /* ascending by limit */
};

struct balance {               /* of the settle coin, USDT */
	struct decimal wallet; /* without unrealised PnL */
	struct decimal equity;
	struct decimal available; /* for new positions and orders */
};

struct position {
	enum leg leg;
	enum side side;          /* the direction held; meaningless when quantity is 0 */
	struct decimal quantity; /* absolute */
	struct decimal average;  /* entry price, 0 when flat */
	struct decimal mark;
	struct decimal unrealised;
	struct decimal initial_margin; /* margin assigned to the position */
	struct decimal maintenance_margin;
	struct decimal leverage; /* actual, as the venue has it */
	bool liquidation_known;
	struct decimal liquidation; /* price */
	int64_t updated_ms;
};

#define POSITIONS_MAX 2

struct account { /* one credential's view of one symbol */
	struct balance balance;
	enum position_mode position_mode;
	bool margin_mode_known;
	enum margin_mode margin_mode;
	size_t position_count; /* 1 in one-way mode, 2 in hedge mode, flat ones included */
	struct position positions[POSITIONS_MAX];
	size_t active_symbols; /* distinct symbols of the account with a position */
	int64_t read_mono_ms;  /* our clock when it was read, for ages */
};

struct order_request { /* what place needs */
	char client_order_id[CLIENT_ID_SIZE];
	char symbol[SYMBOL_SIZE];
	enum side side;
	enum leg leg;
	enum order_type type;
	enum time_in_force time_in_force;
	struct decimal quantity;
	struct decimal price;         /* limit only */
	struct decimal trigger_price; /* stop only */
	enum trigger_by trigger_by;
	bool trigger_rising; /* fires when the price rises to the trigger */
	bool reduce_only;
	bool close_on_trigger;
};

struct order {                                /* what the venue shows */
	char client_order_id[CLIENT_ID_SIZE]; /* "" for orders without one */
	char venue_order_id[VENUE_ORDER_ID_SIZE];
	char symbol[SYMBOL_SIZE];
	enum side side;
	enum leg leg;
	enum order_type type;
	enum order_status status;
	struct decimal quantity;
	struct decimal price;
	struct decimal trigger_price;
	struct decimal filled;       /* cumulative quantity */
	struct decimal filled_value; /* cumulative quote value */
	bool reduce_only;
	char reason[64]; /* the venue's reject or cancel reason, "" if none */
	int64_t created_ms, updated_ms;
};

struct fill {
	char exec_id[VENUE_ORDER_ID_SIZE]; /* unique per account */
	char venue_order_id[VENUE_ORDER_ID_SIZE];
	char client_order_id[CLIENT_ID_SIZE];
	char symbol[SYMBOL_SIZE];
	enum fill_kind kind;
	enum side side;
	enum leg leg; /* LEG_ONE_WAY where the venue does not tell */
	struct decimal quantity;
	struct decimal price;
	struct decimal fee; /* paid > 0, rebate < 0 */
	char fee_currency[16];
	enum liquidity liquidity;
	struct decimal closed_quantity; /* the part that reduced the position, 0 if not told */
	bool has_venue_pnl;             /* the venue tells with the fill what it earned */
	struct decimal venue_pnl;       /* by the venue's average, before fees and funding */
	int64_t executed_ms;
};

struct funding_payment {
	char id[VENUE_ORDER_ID_SIZE]; /* unique per account */
	char symbol[SYMBOL_SIZE];
	enum leg leg;
	struct decimal amount; /* received > 0, paid < 0 */
	struct decimal rate;
	struct decimal quantity; /* position it was paid on */
	int64_t paid_ms;
};

/* Names as they stand in rows, configuration and snapshots ("bybit", "post_only", …). */
const char *venue_name_text(enum venue_name venue);
const char *environment_text(enum environment environment);
const char *side_text(enum side side);
const char *leg_text(enum leg leg);
const char *order_type_text(enum order_type type);
const char *time_in_force_text(enum time_in_force tif);
const char *position_mode_text(enum position_mode mode);
const char *margin_mode_text(enum margin_mode mode);
const char *order_status_text(enum order_status status);
const char *liquidity_text(enum liquidity liquidity);
const char *fill_kind_text(enum fill_kind kind);

/* The other way; -1 with ERR_INVALID: unrecognized side "hold". */
MUST_CHECK int venue_name_parse(const char *text, enum venue_name *ret, struct err *err);
MUST_CHECK int environment_parse(const char *text, enum environment *ret, struct err *err);
MUST_CHECK int side_parse(const char *text, enum side *ret, struct err *err);
MUST_CHECK int leg_parse(const char *text, enum leg *ret, struct err *err);
MUST_CHECK int order_type_parse(const char *text, enum order_type *ret, struct err *err);
MUST_CHECK int time_in_force_parse(const char *text, enum time_in_force *ret, struct err *err);
MUST_CHECK int position_mode_parse(const char *text, enum position_mode *ret, struct err *err);
MUST_CHECK int margin_mode_parse(const char *text, enum margin_mode *ret, struct err *err);
MUST_CHECK int liquidity_parse(const char *text, enum liquidity *ret, struct err *err);
MUST_CHECK int fill_kind_parse(const char *text, enum fill_kind *ret, struct err *err);

/* The venue's tier for a position value: the first whose limit is not below it, else the last. */
const struct risk_tier *rules_tier(const struct rules *rules, struct decimal position_value);

/* True if order states say that nothing more can fill. */
bool order_status_final(enum order_status status);

/*
 * True if a leg paid or received a funding payment. Where the venue does not name the leg in hedge
 * mode, the signs do: at a rate above zero longs pay and shorts receive. Else two bots on the legs
 * of one symbol would book each other's payments.
 */
bool funding_is_of(const struct funding_payment *payment, enum leg leg);

/* The side that opens (true) or closes (false) a leg held long (SIDE_BUY) or short (SIDE_SELL). */
enum side side_for(enum side held, bool opens);

#endif
