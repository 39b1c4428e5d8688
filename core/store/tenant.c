#include "core/store/tenant.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define UNIQUE_VIOLATION "23505"

static char *optional(const struct postgres_result *result, size_t column)
{
	return postgres_is_null(result, 0, column) ? NULL
						   : mem_text(postgres_text(result, 0, column));
}

void tenant_done(struct tenant *tenant)
{
	text_free(&tenant->keys.public_key);
	text_free(&tenant->keys.wrapped_private_key);
	text_free(&tenant->keys.master_key_id);
}

int tenant_add(struct postgres *postgres, const struct tenant *tenant, struct err *err)
{
	const char *parameters[] = {tenant->id.text, tenant->name, tenant->keys.public_key,
		tenant->keys.wrapped_private_key, tenant->keys.master_key_id};

	if (postgres_query(postgres,
		    "insert into tenants (id, name, public_key, wrapped_private_key, "
		    "master_key_id) "
		    "values ($1, $2, $3, $4, $5)",
		    5, parameters, NULL, err) == 0)
		return 0;
	if (strcmp(postgres_sqlstate(postgres), UNIQUE_VIOLATION) == 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"there is a tenant \"%.60s\" already", tenant->name);
	return err_while(err, "could not add tenant \"%.60s\"", tenant->name);
}

int tenant_find(struct postgres *postgres, const char *name, struct tenant *ret, struct err *err)
{
	const char *parameters[] = {name};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select id, name, status = 'suspended', public_key, wrapped_private_key, "
		    "master_key_id, key_version from tenants where name = $1 or id::text = "
		    "lower($1) "
		    "order by name = $1 desc limit 1",
		    1, parameters, &result, err) == -1)
		return err_while(err, "could not look up the tenant");
	if (postgres_rows(result) == 0)
		return err_set(
			err, ERR_NOT_FOUND, ERR_RETRY_NEVER, "there is no tenant \"%.60s\"", name);

	*ret = (struct tenant){
		.id = postgres_uuid(result, 0, 0),
		.suspended = postgres_bool(result, 0, 2),
		.keys =
			{
				.public_key = optional(result, 3),
				.wrapped_private_key = optional(result, 4),
				.master_key_id = optional(result, 5),
				.key_version = postgres_int(result, 0, 6),
			},
	};
	(void)snprintf(ret->name, sizeof ret->name, "%s", postgres_text(result, 0, 1));
	return 0;
}

int tenant_list(struct postgres *postgres, struct postgres_result **ret, struct err *err)
{
	return postgres_query(postgres,
		"select t.id, t.name, t.status, count(b.id) as bots, "
		"count(b.id) filter (where b.status = 'running') as running, "
		"(select count(*) from credentials c where c.tenant_id = t.id) as credentials, "
		"t.master_key_id, t.key_version, t.created_at "
		"from tenants t left join bot_configs b on b.tenant_id = t.id "
		"group by t.id order by t.name",
		0, NULL, ret, err);
}

int tenant_public_keys(struct postgres *postgres, struct postgres_result **ret, struct err *err)
{
	return postgres_query(postgres,
		"select id, name, public_key, key_version from tenants where public_key is not "
		"null",
		0, NULL, ret, err);
}

int tenant_wrapped_otherwise(struct postgres *postgres, const char *master_key_id, size_t limit,
	struct postgres_result **ret, struct err *err)
{
	char most[24];
	(void)snprintf(most, sizeof most, "%zu", limit);
	const char *parameters[] = {master_key_id, most};

	return postgres_query(postgres,
		"select id, wrapped_private_key, master_key_id from tenants "
		"where wrapped_private_key is not null and master_key_id <> $1 order by id limit "
		"$2",
		2, parameters, ret, err);
}

int tenant_store_rewrapped(struct postgres *postgres, const struct uuid *tenant,
	const char *wrapped_before, const char *wrapped, const char *master_key_id,
	bool *ret_stored, struct err *err)
{
	const char *parameters[] = {tenant->text, wrapped_before, wrapped, master_key_id};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "update tenants set wrapped_private_key = $3, master_key_id = $4 "
		    "where id = $1 and wrapped_private_key = $2",
		    4, parameters, &result, err) == -1)
		return err_while(err, "could not store the key of tenant %s", tenant->text);
	*ret_stored = postgres_affected(result) == 1;
	return 0;
}

int tenant_lock(struct postgres *postgres, const struct uuid *tenant, struct err *err)
{
	const char *parameters[] = {tenant->text};

	return postgres_query(postgres, "select 1 from tenants where id = $1 for update", 1,
		parameters, NULL, err);
}

int tenant_store_keys(struct postgres *postgres, const struct uuid *tenant,
	const struct tenant_keys *keys, struct err *err)
{
	const char *parameters[] = {
		tenant->text, keys->public_key, keys->wrapped_private_key, keys->master_key_id};

	return postgres_query(postgres,
		"update tenants set public_key = $2, wrapped_private_key = $3, master_key_id = $4, "
		"key_version = key_version + 1 where id = $1",
		4, parameters, NULL, err);
}

int tenant_master_keys(struct postgres *postgres, struct postgres_result **ret, struct err *err)
{
	return postgres_query(postgres,
		"select master_key_id, count(*) as tenants from tenants "
		"where master_key_id is not null group by master_key_id order by master_key_id",
		0, NULL, ret, err);
}
