#include "core/store/hold.h"

#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBER(value) number_text(value, (char[24]){0})

static const char *number_text(int64_t value, char text[24])
{
	(void)snprintf(text, 24, "%" PRId64, value);
	return text;
}

int hold_take(struct postgres *postgres, const struct uuid *bot, const char *holder,
	int64_t lease_ms, struct hold *ret, struct err *err)
{
	const char *parameters[] = {bot->text, holder, NUMBER(lease_ms)};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select outcome, token, slot_ms, next_sequence, lease_until_ms, now_ms, "
		    "document "
		    "from lease_take($1, $2, $3)",
		    3, parameters, &result, err) == -1)
		return err_while(err, "could not take hold of the bot");

	const char *outcome = postgres_text(result, 0, 0);
	struct hold hold = {.bot = *bot, .now_ms = postgres_int(result, 0, 5)};
	if (strcmp(outcome, "gone") == 0) {
		hold.outcome = HOLD_GONE;
	} else if (strcmp(outcome, "busy") == 0) {
		hold.outcome = HOLD_BUSY;
		hold.lease_until_ms = postgres_int(result, 0, 4);
	} else {
		hold.outcome = HOLD_TAKEN;
		hold.token = postgres_int(result, 0, 1);
		hold.slot_s = postgres_int(result, 0, 2) / 1000;
		hold.next_sequence = (int32_t)postgres_int(result, 0, 3);
		hold.lease_until_ms = postgres_int(result, 0, 4);
		hold.document = mem_text(postgres_text(result, 0, 6));
	}
	*ret = hold;
	return 0;
}

void hold_done(struct hold *hold)
{
	text_free(&hold->document);
}

int hold_release(struct postgres *postgres, const struct hold *hold, struct err *err)
{
	const char *parameters[] = {hold->bot.text, NUMBER(hold->token)};

	return postgres_query(postgres, "select lease_release($1, $2)", 2, parameters, NULL, err);
}

int hold_gates(struct postgres *postgres, const struct uuid *bot, char ret[HOLD_GATES_SIZE],
	struct err *err)
{
	const char *parameters[] = {bot->text};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select coalesce(string_agg(scope || coalesce(': ' || reason, ''), '; '), '') "
		    "from operator_gates($1)",
		    1, parameters, &result, err) == -1)
		return err_while(err, "could not read the stop gates");
	(void)snprintf(ret, HOLD_GATES_SIZE, "%s", postgres_text(result, 0, 0));
	return 0;
}

static int fenced(struct err *err)
{
	return err_set(err, ERR_FENCED, ERR_RETRY_NEVER,
		"the hold on the bot was lost: nothing more was written");
}

int hold_claim_legs(struct postgres *postgres, const struct hold *hold, const char *account_id,
	const char *legs, enum hold_claim *ret, struct hold_conflict *ret_conflict, struct err *err)
{
	const char *parameters[] = {hold->bot.text, NUMBER(hold->token), account_id, legs};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres,
		    "select outcome, symbol, conflict from claim_legs($1, $2, $3, $4)", 4,
		    parameters, &result, err) == -1)
		return err_while(err, "could not claim the legs");
	const char *outcome = postgres_text(result, 0, 0);
	if (strcmp(outcome, "fenced") == 0)
		return fenced(err);
	*ret = strcmp(outcome, "claimed") == 0 ? HOLD_CLAIMED
	       : strcmp(outcome, "taken") == 0 ? HOLD_CLAIM_TAKEN
					       : HOLD_CLAIM_MOVED;
	(void)snprintf(ret_conflict->symbol, sizeof ret_conflict->symbol, "%s",
		postgres_text(result, 0, 1));
	(void)snprintf(
		ret_conflict->bot, sizeof ret_conflict->bot, "%s", postgres_text(result, 0, 2));
	return 0;
}

int hold_claimed_by_others(struct postgres *postgres, const struct hold *hold,
	const char *account_id, const char *symbol, int64_t *ret, struct err *err)
{
	const char *parameters[] = {hold->bot.text, account_id, symbol};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, "select claimed_by_others($1, $2, $3)", 3, parameters, &result,
		    err) == -1)
		return err_while(err, "could not read the legs' claims");
	*ret = postgres_int(result, 0, 0);
	return 0;
}

/* A function that answers one word, which must be `wanted`. */
static int transact(struct postgres *postgres, const char *sql, size_t count,
	const char *const *parameters, const char *wanted, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	if (postgres_query(postgres, sql, count, parameters, &result, err) == -1)
		return -1;
	const char *word = postgres_text(result, 0, 0);
	if (strcmp(word, wanted) == 0)
		return 0;
	if (strcmp(word, "stopped") == 0)
		return err_set(err, ERR_STOPPED, ERR_RETRY_NEVER,
			"a stop came meanwhile: the bot stays stopped");
	return fenced(err);
}

int hold_plan_setting(struct postgres *postgres, const struct hold *hold, const struct uuid *pair,
	const char *row, struct err *err)
{
	const char *parameters[] = {hold->bot.text, NUMBER(hold->token), pair->text, row};

	if (transact(postgres, "select plan_setting($1, $2, $3, $4)", 4, parameters, "planned",
		    err) == -1)
		return err_while(err, "could not plan the setting");
	return 0;
}

int hold_adopt(struct postgres *postgres, const struct hold *hold,
	const struct hold_adoption *adoption, struct err *err)
{
	const char *parameters[] = {hold->bot.text, NUMBER(hold->token), adoption->pair->text,
		adoption->actor, adoption->reason, adoption->results};

	if (transact(postgres, "select adopt_leg($1, $2, $3, $4, $5, $6)", 6, parameters, "booked",
		    err) == -1)
		return err_while(err, "could not book the adoption");
	return 0;
}

int hold_start_bot(struct postgres *postgres, const struct hold *hold,
	const struct hold_start *start, struct err *err)
{
	const char *parameters[] = {hold->bot.text, NUMBER(hold->token), NUMBER(hold->now_ms),
		start->actor, start->detail, start->stamps};

	if (transact(postgres, "select start_bot($1, $2, $3, $4, $5, $6)", 6, parameters, "started",
		    err) == -1)
		return err_while(err, "could not start the bot");
	return 0;
}
