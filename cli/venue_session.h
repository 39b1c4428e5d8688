/*
 * venue_session - a bot's or operator's talk with a venue, inside a guarded child.
 *
 * Holds the child's own connections and at most one opened credential; who opens one says what for,
 * and that stands in the audit log. Made after the fork, ends with the child.
 */
#ifndef CLI_VENUE_SESSION_H
#define CLI_VENUE_SESSION_H

#include "core/base/arena.h"
#include "core/base/ident.h"
#include "core/market/market.h"
#include "exchanges/exchange.h"

struct config;
struct postgres;
struct vault;
struct vault_secret;

struct venue_session { /* begin with {0}; venue_session_done accepts a half-made one */
	const struct config *config; /* borrowed, as is the vault */
	struct vault *vault;
	struct postgres *postgres;
	struct redis *redis; /* NULL: redis.url is not set, limits and market data are not shared */
	struct http *http;
	struct venues *venues;
	struct arena *arena;
	struct vault_secret *secret;
	struct exchange *exchange; /* with the credential attached */
	const struct exchange_adapter *venue;
	char *egresses; /* what the route points into */
	const char *egress_names[16];
};

/* A client for venues by the configuration; the caller frees. */
struct http *venue_session_http(const struct config *config);

MUST_CHECK int venue_session_open(struct venue_session *session, const struct config *config,
	struct vault *vault, struct err *err);
void venue_session_done(struct venue_session *session);

struct venue_session_key { /* what opening a credential needs; texts borrowed */
	const struct uuid *tenant;
	const char *credential; /* id */
	const char *exchange, *environment;
	const char *sealed, *wrapped_private_key, *master_key_id;
	int64_t version_min;
	const char *egresses;        /* that it is bound to, as "a,b"; NULL or "": any */
	const char *actor, *purpose; /* for the audit log: "bot.start dca-1" */
};

/* Opens the credential and the venue, and lets the venue sign with it. */
MUST_CHECK int venue_session_attach(
	struct venue_session *session, const struct venue_session_key *key, struct err *err);

/*
 * Limits that others use up pass by themselves, and many bots started at once meet them. True if
 * the failure was one and a pause was made: try again. *patience_ms is what is left to wait in all.
 */
bool venue_session_wait(const struct err *failure, int64_t *patience_ms);
#define VENUE_SESSION_PATIENCE_MS 20000

#endif
