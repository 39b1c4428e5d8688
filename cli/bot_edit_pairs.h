/*
 * bot_edit_pairs - the legs that `bot edit` adds and removes.
 *
 * What bot add checks is checked of the bot as it will be, all its legs together. A leg is removed
 * only while it is flat and all its rows are final, added only if no other bot claims it, both only
 * between two runs.
 */
#ifndef CLI_BOT_EDIT_PAIRS_H
#define CLI_BOT_EDIT_PAIRS_H

#include "cli/bot_form.h"
#include "cli/command.h"

struct postgres;
struct postgres_result;

struct bot_edit_pairs { /* begin with {0}; bot_edit_pairs_done accepts a half-made one */
	const struct bot *bot;
	struct field_document *document; /* of the form */
	struct bot_form form;            /* the legs as they will be; new ones at the end */
	size_t kept;                     /* legs of the form that are there already */
	struct uuid removed[BOT_FORM_PAIRS_MAX];
	char *removed_names[BOT_FORM_PAIRS_MAX]; /* "BTCUSDT short" */
	size_t removed_count;
};

/* True if --add-pair or --remove-pair was given: then leverage, parameters … are of new legs. */
bool bot_edit_pairs_wanted(const struct command_context *context);

/* pairs: the rows of bot_pairs. bot is borrowed. Errors name the option or the leg. */
MUST_CHECK int bot_edit_pairs_read(struct command_context *context, const struct bot *bot,
	const struct postgres_result *pairs, struct bot_edit_pairs *ret, struct err *err);
void bot_edit_pairs_done(struct bot_edit_pairs *edit);

/* In the caller's transaction. ERR_REFUSED with the reason: the caller rolls back. */
MUST_CHECK int bot_edit_pairs_apply(
	struct postgres *postgres, const struct bot_edit_pairs *edit, struct err *err);

#endif
