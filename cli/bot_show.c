#include "cli/bot_show.h"

#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"
#include "core/store/bot.h"
#include "core/store/tenant.h"

#include <stdio.h>

#define RUNS_SHOWN 10
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

int bot_show_list(struct command_context *context, int argc, char **argv, struct err *err)
{
	static const struct output_column columns[] = {
		{"id", OUTPUT_TEXT},
		{"tenant", OUTPUT_TEXT},
		{"name", OUTPUT_TEXT},
		{"exchange", OUTPUT_TEXT},
		{"environment", OUTPUT_TEXT},
		{"status", OUTPUT_TEXT},
		{"mode", OUTPUT_TEXT},
		{"symbols", OUTPUT_TEXT},
		{"open_positions", OUTPUT_INT},
		{"last_run_at", OUTPUT_TEXT},
		{"last_run", OUTPUT_TEXT},
		{"next_run_at", OUTPUT_TEXT},
		{"why_not_trading", OUTPUT_TEXT},
	};
	CLEANUP(tenant_done) struct tenant tenant = {0};
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	struct postgres *postgres;

	if (command_database(context, &postgres, err) == -1 ||
		(argc > 0 && tenant_find(postgres, argv[0], &tenant, err) == -1) ||
		bot_list(postgres, argc > 0 ? &tenant.id : NULL, &result, err) == -1)
		return -1;
	output_result(columns, COUNT(columns), result, command_json(context));
	return 0;
}

/* --- bot show ------------------------------------------------------------------------------- */

static const struct output_column overview_columns[] = {
	{"id", OUTPUT_TEXT},
	{"tenant", OUTPUT_TEXT},
	{"name", OUTPUT_TEXT},
	{"exchange", OUTPUT_TEXT},
	{"environment", OUTPUT_TEXT},
	{"credential", OUTPUT_TEXT},
	{"credential_status", OUTPUT_TEXT},
	{"strategy", OUTPUT_TEXT},
	{"status", OUTPUT_TEXT},
	{"mode", OUTPUT_TEXT},
	{"interval_seconds", OUTPUT_INT},
	{"align", OUTPUT_TEXT},
	{"config_version", OUTPUT_INT},
	{"running", OUTPUT_BOOL},
	{"last_run_at", OUTPUT_TEXT},
	{"last_run_status", OUTPUT_TEXT},
	{"next_run_at", OUTPUT_TEXT},
	{"why_not_trading", OUTPUT_TEXT},
	{"total_trades", OUTPUT_INT},
	{"total_pnl", OUTPUT_DECIMAL},
	{"fees", OUTPUT_DECIMAL},
	{"funding", OUTPUT_DECIMAL},
};
static const struct output_column pair_columns[] = {
	{"id", OUTPUT_TEXT},
	{"symbol", OUTPUT_TEXT},
	{"side", OUTPUT_TEXT},
	{"active", OUTPUT_BOOL},
	{"automatic", OUTPUT_BOOL},
	{"leverage", OUTPUT_INT},
	{"ema_interval", OUTPUT_INT},
	{"position_mode", OUTPUT_TEXT},
	{"claimed", OUTPUT_BOOL},
	{"held", OUTPUT_TEXT},
	{"quantity", OUTPUT_DECIMAL},
	{"average", OUTPUT_DECIMAL},
	{"cycle", OUTPUT_INT},
	{"last_action", OUTPUT_TEXT},
	{"last_reason", OUTPUT_TEXT},
	{"drift", OUTPUT_TEXT},
	{"params", OUTPUT_JSON},
};
static const struct output_column row_columns[] = {
	{"client_order_id", OUTPUT_TEXT},
	{"kind", OUTPUT_TEXT},
	{"purpose", OUTPUT_TEXT},
	{"state", OUTPUT_TEXT},
	{"symbol", OUTPUT_TEXT},
	{"leg", OUTPUT_TEXT},
	{"side", OUTPUT_TEXT},
	{"quantity", OUTPUT_DECIMAL},
	{"price", OUTPUT_DECIMAL},
	{"filled", OUTPUT_DECIMAL},
	{"sent_at", OUTPUT_TEXT},
	{"reason", OUTPUT_TEXT},
};
static const struct output_column run_columns[] = {
	{"scheduled_at", OUTPUT_TEXT},
	{"kind", OUTPUT_TEXT},
	{"status", OUTPUT_TEXT},
	{"admission", OUTPUT_TEXT},
	{"attempt", OUTPUT_INT},
	{"ms", OUTPUT_INT},
	{"orders", OUTPUT_INT},
	{"trades", OUTPUT_INT},
	{"error", OUTPUT_TEXT},
};

