#include "cli/bot_edit_pairs.h"

#include "cli/pair_options.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"
#include "core/store/pair.h"

#include <stdio.h>
#include <string.h>

/* Columns of bot_pairs. */
enum {
	PAIR_ID,
	PAIR_SYMBOL,
	PAIR_SIDE,
	PAIR_ACTIVE,
	PAIR_AUTOMATIC,
	PAIR_LEVERAGE,
	PAIR_EMA,
	PAIR_MODE,
	PAIR_PARAMS = 16
};

bool bot_edit_pairs_wanted(const struct command_context *context)
{
	return command_given(context, "add-pair") || command_given(context, "remove-pair");
}

void bot_edit_pairs_done(struct bot_edit_pairs *edit)
{
	bot_form_done(&edit->form);
	field_document_free(&edit->document);
	for (size_t i = 0; i < edit->removed_count; i++)
		text_free(&edit->removed_names[i]);
}

/* --- as it will be -------------------------------------------------------------------------- */

static bool is_removed(const struct bot_edit_pairs *edit, const char *id)
{
	for (size_t i = 0; i < edit->removed_count; i++)
		if (strcmp(edit->removed[i].text, id) == 0)
			return true;
	return false;
}

static int remove_named(const char *name, const struct postgres_result *pairs,
	struct bot_edit_pairs *edit, struct err *err)
{
	for (size_t row = 0; row < postgres_rows(pairs); row++) {
		const char *symbol = postgres_text(pairs, row, PAIR_SYMBOL);
		const char *side = postgres_text(pairs, row, PAIR_SIDE);
		CLEANUP(text_free) char *leg = mem_format("%s:%s", symbol, side);
		if (strcmp(leg, name) != 0 || is_removed(edit, postgres_text(pairs, row, PAIR_ID)))
			continue;
		edit->removed[edit->removed_count] = postgres_uuid(pairs, row, PAIR_ID);
		edit->removed_names[edit->removed_count++] = mem_format("%s %s", symbol, side);
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND, ERR_RETRY_NEVER, "the bot has no pair %.60s", name);
}

static int read_removed(struct command_context *context, const struct postgres_result *pairs,
	struct bot_edit_pairs *edit, struct err *err)
{
	const char *name;

	for (size_t i = 0; (name = command_value_at(context, "remove-pair", i)) != NULL; i++) {
		if (edit->removed_count == BOT_FORM_PAIRS_MAX)
			return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
				"--remove-pair: at most %d in one edit", BOT_FORM_PAIRS_MAX);
		if (remove_named(name, pairs, edit, err) == -1)
			return -1;
	}
	return 0;
}

/* A leg that is there and stays. One that was retired counts for nothing any more. */
static struct doc *kept_doc(const struct postgres_result *pairs, size_t row)
{
	struct doc *doc = doc_object();

	doc_text(doc, "symbol", postgres_text(pairs, row, PAIR_SYMBOL));
	doc_text(doc, "side", postgres_text(pairs, row, PAIR_SIDE));
	doc_bool(doc, "automatic_mode", postgres_bool(pairs, row, PAIR_AUTOMATIC));
	doc_int(doc, "leverage", postgres_int(pairs, row, PAIR_LEVERAGE));
	doc_int(doc, "ema_interval", postgres_int(pairs, row, PAIR_EMA));
	doc_text(doc, "position_mode", postgres_text(pairs, row, PAIR_MODE));
	doc_json(doc, "params", postgres_text(pairs, row, PAIR_PARAMS));
	return doc;
}

static int make_document(struct command_context *context, const struct postgres_result *pairs,
	struct bot_edit_pairs *edit, struct err *err)
{
	CLEANUP(doc_free) struct doc *root = doc_object();
	struct doc *list = doc_array();

	doc_child(root, "pairs", list);
	for (size_t row = 0; row < postgres_rows(pairs); row++) {
		if (!postgres_bool(pairs, row, PAIR_ACTIVE) ||
			is_removed(edit, postgres_text(pairs, row, PAIR_ID)))
			continue;
		doc_push(list, kept_doc(pairs, row));
		edit->kept++;
	}
	if (pair_options_add(context, "add-pair", list, err) == -1)
		return -1;
	CLEANUP(text_free) char *text = doc_dump(root);
	return field_parse(text, strlen(text), &edit->document, err);
}

int bot_edit_pairs_read(struct command_context *context, const struct bot *bot,
	const struct postgres_result *pairs, struct bot_edit_pairs *ret, struct err *err)
{
	ret->bot = bot;
	if (command_given(context, "pair") || command_given(context, "active") ||
		command_given(context, "automatic"))
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--add-pair and --remove-pair go without --pair, --active and --automatic: "
			"change other legs in an edit of their own");
	if (read_removed(context, pairs, ret, err) == -1 ||
		make_document(context, pairs, ret, err) == -1)
		return -1;
	struct field root = field_root(ret->document);
	return bot_form_read_pairs(&root, bot->strategy, &ret->form, err);
}

/* --- doing it ------------------------------------------------------------------------------- */

static int remove_one(
	struct postgres *postgres, const struct bot_edit_pairs *edit, size_t index, struct err *err)
{
	enum pair_removed removed;

	if (pair_remove(postgres, &edit->removed[index], &removed, err) == -1)
		return -1;
	if (removed == PAIR_REMOVED_HELD)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"%s has a position or orders that are not final: close it first (bot edit "
			"--mode graceful_stop, or bot stop)",
			edit->removed_names[index]);
	return 0;
}

static int add_one(
	struct postgres *postgres, const struct bot_edit_pairs *edit, size_t index, struct err *err)
{
	const struct bot_pair *pair = &edit->form.pairs[index];
	enum pair_added added;

	if (pair_add(postgres, edit->bot, pair, &added, err) == -1)
		return -1;
	if (added == PAIR_ADDED_TAKEN)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"%s %s of this account is traded by another bot", pair->symbol, pair->side);
	if (added == PAIR_ADDED_HELD)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"%s %s is there, inactive, and holds something: --pair %s:%s --active yes",
			pair->symbol, pair->side, pair->symbol, pair->side);
	return 0;
}

int bot_edit_pairs_apply(
	struct postgres *postgres, const struct bot_edit_pairs *edit, struct err *err)
{
	for (size_t i = 0; i < edit->removed_count; i++)
		if (remove_one(postgres, edit, i, err) == -1)
			return -1;
	for (size_t i = edit->kept; i < edit->form.pair_count; i++)
		if (add_one(postgres, edit, i, err) == -1)
			return -1;
	return 0;
}
