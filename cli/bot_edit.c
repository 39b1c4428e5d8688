#include "cli/bot_edit.h"

#include "cli/actor.h"
#include "cli/bot_edit_pairs.h"
#include "cli/bot_form.h"
#include "cli/output.h"
#include "cli/text_file.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"
#include "core/store/audit.h"
#include "core/store/bot.h"
#include "core/store/credential.h"
#include "core/store/pair.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CHANGES_MAX 64
#define PARAMS_BYTES_MAX (1U << 20)
#define BUSY_WAIT_MS 15000 /* for a run that is under way */
#define BUSY_LOOK_MS 100

const struct command_option bot_edit_options[] = {
	{"name", "NAME", "a new name"},
	{"credential", "NAME", "another API key of the tenant"},
	{"interval", "SECONDS", "10 to 86400"},
	{"align", "HOW", "spread or candle"},
	{"align-delay-ms", "MS", "after a candle's end, 0 to 60000"},
	{"mode", "MODE", "normal, graceful_stop, tp_only, manual, panic or halted"},
	{"add-pair", "SYMBOL:SIDE[:manual]", "a leg to trade too; may be repeated"},
	{"remove-pair", "SYMBOL:SIDE", "a leg to trade no more; may be repeated"},
	{"pair", "SYMBOL:SIDE", "the leg that the following are of (all legs, or the added ones)"},
	{"leverage", "N", "1 to 125; of the symbol, both legs"},
	{"ema-interval", "MINUTES", "1 to 10080"},
	{"position-mode", "MODE", "hedge or one_way; of added legs only (hedge)"},
	{"automatic", "yes|no", "open by itself"},
	{"active", "yes|no", "trade this leg"},
	{"preset", "NAME", "of the strategy's parameters; replaces them"},
	{"params", "FILE", "a JSON object of parameters; replaces them"},
	ACTOR_OPTION,
	{0},
};

/* Columns of bot_settings and bot_pairs. */
enum {
	BOT_NAME,
	BOT_CREDENTIAL,
	BOT_CREDENTIAL_NAME,
	BOT_INTERVAL,
	BOT_ALIGN,
	BOT_DELAY,
	BOT_MODE,
	BOT_VERSION
};
enum {
	PAIR_ID,
	PAIR_SYMBOL,
	PAIR_SIDE,
	PAIR_ACTIVE,
	PAIR_AUTOMATIC,
	PAIR_LEVERAGE,
	PAIR_EMA,
	PAIR_PARAMS = 16
};

struct change {
	char *label;        /* "interval_seconds", "BTCUSDT long leverage" */
	char *from, *to;    /* for people */
	const char *column; /* NULL: a leg that comes or goes */
	char *value;        /* for the column */
	bool of_pair;
	struct uuid id; /* of the pair */
};

struct edit {
	struct command_context *context;
	struct postgres *postgres;
	struct bot bot;
	struct postgres_result *settings, *pairs;
	struct bot_edit_pairs legs;
	struct change changes[CHANGES_MAX];
	size_t count;
};

static void edit_done(struct edit *edit)
{
	for (size_t i = 0; i < edit->count; i++) {
		text_free(&edit->changes[i].label);
		text_free(&edit->changes[i].from);
		text_free(&edit->changes[i].to);
		text_free(&edit->changes[i].value);
	}
	bot_edit_pairs_done(&edit->legs);
	postgres_result_free(&edit->settings);
	postgres_result_free(&edit->pairs);
}

/* --- collecting changes --------------------------------------------------------------------- */

static struct change *add_change(
	struct edit *edit, const char *column, const char *from, const char *to)
{
	if (edit->count == CHANGES_MAX)
		die("more than %d changes in one edit", CHANGES_MAX);
	struct change *change = &edit->changes[edit->count++];
	*change = (struct change){
		.label = mem_text(column),
		.from = mem_text(from),
		.to = mem_text(to),
		.column = column,
		.value = mem_text(to),
	};
	return change;
}

static void change_bot(struct edit *edit, const char *column, int at, const char *to)
{
	const char *from = postgres_text(edit->settings, 0, (size_t)at);

	if (strcmp(from, to) != 0)
		(void)add_change(edit, column, from, to);
}

