#include "worker/run.h"

#include "core/base/cleanup.h"
#include "core/io/config.h"
#include "core/io/doc.h"
#include "core/io/http.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "core/vault/vault.h"
#include "exchanges/pool.h"
#include "worker/orders.h"
#include "worker/resolve.h"
#include "worker/round.h"
#include "worker/seam.h"
#include "worker/story.h"
#include "worker/venues.h"
#include "worker/work.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define POSTPONE_MS 2000 /* when somebody else holds what we need */
#define MAINTENANCE_MS 30000
#define OUTAGE_MS 30000 /* at most, between tries of a slot whose venue does not answer */

static void secret_release(struct vault_secret **secret)
{
	vault_secret_free(secret);
}

/* Opens the credential and lets the venue sign with it until detached. */
static int attach_credential(struct work *work, struct vault_secret **ret_secret, struct err *err)
{
	const struct dossier *dossier = &work->dossier;
	struct vault_binding binding = {
		.tenant = dossier->tenant.text,
		.credential = dossier->credential,
		.venue = dossier->exchange_name,
		.environment = dossier->environment_name,
		.version_min = dossier->version_min,
	};

	work_phase(work, PHASE_CREDENTIAL);
	if (!dossier->has_credential)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "the bot has no credential");
	if (dossier->account_id[0] == '\0')
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the credential's account is not known: run credential check");
	if (vault_open_credential(work->context->vault, dossier->master_key_id, dossier->wrapped,
		    dossier->sealed, &binding, ret_secret, err) == -1) {
		metrics_add(METRIC_VAULT_OPENS, 1, "refused");
		return err_while(err, "could not open credential %s", dossier->credential);
	}
	metrics_add(METRIC_VAULT_OPENS, 1, "opened");
	vault_secret_expose(*ret_secret);
	exchange_attach(
		work->exchange, &(struct exchange_credential){.key = vault_secret_key(*ret_secret),
					.secret = vault_secret_secret(*ret_secret)});
	return 0;
}

static void keep_failure(struct work *work, size_t index, const struct err *failure)
{
	work->said[index] = (struct said){.action = "error",
		.reason = arena_text(work->arena, failure->message),
		.reasons_hash = work->dossier.pairs[index].reasons_hash};
}

/* Failures that no other pair of this run can do better with. */
static bool ends_run(const struct err *err)
{
	switch ((int)err->code) {
	case ERR_FENCED:
	case ERR_STOPPED:
	case ERR_TIMEOUT:
	case ERR_DATABASE:
	case ERR_AUTH:
	case ERR_RATE:
	case ERR_MAINTENANCE:
		return true;
	default:
		return false;
	}
}

/* A pair that trades, or that has something at risk. Nobody watches a leg that is not claimed. */
static bool is_run(struct work *work, size_t index)
{
	const struct pair *pair = &work->dossier.pairs[index];

	if ((pair->active && pair->claimed) || dossier_pair_at_risk(&work->dossier, index))
		return true;
	if (pair->active)
		work->said[index] = (struct said){.action = "none",
			.reason = "the leg is not claimed on the account: start the bot",
			.reasons_hash = pair->reasons_hash};
	return false;
}

/* An error on one pair is recorded and the others still run; the first is the run's. */
static int run_pairs(struct work *work, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < work->dossier.pair_count; i++) {
		struct err failure = {0};
		if (!is_run(work, i))
			continue;
		if (work_may_go_on(work, &failure) == 0 && round_pair(work, i, &failure) == 0)
			continue;
		keep_failure(work, i, &failure);
		if (result == 0)
			*err = failure;
		result = -1;
		if (ends_run(&failure))
			break;
		log_failure(LOG_WARN, "a pair failed, the others go on", &failure);
	}
	return result;
}

/* What takes new risk away takes the entries that still rest first: no strategy is asked. */
static int cancel_entries_first(struct work *work, struct err *err)
{
	enum strategy_mode mode = work->dossier.mode;
	struct err failure;
	bool all;

	if (!work->claim.exits_only && mode != MODE_MANUAL && mode != MODE_HALTED)
		return 0;
	if (orders_cancel_entries(work, false, &all, &failure) == 0)
		return 0;
	if (ends_run(&failure)) {
		*err = failure;
		return -1;
	}
	log_failure(LOG_WARN, "could not cancel resting entries, the exits go on", &failure);
	return 0;
}

/* The stop's own run: entries go, and a stop that was on its way from one price to another stands.
 */
static int stop(struct work *work, struct err *err)
{
	bool all;

	if (orders_cancel_entries(work, true, &all, err) == -1)
		return -1;
	for (size_t pair = 0; pair < work->dossier.pair_count; pair++)
		if (protection_restore(work, pair, err) == -1)
			return -1;
	work->stop_run_done = all;
	return 0;
}

