#include "cli/bot_start.h"

#include "cli/actor.h"
#include "cli/bot_adoption.h"
#include "cli/bot_each.h"
#include "cli/bot_form.h"
#include "cli/bot_pick.h"
#include "cli/bot_session.h"
#include "cli/bot_settings.h"
#include "cli/guarded.h"
#include "core/base/cleanup.h"
#include "core/io/config.h"
#include "core/io/doc.h"
#include "core/io/field.h"
#include "core/store/bot.h"
#include "decision/decision.h"
#include "strategies/strategy.h"

#include <stdio.h>
#include <string.h>

#define CLASSIC_PRESET "dcabot-classic"

const struct command_option bot_start_options[] = {
	BOT_PICK_OPTION,
	{"adopt", NULL, "take over a position that the bot's books do not explain"},
	{"set-account-mode", "MODE",
		"isolated, cross, hedge or one_way: set it, also where the venue keeps it for the "
		"whole account; may be repeated"},
	ACTOR_OPTION,
	{0},
};

struct starting { /* what a child is told */
	const struct config *config;
	const char *actor;
	struct bot bot;
	bool adopt;
	bool set_margin_mode, set_position_mode;
	enum margin_mode margin_mode;
	enum position_mode position_mode;
};

/* --- what needs no venue -------------------------------------------------------------------- */

static int check_environment(const struct starting *starting, struct err *err)
{
	if (strcmp(starting->bot.environment, "live") != 0 ||
		config_bool(starting->config, "venue.allow_unverified_venue"))
		return 0;
	return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
		"environment live: %s was never tried on its testnet by this installation; "
		"venue.allow_unverified_venue says that you know",
		starting->bot.exchange);
}

static int check_gates(struct bot_session *session, struct err *err)
{
	char gates[HOLD_GATES_SIZE];

	if (hold_gates(session->venue.postgres, &session->hold.bot, gates, err) == -1)
		return -1;
	if (gates[0] != '\0')
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"a stop above the bot is in force: %s", gates);
	return 0;
}

static int check_pairs(const struct dossier *dossier, struct err *err)
{
	bool any = false;

	for (size_t i = 0; i < dossier->pair_count; i++) {
		const struct pair *pair = &dossier->pairs[i];
		char what[64];
		if (!pair->active)
			continue;
		any = true;
		(void)snprintf(what, sizeof what, "parameters of %s %s", pair->symbol,
			pair->side == SIDE_BUY ? "long" : "short");
		if (bot_form_check_params(
			    dossier->strategy_name, &pair->params, pair->leverage, what, err) == -1)
			return -1;
	}
	if (!any)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER, "none of its pairs is active");
	return 0;
}

/* --- legs ----------------------------------------------------------------------------------- */

/* An inactive pair that still holds something is managed too. */
static bool takes_part(const struct dossier *dossier, size_t index)
{
	return dossier->pairs[index].active || dossier_pair_at_risk(dossier, index);
}

static char *legs_text(const struct dossier *dossier)
{
	CLEANUP(doc_free) struct doc *legs = doc_array();

	for (size_t i = 0; i < dossier->pair_count; i++) {
		if (!takes_part(dossier, i))
			continue;
		struct doc *leg = doc_object();
		doc_text(leg, "pair", dossier->pairs[i].id.text);
		doc_text(leg, "symbol", dossier->pairs[i].symbol);
		doc_text(leg, "leg", leg_text(dossier->pairs[i].leg));
		doc_push(legs, leg);
	}
	return doc_dump(legs);
}

static int claim_legs(struct bot_session *session, struct err *err)
{
	CLEANUP(text_free) char *legs = legs_text(&session->work.dossier);
	struct hold_conflict conflict;
	enum hold_claim claim;

	if (hold_claim_legs(session->venue.postgres, &session->hold, session->account_id, legs,
		    &claim, &conflict, err) == -1)
		return -1;
	if (claim == HOLD_CLAIM_MOVED)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"it still holds %s of another account: bot release gives it up",
			conflict.symbol);
	if (claim == HOLD_CLAIM_TAKEN)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"%s of this account is traded by %s%s", conflict.symbol,
			conflict.bot[0] == '\0' ? "another bot" : "bot ", conflict.bot);
	return 0;
}

