#include "cli/bot_settings.h"

#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "worker/position.h"

#include <stdio.h>
#include <string.h>

#define WHAT_SIZE 96

/* --- one request ---------------------------------------------------------------------------- */

static int plan(struct bot_session *session, size_t index, const char *what,
	char ret_id[CLIENT_ORDER_ID_SIZE], struct err *err)
{
	const struct dossier *dossier = &session->work.dossier;
	const struct pair *pair = &dossier->pairs[index];
	CLEANUP(doc_free) struct doc *row = doc_object();

	doc_int(row, "sequence", bot_session_next_id(session, ret_id));
	doc_text(row, "client_order_id", ret_id);
	doc_text(row, "exchange", dossier->exchange_name);
	doc_text(row, "environment", dossier->environment_name);
	doc_text(row, "account_id", dossier->account_id);
	doc_text(row, "symbol", pair->symbol);
	doc_text(row, "leg", leg_text(pair->leg));
	doc_text(row, "what", what);
	CLEANUP(text_free) char *text = doc_dump(row);
	return hold_plan_setting(session->venue.postgres, &session->hold, &pair->id, text, err);
}

static int book(struct bot_session *session, const char *id, const char *state, const char *reason,
	struct err *err)
{
	struct journal_run run = work_journal(&session->work);
	CLEANUP(doc_free) struct doc *results = doc_object();
	struct doc *rows = doc_array();
	struct doc *row = doc_object();

	doc_text(row, "client_order_id", id);
	doc_text(row, "state", state);
	doc_text(row, "reason", reason);
	doc_push(rows, row);
	doc_child(results, "rows", rows);
	CLEANUP(text_free) char *text = doc_dump(results);
	return journal_book(session->venue.postgres, &run, text, err);
}

/*
 * T1, sign, T2, write, T3. A setting whose outcome is unknown ends the start: its row says so, and
 * the next look at the account shows what became of it.
 */
static int send_setting(struct bot_session *session, size_t index,
	const struct exchange_setting *setting, const char *what, struct err *err)
{
	struct journal_run run = work_journal(&session->work);
	struct exchange_request request = {0};
	char id[CLIENT_ORDER_ID_SIZE];
	char venue_id[VENUE_ORDER_ID_SIZE];
	struct err failure = {0};

	if (plan(session, index, what, id, err) == -1 ||
		session->venue.venue->prepare_setting(session->venue.exchange, session->venue.arena,
			setting, &request, err) == -1 ||
		journal_send(session->venue.postgres, &run, id, request.expires_server_ms, err) ==
			-1)
		return -1;
	int result = exchange_send(session->venue.exchange, &request, venue_id, &failure);
	if (result == 0 || failure.code == ERR_NO_CHANGE)
		return book(session, id, "done", NULL, err);
	const char *state = failure.retry == ERR_RETRY_ASK ? "unknown" : "rejected";
	if (book(session, id, state, failure.message, err) == -1)
		return -1;
	*err = failure;
	return err_while(err, "could not set %s", what);
}

/* --- a symbol's settings -------------------------------------------------------------------- */

static int read_account(
	struct bot_session *session, const char *symbol, struct account *ret, struct err *err)
{
	if (session->venue.venue->account(session->venue.exchange, symbol, ret, err) == -1)
		return err_while(err, "could not read the account");
	return 0;
}

static bool mode_matches(const struct account *account, const struct pair *pair)
{
	return account->position_mode == pair->position_mode;
}

/* The next step would be to set it, but it is the whole account's. */
static int refuse_account_mode(
	const struct account *account, const struct pair *pair, struct err *err)
{
	return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
		"%s: position mode of the account is %s, the bot wants %s: --set-account-mode %s",
		pair->symbol, position_mode_text(account->position_mode),
		position_mode_text(pair->position_mode), position_mode_text(pair->position_mode));
}

static bool leverage_matches(const struct account *account, const struct pair *pair)
{
	const struct position *position = position_of(account, pair);

	return position != NULL &&
	       decimal_equal(position->leverage, decimal_from_int(pair->leverage));
}

static void describe(const struct account *account, const struct pair *pair, char text[WHAT_SIZE])
{
	const struct position *position = position_of(account, pair);

	if (!mode_matches(account, pair) || position == NULL)
		(void)snprintf(text, WHAT_SIZE, "position mode is %s, the bot wants %s",
			position_mode_text(account->position_mode),
			position_mode_text(pair->position_mode));
	else
		(void)snprintf(text, WHAT_SIZE, "leverage is %s, the bot wants %lld",
			DECIMAL_TEXT(decimal_trim(position->leverage)), (long long)pair->leverage);
}