static int run_kind(struct work *work, struct err *err)
{
	work_phase(work, PHASE_RESOLVE);
	if (resolve_all(work, err) == -1)
		return -1;
	if (strcmp(work->claim.kind, "stop") == 0)
		return stop(work, err);
	if (strcmp(work->claim.kind, "slot") == 0)
		return cancel_entries_first(work, err) == -1 ? -1 : run_pairs(work, err);
	/* A watch run that got no answer has not watched. */
	if (work->unanswered.code == ERR_NONE)
		return 0;
	*err = work->unanswered;
	return -1;
}

/* The plan's tier, the credential's addresses, and whether reads protect something. */
static void choose_route(struct work *work)
{
	const struct dossier *dossier = &work->dossier;
	struct pool_route route = {
		.tier = dossier->tier,
		.egresses = dossier->egresses,
		.egress_count = dossier->egress_count,
	};

	for (size_t i = 0; i < dossier->pair_count; i++)
		route.at_risk = route.at_risk || dossier_pair_at_risk(dossier, i);
	pool_route(work->exchange, &route);
}

static int run_claimed(struct work *work, struct err *err)
{
	CLEANUP(secret_release) struct vault_secret *secret = NULL;
	struct dossier *dossier = &work->dossier;

	if (dossier_read(work->claim.document, work->arena, dossier, err) == -1)
		return -1;
	work->accounts = ARENA_ARRAY(work->arena, struct account, dossier->pair_count + 1);
	work->said = ARENA_ARRAY(work->arena, struct said, dossier->pair_count + 1);
	work->account_read = ARENA_ARRAY(work->arena, bool, dossier->pair_count + 1);
	if (venues_pools(work->context->venues, work->context->postgres, dossier->pool_version,
		    err) == -1 ||
		venues_get(work->context->venues, dossier->venue, dossier->environment,
			&work->exchange, err) == -1)
		return -1;
	work->venue = exchange_adapter(work->exchange);
	choose_route(work);
	int result = attach_credential(work, &secret, err);
	if (result == 0)
		result = run_kind(work, err);
	exchange_attach(work->exchange, NULL);
	pool_route(work->exchange, NULL);
	return result;
}

/* ---- closing -------------------------------------------------------------------------------- */

/* The bot's own fault, which no later run mends: it is blocked. */
static bool is_permanent(const struct err *failure)
{
	switch ((int)failure->code) {
	case ERR_AUTH:
	case ERR_VAULT:
	case ERR_BUG:
	case ERR_INVALID:
		return failure->retry == ERR_RETRY_NEVER;
	default:
		return false;
	}
}

/*
 * The venue is away. However often it was tried, that is no fault of the slot's: an operator could
 * only send it again, and a letter for each bot of a venue would bury those that want one.
 */
static bool is_outage(const struct err *failure)
{
	return failure->code == ERR_NETWORK || failure->code == ERR_TIMEOUT;
}

/* Drawn from the second half, so that the bots of a venue do not come back to it together. */
static int64_t outage_pause_ms(void)
{
	return OUTAGE_MS / 2 + (int64_t)(random_u64() % (OUTAGE_MS / 2));
}

/* How the run ends and what the queue does with the job. */
static enum claim_end end_of(
	const struct work *work, const struct err *failure, int64_t *ret_retry_ms)
{
	struct err repeatable = *failure;

	*ret_retry_ms = 0;
	if (failure->code == ERR_NONE)
		return CLAIM_SUCCESS;
	if (failure->code == ERR_STOPPED)
		return CLAIM_SKIPPED;
	if (is_permanent(failure))
		return CLAIM_ERROR;
	/* ERR_AUTH that is not permanent: a key that is asked about once more
	 * (exchanges/auth_watch.h). */
	if (failure->code == ERR_RATE || failure->code == ERR_MAINTENANCE ||
		failure->code == ERR_AUTH || failure->code == ERR_REFUSED) {
		*ret_retry_ms = failure->code == ERR_MAINTENANCE ? MAINTENANCE_MS : POSTPONE_MS;
		if (failure->retry_after_ms > *ret_retry_ms)
			*ret_retry_ms = failure->retry_after_ms;
		return CLAIM_POSTPONE;
	}
	/* A run asks before it repeats anything, so the run itself may always be repeated. */
	repeatable.retry = failure->retry == ERR_RETRY_THROTTLED ? ERR_RETRY_THROTTLED
								 : ERR_RETRY_LATER;
	if (work->claim.attempt < work->context->max_attempts &&
		backoff_next(&work->context->backoff, &repeatable, (unsigned)work->claim.attempt,
			random_u64(), ret_retry_ms))
		return CLAIM_RETRY;
	if (!is_outage(failure))
		return CLAIM_DEAD;
	*ret_retry_ms = outage_pause_ms();
	return CLAIM_POSTPONE;
}