static void change_pair(struct edit *edit, size_t row, const char *column, int at, const char *to)
{
	const char *from = postgres_text(edit->pairs, row, (size_t)at);

	if (strcmp(from, to) == 0)
		return;
	struct change *change = add_change(edit, column, from, to);
	text_free(&change->label);
	change->label = mem_format("%s %s %s", postgres_text(edit->pairs, row, PAIR_SYMBOL),
		postgres_text(edit->pairs, row, PAIR_SIDE), column);
	change->of_pair = true;
	change->id = postgres_uuid(edit->pairs, row, PAIR_ID);
}

static int change_number(struct edit *edit, const char *option, const char *column, int at,
	int64_t min, int64_t max, struct err *err)
{
	char text[24];
	int64_t value;

	if (!command_given(edit->context, option))
		return 0;
	if (command_int(edit->context, option, min, max, 0, &value, err) == -1)
		return -1;
	(void)snprintf(text, sizeof text, "%" PRId64, value);
	change_bot(edit, column, at, text);
	return 0;
}

/* The claim of the legs is of an account: another account's key cannot manage what stands there. */
static int change_credential(struct edit *edit, const char *name, struct err *err)
{
	CLEANUP(credential_done) struct credential credential = {0};
	CLEANUP(text_free) char *path = mem_format("%s/%s", edit->bot.tenant_name, name);
	char account[BOT_ACCOUNT_SIZE];
	struct uuid uuid;
	struct err not_uuid;
	bool is_id = uuid_parse(name, &uuid, &not_uuid) == 0;

	if (credential_find(edit->postgres, is_id ? name : path, &credential, err) == -1 ||
		bot_claimed_account(edit->postgres, &edit->bot.id, account, err) == -1)
		return -1;
	if (strcmp(credential.tenant.text, edit->bot.tenant.text) != 0 ||
		strcmp(credential.exchange, edit->bot.exchange) != 0 ||
		strcmp(credential.environment, edit->bot.environment) != 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"credential %s is not of this tenant, exchange and environment",
			credential.name);
	if (account[0] != '\0' && strcmp(account, credential.account_id) != 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"the bot holds legs of account %s, credential %s acts on %s: bot release "
			"gives "
			"them up",
			account, credential.name,
			credential.account_id[0] == '\0'
				? "an account not known yet (credential check)"
				: credential.account_id);
	const char *before = postgres_text(edit->settings, 0, BOT_CREDENTIAL);
	if (strcmp(before, credential.id.text) == 0)
		return 0;
	struct change *change = add_change(edit, "credential_id",
		postgres_text(edit->settings, 0, BOT_CREDENTIAL_NAME), credential.name);
	text_free(&change->value);
	change->value = mem_text(credential.id.text);
	return 0;
}

static int collect_bot(struct edit *edit, struct err *err)
{
	struct command_context *context = edit->context;
	const char *text;

	if ((text = command_value(context, "name")) != NULL) {
		if (bot_form_check_name(text, "--name", err) == -1)
			return -1;
		change_bot(edit, "name", BOT_NAME, text);
	}
	if ((text = command_value(context, "credential")) != NULL &&
		change_credential(edit, text, err) == -1)
		return -1;
	if (change_number(edit, "interval", "interval_seconds", BOT_INTERVAL, 10, 86400, err) ==
			-1 ||
		change_number(edit, "align-delay-ms", "align_delay_ms", BOT_DELAY, 0, 60000, err) ==
			-1)
		return -1;
	if ((text = command_value(context, "align")) != NULL) {
		if (strcmp(text, "spread") != 0 && strcmp(text, "candle") != 0)
			return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
				"--align: expected spread or candle, got \"%.40s\"", text);
		change_bot(edit, "align", BOT_ALIGN, text);
	}
	if ((text = command_value(context, "mode")) != NULL) {
		if (bot_form_check_mode(text, "--mode", err) == -1)
			return -1;
		change_bot(edit, "mode", BOT_MODE, text);
	}
	return 0;
}

