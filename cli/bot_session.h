/*
 * bot_session - an operator's hold on a bot together with its venue, inside a guarded child.
 *
 * What a run has between claim and close, for a start or an adoption: the bot's dossier, its open
 * credential, the venue, and a token that every write requires. The steps of a run (worker/resolve,
 * worker/position) work on session->work as they do in a run. Ends by giving the bot back.
 */
#ifndef CLI_BOT_SESSION_H
#define CLI_BOT_SESSION_H

#include "cli/venue_session.h"
#include "core/store/hold.h"
#include "worker/work.h"

struct bot_session_options { /* borrowed for the session's life */
	const struct config *config;
	struct vault *vault;
	const struct uuid *bot;
	const char *actor;
	const char *purpose; /* "bot.start": for the audit log */
};

struct bot_session { /* begin with {0}; bot_session_done accepts a half-made one */
	struct bot_session_options options;
	struct venue_session venue;
	struct hold hold;
	struct work work;
	struct run_context context;
	struct scoreboard_page page;
	struct job job;
	char account_id[72]; /* what work.dossier.account_id points at once it is known */
	int32_t next_sequence;
};

/*
 * Connects, takes the bot (waiting a while for a run that is under way; ERR_REFUSED if it does not
 * end) and reads its dossier.
 */
MUST_CHECK int bot_session_open(
	struct bot_session *session, const struct bot_session_options *options, struct err *err);

/* Opens the credential and, unless its account is known and well, asks the venue about it. */
MUST_CHECK int bot_session_attach(struct bot_session *session, struct err *err);

/* A fresh client order id of the operator's name space, and its sequence. */
int32_t bot_session_next_id(struct bot_session *session, char ret[CLIENT_ORDER_ID_SIZE]);

void bot_session_done(struct bot_session *session);

#endif
