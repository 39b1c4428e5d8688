/* trades - booked fills as a file for accountants and spreadsheets. */
#include "core/store/trade_export.h"

#include "cli/commands.h"
#include "cli/export.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/postgres.h"
#include "core/store/bot.h"
#include "core/store/tenant.h"

#include <stdio.h>
#include <string.h>

#define PAGE_ROWS 2000

static const struct output_column columns[TRADE_EXPORT_COLUMNS] = {
	{"id", OUTPUT_TEXT},
	{"executed_at", OUTPUT_TEXT},
	{"tenant", OUTPUT_TEXT},
	{"bot", OUTPUT_TEXT},
	{"exchange", OUTPUT_TEXT},
	{"environment", OUTPUT_TEXT},
	{"account_id", OUTPUT_TEXT},
	{"symbol", OUTPUT_TEXT},
	{"side", OUTPUT_TEXT},
	{"position_side", OUTPUT_TEXT},
	{"action", OUTPUT_TEXT},
	{"type", OUTPUT_TEXT},
	{"quantity", OUTPUT_DECIMAL},
	{"price", OUTPUT_DECIMAL},
	{"pnl", OUTPUT_DECIMAL},
	{"pnl_percentage", OUTPUT_DECIMAL},
	{"net_pnl", OUTPUT_DECIMAL},
	{"venue_pnl", OUTPUT_DECIMAL},
	{"fee", OUTPUT_DECIMAL},
	{"fee_currency", OUTPUT_TEXT},
	{"liquidity", OUTPUT_TEXT},
	{"balance_after", OUTPUT_DECIMAL},
	{"position_value", OUTPUT_DECIMAL},
	{"margin_level", OUTPUT_DECIMAL},
	{"cycle_id", OUTPUT_INT},
	{"exec_id", OUTPUT_TEXT},
	{"order_id", OUTPUT_TEXT},
	{"client_order_id", OUTPUT_TEXT},
	{"metadata", OUTPUT_JSON},
};

static const struct command_option options[] = {
	{"tenant", "TENANT", "of this tenant (name or id)"},
	{"bot", "BOT", "of this bot (id, NAME or TENANT/NAME)"},
	{"from", "TIME", "executed at or after: 2026-11-01 or 2026-11-01T10:00Z"},
	{"to", "TIME", "executed before"},
	{"format", "FORMAT", "csv or json (csv; json with --json)"},
	{"output", "FILE", "into this file, which appears when it is whole"},
	{0},
};

/* A day is its first moment. */
static int read_time(
	const struct command_context *context, const char *name, int64_t *ret_ms, struct err *err)
{
	const char *text = command_value(context, name);
	char moment[64];

	*ret_ms = 0;
	if (text == NULL)
		return 0;
	(void)snprintf(
		moment, sizeof moment, "%s%s", text, strchr(text, 'T') == NULL ? "T00:00Z" : "");
	if (clock_parse(moment, ret_ms) == 0)
		return 0;
	return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
		"--%s: expected 2026-11-01 or 2026-11-01T10:00Z, got \"%.40s\"", name, text);
}

static int read_format(
	const struct command_context *context, enum export_format *ret, struct err *err)
{
	const char *text = command_value(context, "format");

	*ret = command_json(context) ? EXPORT_JSON : EXPORT_CSV;
	if (text == NULL)
		return 0;
	*ret = strcmp(text, "json") == 0 ? EXPORT_JSON : EXPORT_CSV;
	if (strcmp(text, "json") == 0 || strcmp(text, "csv") == 0)
		return 0;
	return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
		"--format: expected csv or json, got \"%.40s\"", text);
}

static int write_pages(struct postgres *postgres, const struct trade_export_filter *filter,
	struct export *export, struct err *err)
{
	struct trade_export_mark mark = {.executed_at = ""};

	if (trade_export_begin(postgres, err) == -1)
		return -1;
	for (;;) {
		CLEANUP(postgres_result_free) struct postgres_result *page = NULL;
		if (trade_export_page(postgres, filter, PAGE_ROWS, &mark, &page, err) == -1 ||
			export_rows(export, page, err) == -1)
			return -1;
		if (postgres_rows(page) < PAGE_ROWS)
			return export_finish(export, err);
	}
}

static int run_export(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(export_free) struct export *export = NULL;
	CLEANUP(tenant_done) struct tenant tenant = {.suspended = false};
	struct bot bot;
	const char *tenant_name = command_value(context, "tenant");
	const char *bot_name = command_value(context, "bot");
	struct trade_export_filter filter = {0};
	struct export_options written = {.path = command_value(context, "output"),
		.columns = columns,
		.count = TRADE_EXPORT_COLUMNS};
	struct postgres *postgres;
	(void)argc, (void)argv;

	if (tenant_name == NULL && bot_name == NULL)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"botbeat trades export needs --tenant or --bot");
	if (read_format(context, &written.format, err) == -1 ||
		read_time(context, "from", &filter.from_ms, err) == -1 ||
		read_time(context, "to", &filter.to_ms, err) == -1 ||
		command_database(context, &postgres, err) == -1)
		return -1;
	if (tenant_name != NULL) {
		if (tenant_find(postgres, tenant_name, &tenant, err) == -1)
			return -1;
		filter.tenant = &tenant.id;
	}
	if (bot_name != NULL) {
		if (bot_find(postgres, bot_name, &bot, err) == -1)
			return -1;
		filter.bot = &bot.id;
	}
	if (export_open(&written, &export, err) == -1)
		return -1;
	int result = write_pages(postgres, &filter, export, err);
	postgres_rollback(postgres);
	return result;
}

static const struct command actions[] = {
	{
		.name = "export",
		.summary = "Write trades as CSV or JSON, in time order",
		.details =
			"Amounts are decimals as text: do not read them as binary floating point.",
		.options = options,
		.run = run_export,
	},
	{0},
};

const struct command trades_command = {
	.name = "trades",
	.summary = "Export booked fills",
	.actions = actions,
};