/* --- pairs ---------------------------------------------------------------------------------- */

static bool is_meant(const struct edit *edit, size_t row)
{
	const char *wanted = command_value(edit->context, "pair");
	CLEANUP(text_free)
	char *name = mem_format("%s:%s", postgres_text(edit->pairs, row, PAIR_SYMBOL),
		postgres_text(edit->pairs, row, PAIR_SIDE));

	return wanted == NULL || strcmp(wanted, name) == 0;
}

/* Leverage is the symbol's: also of the leg that was not named. */
static bool shares_symbol(const struct edit *edit, size_t row)
{
	for (size_t other = 0; other < postgres_rows(edit->pairs); other++)
		if (is_meant(edit, other) &&
			strcmp(postgres_text(edit->pairs, other, PAIR_SYMBOL),
				postgres_text(edit->pairs, row, PAIR_SYMBOL)) == 0)
			return true;
	return false;
}

static int yes_or_no(struct edit *edit, const char *option, const char **ret, struct err *err)
{
	const char *text = command_value(edit->context, option);

	*ret = NULL;
	if (text == NULL)
		return 0;
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--%s: expected yes or no, got \"%.40s\"", option, text);
	*ret = strcmp(text, "yes") == 0 ? "t" : "f";
	return 0;
}

/* The new parameters' document; NULL if they stay. */
static int read_params(struct edit *edit, struct field_document **ret, struct err *err)
{
	const char *preset = command_value(edit->context, "preset");
	const char *file = command_value(edit->context, "params");

	*ret = NULL;
	if (preset != NULL && file != NULL)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"give --preset or --params, not both: a file may name its preset");
	if (file != NULL)
		return text_file_read_json(file, PARAMS_BYTES_MAX, ret, err);
	if (preset == NULL)
		return 0;
	CLEANUP(doc_free) struct doc *doc = doc_object();
	doc_text(doc, "preset", preset);
	CLEANUP(text_free) char *text = doc_dump(doc);
	return field_parse(text, strlen(text), ret, err);
}

/* The parameters as they will be must hold with the leverage as it will be. */
static int check_pair(struct edit *edit, size_t row, const struct field_document *params,
	int64_t leverage, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *stored = NULL;
	const char *text = postgres_text(edit->pairs, row, PAIR_PARAMS);
	CLEANUP(text_free)
	char *what = mem_format("parameters of %s %s", postgres_text(edit->pairs, row, PAIR_SYMBOL),
		postgres_text(edit->pairs, row, PAIR_SIDE));

	if (params == NULL && field_parse(text, strlen(text), &stored, err) == -1)
		return -1;
	struct field root = field_root(params == NULL ? stored : params);
	return bot_form_check_params(edit->bot.strategy, &root, leverage, what, err);
}

struct pair_edit {
	bool leverage_given, ema_given;
	int64_t leverage, ema_interval;
	const char *active, *automatic;
	struct field_document *params;
};

static int collect_pair(
	struct edit *edit, const struct pair_edit *wanted, size_t row, struct err *err)
{
	char number[24];
	bool meant = is_meant(edit, row);
	bool leverage = wanted->leverage_given && shares_symbol(edit, row);

	if (leverage) {
		(void)snprintf(number, sizeof number, "%" PRId64, wanted->leverage);
		change_pair(edit, row, "leverage", PAIR_LEVERAGE, number);
	}
	if ((leverage || (meant && wanted->params != NULL)) &&
		check_pair(edit, row, meant ? wanted->params : NULL,
			leverage ? wanted->leverage : postgres_int(edit->pairs, row, PAIR_LEVERAGE),
			err) == -1)
		return -1;
	if (!meant)
		return 0;
	if (wanted->ema_given) {
		(void)snprintf(number, sizeof number, "%" PRId64, wanted->ema_interval);
		change_pair(edit, row, "ema_interval", PAIR_EMA, number);
	}
	if (wanted->active != NULL)
		change_pair(edit, row, "is_active", PAIR_ACTIVE, wanted->active);
	if (wanted->automatic != NULL)
		change_pair(edit, row, "automatic_mode", PAIR_AUTOMATIC, wanted->automatic);
	if (wanted->params != NULL) {
		struct field root = field_root(wanted->params);
		CLEANUP(text_free) char *text = field_dump(&root);
		change_pair(edit, row, "strategy_params", PAIR_PARAMS, text);
	}
	return 0;
}

