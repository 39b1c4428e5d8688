#include "cli/bot_adopt.h"

#include "cli/actor.h"
#include "cli/bot_adoption.h"
#include "cli/bot_session.h"
#include "cli/guarded.h"
#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/field.h"
#include "core/store/bot.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct command_option bot_adopt_options[] = {
	{"reason", "TEXT", "why; it stands in the audit log"},
	ACTOR_OPTION,
	{0},
};

/* --- bot adopt ------------------------------------------------------------------------------ */

struct adopting {
	const struct config *config;
	const char *actor, *reason;
	struct uuid bot;
};

/* Only a claimed leg is the bot's to adopt: what stands in another is somebody else's. */
static int adopt_pairs(struct bot_session *session, const struct adopting *adopting,
	struct doc *adopted, struct err *err)
{
	const struct dossier *dossier = &session->work.dossier;
	bool any = false;

	if (bot_adoption_resolve(session, err) == -1)
		return -1;
	for (size_t i = 0; i < dossier->pair_count; i++) {
		bool explained;
		if (!dossier->pairs[i].claimed)
			continue;
		any = true;
		if (bot_adoption_explained(session, i, &explained, err) == -1)
			return -1;
		if (!explained &&
			bot_adoption_book(session, i, adopting->reason, adopted, err) == -1)
			return -1;
	}
	if (!any)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"the bot holds no leg: bot start --adopt takes one over");
	return 0;
}

static int adopt_in_child(struct vault *vault, void *context, struct doc **ret, struct err *err)
{
	const struct adopting *adopting = context;
	CLEANUP(bot_session_done) struct bot_session session = {0};
	CLEANUP(doc_free) struct doc *adopted = doc_array();
	struct bot_session_options options = {
		.config = adopting->config,
		.vault = vault,
		.bot = &adopting->bot,
		.actor = adopting->actor,
		.purpose = "bot.adopt",
	};

	if (bot_session_open(&session, &options, err) == -1 ||
		bot_session_attach(&session, err) == -1 ||
		adopt_pairs(&session, adopting, adopted, err) == -1 ||
		bot_follow_up(session.venue.postgres, &adopting->bot, err) == -1)
		return -1;
	*ret = TAKE(adopted);
	return 0;
}

static int print_adopted(const struct command_context *context, const char *text, struct err *err)
{
	static const struct output_column columns[] = {
		{"symbol", OUTPUT_TEXT},
		{"leg", OUTPUT_TEXT},
		{"from", OUTPUT_DECIMAL},
		{"to", OUTPUT_DECIMAL},
		{"difference", OUTPUT_DECIMAL},
		{"price", OUTPUT_DECIMAL},
	};
	enum { COLUMNS = sizeof columns / sizeof columns[0] };
	CLEANUP(field_document_free) struct field_document *document = NULL;
	size_t count;

	if (field_parse(text, strlen(text), &document, err) == -1)
		return -1;
	struct field list = field_root(document);
	if (field_count(&list, &count, err) == -1)
		return -1;
	if (count == 0 && !command_json(context)) {
		printf("nothing to adopt: the venue's positions are what the bot booked\n");
		return 0;
	}
	const char **cells = mem_zero(count * COLUMNS + 1, sizeof *cells);
	int result = 0;
	for (size_t i = 0; i < count * COLUMNS && result == 0; i++) {
		struct field item;
		result = field_item(&list, i / COLUMNS, &item, err) == -1 ||
					 field_text(&item, columns[i % COLUMNS].name, &cells[i],
						 err) == -1
				 ? -1
				 : 0;
	}
	if (result == 0)
		output_table(columns, COLUMNS, cells, count, command_json(context));
	free(cells);
	return result;
}

int bot_adopt_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(text_free) char *text = NULL;
	struct adopting adopting = {
		.config = command_config(context),
		.actor = actor_name(context),
	};
	struct postgres *postgres;
	struct bot bot;
	(void)argc;

	if (command_require(context, "reason", &adopting.reason, err) == -1 ||
		command_database(context, &postgres, err) == -1 ||
		bot_find(postgres, argv[0], &bot, err) == -1 ||
		command_confirm(context, err,
			"let bot %s/%s take over what the venue shows on its legs?",
			bot.tenant_name, bot.name) == -1)
		return -1;
	adopting.bot = bot.id;
	struct guarded_task task = {
		.config = adopting.config,
		.ring = true,
		.venue = true,
		.work = adopt_in_child,
		.context = &adopting,
	};
	if (guarded_run(&task, &text, err) == -1)
		return -1;
	return print_adopted(context, text, err);
}

/* --- bot release ---------------------------------------------------------------------------- */

int bot_adopt_release_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	struct postgres *postgres;
	struct bot bot;
	const char *reason;
	int64_t count;
	(void)argc;

	if (command_require(context, "reason", &reason, err) == -1 ||
		command_database(context, &postgres, err) == -1 ||
		bot_find(postgres, argv[0], &bot, err) == -1 ||
		command_confirm(context, err,
			"give up every leg of bot %s/%s, whatever stands in it at the venue?",
			bot.tenant_name, bot.name) == -1 ||
		bot_release(postgres, &bot.id, actor_name(context), reason, &count, err) == -1)
		return -1;
	if (count == -1)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"bot %s/%s is not stopped: bot stop comes first", bot.tenant_name,
			bot.name);
	if (command_json(context)) {
		CLEANUP(doc_free) struct doc *doc = doc_object();
		doc_text(doc, "id", bot.id.text);
		doc_int(doc, "legs", count);
		output_doc(doc);
	} else {
		printf("%s/%s gave up %" PRId64 " legs\n", bot.tenant_name, bot.name, count);
	}
	return 0;
}
