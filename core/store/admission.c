#include "core/store/admission.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS                                                                                    \
	"select bot_id, tenant_id, case priority when 'high' then 0 when 'normal' then 1 else 2 "  \
	"end, "                                                                                    \
	"interval_seconds, align = 'candle', align_delay_ms, admission, reason, "                  \
	"wants_stop_run or needs_watch, coalesce(extract(epoch from newest_slot)::bigint, 0) "     \
	"from bot_admission where (admission <> 'none' or wants_stop_run or needs_watch)"

static enum admission admission_of(const char *text)
{
	return strcmp(text, "normal") == 0       ? ADMISSION_NORMAL
	       : strcmp(text, "exits_only") == 0 ? ADMISSION_EXITS_ONLY
						 : ADMISSION_NONE;
}

static void read_bot(const struct postgres_result *result, size_t row, struct admission_bot *ret)
{
	*ret = (struct admission_bot){
		.bot = postgres_uuid(result, row, 0),
		.tenant = postgres_uuid(result, row, 1),
		.priority = (int)postgres_int(result, row, 2),
		.interval_s = postgres_int(result, row, 3),
		.align_candle = postgres_bool(result, row, 4),
		.align_delay_ms = postgres_int(result, row, 5),
		.admission = admission_of(postgres_text(result, row, 6)),
		.owed = postgres_bool(result, row, 8),
		.newest_slot_s = postgres_int(result, row, 9),
	};
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", postgres_text(result, row, 7));
}

int admission_load(struct postgres *postgres, const struct uuid *bot, admission_each *each,
	void *context, struct err *err)
{
	const char *parameters[] = {bot == NULL ? NULL : bot->text};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, bot == NULL ? COLUMNS : COLUMNS " and bot_id = $1",
		    bot == NULL ? 0 : 1, parameters, &result, err) == -1)
		return err_while(err, "could not load the schedule");
	for (size_t row = 0; row < postgres_rows(result); row++) {
		struct admission_bot entry;
		read_bot(result, row, &entry);
		each(context, &entry);
	}
	return 0;
}

int admission_follow_ups(struct postgres *postgres, int64_t until_ms, size_t limit,
	void (*each)(
		void *context, const struct uuid *bot, int64_t follow_up_ms, int64_t newest_slot_s),
	void *context, struct err *err)
{
	char until[24];
	char most[24];
	(void)snprintf(until, sizeof until, "%" PRId64, until_ms);
	(void)snprintf(most, sizeof most, "%zu", limit);
	const char *parameters[] = {until, most};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select bot_id, epoch_ms(follow_up_at), "
		    "coalesce(extract(epoch from newest_slot)::bigint, 0) from run_leases "
		    "where follow_up_at is not null and follow_up_at <= from_ms($1) "
		    "order by follow_up_at limit $2",
		    2, parameters, &result, err) == -1)
		return err_while(err, "could not read follow-ups");
	for (size_t row = 0; row < postgres_rows(result); row++) {
		struct uuid bot = postgres_uuid(result, row, 0);
		each(context, &bot, postgres_int(result, row, 1), postgres_int(result, row, 2));
	}
	return 0;
}

int admission_retries(struct postgres *postgres,
	void (*each)(void *context, const struct uuid *bot, int64_t slot_s, int64_t retry_ms),
	void *context, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	/* Two days bound the partitions that are looked at; retries end within minutes. */
	if (postgres_query(postgres,
		    "select bot_id, extract(epoch from scheduled_at)::bigint, epoch_ms(retry_at) "
		    "from bot_execution_logs where status = 'retrying' and retry_at is not null "
		    "and scheduled_at > now() - interval '2 days'",
		    0, NULL, &result, err) == -1)
		return err_while(err, "could not read waiting retries");
	for (size_t row = 0; row < postgres_rows(result); row++) {
		struct uuid bot = postgres_uuid(result, row, 0);
		each(context, &bot, postgres_int(result, row, 1), postgres_int(result, row, 2));
	}
	return 0;
}

int admission_record(struct postgres *postgres, int64_t *ret_changed, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, "select record_admissions()", 0, NULL, &result, err) == -1)
		return err_while(err, "could not record changed verdicts");
	*ret_changed = postgres_int(result, 0, 0);
	return 0;
}

int admission_partitions(struct postgres *postgres, struct err *err)
{
	if (postgres_query(postgres, "select ensure_partitions(2), drop_old_partitions()", 0, NULL,
		    NULL, err) == -1)
		return err_while(err, "could not keep the partitions");
	return 0;
}