static int check_position(struct bot_session *session, const struct starting *starting,
	size_t index, struct doc *adopted, struct err *err)
{
	const struct pair *pair = &session->work.dossier.pairs[index];
	bool explained;

	if (bot_adoption_explained(session, index, &explained, err) == -1)
		return -1;
	if (explained)
		return 0;
	if (!starting->adopt)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"%s %s: the venue's position is not what the bot booked (%s): --adopt "
			"takes "
			"it over",
			pair->symbol, pair->side == SIDE_BUY ? "long" : "short",
			DECIMAL_TEXT(decimal_trim(pair->book.quantity)));
	return bot_adoption_book(session, index, "bot start --adopt", adopted, err);
}

/* --- one start ------------------------------------------------------------------------------ */

struct outcome { /* what is told of a start */
	struct doc *settings, *adopted, *notes;
};

static void outcome_done(struct outcome *outcome)
{
	doc_free(&outcome->settings);
	doc_free(&outcome->adopted);
	doc_free(&outcome->notes);
}

static bool is_classic(const struct strategy *strategy, const struct field *params)
{
	struct field preset;
	const char *name = strategy->presets[0].name;
	struct err ignored;

	if (field_get_optional(params, "preset", &preset, &ignored) == 0 &&
		field_present(&preset) && field_is_string(&preset) &&
		field_as_text(&preset, &name, &ignored) == -1)
		return false;
	return strcmp(name, CLASSIC_PRESET) == 0;
}

/* A preset whose stop must stand at the venue waits for workers that hold one there. */
static int check_presets(const struct dossier *dossier, struct err *err)
{
	const struct strategy *strategy = strategy_find(dossier->strategy_name);
	unsigned char params[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));

	for (size_t i = 0; i < dossier->pair_count; i++) {
		const struct pair *pair = &dossier->pairs[i];
		if (!pair->active)
			continue;
		if (decision_params(strategy, &pair->params, pair->leverage, params, NULL, err) ==
			-1)
			return err_while(err, "parameters of %s", pair->symbol);
		const struct strategy_preset *preset = strategy_preset_of(strategy, params);
		if (preset->stops)
			return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
				"preset %s of %s cannot be started: workers of this version place "
				"no stops at the venue",
				preset->name, pair->symbol);
	}
	return 0;
}

static void add_notes(const struct dossier *dossier, struct doc *notes)
{
	const struct strategy *strategy = strategy_find(dossier->strategy_name);

	for (size_t i = 0; i < dossier->pair_count; i++) {
		if (!dossier->pairs[i].active || !is_classic(strategy, &dossier->pairs[i].params))
			continue;
		doc_push_text(notes, CLASSIC_PRESET
			" has no stop loss and leaves its orders resting until the next run");
		return;
	}
}

static char *stamps_text(struct bot_session *session, struct err *err)
{
	const struct dossier *dossier = &session->work.dossier;
	CLEANUP(doc_free) struct doc *stamps = doc_array();

	for (size_t i = 0; i < dossier->pair_count; i++) {
		const struct pair *pair = &dossier->pairs[i];
		struct ticker ticker;
		int64_t age_ms;
		if (!takes_part(dossier, i))
			continue;
		if (exchange_ticker(session->venue.exchange, pair->symbol, &ticker, &age_ms, err) ==
			-1) {
			(void)err_while(err, "could not read the ticker of %s", pair->symbol);
			return NULL;
		}
		struct doc *stamp = doc_object();
		doc_text(stamp, "pair", pair->id.text);
		doc_int(stamp, "fills_from_ms", pair->fills_from_ms);
		doc_int(stamp, "funding_from_ms", ticker.market_ms);
		doc_push(stamps, stamp);
	}
	return doc_dump(stamps);
}

/* Settings first, then positions: a leg is compared in the mode that it will be traded in. */
static int prepare_venue(struct bot_session *session, const struct starting *starting,
	struct outcome *outcome, struct err *err)
{
	const struct dossier *dossier = &session->work.dossier;
	bool of_account = session->venue.venue->margin_mode_of_account;

	/* The position mode first: legs, and with them leverage and margin, are those of a mode. */
	if (starting->set_position_mode &&
		bot_settings_position_mode(
			session, starting->position_mode, outcome->settings, err) == -1)
		return -1;
	if (starting->set_margin_mode && of_account &&
		bot_settings_margin_mode(session, starting->margin_mode, outcome->settings, err) ==
			-1)
		return -1;
	for (size_t i = 0; i < dossier->pair_count; i++)
		if (dossier->pairs[i].active &&
			bot_settings_symbol(session, i, outcome->settings, err) == -1)
			return -1;
	if (starting->set_margin_mode && !of_account &&
		bot_settings_margin_mode(session, starting->margin_mode, outcome->settings, err) ==
			-1)
		return -1;
	if (bot_adoption_resolve(session, err) == -1)
		return -1;
	for (size_t i = 0; i < dossier->pair_count; i++)
		if (takes_part(dossier, i) &&
			check_position(session, starting, i, outcome->adopted, err) == -1)
			return -1;
	return 0;
}

