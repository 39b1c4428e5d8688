/* cluster - the restore fence: whether this server was confirmed, and confirming it. */
#include "core/store/cluster.h"

#include "cli/actor.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"

#include <inttypes.h>
#include <stdio.h>

static void print_json(const struct cluster *cluster)
{
	CLEANUP(doc_free) struct doc *doc = doc_object();

	doc_bool(doc, "confirmed", cluster->confirmed);
	doc_text(doc, "system_identifier", cluster->system_identifier);
	doc_int(doc, "timeline", cluster->timeline);
	doc_text(doc, "confirmed_identifier", cluster->confirmed_identifier);
	doc_int(doc, "confirmed_timeline", cluster->confirmed_timeline);
	doc_text(doc, "confirmed_at", cluster->confirmed_at);
	output_doc(doc);
}

static void print(const struct command_context *context, const struct cluster *cluster)
{
	if (command_json(context)) {
		print_json(cluster);
		return;
	}
	printf("fence      %s\n", cluster->confirmed ? "open" : "closed: nothing is traded");
	printf("server     %s, timeline %" PRId64 "\n", cluster->system_identifier,
		cluster->timeline);
	if (cluster->confirmed_at[0] != '\0')
		printf("confirmed  %s, timeline %" PRId64 ", at %s\n",
			cluster->confirmed_identifier, cluster->confirmed_timeline,
			cluster->confirmed_at);
	else
		printf("confirmed  nothing\n");
}

static int show(struct command_context *context, int argc, char **argv, struct err *err)
{
	struct postgres *postgres;
	struct cluster cluster;
	(void)argc, (void)argv;

	if (command_database(context, &postgres, err) == -1 ||
		cluster_read(postgres, &cluster, err) == -1)
		return -1;
	print(context, &cluster);
	return 0;
}

static int confirm(struct command_context *context, int argc, char **argv, struct err *err)
{
	struct postgres *postgres;
	struct cluster cluster;
	const char *reason;
	(void)argc, (void)argv;

	if (command_require(context, "reason", &reason, err) == -1 ||
		command_database(context, &postgres, err) == -1 ||
		cluster_read(postgres, &cluster, err) == -1)
		return -1;
	if (!cluster.confirmed &&
		(command_confirm(context, err,
			 "Trade on server %s, timeline %" PRId64
			 "? What was sent after its last commit is not in it; the former server "
			 "must be off",
			 cluster.system_identifier, cluster.timeline) == -1 ||
			cluster_confirm(postgres, actor_name(context), reason, err) == -1 ||
			cluster_read(postgres, &cluster, err) == -1))
		return -1;
	print(context, &cluster);
	return 0;
}

static int close_fence(struct command_context *context, int argc, char **argv, struct err *err)
{
	struct postgres *postgres;
	struct cluster cluster;
	const char *reason;
	(void)argc, (void)argv;

	if (command_require(context, "reason", &reason, err) == -1 ||
		command_database(context, &postgres, err) == -1 ||
		command_confirm(context, err, "Close the fence: no bot trades, not even exits") ==
			-1 ||
		cluster_close(postgres, actor_name(context), reason, err) == -1 ||
		cluster_read(postgres, &cluster, err) == -1)
		return -1;
	print(context, &cluster);
	return 0;
}

static const struct command_option options[] = {
	{"reason", "TEXT", "why; written to the audit log"},
	{"actor", "NAME", "who acts, for the audit log; default: os:USER"},
	{0},
};

static const struct command actions[] = {
	{.name = "show", .summary = "Tell whether the restore fence is open", .run = show},
	{.name = "confirm",
		.summary = "Open the fence: this server, on this timeline, is the one to trade on",
		.details =
			"First make sure that the former server is off, and hold the books against "
			"the venues:\nbotbeat doctor --compare-ledger. Schedulers notice within "
			"scheduler.reload_s.",
		.options = options,
		.asks = true,
		.run = confirm},
	{.name = "close",
		.summary = "Close the fence by hand, after a restore that it cannot see",
		.details = "A dump restored into the same server, or a copy of its files.",
		.options = options,
		.asks = true,
		.run = close_fence},
	{0},
};

const struct command cluster_command = {
	.name = "cluster",
	.summary = "Show, confirm or close the restore fence",
	.details = "A database that was restored, or failed over, may have forgotten orders. Until "
		   "it is\nconfirmed no order is sent, exits included.",
	.actions = actions,
};
