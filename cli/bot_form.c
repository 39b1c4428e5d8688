#include "cli/bot_form.h"

#include "core/base/cleanup.h"
#include "core/market/market.h"
#include "decision/decision.h"
#include "strategies/strategy.h"

#include <inttypes.h>
#include <string.h>

#define NAME_BYTES_MAX 100
#define INTERVAL_MIN_S 10
#define INTERVAL_MAX_S 86400
#define ALIGN_DELAY_MAX_MS 60000
#define ALIGN_DELAY_DEFAULT_MS 2000
#define LEVERAGE_MAX 125
#define EMA_INTERVAL_MAX_MIN 10080

/* --- single values -------------------------------------------------------------------------- */

static int check_range(int64_t value, int64_t min, int64_t max, const char *what, struct err *err)
{
	if (value >= min && value <= max)
		return 0;
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
		"%s: must be from %" PRId64 " to %" PRId64 ", got %" PRId64, what, min, max, value);
}

static int check_word(
	const char *value, const char *const *words, const char *what, struct err *err)
{
	char list[120] = "";

	for (size_t i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], value) == 0)
			return 0;
		size_t used = strlen(list);
		(void)snprintf(
			list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", words[i]);
	}
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s: expected one of %s, got \"%.40s\"",
		what, list, value);
}

int bot_form_check_mode(const char *mode, const char *what, struct err *err)
{
	static const char *const modes[] = {
		"normal", "graceful_stop", "tp_only", "manual", "panic", "halted", NULL};

	return check_word(mode, modes, what, err);
}

int bot_form_check_params(const char *strategy_name, const struct field *params, int64_t leverage,
	const char *what, struct err *err)
{
	unsigned char made[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
	const struct strategy *strategy = strategy_find(strategy_name);

	if (strategy == NULL)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"strategy: unrecognized strategy \"%.40s\"", strategy_name);
	if (!field_is_object(params))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s: expected an object", what);
	if (decision_params(strategy, params, leverage, made, NULL, err) == -1)
		return err_while(err, "%s", what);
	return 0;
}

static int check_symbol(const char *symbol, const char *what, struct err *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t length = strlen(symbol);

	if (length >= 2 && length < SYMBOL_SIZE && strspn(symbol, allowed) == length)
		return 0;
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
		"%s: expected 2 to %d of A-Z and 0-9, such as BTCUSDT, got \"%.40s\"", what,
		SYMBOL_SIZE - 1, symbol);
}

int bot_form_check_name(const char *name, const char *what, struct err *err)
{
	struct uuid uuid;
	struct err not_uuid;
	size_t length = strlen(name);
	bool plain = strchr(name, '/') == NULL && uuid_parse(name, &uuid, &not_uuid) == -1;

	for (const char *c = name; *c != '\0'; c++)
		plain = plain && (unsigned char)*c >= 0x20 && *c != 0x7f;
	if (length > 0 && length <= NAME_BYTES_MAX && plain)
		return 0;
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
		"%s: a name has 1 to %d bytes, no \"/\" and no control characters, and is no uuid",
		what, NAME_BYTES_MAX);
}

/* --- optional members ----------------------------------------------------------------------- */

static const char *path_of(const struct field *object, const char *name)
{
	static char path[200];

	(void)snprintf(path, sizeof path, "%s%s%s", object->path,
		object->path[0] == '\0' ? "" : ".", name);
	return path;
}

static int text_or(const struct field *object, const char *name, const char *fallback,
	const char **ret, struct err *err)
{
	struct field member;

	*ret = fallback;
	if (field_get_optional(object, name, &member, err) == -1)
		return -1;
	return field_present(&member) ? field_as_text(&member, ret, err) : 0;
}

