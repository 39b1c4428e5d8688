/*
 * deed - one thing that changed the simulated exchange, as a value and as a line of text.
 *
 * Orders, settings, transfers and steps of the market change the exchange through deeds and
 * through nothing else (desk.h). So the deeds, in their order, are the whole state: carried out
 * again they give the same accounts, ids, positions and ledger to the last digit.
 *
 * A line is the kind's word and its parts, separated by tabs; deed.c has the table of them. It
 * holds no secret: an account's is its key and its opening balance.
 */
#ifndef SIMULATOR_DEED_H
#define SIMULATOR_DEED_H

#include "broker/broker.h"
#include "core/base/buffer.h"
#include "simulator/market.h"

#define DEED_NAME_SIZE 65

enum deed_kind {
	DEED_OPEN,    /* the first: what the seed and the start are */
	DEED_SYMBOL,  /* a symbol, by a hash of its rules and candles */
	DEED_ACCOUNT, /* an account is there from now on, with its opening balance */
	DEED_CLOCK,   /* the market clock was set, or its speed */
	DEED_STEP,    /* the replay took its next step: prices, funding */
	DEED_DUE,     /* what was asked before took effect */
	DEED_PLACE,
	DEED_AMEND,
	DEED_CANCEL,
	DEED_LEVERAGE,
	DEED_POSITION_MODE,
	DEED_MARGIN_MODE,
	DEED_TRANSFER,
	DEED_PRICE,   /* a price by hand */
	DEED_FUNDING, /* a payment by hand */
	DEED_FORCE,   /* the venue closed a part */
	DEED_KINDS
};

/* A kind uses the fields that the table gives it; the others stay zero. */
struct deed {
	enum deed_kind kind;
	int64_t server_ms, market_ms; /* both clocks when it was done */
	int64_t account, symbol;      /* handles; symbol -1: every one */

	int64_t version, seed, salt, start_ms; /* OPEN */
	enum market_path path;                 /* OPEN */
	bool mark_is_last;                     /* OPEN */
	char name[DEED_NAME_SIZE];             /* SYMBOL: its name; ACCOUNT: its key */
	int64_t fingerprint;                   /* SYMBOL */
	int64_t anchor_ms, speed_milli;        /* CLOCK: it stood at anchor_ms at server_ms */
	int64_t step;                          /* STEP: its number */
	int64_t effect_ms;                     /* PLACE, AMEND, CANCEL */
	char order_id[VENUE_ORDER_ID_SIZE];    /* AMEND, CANCEL */
	struct order_request request;          /* PLACE, without its symbol's name */
	bool id_may_repeat;                    /* PLACE: see broker_place_again */
	struct broker_amend amend;             /* AMEND */
	enum leg leg;                          /* FORCE */
	enum fill_kind fill_kind;              /* FORCE */
	enum position_mode position_mode;      /* POSITION_MODE */
	enum margin_mode margin_mode;          /* ACCOUNT, MARGIN_MODE */
	struct decimal amount; /* LEVERAGE of buys; TRANSFER; last PRICE; FUNDING rate; FORCE qty */
	struct decimal second; /* LEVERAGE of sells; mark PRICE; FORCE price */
};

/* Appends the deed's line with its line end. */
void deed_write(const struct deed *deed, struct buffer *out);

/* Reads a line without its line end, which is cut into pieces. ERR_INVALID names the part. */
MUST_CHECK int deed_parse(char *line, struct deed *ret, struct err *err);

#endif
