/*
 * ident - the identifiers of rows and orders.
 *
 * Rows are named by uuid text (lower case, 36 characters). A client order id is the row's key
 * (bot, scheduled second, sequence) written in 36 characters of Crockford's base32, lower case:
 * 26 for the bot's 128 bits and the name space, 7 for the second, 3 for the sequence. It can be
 * read back, fits every venue ([A-Za-z0-9_-]{1,36}), and differs from every other ignoring case.
 */
#ifndef CORE_BASE_IDENT_H
#define CORE_BASE_IDENT_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct uuid {
	char text[37];
};

enum ident_space {          /* who made the order */
	IDENT_RUN = 0,      /* a run of the bot */
	IDENT_OPERATOR = 1, /* an operator's action: flatten, adopt */
};

#define CLIENT_ORDER_ID_SIZE 37
#define IDENT_SEQUENCE_MAX 32767

struct order_key {
	struct uuid bot;
	int64_t scheduled_s; /* UTC second of the slot, 0 to 2^35 - 1 */
	int32_t sequence;    /* 0 to IDENT_SEQUENCE_MAX */
	enum ident_space space;
};

/* Accepts any case and gives lower case; -1 with ERR_INVALID otherwise. */
MUST_CHECK int uuid_parse(const char *text, struct uuid *ret, struct err *err);

/* The 128 bits, for hashing. */
void uuid_bytes(const struct uuid *uuid, uint8_t ret_bytes[16]);

/* A random version-4 uuid from the kernel's generator. */
void uuid_random(struct uuid *ret);

/* Writes the 36 characters and NUL. The key must be in range (asserted). */
void client_order_id(const struct order_key *key, char ret_text[CLIENT_ORDER_ID_SIZE]);

/* True and the key if text is an id of ours, in any case; false for anybody else's. */
bool client_order_id_parse(const char *text, struct order_key *ret_key);

/* FNV-1a, 64 bits: for phases and shards, not for secrets. */
uint64_t hash_bytes(const void *data, uint64_t size_bytes);

/* 64 bits from the kernel's generator. */
uint64_t random_u64(void);

#endif
