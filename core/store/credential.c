#include "core/store/credential.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define UNIQUE_VIOLATION "23505"
#define NUMBER(value) number_text(value, (char[24]){0})

static const char *number_text(int64_t value, char text[24])
{
	(void)snprintf(text, 24, "%" PRId64, value);
	return text;
}

void credential_done(struct credential *credential)
{
	text_free(&credential->egresses);
	text_free(&credential->sealed);
	text_free(&credential->wrapped_private_key);
	text_free(&credential->master_key_id);
}

int credential_add(
	struct postgres *postgres, const struct credential_new *credential, struct err *err)
{
	const char *parameters[] = {credential->id.text, credential->tenant.text, credential->name,
		credential->exchange, credential->environment, credential->sealed,
		NUMBER(credential->version), NUMBER(credential->key_version)};

	if (postgres_query(postgres,
		    "insert into credentials (id, tenant_id, name, exchange, environment, sealed, "
		    "version, version_min, key_version) values ($1, $2, $3, $4, $5, $6, $7, $7, "
		    "$8)",
		    8, parameters, NULL, err) == 0)
		return 0;
	if (strcmp(postgres_sqlstate(postgres), UNIQUE_VIOLATION) == 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"the tenant has a credential \"%.60s\" already", credential->name);
	return err_while(err, "could not add credential \"%.60s\"", credential->name);
}

static void copy(char *to, size_t size, const struct postgres_result *result, size_t column)
{
	(void)snprintf(to, size, "%s", postgres_text(result, 0, column));
}

static void read_row(const struct postgres_result *result, struct credential *ret)
{
	*ret = (struct credential){
		.id = postgres_uuid(result, 0, 0),
		.tenant = postgres_uuid(result, 0, 1),
		.version = postgres_int(result, 0, 7),
		.version_min = postgres_int(result, 0, 8),
		.key_version = postgres_int(result, 0, 9),
		.sealed = mem_text(postgres_text(result, 0, 10)),
		.wrapped_private_key = mem_text(postgres_text(result, 0, 11)),
		.master_key_id = mem_text(postgres_text(result, 0, 12)),
		.egresses = mem_text(postgres_text(result, 0, 13)),
	};
	copy(ret->name, sizeof ret->name, result, 2);
	copy(ret->exchange, sizeof ret->exchange, result, 3);
	copy(ret->environment, sizeof ret->environment, result, 4);
	copy(ret->status, sizeof ret->status, result, 5);
	copy(ret->account_id, sizeof ret->account_id, result, 6);
}

int credential_find(
	struct postgres *postgres, const char *name, struct credential *ret, struct err *err)
{
	const char *parameters[] = {name};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select c.id, c.tenant_id, c.name, c.exchange, c.environment, c.status, "
		    "coalesce(c.account_id, c.key_fingerprint), c.version, c.version_min, "
		    "c.key_version, c.sealed, t.wrapped_private_key, t.master_key_id, "
		    "array_to_string(c.egresses, ',') "
		    "from credentials c join tenants t on t.id = c.tenant_id "
		    "where c.id::text = lower($1) or c.name = $1 or t.name || '/' || c.name = $1 "
		    "limit 2",
		    1, parameters, &result, err) == -1)
		return err_while(err, "could not look up the credential");
	if (postgres_rows(result) == 0)
		return err_set(err, ERR_NOT_FOUND, ERR_RETRY_NEVER,
			"there is no credential \"%.60s\"", name);
	if (postgres_rows(result) > 1)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"several credentials are named \"%.60s\": say TENANT/NAME or the id", name);
	read_row(result, ret);
	return 0;
}

int credential_list(struct postgres *postgres, const struct uuid *tenant,
	struct postgres_result **ret, struct err *err)
{
	const char *parameters[] = {tenant == NULL ? NULL : tenant->text};

