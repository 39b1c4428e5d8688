/*
 * credential_check - asks the venue whose account a key acts on and what the key may do.
 *
 * Used by `credential check` and by `bot start`, inside a guarded child with the credential
 * attached (cli/venue_session.h). The verdict is stored and audited. A key that may withdraw or
 * transfer, or that may not trade, is refused: ERR_REFUSED, and the row says so.
 */
#ifndef CLI_CREDENTIAL_CHECK_H
#define CLI_CREDENTIAL_CHECK_H

#include "cli/venue_session.h"

#define CREDENTIAL_REASON_SIZE 256

struct credential_check {
	char account_id[72]; /* or the key's fingerprint, where the venue tells no account */
	char status[16];     /* "ok", "unverified", "refused" */
	char reason[CREDENTIAL_REASON_SIZE]; /* "" if there is nothing to say */
	struct exchange_identity identity;
};

struct credential_check_of { /* texts borrowed */
	const struct uuid *credential, *tenant;
	const char *actor;
};

MUST_CHECK int credential_check(struct venue_session *session, const struct credential_check_of *of,
	struct credential_check *ret, struct err *err);

#endif
