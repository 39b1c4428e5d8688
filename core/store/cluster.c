#include "core/store/cluster.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <stdio.h>

int cluster_read(struct postgres *postgres, struct cluster *ret, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select n.system_identifier, n.timeline, coalesce(i.system_identifier, ''), "
		    "coalesce(i.timeline, 0), coalesce(utc_text(i.confirmed_at), ''), "
		    "cluster_confirmed() from cluster_now() n left join cluster_identity i on true",
		    0, NULL, &result, err) == -1)
		return err_while(err, "could not ask which server this is");
	*ret = (struct cluster){
		.timeline = postgres_int(result, 0, 1),
		.confirmed_timeline = postgres_int(result, 0, 3),
		.confirmed = postgres_bool(result, 0, 5),
	};
	(void)snprintf(ret->system_identifier, sizeof ret->system_identifier, "%s",
		postgres_text(result, 0, 0));
	(void)snprintf(ret->confirmed_identifier, sizeof ret->confirmed_identifier, "%s",
		postgres_text(result, 0, 2));
	(void)snprintf(
		ret->confirmed_at, sizeof ret->confirmed_at, "%s", postgres_text(result, 0, 4));
	return 0;
}

int cluster_confirm(
	struct postgres *postgres, const char *actor, const char *reason, struct err *err)
{
	const char *parameters[] = {actor, reason};

	if (postgres_query(
		    postgres, "select open_restore_fence($1, $2)", 2, parameters, NULL, err) == -1)
		return err_while(err, "could not confirm the server");
	return 0;
}

int cluster_close(struct postgres *postgres, const char *actor, const char *reason, struct err *err)
{
	const char *parameters[] = {actor, reason};

	if (postgres_query(
		    postgres, "select close_restore_fence($1, $2)", 2, parameters, NULL, err) == -1)
		return err_while(err, "could not close the restore fence");
	return 0;
}