static int collect_rows(struct edit *edit, const struct pair_edit *wanted, struct err *err)
{
	bool any = false;

	for (size_t row = 0; row < postgres_rows(edit->pairs); row++) {
		any = any || is_meant(edit, row);
		if (collect_pair(edit, wanted, row, err) == -1)
			return -1;
	}
	if (!any)
		return err_set(err, ERR_NOT_FOUND, ERR_RETRY_NEVER, "the bot has no pair %.60s",
			command_value(edit->context, "pair"));
	return 0;
}

/* Legs that come and go. The labels are their names. */
static int collect_legs(struct edit *edit, struct err *err)
{
	struct bot_edit_pairs *legs = &edit->legs;

	if (bot_edit_pairs_read(edit->context, &edit->bot, edit->pairs, legs, err) == -1)
		return -1;
	for (size_t i = 0; i < legs->removed_count; i++)
		add_change(edit, legs->removed_names[i], "traded", "removed")->column = NULL;
	for (size_t i = legs->kept; i < legs->form.pair_count; i++) {
		CLEANUP(text_free)
		char *name = mem_format(
			"%s %s", legs->form.pairs[i].symbol, legs->form.pairs[i].side);
		add_change(edit, name, "", "added, traded from the next bot start on")->column =
			NULL;
	}
	return 0;
}

static int collect_pairs(struct edit *edit, struct err *err)
{
	if (bot_edit_pairs_wanted(edit->context))
		return collect_legs(edit, err);
	if (command_given(edit->context, "position-mode"))
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--position-mode is of legs that are added: a leg that is there keeps its "
			"mode");

	struct command_context *context = edit->context;
	struct pair_edit wanted = {
		.leverage_given = command_given(context, "leverage"),
		.ema_given = command_given(context, "ema-interval"),
	};

	if (command_int(context, "leverage", 1, 125, 0, &wanted.leverage, err) == -1 ||
		command_int(context, "ema-interval", 1, 10080, 0, &wanted.ema_interval, err) ==
			-1 ||
		yes_or_no(edit, "active", &wanted.active, err) == -1 ||
		yes_or_no(edit, "automatic", &wanted.automatic, err) == -1 ||
		read_params(edit, &wanted.params, err) == -1)
		return -1;
	int result = collect_rows(edit, &wanted, err);
	field_document_free(&wanted.params);
	return result;
}

/* --- showing and doing ---------------------------------------------------------------------- */

static void print_changes(const struct edit *edit)
{
	static const struct output_column columns[] = {
		{"field", OUTPUT_TEXT},
		{"from", OUTPUT_TEXT},
		{"to", OUTPUT_TEXT},
	};
	const char **cells = mem_zero(edit->count * 3 + 1, sizeof *cells);

	for (size_t i = 0; i < edit->count; i++) {
		cells[i * 3] = edit->changes[i].label;
		cells[i * 3 + 1] = edit->changes[i].from;
		cells[i * 3 + 2] = edit->changes[i].to;
	}
	output_table(columns, 3, cells, edit->count, command_json(edit->context));
	free(cells);
}

static char *detail_text(const struct edit *edit)
{
	CLEANUP(doc_free) struct doc *detail = doc_object();

	for (size_t i = 0; i < edit->count; i++) {
		struct doc *change = doc_object();
		doc_text(change, "from", edit->changes[i].from);
		doc_text(change, "to", edit->changes[i].to);
		doc_child(detail, edit->changes[i].label, change);
	}
	return doc_dump(detail);
}

/* What was shown must still be so: somebody else's change is not written over unseen. */
static int check_version(struct edit *edit, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *now = NULL;

	if (bot_settings(edit->postgres, &edit->bot.id, true, &now, err) == -1)
		return -1;
	if (postgres_rows(now) == 0 ||
		postgres_int(now, 0, BOT_VERSION) != postgres_int(edit->settings, 0, BOT_VERSION))
		return err_set(err, ERR_REFUSED, ERR_RETRY_LATER,
			"somebody else changed the bot meanwhile: nothing was changed, look again");
	return 0;
}

