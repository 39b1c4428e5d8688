/*
 * model - the broker's own structures, shared by the files of this room only.
 *
 *   broker ── listing[symbol] ── active slots of that symbol
 *      └───── account[handle] ── slot[symbol] ── holding[leg], live orders (oldest first)
 *
 * A slot is one account's side of one symbol. An order is linked in its slot from the moment it
 * is acknowledged until it is final; a final one is moved to its account's closed ring by
 * roster_sweep, only between two walks over the list.
 */
#ifndef BROKER_MODEL_H
#define BROKER_MODEL_H

#include "broker/broker.h"
#include "broker/fixed.h"
#include "broker/listing.h"

struct holding {        /* one leg */
	int64_t lots;   /* short < 0 */
	money cost;     /* entry value of what is held, >= 0 */
	money margin;   /* allotted; isolated only */
	money open_fee; /* opening fees of what is held */
	money realised; /* since it was last flat: PnL - fees + funding */
	money realised_total;
	int64_t updated_ms;
};

struct record {          /* an order */
	uint64_t number; /* unique and ascending; 0: a free record */
	uint32_t index;  /* in the pool */
	struct slot *slot;
	struct record *before, *after; /* in the slot's list; after also links free records */
	struct order_request request;
	int leg; /* index into slot->legs */
	enum order_status status;
	enum broker_reason reason;
	bool market; /* no price limit */
	bool conditional, triggered, pending, close_all;
	bool reduce_only; /* by flag, by close_on_trigger, or the closing side of a hedged leg */
	int64_t lots, filled; /* lots is the total */
	int64_t price, trigger;
	int64_t reserve; /* the price its margin is reserved at, ticks */
	money filled_value, fee;
	uint64_t rested; /* the price event it came to rest in: not filled by that one */
	int64_t created_ms, updated_ms;
};

struct slot {
	int account, symbol;
	enum position_mode mode;
	enum margin_mode margin;
	int64_t leverage[2];                /* by side, 0.01 */
	struct holding legs[POSITIONS_MAX]; /* one-way uses the first */
	struct record *first, *last;
	int order_count;
	bool dirty;  /* holds final orders that wait for roster_sweep */
	bool active; /* in its symbol's list */
	/* Liquidity of the running period. */
	bool drawn;
	int64_t period_ms;
	int64_t taker_used, maker_used; /* lots */
	int taker_bps, maker_bps;
};

struct account_book {
	int handle;
	enum margin_mode mode; /* what was set for all symbols last; slots have their own */
	money wallet;
	money deposits, realised, fees, funding;
	struct slot *slots;     /* symbols_max */
	struct record **closed; /* grows up to closed_max, then a ring */
	int closed_count, closed_next, closed_room;
};

enum command_kind { COMMAND_PLACE, COMMAND_AMEND, COMMAND_CANCEL };

struct command {
	enum command_kind kind;
	int64_t effect_ms;
	struct record *record;
	uint64_t number; /* of the order meant: the record may be reused by then */
	struct broker_amend wanted;
	struct command *before, *after;
};

struct client_entry { /* every client id ever used */
	uint64_t hash;
	int account;
	uint32_t record;
	uint64_t number; /* 0: a free entry */
	char id[CLIENT_ID_SIZE];
};

struct symbol_book {
	struct listing listing;
	struct slot **active; /* slots with a position or an order */
	int active_count, active_room;
};

struct broker {
	struct broker_settings settings;
	int64_t time_ms;
	uint64_t sequence, number, execution, price_event;
	struct symbol_book *symbols; /* symbols_max */
	int symbol_count;
	struct account_book **accounts;
	int account_count;
	/* roster */
	struct record **records;
	uint32_t record_count, record_room;
	struct record *free_records;
	struct client_entry *clients;
	uint64_t client_count, client_room;
	/* the queue, by effect_ms, then as they came */
	struct command *queue_first, *queue_last, *free_commands;
};

static inline bool model_live(const struct record *record)
{
	return record->status == ORDER_STATUS_OPEN || record->status == ORDER_STATUS_UNTRIGGERED;
}

/* Waits for its trigger: takes no margin, fills nothing. */
static inline bool model_waits(const struct record *record)
{
	return record->conditional && !record->triggered;
}

static inline struct listing *model_listing(const struct broker *broker, const struct slot *slot)
{
	return &broker->symbols[slot->symbol].listing;
}

static inline struct account_book *model_account(const struct broker *broker, int account)
{
	assert(account >= 0 && account < broker->account_count);
	return broker->accounts[account];
}

static inline struct slot *model_slot(const struct broker *broker, int account, int symbol)
{
	assert(symbol >= 0 && symbol < broker->symbol_count);
	return &model_account(broker, account)->slots[symbol];
}

static inline int model_sign(enum side side)
{
	return side == SIDE_BUY ? 1 : -1;
}

static inline int64_t model_abs(int64_t lots)
{
	return lots < 0 ? -lots : lots;
}

/* How much of the leg an order of this side would close. */
static inline int64_t model_closable(const struct slot *slot, int leg, enum side side)
{
	int64_t lots = slot->legs[leg].lots;
	return (lots < 0) == (side == SIDE_BUY) ? model_abs(lots) : 0;
}

static inline enum leg model_leg(const struct slot *slot, int leg)
{
	if (slot->mode == POSITION_ONE_WAY)
		return LEG_ONE_WAY;
	return leg == 0 ? LEG_LONG : LEG_SHORT;
}

static inline bool model_isolated(const struct slot *slot)
{
	return slot->margin == MARGIN_ISOLATED;
}

static inline int model_leg_count(const struct slot *slot)
{
	return slot->mode == POSITION_ONE_WAY ? 1 : 2;
}

#endif