static int int_or(const struct field *object, const char *name, int64_t fallback, int64_t min,
	int64_t max, int64_t *ret, struct err *err)
{
	struct field member;

	*ret = fallback;
	if (field_get_optional(object, name, &member, err) == -1)
		return -1;
	if (!field_present(&member))
		return 0;
	if (field_as_int(&member, ret, err) == -1)
		return -1;
	return check_range(*ret, min, max, path_of(object, name), err);
}

static int bool_or(
	const struct field *object, const char *name, bool fallback, bool *ret, struct err *err)
{
	struct field member;

	*ret = fallback;
	if (field_get_optional(object, name, &member, err) == -1)
		return -1;
	return field_present(&member) ? field_as_bool(&member, ret, err) : 0;
}

static int refuse_unknown(const struct field *object, const char *const *known, struct err *err)
{
	const char *name;

	for (size_t i = 0; (name = field_name_at(object, i)) != NULL; i++) {
		size_t k = 0;
		while (known[k] != NULL && strcmp(known[k], name) != 0)
			k++;
		if (known[k] == NULL)
			return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
				"%.100s: unrecognized member", path_of(object, name));
	}
	return 0;
}

/* --- a pair --------------------------------------------------------------------------------- */

static int read_params(const struct field *object, const struct bot_form *form, int64_t leverage,
	char **ret, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *empty = NULL;
	struct field params;

	if (field_get_optional(object, "params", &params, err) == -1)
		return -1;
	if (!field_present(&params)) {
		if (field_parse("{}", 2, &empty, err) == -1)
			return -1;
		params = field_root(empty);
	}
	if (bot_form_check_params(
		    form->bot.strategy, &params, leverage, path_of(object, "params"), err) == -1)
		return -1;
	*ret = field_dump(&params);
	return 0;
}

static int read_pair(const struct field *object, struct bot_form *form, struct err *err)
{
	static const char *const known[] = {"symbol", "side", "automatic_mode", "leverage",
		"ema_interval", "position_mode", "is_active", "params", NULL};
	static const char *const sides[] = {"long", "short", NULL};
	static const char *const modes[] = {"hedge", "one_way", NULL};
	struct bot_pair *pair = &form->pairs[form->pair_count];
	char **params = &form->params[form->pair_count];

	if (!field_is_object(object))
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "%s: expected an object", object->path);
	if (refuse_unknown(object, known, err) == -1 ||
		field_text(object, "symbol", &pair->symbol, err) == -1 ||
		check_symbol(pair->symbol, path_of(object, "symbol"), err) == -1 ||
		field_text(object, "side", &pair->side, err) == -1 ||
		check_word(pair->side, sides, path_of(object, "side"), err) == -1 ||
		text_or(object, "position_mode", "hedge", &pair->position_mode, err) == -1 ||
		check_word(pair->position_mode, modes, path_of(object, "position_mode"), err) ==
			-1 ||
		bool_or(object, "automatic_mode", true, &pair->automatic, err) == -1 ||
		bool_or(object, "is_active", true, &pair->active, err) == -1 ||
		int_or(object, "leverage", 10, 1, LEVERAGE_MAX, &pair->leverage, err) == -1 ||
		int_or(object, "ema_interval", 1, 1, EMA_INTERVAL_MAX_MIN, &pair->ema_interval_min,
			err) == -1 ||
		read_params(object, form, pair->leverage, params, err) == -1)
		return -1;
	pair->params = *params;
	form->pair_count++;
	return 0;
}

/* Leverage and position mode belong to the symbol at the venue; a one-way symbol is one leg. */
static int check_together(const struct bot_form *form, struct err *err)
{
	for (size_t i = 0; i < form->pair_count; i++) {
		for (size_t k = 0; k < i; k++) {
			const struct bot_pair *a = &form->pairs[i];
			const struct bot_pair *b = &form->pairs[k];
			if (strcmp(a->symbol, b->symbol) != 0)
				continue;
			if (strcmp(a->side, b->side) == 0)
				return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
					"pairs: %s %s stands there twice", a->symbol, a->side);
			if (strcmp(a->position_mode, "hedge") != 0 ||
				strcmp(b->position_mode, "hedge") != 0)
				return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
					"pairs: %s long and short need position_mode hedge",
					a->symbol);
			if (a->leverage != b->leverage)
				return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
					"pairs: %s long and short need the same leverage",
					a->symbol);
		}
	}
	return 0;
}

