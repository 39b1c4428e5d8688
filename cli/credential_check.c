#include "cli/credential_check.h"

#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/store/audit.h"
#include "core/store/credential.h"
#include "core/vault/vault.h"

#include <stdio.h>
#include <string.h>

/* The verdict on what the venue said. */
static void judge(struct credential_check *check)
{
	const struct exchange_identity *identity = &check->identity;
	const char *status = "ok";
	const char *reason = "";

	if (identity->permissions_known && (identity->can_withdraw || identity->can_transfer)) {
		status = "refused";
		reason = identity->can_withdraw
				 ? "the key may withdraw: make one that may only trade"
				 : "the key may transfer: make one that may only trade";
	} else if (identity->permissions_known && !identity->can_trade) {
		status = "refused";
		reason = "the key may not trade";
	} else if (!identity->permissions_known) {
		status = "unverified";
		reason = "the venue does not tell what the key may do";
	} else if (identity->address_bound_known && !identity->address_bound) {
		reason = "warning: the key is bound to no address; whoever gets it can trade from "
			 "anywhere";
	}
	(void)snprintf(check->status, sizeof check->status, "%s", status);
	(void)snprintf(check->reason, sizeof check->reason, "%s", reason);
}

static char *permissions_text(const struct exchange_identity *identity)
{
	CLEANUP(doc_free) struct doc *doc = doc_object();

	if (!identity->permissions_known)
		return NULL;
	doc_bool(doc, "trade", identity->can_trade);
	doc_bool(doc, "withdraw", identity->can_withdraw);
	doc_bool(doc, "transfer", identity->can_transfer);
	if (identity->address_bound_known)
		doc_bool(doc, "address_bound", identity->address_bound);
	return doc_dump(doc);
}

struct credential_verdict credential_check_verdict(
	const struct credential_check *check, char **ret_permissions)
{
	bool told = check->identity.account_id[0] != '\0';

	*ret_permissions = permissions_text(&check->identity);
	return (struct credential_verdict){
		.account_id = told ? check->account_id : NULL,
		.key_fingerprint = told || check->account_id[0] == '\0' ? NULL : check->account_id,
		.permissions = *ret_permissions,
		.status = check->status,
		.reason = check->reason[0] == '\0' ? NULL : check->reason,
	};
}

static int store(struct venue_session *session, const struct credential_check_of *of,
	const struct credential_check *check, struct err *err)
{
	CLEANUP(text_free) char *permissions = NULL;
	struct credential_verdict verdict = credential_check_verdict(check, &permissions);
	struct audit_entry entry = {
		.actor = of->actor,
		.tenant = of->tenant,
		.action = "credential.check",
		.object = of->credential->text,
		.reason = check->status,
	};

	if (credential_judge(session->postgres, of->credential, &verdict, err) == -1)
		return -1;
	return audit_add(session->postgres, &entry, err);
}

/* A key that the venue does not take has a verdict too; its account stays what it was. */
static int store_refusal(struct venue_session *session, const struct credential_check_of *of,
	const struct err *refusal, struct err *err)
{
	if (credential_reject(session->postgres, of->credential, refusal->message, err) == -1)
		return -1;
	return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER, "the venue refuses the key: %s",
		refusal->message);
}

static int ask(struct venue_session *session, struct exchange_identity *ret, struct err *err)
{
	int64_t patience_ms = VENUE_SESSION_PATIENCE_MS;

	while (session->venue->identity(session->exchange, ret, err) == -1)
		if (!venue_session_wait(err, &patience_ms))
			return -1;
	return 0;
}

int credential_check_ask(
	struct venue_session *session, struct credential_check *ret, struct err *err)
{
	struct credential_check check = {.account_id = ""};

	if (ask(session, &check.identity, err) == -1)
		return -1;
	if (check.identity.account_id[0] != '\0')
		(void)snprintf(
			check.account_id, sizeof check.account_id, "%s", check.identity.account_id);
	else if (vault_fingerprint(session->vault, session->secret, check.account_id, err) == -1)
		return -1;
	judge(&check);
	*ret = check;
	return 0;
}

int credential_check(struct venue_session *session, const struct credential_check_of *of,
	struct credential_check *ret, struct err *err)
{
	struct err refusal;

	if (credential_check_ask(session, ret, &refusal) == -1) {
		if (refusal.code == ERR_AUTH)
			return store_refusal(session, of, &refusal, err);
		*err = refusal;
		return -1;
	}
	if (store(session, of, ret, err) == -1)
		return -1;
	if (strcmp(ret->status, "refused") == 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER, "%s", ret->reason);
	return 0;
}
