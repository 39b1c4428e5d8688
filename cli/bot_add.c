#include "cli/bot_add.h"

#include "cli/actor.h"
#include "cli/bot_form.h"
#include "cli/output.h"
#include "cli/pair_options.h"
#include "cli/text_file.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"
#include "core/store/audit.h"
#include "core/store/credential.h"
#include "core/store/tenant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (64U << 20)
#define BOTS_MAX 100000

const struct command_option bot_add_options[] = {
	{"file", "FILE", "many: a JSON array of bots (- reads standard input)"},
	{"exchange", "VENUE", "bybit, phemex or binance"},
	{"environment", "WHICH", "paper, testnet or live"},
	{"credential", "NAME", "the API key: a name of this tenant, or an id"},
	{"interval", "SECONDS", "10 to 86400 (300)"},
	{"align", "HOW", "spread or candle (spread)"},
	{"mode", "MODE", "normal, graceful_stop, tp_only, manual, panic or halted (normal)"},
	{"pair", "SYMBOL:SIDE[:manual]", "a leg to trade, as BTCUSDT:long; may be repeated"},
	{"leverage", "N", "of these pairs, 1 to 125 (10)"},
	{"ema-interval", "MINUTES", "of these pairs (1)"},
	{"position-mode", "MODE", "hedge or one_way (hedge)"},
	{"preset", "NAME", "of the strategy's parameters (dcabot-classic)"},
	{"params", "FILE", "a JSON object of parameters"},
	ACTOR_OPTION,
	{0},
};

/* --- options as the JSON form --------------------------------------------------------------- */

static void add_int(struct doc *object, const char *name, int64_t value)
{
	if (value >= 0)
		doc_int(object, name, value);
}

static void add_text(struct doc *object, const char *name, const char *value)
{
	if (value != NULL)
		doc_text(object, name, value);
}

static int document_of_options(struct command_context *context, const char *tenant,
	const char *name, struct field_document **ret, struct err *err)
{
	CLEANUP(doc_free) struct doc *list = doc_array();
	struct doc *bot = doc_object();
	struct doc *pairs = doc_array();
	const char *exchange;
	const char *environment;
	int64_t interval;

	/* Owned by the list from here on. */
	doc_push(list, bot);
	doc_child(bot, "pairs", pairs);
	if (command_require(context, "exchange", &exchange, err) == -1 ||
		command_require(context, "environment", &environment, err) == -1 ||
		command_int(context, "interval", 10, 86400, -1, &interval, err) == -1 ||
		pair_options_add(context, "pair", pairs, err) == -1)
		return -1;
	doc_text(bot, "tenant", tenant);
	doc_text(bot, "name", name);
	doc_text(bot, "exchange", exchange);
	doc_text(bot, "environment", environment);
	add_text(bot, "credential", command_value(context, "credential"));
	add_int(bot, "interval_seconds", interval);
	add_text(bot, "align", command_value(context, "align"));
	add_text(bot, "mode", command_value(context, "mode"));
	CLEANUP(text_free) char *text = doc_dump(list);
	return field_parse(text, strlen(text), ret, err);
}

/* --- storing -------------------------------------------------------------------------------- */

struct added { /* one line of what is printed */
	struct uuid id;
	char *tenant, *name;
};

static int find_credential(struct postgres *postgres, const struct tenant *tenant,
	const struct bot_form *form, struct uuid *ret, struct err *err)
{
	CLEANUP(credential_done) struct credential credential = {0};
	struct uuid uuid;
	struct err not_uuid;
	bool is_id = uuid_parse(form->credential, &uuid, &not_uuid) == 0;
	CLEANUP(text_free)
	char *name = is_id ? mem_text(form->credential)
			   : mem_format("%s/%s", tenant->name, form->credential);

	if (credential_find(postgres, name, &credential, err) == -1)
		return -1;
	if (strcmp(credential.tenant.text, tenant->id.text) != 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"the credential belongs to another tenant");
	if (strcmp(credential.exchange, form->bot.exchange) != 0 ||
		strcmp(credential.environment, form->bot.environment) != 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"credential %s is for %s %s, the bot for %s %s", credential.name,
			credential.exchange, credential.environment, form->bot.exchange,
			form->bot.environment);
	*ret = credential.id;
	return 0;
}