static int read_pairs(const struct field *object, struct bot_form *form, struct err *err)
{
	struct field list;
	size_t count;

	if (field_get(object, "pairs", &list, err) == -1 || field_count(&list, &count, err) == -1)
		return -1;
	if (count == 0 || count > BOT_FORM_PAIRS_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s: expected 1 to %d pairs",
			list.path, BOT_FORM_PAIRS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct field item;
		if (field_item(&list, i, &item, err) == -1 || read_pair(&item, form, err) == -1)
			return -1;
	}
	return check_together(form, err);
}

/* --- the bot -------------------------------------------------------------------------------- */

static int read_bot(const struct field *object, struct bot_form *form, struct err *err)
{
	static const char *const aligns[] = {"spread", "candle", NULL};
	struct bot_new *bot = &form->bot;
	enum venue_name venue;
	enum environment environment;

	if (field_text(object, "tenant", &form->tenant, err) == -1 ||
		field_text(object, "name", &bot->name, err) == -1 ||
		bot_form_check_name(bot->name, path_of(object, "name"), err) == -1 ||
		field_text(object, "exchange", &bot->exchange, err) == -1 ||
		venue_name_parse(bot->exchange, &venue, err) == -1 ||
		field_text(object, "environment", &bot->environment, err) == -1 ||
		environment_parse(bot->environment, &environment, err) == -1 ||
		text_or(object, "credential", NULL, &form->credential, err) == -1 ||
		int_or(object, "interval_seconds", 300, INTERVAL_MIN_S, INTERVAL_MAX_S,
			&bot->interval_s, err) == -1 ||
		text_or(object, "align", "spread", &bot->align, err) == -1 ||
		check_word(bot->align, aligns, path_of(object, "align"), err) == -1 ||
		int_or(object, "align_delay_ms", ALIGN_DELAY_DEFAULT_MS, 0, ALIGN_DELAY_MAX_MS,
			&bot->align_delay_ms, err) == -1 ||
		text_or(object, "mode", "normal", &bot->mode, err) == -1 ||
		bot_form_check_mode(bot->mode, path_of(object, "mode"), err) == -1 ||
		text_or(object, "strategy", "martingale", &bot->strategy, err) == -1)
		return -1;
	return 0;
}

int bot_form_read(const struct field *object, struct bot_form *ret, struct err *err)
{
	static const char *const known[] = {"tenant", "name", "exchange", "environment",
		"credential", "interval_seconds", "align", "align_delay_ms", "mode", "strategy",
		"pairs", NULL};
	struct bot_form form = {.tenant = NULL};

	if (!field_is_object(object))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s: expected an object",
			object->path[0] == '\0' ? "the bot" : object->path);
	if (refuse_unknown(object, known, err) == -1 || read_bot(object, &form, err) == -1 ||
		read_pairs(object, &form, err) == -1) {
		bot_form_done(&form);
		/* What a person typed is no broken protocol. */
		err->code = ERR_INVALID;
		return -1;
	}
	*ret = form;
	return 0;
}

int bot_form_read_pairs(
	const struct field *object, const char *strategy, struct bot_form *ret, struct err *err)
{
	struct bot_form form = {.bot = {.strategy = strategy}};

	if (read_pairs(object, &form, err) == -1) {
		bot_form_done(&form);
		err->code = ERR_INVALID;
		return -1;
	}
	*ret = form;
	return 0;
}

void bot_form_done(struct bot_form *form)
{
	for (size_t i = 0; i < BOT_FORM_PAIRS_MAX; i++)
		text_free(&form->params[i]);
}
