#include "core/store/claim.h"

#include "core/base/arena.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/io/postgres.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBER(value) number_text(value, (char[24]){0})

static const char *number_text(int64_t value, char text[24])
{
	(void)snprintf(text, 24, "%" PRId64, value);
	return text;
}

static enum claim_outcome outcome_of(const char *text)
{
	static const char *const names[] = {
		[CLAIM_TAKEN] = "claimed",
		[CLAIM_GONE] = "gone",
		[CLAIM_FUTURE] = "future",
		[CLAIM_OLDER] = "older",
		[CLAIM_BUSY] = "busy",
		[CLAIM_ENDED] = "ended",
		[CLAIM_EARLY] = "early",
		[CLAIM_UNWANTED] = "unwanted",
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], text) == 0)
			return (enum claim_outcome)i;
	die("claim_run answered \"%s\"", text);
}

static void copy_text(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from);
}

int claim_take(struct postgres *postgres, const struct uuid *bot, int64_t scheduled_s,
	const char *holder, int64_t lease_ms, struct claim *ret, struct err *err)
{
	const char *parameters[] = {bot->text, NUMBER(scheduled_s), holder, NUMBER(lease_ms)};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	if (postgres_query(postgres,
		    "select outcome, reason, token, attempt, kind, admission = 'exits_only', "
		    "lease_until_ms, now_ms, document "
		    "from claim_run($1, to_timestamp($2::bigint), $3, $4)",
		    4, parameters, &result, err) == -1)
		return err_while(err, "could not claim the run");

	struct claim claim = {
		.outcome = outcome_of(postgres_text(result, 0, 0)),
		.now_ms = postgres_int(result, 0, 7),
	};
	copy_text(claim.reason, sizeof claim.reason, postgres_text(result, 0, 1));
	if (!postgres_is_null(result, 0, 6))
		claim.until_ms = postgres_int(result, 0, 6);
	if (claim.outcome == CLAIM_TAKEN) {
		claim.token = postgres_int(result, 0, 2);
		claim.attempt = (int)postgres_int(result, 0, 3);
		copy_text(claim.kind, sizeof claim.kind, postgres_text(result, 0, 4));
		claim.exits_only = postgres_bool(result, 0, 5);
		claim.document = mem_text(postgres_text(result, 0, 8));
	}
	*ret = claim;
	return 0;
}

void claim_done(struct claim *claim)
{
	free(claim->document);
	claim->document = NULL;
}

/* The one word that each function answers, or ERR_FENCED. */
static int answer(struct postgres *postgres, const char *sql, size_t count,
	const char *const *parameters, const char *what, char *ret_word, size_t size,
	struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	if (postgres_query(postgres, sql, count, parameters, &result, err) == -1)
		return err_while(err, "could not %s", what);
	copy_text(ret_word, size, postgres_text(result, 0, 0));
	return 0;
}

int claim_close_run(struct postgres *postgres, const struct claim_close *close, struct err *err)
{
	static const char *const statuses[] = {
		[CLAIM_SUCCESS] = "success",
		[CLAIM_ERROR] = "error",
		[CLAIM_SKIPPED] = "skipped",
		[CLAIM_RETRY] = "retrying",
		[CLAIM_POSTPONE] = "retrying",
		[CLAIM_DEAD] = "dead",
	};
	const char *parameters[] = {close->bot->text, NUMBER(close->scheduled_s),
		NUMBER(close->token), statuses[close->end], NUMBER(close->retry_ms),
		close->end == CLAIM_POSTPONE ? "false" : "true", close->document};
	char word[16];
	if (answer(postgres, "select close_run($1, to_timestamp($2::bigint), $3, $4, $5, $6, $7)",
		    7, parameters, "close the run", word, sizeof word, err) == -1)
		return -1;
	if (strcmp(word, "closed") != 0)
		return err_set(
			err, ERR_FENCED, ERR_RETRY_NEVER, "could not close the run: overtaken");
	return 0;
}

/* Postgres array literals of the running runs: {uuid,…} and {token,…}. */
static void held_arrays(
	const struct claim_held *runs, size_t count, struct buffer *bots, struct buffer *tokens)
{
	buffer_text(bots, "{");
	buffer_text(tokens, "{");
	for (size_t i = 0; i < count; i++) {
		buffer_format(bots, "%s%s", i == 0 ? "" : ",", runs[i].bot.text);
		buffer_format(tokens, "%s%" PRId64, i == 0 ? "" : ",", runs[i].token);
	}
	buffer_text(bots, "}");
	buffer_text(tokens, "}");
}

int claim_renew(struct postgres *postgres, const struct claim_held *runs, size_t count,
	int64_t lease_ms, bool *ret_held, bool *ret_stopped, struct err *err)
{
	CLEANUP(buffer_done) struct buffer bots;
	CLEANUP(buffer_done) struct buffer tokens;
	buffer_init(&bots, 1 << 20);
	buffer_init(&tokens, 1 << 20);
	held_arrays(runs, count, &bots, &tokens);
	assert(!buffer_failed(&bots) && !buffer_failed(&tokens));

	const char *parameters[] = {bots.data, tokens.data, NUMBER(lease_ms)};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	if (postgres_query(postgres, "select bot_id, stopped from renew_leases($1, $2, $3)", 3,
		    parameters, &result, err) == -1)
		return err_while(err, "could not renew %zu run leases", count);

	for (size_t i = 0; i < count; i++) {
		ret_held[i] = false;
		ret_stopped[i] = false;
		for (size_t row = 0; row < postgres_rows(result); row++) {
			if (strcmp(postgres_text(result, row, 0), runs[i].bot.text) != 0)
				continue;
			ret_held[i] = true;
			ret_stopped[i] = postgres_bool(result, row, 1);
		}
	}
	return 0;
}