static int start_held(struct bot_session *session, const struct starting *starting,
	struct outcome *outcome, struct err *err)
{
	if (check_presets(&session->work.dossier, err) == -1 || claim_legs(session, err) == -1 ||
		prepare_venue(session, starting, outcome, err) == -1)
		return -1;
	CLEANUP(text_free) char *stamps = stamps_text(session, err);
	if (stamps == NULL)
		return -1;
	CLEANUP(doc_free) struct doc *detail = doc_object();
	doc_text(detail, "account_id", session->account_id);
	doc_bool(detail, "adopt", starting->adopt);
	CLEANUP(text_free) char *detail_text = doc_dump(detail);
	struct hold_start start = {
		.actor = starting->actor,
		.detail = detail_text,
		.stamps = stamps,
	};
	add_notes(&session->work.dossier, outcome->notes);
	return hold_start_bot(session->venue.postgres, &session->hold, &start, err);
}

static int start_patiently(struct bot_session *session, const struct starting *starting,
	struct outcome *outcome, struct err *err)
{
	int64_t patience_ms = VENUE_SESSION_PATIENCE_MS;

	while (start_held(session, starting, outcome, err) == -1)
		if (!venue_session_wait(err, &patience_ms))
			return -1;
	return 0;
}

static int start_open(struct bot_session *session, const struct starting *starting,
	struct outcome *outcome, struct err *err)
{
	if (check_environment(starting, err) == -1 || check_gates(session, err) == -1 ||
		check_pairs(&session->work.dossier, err) == -1 ||
		bot_session_attach(session, err) == -1)
		return -1;
	if (start_patiently(session, starting, outcome, err) == 0)
		return 0;
	struct err ignored;
	(void)!bot_release_idle(session->venue.postgres, &session->hold.bot, &ignored);
	return -1;
}

static int start_in_child(struct vault *vault, void *context, struct doc **ret, struct err *err)
{
	const struct starting *starting = context;
	CLEANUP(bot_session_done) struct bot_session session = {0};
	CLEANUP(outcome_done)
	struct outcome outcome = {doc_array(), doc_array(), doc_array()};
	struct bot_session_options options = {
		.config = starting->config,
		.vault = vault,
		.bot = &starting->bot.id,
		.actor = starting->actor,
		.purpose = "bot.start",
	};

	if (bot_session_open(&session, &options, err) == -1 ||
		start_open(&session, starting, &outcome, err) == -1)
		return -1;
	*ret = doc_object();
	doc_text(*ret, "account_id", session.account_id);
	doc_child(*ret, "settings", TAKE(outcome.settings));
	doc_child(*ret, "adopted", TAKE(outcome.adopted));
	doc_child(*ret, "notes", TAKE(outcome.notes));
	return 0;
}

/* --- the command ---------------------------------------------------------------------------- */

static int start_one(
	const void *shared, const struct bot *bot, struct guarded *ret, struct err *err)
{
	struct starting starting = *(const struct starting *)shared;
	struct guarded_task task = {
		.config = starting.config,
		.ring = true,
		.venue = true,
		.work = start_in_child,
		.context = &starting,
	};

	starting.bot = *bot;
	if (strcmp(bot->status, "running") == 0 && !bot->stopped)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER, "it runs already");
	return guarded_start(&task, ret, err);
}

/* --set-account-mode: each value is a margin mode or a position mode. */
static int read_modes(struct command_context *context, struct starting *starting, struct err *err)
{
	const char *text;
	struct err ignored;

	for (size_t i = 0; (text = command_value_at(context, "set-account-mode", i)) != NULL; i++) {
		if (margin_mode_parse(text, &starting->margin_mode, &ignored) == 0)
			starting->set_margin_mode = true;
		else if (position_mode_parse(text, &starting->position_mode, &ignored) == 0)
			starting->set_position_mode = true;
		else
			return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
				"--set-account-mode: expected isolated, cross, hedge or one_way, "
				"got \"%.40s\"",
				text);
	}
	return 0;
}

int bot_start_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	struct starting starting = {
		.config = command_config(context),
		.actor = actor_name(context),
		.adopt = command_given(context, "adopt"),
	};
	struct bot_each_task task = {
		.word = "started",
		.start = start_one,
		.shared = &starting,
	};

	if (read_modes(context, &starting, err) == -1)
		return -1;
	return bot_each_run(context, argc, argv, &task, err);
}