static struct doc *phases_doc(const struct work *work)
{
	struct doc *phases = doc_object();

	for (int phase = PHASE_CLAIM; phase < PHASE_COUNT; phase++)
		if (work->phase_ms[phase] > 0)
			doc_int(phases, runner_phase_text((enum runner_phase)phase),
				work->phase_ms[phase]);
	return phases;
}

static struct doc *pairs_doc(const struct work *work)
{
	struct doc *pairs = doc_array();

	for (size_t i = 0; work->said != NULL && i < work->dossier.pair_count; i++) {
		const struct said *said = &work->said[i];
		if (said->action == NULL)
			continue;
		struct doc *pair = doc_object();
		doc_text(pair, "pair", work->dossier.pairs[i].id.text);
		doc_text(pair, "action", said->action);
		doc_text(pair, "reason", said->reason);
		doc_int(pair, "reasons_hash", (int64_t)said->reasons_hash);
		doc_push(pairs, pair);
	}
	return pairs;
}

static char *close_document(struct work *work, const struct err *failure)
{
	CLEANUP(doc_free) struct doc *doc = doc_object();
	struct exchange_usage usage = {0};

	if (work->exchange != NULL)
		usage = exchange_usage_take(work->exchange);
	if (failure->code != ERR_NONE) {
		doc_text(doc, "error_class", err_code_name(failure->code));
		doc_text(doc, "error", failure->message);
		doc_text(doc, "phase", runner_phase_text(work->phase));
	}
	if (is_permanent(failure))
		doc_text(doc, "block_bot", failure->message);
	if (work->pause_reason != NULL)
		doc_text(doc, "pause_bot", work->pause_reason);
	doc_child(doc, "phases", phases_doc(work));
	doc_child(doc, "pairs", pairs_doc(work));
	doc_child(doc, "summary", TAKE(work->summary));
	if (work->snapshot != NULL)
		doc_child(doc, "snapshot", TAKE(work->snapshot));
	doc_int(doc, "orders", work->orders);
	doc_int(doc, "trades", work->trades);
	if (work->follow_up_ms != 0)
		doc_int(doc, "follow_up_ms", work->follow_up_ms);
	if (work->stop_run_done)
		doc_bool(doc, "stop_run_done", true);
	if (work->stop_run_owed && !work->stop_run_done)
		doc_bool(doc, "stop_run_owed", true);
	struct doc *calls = doc_object();
	for (int tier = 0; tier < ENDPOINT_TIERS; tier++)
		if (usage.by_tier[tier] > 0)
			doc_int(calls, endpoint_tier_text((enum endpoint_tier)tier),
				usage.by_tier[tier]);
	doc_child(doc, "calls", calls);
	doc_text(doc, "venue", work->dossier.exchange_name);
	return doc_dump(doc);
}

static void close_run(struct work *work, struct err *failure, struct run_result *ret)
{
	struct run_context *context = work->context;
	struct claim_close close = {
		.bot = &work->job->bot,
		.scheduled_s = work->job->scheduled_s,
		.token = work->claim.token,
	};
	struct err err;

	work_phase(work, PHASE_CLOSE);
	close.end = end_of(work, failure, &close.retry_ms);
	CLEANUP(text_free) char *document = close_document(work, failure);
	close.document = document;
	seam("closing");
	bool closed = failure->code != ERR_FENCED &&
		      claim_close_run(context->postgres, &close, &err) == 0;
	seam("closed");
	if (!closed && failure->code != ERR_FENCED)
		*failure = err;
	if (failure->code == ERR_FENCED) {
		metrics_add(METRIC_FENCED, 1);
		log_failure(LOG_WARN, "the run was overtaken, nothing more was written", failure);
		return;
	}
	if (!closed) {
		log_failure(
			LOG_WARN, "the run could not be closed, its lease ends by itself", failure);
		ret->verdict = RUN_LEAVE;
		return;
	}
	if (close.end == CLAIM_RETRY || close.end == CLAIM_POSTPONE) {
		ret->verdict = RUN_RETRY;
		ret->retry_ms = close.retry_ms;
	} else {
		metrics_add(METRIC_USAGE, 1, "run", "recorded");
		metrics_add(METRIC_USAGE, 1, "run_seconds", "recorded");
		metrics_add(METRIC_USAGE, 1, "api_calls", "recorded");
	}
	ret->dead = close.end == CLAIM_DEAD;
	ret->succeeded = close.end == CLAIM_SUCCESS;
}