/* "" if the symbol's settings may be changed, else why not. */
static int why_not(struct bot_session *session, const struct pair *pair,
	const struct account *account, const char **ret, struct err *err)
{
	struct order_list orders;
	int64_t others;

	*ret = "";
	for (size_t i = 0; i < account->position_count; i++)
		if (!decimal_is_zero(account->positions[i].quantity))
			*ret = "it has a position";
	if (**ret != '\0')
		return 0;
	if (session->venue.venue->open_orders(session->venue.exchange, session->venue.arena,
		    pair->symbol, &orders, err) == -1)
		return err_while(err, "could not read the open orders");
	if (orders.count > 0) {
		*ret = "it has open orders";
		return 0;
	}
	if (hold_claimed_by_others(session->venue.postgres, &session->hold, session->account_id,
		    pair->symbol, &others, err) == -1)
		return -1;
	if (others > 0)
		*ret = "another bot claims it";
	return 0;
}

static int set_mode(struct bot_session *session, size_t index, struct doc *done, struct err *err)
{
	const struct pair *pair = &session->work.dossier.pairs[index];
	struct exchange_setting setting = {
		.kind = SETTING_POSITION_MODE, .position_mode = pair->position_mode};
	char what[WHAT_SIZE];

	(void)snprintf(setting.symbol, sizeof setting.symbol, "%s", pair->symbol);
	(void)snprintf(what, sizeof what, "position mode %s of %s",
		position_mode_text(pair->position_mode), pair->symbol);
	if (send_setting(session, index, &setting, what, err) == -1)
		return -1;
	doc_push_text(done, what);
	return 0;
}

static int set_leverage(
	struct bot_session *session, size_t index, struct doc *done, struct err *err)
{
	const struct pair *pair = &session->work.dossier.pairs[index];
	struct exchange_setting setting = {
		.kind = SETTING_LEVERAGE, .leverage = decimal_from_int(pair->leverage)};
	char what[WHAT_SIZE];

	(void)snprintf(setting.symbol, sizeof setting.symbol, "%s", pair->symbol);
	(void)snprintf(
		what, sizeof what, "leverage %lld of %s", (long long)pair->leverage, pair->symbol);
	if (send_setting(session, index, &setting, what, err) == -1)
		return -1;
	doc_push_text(done, what);
	return 0;
}

/* Nothing may have moved in between: what was set must be what is now seen. */
static int check_symbol(struct bot_session *session, const struct pair *pair, struct err *err)
{
	struct account account;
	char what[WHAT_SIZE];

	if (read_account(session, pair->symbol, &account, err) == -1)
		return -1;
	if (mode_matches(&account, pair) && leverage_matches(&account, pair))
		return 0;
	describe(&account, pair, what);
	return err_set(err, ERR_REFUSED, ERR_RETRY_LATER,
		"%s: the venue took the setting, but its %s", pair->symbol, what);
}

int bot_settings_symbol(
	struct bot_session *session, size_t index, struct doc *done, struct err *err)
{
	const struct pair *pair = &session->work.dossier.pairs[index];
	struct account account;
	const char *reason;
	char what[WHAT_SIZE];

	if (read_account(session, pair->symbol, &account, err) == -1)
		return -1;
	if (mode_matches(&account, pair) && leverage_matches(&account, pair))
		return 0;
	if (!mode_matches(&account, pair) && session->venue.venue->position_mode_of_account)
		return refuse_account_mode(&account, pair, err);
	if (why_not(session, pair, &account, &reason, err) == -1)
		return -1;
	if (*reason != '\0') {
		describe(&account, pair, what);
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"%s: %s, and it cannot be set while %s", pair->symbol, what, reason);
	}
	/* Leverage stands per leg: the legs of the new mode are read before it is compared. */
	if (!mode_matches(&account, pair) &&
		(set_mode(session, index, done, err) == -1 ||
			read_account(session, pair->symbol, &account, err) == -1))
		return -1;
	if (!leverage_matches(&account, pair) && set_leverage(session, index, done, err) == -1)
		return -1;
	return check_symbol(session, pair, err);
}

/* --- what is the account's ------------------------------------------------------------------ */