static bool changes_mode(const struct edit *edit)
{
	for (size_t i = 0; i < edit->count; i++)
		if (!edit->changes[i].of_pair && edit->changes[i].column != NULL &&
			strcmp(edit->changes[i].column, "mode") == 0)
			return true;
	return false;
}

static int write_changes(struct edit *edit, struct err *err)
{
	CLEANUP(text_free) char *detail = detail_text(edit);
	struct audit_entry entry = {
		.actor = actor_name(edit->context),
		.tenant = &edit->bot.tenant,
		.action = "bot.edit",
		.object = edit->bot.id.text,
		.detail = detail,
	};

	/* The lease row is locked before the configuration, as everywhere. A new mode may want
	 * entries cancelled: not only at the next slot. */
	if (changes_mode(edit) && bot_follow_up(edit->postgres, &edit->bot.id, err) == -1)
		return -1;
	if (check_version(edit, err) == -1)
		return -1;
	for (size_t i = 0; i < edit->count; i++) {
		const struct change *change = &edit->changes[i];
		if (change->column == NULL)
			continue;
		int result = change->of_pair ? bot_set_pair(edit->postgres, &change->id,
						       change->column, change->value, err)
					     : bot_set(edit->postgres, &edit->bot.id,
						       change->column, change->value, err);
		if (result == -1)
			return -1;
	}
	if (bot_edit_pairs_apply(edit->postgres, &edit->legs, err) == -1 ||
		pair_touch_bot(edit->postgres, &edit->bot.id, err) == -1)
		return -1;
	return audit_add(edit->postgres, &entry, err);
}

/*
 * A run has read the legs of before, and may be about to send for one that goes: between two runs
 * only. Begins the transaction.
 */
static int begin_between_runs(struct edit *edit, struct err *err)
{
	const struct clock *clock = clock_system();
	int64_t give_up_ms = clock_mono_ms(clock) + BUSY_WAIT_MS;
	bool is_free = false;

	for (;;) {
		if (postgres_begin(edit->postgres, err) == -1)
			return -1;
		int result = pair_lock_bot(edit->postgres, &edit->bot.id, &is_free, err);
		if (result == 0 && is_free)
			return 0;
		postgres_rollback(edit->postgres);
		if (result == -1)
			return -1;
		if (clock_mono_ms(clock) > give_up_ms)
			return err_set(err, ERR_REFUSED, ERR_RETRY_LATER,
				"a run of the bot, or another command, holds it: try again");
		clock_sleep_ms(clock, BUSY_LOOK_MS);
	}
}

static int apply(struct edit *edit, struct err *err)
{
	int begun = bot_edit_pairs_wanted(edit->context) ? begin_between_runs(edit, err)
							 : postgres_begin(edit->postgres, err);
	if (begun == -1)
		return -1;
	if (write_changes(edit, err) == -1) {
		postgres_rollback(edit->postgres);
		return -1;
	}
	return postgres_commit(edit->postgres, err);
}

int bot_edit_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(edit_done) struct edit edit = {.context = context};
	(void)argc;

	if (command_database(context, &edit.postgres, err) == -1 ||
		bot_find(edit.postgres, argv[0], &edit.bot, err) == -1 ||
		bot_settings(edit.postgres, &edit.bot.id, false, &edit.settings, err) == -1 ||
		bot_pairs(edit.postgres, &edit.bot.id, &edit.pairs, err) == -1 ||
		collect_bot(&edit, err) == -1 || collect_pairs(&edit, err) == -1)
		return -1;
	print_changes(&edit);
	if (edit.count == 0) {
		if (!command_json(context))
			printf("nothing to change\n");
		return 0;
	}
	if (command_confirm(
		    context, err, "change bot %s/%s?", edit.bot.tenant_name, edit.bot.name) == -1)
		return -1;
	return apply(&edit, err);
}