static void report(
	const struct work *work, const struct err *failure, const struct run_result *result)
{
	if (failure->code == ERR_NONE) {
		log_event(LOG_DEBUG, "run ended", LOG_INT("ms", result->duration_ms),
			LOG_INT("orders", work->orders), LOG_INT("trades", work->trades));
		return;
	}
	if (is_permanent(failure))
		log_failure(LOG_ERROR, "run failed for good, the bot is blocked", failure);
	else if (result->dead)
		log_failure(
			LOG_ERROR, "run failed too often, it goes to the dead letters", failure);
	else if (failure->code == ERR_STOPPED)
		log_failure(LOG_INFO, "run ended by a stop", failure);
	else if (failure->code != ERR_FENCED)
		log_failure(LOG_WARN, "run failed, it goes back", failure);
}

static void execute_claimed(struct work *work, struct run_result *ret)
{
	const struct job *job = work->job;
	struct err failure = {0};
	char parent[STORY_PARENT_SIZE];

	story_parent(&job->bot, job->scheduled_s, work->claim.token, parent);
	http_trace(work->context->http, parent);
	scoreboard_token(work->context->page, work->claim.token);
	ret->executed = true;
	ret->start_delay_ms = work->claim.now_ms - work->job->due_ms;
	work->summary = doc_array();

	seam("claimed");
	if (run_claimed(work, &failure) == 0)
		failure.code = ERR_NONE;
	(void)snprintf(ret->error_class, sizeof ret->error_class, "%s",
		failure.code == ERR_NONE ? "" : err_code_name(failure.code));
	close_run(work, &failure, ret);
	ret->orders = work->orders;
	ret->trades = work->trades;
	ret->duration_ms = clock_mono_ms(work->context->clock) - work->claimed_mono_ms;
	report(work, &failure, ret);

	doc_free(&work->summary);
	doc_free(&work->snapshot);
	dossier_done(&work->dossier);
	http_trace(work->context->http, NULL);
}

/* What a refused claim means for the job. */
static void refused(const struct work *work, struct run_result *ret)
{
	switch (work->claim.outcome) {
	case CLAIM_BUSY:
		ret->verdict = RUN_RETRY;
		ret->retry_ms = POSTPONE_MS;
		break;
	case CLAIM_EARLY:
		ret->verdict = RUN_RETRY;
		ret->retry_ms = work->claim.until_ms - work->claim.now_ms;
		break;
	case CLAIM_FUTURE:
		ret->verdict = RUN_RETRY;
		ret->retry_ms = work->job->scheduled_s * 1000 - work->claim.now_ms;
		break;
	case CLAIM_TAKEN:
	case CLAIM_GONE:
	case CLAIM_OLDER:
	case CLAIM_ENDED:
	case CLAIM_UNWANTED:
		break;
	}
	log_event(LOG_DEBUG, "claim refused", LOG_INT("outcome", work->claim.outcome),
		LOG_TEXT("reason", work->claim.reason));
}

void run_execute(struct run_context *context, const struct job *job, struct run_result *ret)
{
	struct work *work = ARENA_NEW(context->arena, struct work);
	struct err err;

	*ret = (struct run_result){.verdict = RUN_ACK};
	work->context = context;
	work->job = job;
	work->arena = context->arena;
	work->phase_since_ms = clock_mono_ms(context->clock);
	story_attach(&job->tenant, &job->bot, job->scheduled_s);
	scoreboard_begin(context->page, &(struct scoreboard_run){.bot = job->bot,
						.tenant = job->tenant,
						.scheduled_s = job->scheduled_s,
						.started_mono_ms = work->phase_since_ms});
	work_phase(work, PHASE_CLAIM);

	if (claim_take(context->postgres, &job->bot, job->scheduled_s, context->holder,
		    context->lease_ms, &work->claim, &err) == -1) {
		log_failure(LOG_WARN, "could not claim, the job goes back", &err);
		ret->verdict = RUN_RETRY;
		ret->retry_ms = POSTPONE_MS;
	} else {
		work->claimed_mono_ms = clock_mono_ms(context->clock);
		work->deadline_mono_ms = work->claimed_mono_ms + context->soft_timeout_ms;
		metrics_add(METRIC_QUEUE_CLAIMS, 1);
		metrics_set(METRIC_WORKER_CLOCK, clock_utc_ms(context->clock) - work->claim.now_ms);
		if (work->claim.outcome == CLAIM_TAKEN)
			execute_claimed(work, ret);
		else
			refused(work, ret);
		claim_done(&work->claim);
	}
	log_detach();
	scoreboard_end(context->page);
	arena_reset(context->arena);
}