void bot_show_rows(const struct postgres_result *rows)
{
	output_result(row_columns, COUNT(row_columns), rows, false);
}

struct shown {
	struct postgres_result *overview, *pairs, *rows, *runs;
};

static void shown_done(struct shown *shown)
{
	postgres_result_free(&shown->overview);
	postgres_result_free(&shown->pairs);
	postgres_result_free(&shown->rows);
	postgres_result_free(&shown->runs);
}

static int read_shown(
	struct postgres *postgres, const struct uuid *bot, struct shown *ret, struct err *err)
{
	if (bot_overview(postgres, bot, &ret->overview, err) == -1 ||
		bot_pairs(postgres, bot, &ret->pairs, err) == -1 ||
		bot_open_rows(postgres, bot, &ret->rows, err) == -1 ||
		bot_last_runs(postgres, bot, RUNS_SHOWN, &ret->runs, err) == -1)
		return -1;
	return 0;
}

static struct doc *rows_doc(
	const struct output_column *columns, size_t count, const struct postgres_result *result)
{
	struct doc *list = doc_array();

	for (size_t row = 0; row < postgres_rows(result); row++)
		doc_push(list, output_row_doc(columns, count, result, row));
	return list;
}

/* The bot's own members, and its lists beside them. */
static void print_json(const struct shown *shown)
{
	CLEANUP(doc_free)
	struct doc *doc = output_row_doc(
		overview_columns, COUNT(overview_columns), shown->overview, 0);

	doc_child(doc, "pairs", rows_doc(pair_columns, COUNT(pair_columns), shown->pairs));
	doc_child(doc, "open_rows", rows_doc(row_columns, COUNT(row_columns), shown->rows));
	doc_child(doc, "last_runs", rows_doc(run_columns, COUNT(run_columns), shown->runs));
	output_doc(doc);
}

static void print_part(const char *title, const struct output_column *columns, size_t count,
	const struct postgres_result *result)
{
	printf("\n%s\n", title);
	if (postgres_rows(result) == 0)
		printf("none\n");
	else
		output_result(columns, count, result, false);
}

static void print_human(const struct shown *shown)
{
	const char *cells[COUNT(overview_columns)];

	for (size_t i = 0; i < COUNT(cells); i++)
		cells[i] = postgres_is_null(shown->overview, 0, i)
				   ? NULL
				   : postgres_text(shown->overview, 0, i);
	output_record(overview_columns, COUNT(overview_columns), cells, false);
	print_part("pairs", pair_columns, COUNT(pair_columns), shown->pairs);
	print_part("orders and requests that are not final", row_columns, COUNT(row_columns),
		shown->rows);
	print_part("last runs", run_columns, COUNT(run_columns), shown->runs);
}

int bot_show_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(shown_done) struct shown shown = {0};
	struct postgres *postgres;
	struct bot bot;
	(void)argc;

	if (command_database(context, &postgres, err) == -1 ||
		bot_find(postgres, argv[0], &bot, err) == -1 ||
		read_shown(postgres, &bot.id, &shown, err) == -1)
		return -1;
	if (command_json(context))
		print_json(&shown);
	else
		print_human(&shown);
	return 0;
}