	return postgres_query(postgres,
		"select c.id, t.name as tenant, c.name, c.exchange, c.environment, c.status, "
		"c.status_reason, coalesce(c.account_id, c.key_fingerprint) as account_id, "
		"c.version, "
		"(select count(*) from bot_configs b where b.credential_id = c.id) as bots, "
		"nullif(array_to_string(c.egresses, ' '), '') as bound_to, "
		"c.checked_at from credentials c join tenants t on t.id = c.tenant_id "
		"where $1::uuid is null or c.tenant_id = $1 order by t.name, c.name",
		1, parameters, ret, err);
}

/*
 * One statement, so that a claim made between looking and writing cannot slip through: the claim
 * checks the credential's account under its own locks.
 */
int credential_judge(struct postgres *postgres, const struct uuid *credential,
	const struct credential_verdict *verdict, struct err *err)
{
	const char *parameters[] = {credential->text, verdict->account_id, verdict->key_fingerprint,
		verdict->permissions, verdict->status, verdict->reason};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "update credentials c set account_id = $2, key_fingerprint = $3, "
		    "permissions = $4::jsonb, status = $5, status_reason = $6, checked_at = now() "
		    "where c.id = $1 and not exists (select from leg_claims k "
		    "join bot_configs b on b.id = k.bot_id "
		    "where b.credential_id = c.id and k.account_id <> coalesce($2, $3, ''))",
		    6, parameters, &result, err) == -1)
		return err_while(err, "could not store the verdict");
	if (postgres_affected(result) == 1)
		return 0;
	return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
		"the key acts on another account than its bots hold positions in: release their "
		"legs first (bot release)");
}

/* As credential_judge, in one statement. Says by which condition nothing was written. */
int credential_replace(struct postgres *postgres, const struct uuid *credential,
	const struct credential_replacement *replacement, const struct credential_verdict *verdict,
	struct err *err)
{
	const char *parameters[] = {credential->text, verdict->account_id, verdict->key_fingerprint,
		verdict->permissions, verdict->status, verdict->reason, replacement->sealed,
		NUMBER(replacement->version), NUMBER(replacement->key_version),
		NUMBER(replacement->version_before)};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "update credentials c set sealed = $7, version = $8, version_min = $8, "
		    "key_version = $9, account_id = $2, key_fingerprint = $3, "
		    "permissions = $4::jsonb, status = $5, status_reason = $6, checked_at = now() "
		    "where c.id = $1 and c.version = $10 and not exists (select from leg_claims k "
		    "join bot_configs b on b.id = k.bot_id "
		    "where b.credential_id = c.id and k.account_id <> coalesce($2, $3, ''))",
		    10, parameters, &result, err) == -1)
		return err_while(err, "could not replace the secret");
	if (postgres_affected(result) == 1)
		return 0;
	return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
		"the key acts on another account than its bots hold legs of (bot release gives "
		"them up), or somebody replaced it meanwhile: the former secret stays");
}

int credential_reject(struct postgres *postgres, const struct uuid *credential, const char *reason,
	struct err *err)
{
	const char *parameters[] = {credential->text, reason};

	return postgres_query(postgres,
		"update credentials set status = 'refused', status_reason = $2, checked_at = now() "
		"where id = $1",
		2, parameters, NULL, err);
}

int credential_sealed_otherwise(struct postgres *postgres, const struct uuid *tenant,
	int64_t key_version, struct postgres_result **ret, struct err *err)
{
	const char *parameters[] = {tenant->text, NUMBER(key_version)};

	return postgres_query(postgres,
		"select id, exchange, environment, sealed, version, version_min from credentials "
		"where tenant_id = $1 and key_version <> $2 order by id for update",
		2, parameters, ret, err);
}

int credential_store_resealed(struct postgres *postgres, const struct uuid *credential,
	const char *sealed, int64_t key_version, struct err *err)
{
	const char *parameters[] = {credential->text, sealed, NUMBER(key_version)};

	return postgres_query(postgres,
		"update credentials set sealed = $2, key_version = $3 where id = $1", 3, parameters,
		NULL, err);
}