int claim_token_of(struct postgres *postgres, const struct uuid *bot, const char *holder,
	int64_t *ret_token, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	const char *const parameters[] = {bot->text};

	if (postgres_query(postgres,
		    "select token, coalesce(holder, '') from run_leases where bot_id = $1 for "
		    "update",
		    1, parameters, &result, err) == -1)
		return err_while(err, "could not read who runs bot %s", bot->text);
	bool held = postgres_rows(result) == 1 && strcmp(postgres_text(result, 0, 1), holder) == 0;
	*ret_token = held ? postgres_int(result, 0, 0) : 0;
	return 0;
}

/* As a postponed run: the slot runs again at once, elsewhere. Nothing if the run had ended. */
static int hand_back(struct postgres *postgres, const struct claim_killed *killed,
	enum claim_fate *ret, struct err *err)
{
	const char *parameters[] = {
		killed->bot.text, NUMBER(killed->token), killed->message, killed->phase};
	char word[16];
	if (answer(postgres,
		    "select coalesce((select close_run(l.bot_id, l.run_at, l.token, 'retrying', 0, "
		    "false, jsonb_build_object('error_class', 'handed_back', 'error', $3::text, "
		    "'phase', $4::text)) from (select bot_id, run_at, token from run_leases "
		    "where bot_id = $1 and token = $2 and holder is not null for update) l), "
		    "'fenced')",
		    4, parameters, "hand the run back", word, sizeof word, err) == -1)
		return -1;
	*ret = strcmp(word, "closed") == 0 ? CLAIM_FATE_RETRY : CLAIM_FATE_FENCED;
	return 0;
}

int claim_end_killed(struct postgres *postgres, const struct claim_killed *killed,
	enum claim_fate *ret, struct err *err)
{
	if (killed->handed_back)
		return hand_back(postgres, killed, ret, err);

	const char *parameters[] = {killed->bot.text, NUMBER(killed->token),
		NUMBER(killed->retry_ms), NUMBER(killed->max_kills), killed->message,
		NUMBER(killed->signal), NUMBER(killed->memory_kb), killed->phase};
	char word[16];
	if (answer(postgres, "select end_killed_run($1, $2, $3, $4, $5, $6, $7, $8)", 8, parameters,
		    "end the killed run", word, sizeof word, err) == -1)
		return -1;
	*ret = strcmp(word, "retrying") == 0 ? CLAIM_FATE_RETRY
	       : strcmp(word, "dead") == 0   ? CLAIM_FATE_DEAD
					     : CLAIM_FATE_FENCED;
	return 0;
}

int claim_take_account(struct postgres *postgres, const struct claim_account *account,
	const struct uuid *bot, int64_t token, int64_t lease_ms, bool *ret_taken, struct err *err)
{
	const char *parameters[] = {account->exchange, account->environment, account->account_id,
		bot->text, NUMBER(token), NUMBER(lease_ms)};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	if (postgres_query(postgres, "select take_account($1, $2, $3, $4, $5, $6)", 6, parameters,
		    &result, err) == -1)
		return err_while(err, "could not take the account's lease");
	*ret_taken = postgres_bool(result, 0, 0);
	return 0;
}

int claim_account_exposure(struct postgres *postgres, const struct claim_account *account,
	const struct uuid *pair, struct claim_exposure *ret, struct err *err)
{
	const char *parameters[] = {
		account->exchange, account->environment, account->account_id, pair->text};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;

	/* A quotient has as many places as Postgres likes; money has eight. */
	if (postgres_query(postgres,
		    "select round(notional, 8), round(margin, 8) "
		    "from account_exposure($1, $2, $3, $4)",
		    4, parameters, &result, err) == -1)
		return err_while(err, "could not count what the account has at risk");
	*ret = (struct claim_exposure){
		.notional = postgres_decimal(result, 0, 0),
		.margin = postgres_decimal(result, 0, 1),
	};
	return 0;
}

int claim_expired(struct postgres *postgres, size_t limit, struct arena *arena,
	struct claim_holders *ret, struct err *err)
{
	const char *parameters[] = {NUMBER((int64_t)limit)};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	if (postgres_query(postgres,
		    "select distinct holder from run_leases "
		    "where holder is not null and lease_until < clock_timestamp() limit $1",
		    1, parameters, &result, err) == -1)
		return err_while(err, "could not look for expired leases");

	struct claim_holders holders = {.count = postgres_rows(result)};
	holders.names = ARENA_ARRAY(arena, const char *, holders.count + 1);
	for (size_t i = 0; i < holders.count; i++)
		holders.names[i] = arena_text(arena, postgres_text(result, i, 0));
	*ret = holders;
	return 0;
}