static int store_bot(struct postgres *postgres, const char *actor, const struct bot_form *form,
	struct added *ret, struct err *err)
{
	CLEANUP(tenant_done) struct tenant tenant = {0};
	struct bot_new bot = form->bot;
	struct uuid credential;

	if (tenant_find(postgres, form->tenant, &tenant, err) == -1 ||
		(form->credential != NULL &&
			find_credential(postgres, &tenant, form, &credential, err) == -1))
		return -1;
	uuid_random(&bot.id);
	bot.tenant = tenant.id.text;
	bot.credential = form->credential == NULL ? NULL : credential.text;
	struct audit_entry entry = {
		.actor = actor,
		.tenant = &tenant.id,
		.action = "bot.add",
		.object = bot.id.text,
		.reason = bot.name,
	};
	if (bot_add(postgres, &bot, err) == -1 || audit_add(postgres, &entry, err) == -1)
		return -1;
	for (size_t i = 0; i < form->pair_count; i++)
		if (bot_add_pair(postgres, &tenant.id, &bot.id, &form->pairs[i], err) == -1)
			return -1;
	*ret = (struct added){bot.id, mem_text(tenant.name), mem_text(bot.name)};
	return 0;
}

static int store_all(struct postgres *postgres, const char *actor, const struct field *list,
	size_t count, struct added *added, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(bot_form_done) struct bot_form form = {0};
		struct field item;
		if (field_item(list, i, &item, err) == -1 || bot_form_read(&item, &form, err) == -1)
			return -1;
		if (store_bot(postgres, actor, &form, &added[i], err) == -1)
			return err_while(err, "bot %.60s", form.bot.name);
	}
	return 0;
}

/* All or none. */
static int store(struct command_context *context, const struct field *list, size_t count,
	struct added *added, struct err *err)
{
	struct postgres *postgres;

	if (command_database(context, &postgres, err) == -1 || postgres_begin(postgres, err) == -1)
		return -1;
	if (store_all(postgres, actor_name(context), list, count, added, err) == -1) {
		postgres_rollback(postgres);
		return -1;
	}
	return postgres_commit(postgres, err);
}

static void print_added(struct command_context *context, const struct added *added, size_t count)
{
	static const struct output_column columns[] = {
		{"id", OUTPUT_TEXT},
		{"tenant", OUTPUT_TEXT},
		{"name", OUTPUT_TEXT},
	};
	const char **cells = mem_zero(count * 3 + 1, sizeof *cells);

	for (size_t i = 0; i < count; i++) {
		cells[i * 3] = added[i].id.text;
		cells[i * 3 + 1] = added[i].tenant;
		cells[i * 3 + 2] = added[i].name;
	}
	output_table(columns, 3, cells, count, command_json(context));
	free(cells);
}

static int add_all(struct command_context *context, const struct field *list, struct err *err)
{
	size_t count;

	if (!field_is_array(list))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "expected a JSON array of bots");
	if (field_count(list, &count, err) == -1)
		return -1;
	if (count > BOTS_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"more than %d bots in one transaction", BOTS_MAX);
	struct added *added = mem_zero(count + 1, sizeof *added);
	int result = store(context, list, count, added, err);
	if (result == 0)
		print_added(context, added, count);
	for (size_t i = 0; i < count; i++) {
		text_free(&added[i].tenant);
		text_free(&added[i].name);
	}
	free(added);
	return result;
}

int bot_add_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	const char *file = command_value(context, "file");

	if ((file != NULL) == (argc == 2))
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "%s needs TENANT NAME, or --file",
			command_title(context));
	if (file != NULL && text_file_read_json(file, FILE_BYTES_MAX, &document, err) == -1)
		return -1;
	if (file == NULL && document_of_options(context, argv[0], argv[1], &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	if (add_all(context, &root, err) == -1)
		return file == NULL ? -1 : err_while(err, "%s", file);
	return 0;
}
