#include "cli/bot_each.h"

#include "cli/bot_pick.h"
#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE 4 /* children: each waits for the venue most of its time */

struct item {
	struct bot bot;
	struct guarded child;
	bool running;
	bool done;
	struct err failure; /* ERR_NONE: it went well */
	char *text;         /* what the child said, JSON; owned */
};

struct items {
	struct item *list;
	size_t count;
};

static void items_done(struct items *items)
{
	for (size_t i = 0; i < items->count; i++)
		text_free(&items->list[i].text);
	free(items->list);
}

/* --- doing ---------------------------------------------------------------------------------- */

static void finish(struct item *item)
{
	if (item->running && guarded_wait(&item->child, &item->text, &item->failure) == 0)
		item->failure.code = ERR_NONE;
	item->running = false;
	item->done = true;
}

static void begin(struct item *item, const struct bot_each_task *task)
{
	if (task->start(task->shared, &item->bot, &item->child, &item->failure) == -1) {
		item->done = true;
		return;
	}
	item->running = true;
}

/* In the given order; the oldest child is waited for before one too many is begun. */
static void do_all(struct items *items, const struct bot_each_task *task)
{
	for (size_t i = 0; i < items->count; i++) {
		if (i >= AT_ONCE)
			finish(&items->list[i - AT_ONCE]);
		begin(&items->list[i], task);
	}
	for (size_t i = 0; i < items->count; i++)
		if (!items->list[i].done)
			finish(&items->list[i]);
}

/* --- telling -------------------------------------------------------------------------------- */

static bool went_well(const struct item *item)
{
	return item->failure.code == ERR_NONE;
}

static struct doc *item_doc(const struct item *item, const struct bot_each_task *task)
{
	struct doc *doc = doc_object();

	doc_text(doc, "id", item->bot.id.text);
	doc_text(doc, "tenant", item->bot.tenant_name);
	doc_text(doc, "name", item->bot.name);
	doc_text(doc, "outcome", went_well(item) ? task->word : err_code_name(item->failure.code));
	doc_text(doc, "error", went_well(item) ? NULL : item->failure.message);
	if (went_well(item) && item->text != NULL && item->text[0] != '\0')
		doc_json(doc, "detail", item->text);
	return doc;
}

static void print_json(const struct items *items, const struct bot_each_task *task)
{
	CLEANUP(doc_free) struct doc *list = doc_array();

	for (size_t i = 0; i < items->count; i++)
		doc_push(list, item_doc(&items->list[i], task));
	output_doc(list);
}

/* The texts of a list member of a child's answer, and adoptions as "symbol leg: from → to". */
static void print_details(const struct field *root, const char *member, const char *format)
{
	struct field list;
	struct err ignored;
	size_t count = 0;

	if (field_get_optional(root, member, &list, &ignored) == -1 || !field_present(&list) ||
		field_count(&list, &count, &ignored) == -1)
		return;
	for (size_t i = 0; i < count; i++) {
		struct field item;
		const char *text;
		if (field_item(&list, i, &item, &ignored) == -1)
			return;
		if (field_is_string(&item) && field_as_text(&item, &text, &ignored) == 0) {
			printf("  %s: %s\n", format, text);
			continue;
		}
		const char *symbol;
		const char *leg;
		const char *from;
		const char *to;
		if (field_text(&item, "symbol", &symbol, &ignored) == 0 &&
			field_text(&item, "leg", &leg, &ignored) == 0 &&
			field_text(&item, "from", &from, &ignored) == 0 &&
			field_text(&item, "to", &to, &ignored) == 0)
			printf("  %s: %s %s, %s became %s\n", format, symbol, leg, from, to);
	}
}

static void print_item(const struct item *item, const struct bot_each_task *task)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	struct err ignored;

	if (!went_well(item)) {
		fprintf(stderr, "%s/%s: %s\n", item->bot.tenant_name, item->bot.name,
			item->failure.message);
		return;
	}
	printf("%s/%s %s\n", item->bot.tenant_name, item->bot.name, task->word);
	if (item->text == NULL || item->text[0] == '\0' ||
		field_parse(item->text, strlen(item->text), &document, &ignored) == -1)
		return;
	struct field root = field_root(document);
	print_details(&root, "settings", "set");
	print_details(&root, "adopted", "adopted");
	print_details(&root, "notes", "note");
}

static int conclude(const struct items *items, const struct bot_each_task *task, struct err *err)
{
	const struct item *first = NULL;
	size_t failed = 0;

	for (size_t i = 0; i < items->count; i++) {
		if (went_well(&items->list[i]))
			continue;
		first = first == NULL ? &items->list[i] : first;
		failed++;
	}
	if (first == NULL)
		return 0;
	*err = first->failure;
	if (items->count == 1)
		return -1;
	return err_set(err, first->failure.code, first->failure.retry,
		"%zu of %zu bots were not %s", failed, items->count, task->word);
}

static void items_init(const struct bot_pick *pick, struct items *ret)
{
	ret->list = mem_zero(pick->count + 1, sizeof *ret->list);
	ret->count = pick->count;
	for (size_t i = 0; i < pick->count; i++)
		ret->list[i].bot = pick->bots[i];
}

int bot_each_run(struct command_context *context, int argc, char **argv,
	const struct bot_each_task *task, struct err *err)
{
	CLEANUP(bot_pick_done) struct bot_pick pick = {0};
	CLEANUP(items_done) struct items items = {0};
	struct postgres *postgres;

	if (command_database(context, &postgres, err) == -1 ||
		bot_pick(context, postgres, argc, argv, &pick, err) == -1)
		return -1;
	items_init(&pick, &items);
	do_all(&items, task);
	if (command_json(context))
		print_json(&items, task);
	/* A single failure is the command's own message. */
	for (size_t i = 0; i < items.count && !command_json(context); i++)
		if (items.count > 1 || went_well(&items.list[i]))
			print_item(&items.list[i], task);
	return conclude(&items, task, err);
}
