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
#include "core/store/credential.h"

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

/* Only asks and judges: nothing is stored. A key that the venue does not take is ERR_AUTH. */
MUST_CHECK int credential_check_ask(
	struct venue_session *session, struct credential_check *ret, struct err *err);

/* The verdict as the row keeps it; texts borrowed of check, but permissions, which the caller
 * frees. */
struct credential_verdict credential_check_verdict(
	const struct credential_check *check, char **ret_permissions);

MUST_CHECK int credential_check(struct venue_session *session, const struct credential_check_of *of,
	struct credential_check *ret, struct err *err);

#endif
