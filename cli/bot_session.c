#include "cli/bot_session.h"

#include "cli/credential_check.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/config.h"
#include "core/io/log.h"
#include "core/io/postgres.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LEASE_MS 30000     /* longer than an action takes; a dead one blocks its bot so long */
#define BUSY_WAIT_MS 15000 /* for a run that is under way */
#define BUSY_LOOK_MS 100
#define EGRESSES_BYTES_MAX 4096

static int take_hold(struct bot_session *session, struct err *err)
{
	const struct clock *clock = clock_system();
	int64_t give_up_ms = clock_mono_ms(clock) + BUSY_WAIT_MS;
	char holder[64];

	(void)snprintf(holder, sizeof holder, "operator-%ld", (long)getpid());
	for (;;) {
		if (hold_take(session->venue.postgres, session->options.bot, holder, LEASE_MS,
			    &session->hold, err) == -1)
			return -1;
		if (session->hold.outcome == HOLD_TAKEN)
			return 0;
		if (session->hold.outcome == HOLD_GONE)
			return err_set(err, ERR_NOT_FOUND, ERR_RETRY_NEVER, "there is no such bot");
		if (clock_mono_ms(clock) > give_up_ms)
			return err_set(err, ERR_REFUSED, ERR_RETRY_LATER,
				"a run of the bot, or another command, holds it: try again");
		clock_sleep_ms(clock, BUSY_LOOK_MS);
	}
}

/* What the steps of a run look at, besides the dossier. */
static int fill_work(struct bot_session *session, struct err *err)
{
	struct work *work = &session->work;
	const struct clock *clock = clock_system();

	session->context = (struct run_context){
		.postgres = session->venue.postgres,
		.redis = session->venue.redis,
		.http = session->venue.http,
		.vault = session->venue.vault,
		.venues = session->venue.venues,
		.config = session->options.config,
		.clock = clock,
		.page = &session->page,
		.arena = session->venue.arena,
		.holder = "operator",
		.lease_ms = LEASE_MS,
		.soft_timeout_ms = LEASE_MS,
	};
	session->job = (struct job){
		.bot = *session->options.bot, .scheduled_s = session->hold.slot_s};
	session->next_sequence = session->hold.next_sequence;
	work->context = &session->context;
	work->job = &session->job;
	work->arena = session->venue.arena;
	work->claim.now_ms = session->hold.now_ms;
	work->claim.token = session->hold.token;
	work->claimed_mono_ms = clock_mono_ms(clock);
	work->phase_since_ms = work->claimed_mono_ms;
	work->deadline_mono_ms = work->claimed_mono_ms + LEASE_MS;
	if (dossier_read(session->hold.document, work->arena, &work->dossier, err) == -1)
		return -1;
	work->accounts = ARENA_ARRAY(work->arena, struct account, work->dossier.pair_count + 1);
	work->account_read = ARENA_ARRAY(work->arena, bool, work->dossier.pair_count + 1);
	(void)snprintf(
		session->account_id, sizeof session->account_id, "%s", work->dossier.account_id);
	work->dossier.account_id = session->account_id;
	return 0;
}

int bot_session_open(
	struct bot_session *session, const struct bot_session_options *options, struct err *err)
{
	session->options = *options;
	if (venue_session_open(&session->venue, options->config, options->vault, err) == -1 ||
		take_hold(session, err) == -1)
		return -1;
	return fill_work(session, err);
}

static int read_status(const struct dossier *dossier, const char **ret, struct err *err)
{
	struct field root = field_root(dossier->document);
	struct field credential;

	if (field_get(&root, "credential", &credential, err) == -1)
		return -1;
	return field_text(&credential, "status", ret, err);
}

/* "a,b"; the caller frees. */
static char *egresses_text(const struct dossier *dossier)
{
	struct buffer text;

	buffer_init(&text, EGRESSES_BYTES_MAX);
	for (size_t i = 0; i < dossier->egress_count; i++)
		buffer_format(&text, "%s%s", i > 0 ? "," : "", dossier->egresses[i]);
	char *copy = mem_text(buffer_failed(&text) || text.size_bytes == 0 ? "" : text.data);
	buffer_done(&text);
	return copy;
}

int bot_session_attach(struct bot_session *session, struct err *err)
{
	struct dossier *dossier = &session->work.dossier;
	struct credential_check check;
	struct uuid credential;
	const char *status;

	if (!dossier->has_credential)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"the bot has no credential: bot edit --credential gives it one");
	CLEANUP(text_free) char *egresses = egresses_text(dossier);
	struct venue_session_key key = {
		.tenant = &dossier->tenant,
		.credential = dossier->credential,
		.exchange = dossier->exchange_name,
		.environment = dossier->environment_name,
		.sealed = dossier->sealed,
		.wrapped_private_key = dossier->wrapped,
		.master_key_id = dossier->master_key_id,
		.version_min = dossier->version_min,
		.egresses = egresses,
		.actor = session->options.actor,
		.purpose = session->options.purpose,
	};
	if (read_status(dossier, &status, err) == -1 ||
		uuid_parse(dossier->credential, &credential, err) == -1 ||
		venue_session_attach(&session->venue, &key, err) == -1)
		return -1;
	session->work.exchange = session->venue.exchange;
	session->work.venue = session->venue.venue;
	if (strcmp(status, "revoked") == 0)
		return err_set(
			err, ERR_REFUSED, ERR_RETRY_NEVER, "the bot's credential is revoked");
	if (session->account_id[0] != '\0' &&
		(strcmp(status, "ok") == 0 || strcmp(status, "unverified") == 0))
		return 0;

	struct credential_check_of of = {
		.credential = &credential,
		.tenant = &dossier->tenant,
		.actor = session->options.actor,
	};
	if (credential_check(&session->venue, &of, &check, err) == -1)
		return err_while(err, "credential check");
	memcpy(session->account_id, check.account_id, sizeof session->account_id);
	return 0;
}

int32_t bot_session_next_id(struct bot_session *session, char ret[CLIENT_ORDER_ID_SIZE])
{
	struct order_key key = {
		.bot = session->hold.bot,
		.scheduled_s = session->hold.slot_s,
		.sequence = session->next_sequence++,
		.space = IDENT_OPERATOR,
	};

	client_order_id(&key, ret);
	return key.sequence;
}

void bot_session_done(struct bot_session *session)
{
	struct err err;

	if (session->hold.outcome == HOLD_TAKEN && session->hold.token != 0 &&
		hold_release(session->venue.postgres, &session->hold, &err) == -1)
		log_failure(
			LOG_WARN, "could not give the bot back, its lease ends by itself", &err);
	dossier_done(&session->work.dossier);
	hold_done(&session->hold);
	venue_session_done(&session->venue);
}