/* "" if the account's settings may be changed, else why not. */
static int why_not_account(struct bot_session *session, const struct account *account,
	const char **ret, struct err *err)
{
	const struct dossier *dossier = &session->work.dossier;
	int64_t others;

	*ret = account->active_symbols > 0 ? "it has positions" : "";
	for (size_t i = 0; i < dossier->pair_count && **ret == '\0'; i++) {
		struct order_list orders;
		if (session->venue.venue->open_orders(session->venue.exchange, session->venue.arena,
			    dossier->pairs[i].symbol, &orders, err) == -1)
			return err_while(err, "could not read the open orders");
		if (orders.count > 0)
			*ret = "it has open orders";
	}
	if (hold_claimed_by_others(session->venue.postgres, &session->hold, session->account_id,
		    NULL, &others, err) == -1)
		return -1;
	if (others > 0)
		*ret = "another bot trades on it";
	return 0;
}

/* Requests name a symbol even so: some venues want one, and the row stands in a pair's journal. */
static int set_for_account(struct bot_session *session, const struct account *account,
	struct exchange_setting *setting, const char *mode, struct doc *done, struct err *err)
{
	const char *reason;
	char what[WHAT_SIZE];
	const char *name = setting->kind == SETTING_MARGIN_MODE ? "margin mode" : "position mode";

	if (why_not_account(session, account, &reason, err) == -1)
		return -1;
	if (*reason != '\0')
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"the account's %s cannot be set while %s", name, reason);
	(void)snprintf(what, sizeof what, "%s %s of the account", name, mode);
	(void)snprintf(setting->symbol, sizeof setting->symbol, "%s",
		session->work.dossier.pairs[0].symbol);
	if (send_setting(session, 0, setting, what, err) == -1)
		return -1;
	doc_push_text(done, what);
	return 0;
}

/* --- margin mode ---------------------------------------------------------------------------- */

static bool margin_matches(const struct account *account, enum margin_mode wanted)
{
	return account->margin_mode_known && account->margin_mode == wanted;
}

static int set_symbol_margin(struct bot_session *session, size_t index, enum margin_mode wanted,
	struct doc *done, struct err *err)
{
	const struct pair *pair = &session->work.dossier.pairs[index];
	struct exchange_setting setting = {.kind = SETTING_MARGIN_MODE, .margin_mode = wanted};
	struct account account;
	const char *reason;
	char what[WHAT_SIZE];

	if (read_account(session, pair->symbol, &account, err) == -1)
		return -1;
	if (margin_matches(&account, wanted))
		return 0;
	if (why_not(session, pair, &account, &reason, err) == -1)
		return -1;
	(void)snprintf(
		what, sizeof what, "margin mode %s of %s", margin_mode_text(wanted), pair->symbol);
	if (*reason != '\0')
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER, "%s cannot be set while %s", what,
			reason);
	(void)snprintf(setting.symbol, sizeof setting.symbol, "%s", pair->symbol);
	if (send_setting(session, index, &setting, what, err) == -1)
		return -1;
	doc_push_text(done, what);
	return 0;
}

int bot_settings_margin_mode(
	struct bot_session *session, enum margin_mode wanted, struct doc *done, struct err *err)
{
	const struct dossier *dossier = &session->work.dossier;
	struct exchange_setting setting = {.kind = SETTING_MARGIN_MODE, .margin_mode = wanted};
	struct account account;

	if (!session->venue.venue->margin_mode_of_account) {
		for (size_t i = 0; i < dossier->pair_count; i++)
			if (dossier->pairs[i].active &&
				set_symbol_margin(session, i, wanted, done, err) == -1)
				return -1;
		return 0;
	}
	if (read_account(session, dossier->pairs[0].symbol, &account, err) == -1)
		return -1;
	if (margin_matches(&account, wanted))
		return 0;
	return set_for_account(session, &account, &setting, margin_mode_text(wanted), done, err);
}

/* --- position mode -------------------------------------------------------------------------- */

int bot_settings_position_mode(
	struct bot_session *session, enum position_mode wanted, struct doc *done, struct err *err)
{
	const struct dossier *dossier = &session->work.dossier;
	struct exchange_setting setting = {.kind = SETTING_POSITION_MODE, .position_mode = wanted};
	struct account account;

	for (size_t i = 0; i < dossier->pair_count; i++)
		if (dossier->pairs[i].active && dossier->pairs[i].position_mode != wanted)
			return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
				"--set-account-mode %s: the bot's %s wants %s",
				position_mode_text(wanted), dossier->pairs[i].symbol,
				position_mode_text(dossier->pairs[i].position_mode));
	if (!session->venue.venue->position_mode_of_account)
		return 0;
	if (read_account(session, dossier->pairs[0].symbol, &account, err) == -1)
		return -1;
	if (account.position_mode == wanted)
		return 0;
	return set_for_account(session, &account, &setting, position_mode_text(wanted), done, err);
}
