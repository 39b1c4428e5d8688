/*
 * bot_form - a bot as an operator describes it, read and checked field by field.
 *
 * One JSON form serves `bot add --file` and the options of `bot add`:
 *
 *	{"tenant", "name", "exchange", "environment"[, "credential", "interval_seconds", "align",
 *	 "align_delay_ms", "mode", "strategy"], "pairs": [{"symbol", "side"[, "automatic_mode",
 *	 "leverage", "ema_interval", "position_mode", "is_active", "params"]}]}
 *
 * Names and defaults are the columns'. Unknown members are refused; errors name the path
 * ("[3].pairs[0].leverage: …"). Parameters are checked as a run would read them.
 */
#ifndef CLI_BOT_FORM_H
#define CLI_BOT_FORM_H

#include "core/io/field.h"
#include "core/store/bot.h"

#include <stddef.h>

#define BOT_FORM_PAIRS_MAX 32

struct bot_form { /* texts borrowed from the document, but params; bot_form_done frees */
	const char *tenant, *credential; /* names or ids; credential NULL: none */
	struct bot_new bot;              /* without ids */
	struct bot_pair pairs[BOT_FORM_PAIRS_MAX];
	char *params[BOT_FORM_PAIRS_MAX]; /* owned texts of the pairs */
	size_t pair_count;
};

MUST_CHECK int bot_form_read(const struct field *object, struct bot_form *ret, struct err *err);
void bot_form_done(struct bot_form *form);

/* Only the member "pairs" of an object, for a strategy. */
MUST_CHECK int bot_form_read_pairs(
	const struct field *object, const char *strategy, struct bot_form *ret, struct err *err);

/* Single values, for `bot edit` too; what names the field in the error. */
MUST_CHECK int bot_form_check_name(const char *name, const char *what, struct err *err);
MUST_CHECK int bot_form_check_mode(const char *mode, const char *what, struct err *err);
MUST_CHECK int bot_form_check_params(const char *strategy, const struct field *params,
	int64_t leverage, const char *what, struct err *err);

#endif
