/* endpoint - the pool of endpoints that requests to venues go through. */
#include "core/store/endpoint.h"

#include "cli/actor.h"
#include "cli/commands.h"
#include "cli/endpoint_test.h"
#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/base/decimal.h"
#include "core/io/config.h"
#include "core/io/http.h"
#include "core/io/postgres.h"
#include "core/market/market.h"
#include "core/store/audit.h"
#include "exchanges/endpoint_choice.h"
#include "worker/venues.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- which endpoint ------------------------------------------------------------------------- */

static int check_place(const char *exchange, const char *environment, struct err *err)
{
	enum venue_name venue;
	enum environment parsed;

	if (venue_name_parse(exchange, &venue, err) == -1 ||
		environment_parse(environment, &parsed, err) == -1)
		return -1;
	if (parsed != ENVIRONMENT_PAPER)
		return 0;
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
		"environment paper has no venue to call: an endpoint is of testnet or live");
}

static int note(struct postgres *postgres, const struct command_context *context,
	const char *action, char **argv, const char *reason, struct err *err)
{
	CLEANUP(text_free) char *object = mem_format("%s/%s/%s", argv[0], argv[1], argv[2]);
	struct audit_entry entry = {
		.actor = actor_name(context), .action = action, .object = object, .reason = reason};

	return audit_add(postgres, &entry, err);
}

/* --- endpoint list -------------------------------------------------------------------------- */

static const struct output_column columns[] = {
	{"exchange", OUTPUT_TEXT},
	{"environment", OUTPUT_TEXT},
	{"name", OUTPUT_TEXT},
	{"base_url", OUTPUT_TEXT},
	{"egress", OUTPUT_TEXT},
	{"tier", OUTPUT_TEXT},
	{"priority", OUTPUT_INT},
	{"weight", OUTPUT_INT},
	{"limit_per_second", OUTPUT_INT},
	{"cost_per_1000", OUTPUT_DECIMAL},
	{"status", OUTPUT_TEXT},
	{"calls_24h", OUTPUT_INT},
	{"failed_24h", OUTPUT_INT},
	{"mean_ms", OUTPUT_INT},
	{"cost_24h", OUTPUT_DECIMAL},
	{"health", OUTPUT_TEXT},
};
enum { COLUMNS = sizeof columns / sizeof columns[0], STORED = COLUMNS - 1 };

static int run_list(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *rows = NULL;
	CLEANUP(endpoint_health_done) struct endpoint_health health = {0};
	struct postgres *postgres;
	enum venue_name venue;

	if ((argc > 0 && venue_name_parse(argv[0], &venue, err) == -1) ||
		command_database(context, &postgres, err) == -1 ||
		endpoint_list(postgres, argc > 0 ? argv[0] : NULL, &rows, err) == -1 ||
		endpoint_health_read(command_config(context), postgres, &health, err) == -1)
		return -1;
	const char **cells = mem_zero(postgres_rows(rows) * COLUMNS + 1, sizeof *cells);
	for (size_t row = 0; row < postgres_rows(rows); row++) {
		for (size_t i = 0; i < STORED; i++)
			cells[row * COLUMNS + i] = postgres_is_null(rows, row, i)
							   ? NULL
							   : postgres_text(rows, row, i);
		cells[row * COLUMNS + STORED] = endpoint_health_text(&health,
			postgres_text(rows, row, 0), postgres_text(rows, row, 1),
			postgres_text(rows, row, 2));
	}
	output_table(columns, COLUMNS, cells, postgres_rows(rows), command_json(context));
	free(cells);
	return 0;
}

/* --- endpoint add --------------------------------------------------------------------------- */

static const struct command_option add_options[] = {
	{"url", "URL", "its base URL, https (plain http to this host only)"},
	{"egress", "ADDRESS", "local address or interface that its requests leave from (any)"},
	{"tier", "TIER", "economy, standard, premium or emergency (standard)"},
	{"priority", "N", "0 to 1000; lower goes first (0)"},
	{"weight", "N", "share among those of the same priority (1)"},
	{"cost", "AMOUNT", "of 1,000 calls (0)"},
	{"limit", "N", "requests a second over its address (as configured)"},
	ACTOR_OPTION,
	{0},
};

static int check_name(const char *name, struct err *err)
{
	size_t length = strlen(name);
	bool plain = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length;

	if (length > 0 && length <= 63 && plain && strchr("._-", name[0]) == NULL &&
		strcmp(name, "configured") != 0)
		return 0;
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
		"the name of an endpoint has 1 to 63 of a-z, 0-9, \".\", \"_\" and \"-\", begins "
		"with a letter or a digit, and is not \"configured\"");
}

/* As runners will look at it: a host that they may not talk to would be left out in silence. */
static int check_url(const struct command_context *context, const char *url, struct err *err)
{
	struct venue_hosts hosts;
	char host[256];

	if (http_check_url(url, err) == -1 || http_host(url, host, sizeof host, err) == -1 ||
		venues_hosts(command_config(context), &hosts, err) == -1)
		return err_while(err, "--url");
	for (size_t i = 0; hosts.names[i] != NULL; i++)
		if (strcasecmp(hosts.names[i], host) == 0)
			return 0;
	return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
		"--url: keys are not sent to %s unless venue.extra_hosts of every worker names it, "
		"and of this host too",
		host);
}

static int read_cost(const struct command_context *context, const char **ret, struct err *err)
{
	const char *text = command_value(context, "cost");
	struct decimal cost;

	*ret = text == NULL ? "0" : text;
	if (decimal_parse(*ret, &cost, err) == -1 || decimal_sign(cost) < 0) {
		(void)err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--cost: expected an amount of at least 0, got \"%.40s\"", *ret);
		return -1;
	}
	return 0;
}

static int read_new(
	struct command_context *context, char **argv, struct endpoint_new *ret, struct err *err)
{
	enum endpoint_tier tier;

	ret->exchange = argv[0];
	ret->environment = argv[1];
	ret->name = argv[2];
	ret->egress = command_value(context, "egress");
	ret->egress = ret->egress == NULL ? "" : ret->egress;
	ret->tier = command_value(context, "tier");
	ret->tier = ret->tier == NULL ? "standard" : ret->tier;
	if (check_place(argv[0], argv[1], err) == -1 || check_name(argv[2], err) == -1 ||
		command_require(context, "url", &ret->base_url, err) == -1 ||
		check_url(context, ret->base_url, err) == -1 ||
		command_int(context, "priority", 0, 1000, 0, &ret->priority, err) == -1 ||
		command_int(context, "weight", 0, 1000000, 1, &ret->weight, err) == -1 ||
		command_int(context, "limit", 1, 1000000, 0, &ret->limit_per_second, err) == -1 ||
		read_cost(context, &ret->cost_per_1000, err) == -1)
		return -1;
	if (endpoint_tier_parse(ret->tier, &tier) == 0)
		return 0;
	return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
		"--tier: expected economy, standard, premium or emergency, got \"%.40s\"",
		ret->tier);
}

static int run_add(struct command_context *context, int argc, char **argv, struct err *err)
{
	struct endpoint_new endpoint;
	struct postgres *postgres;
	(void)argc;

	if (read_new(context, argv, &endpoint, err) == -1 ||
		command_database(context, &postgres, err) == -1 ||
		postgres_begin(postgres, err) == -1)
		return -1;
	if (endpoint_add(postgres, &endpoint, err) == -1 ||
		note(postgres, context, "endpoint.add", argv, endpoint.base_url, err) == -1) {
		postgres_rollback(postgres);
		return -1;
	}
	return postgres_commit(postgres, err);
}

/* --- endpoint drain, remove ----------------------------------------------------------------- */

static const struct command_option drain_options[] = {
	{"undo", NULL, "let it take requests again"},
	ACTOR_OPTION,
	{0},
};
static const struct command_option remove_options[] = {
	ACTOR_OPTION,
	{0},
};

static int run_drain(struct command_context *context, int argc, char **argv, struct err *err)
{
	const char *status = command_given(context, "undo") ? "active" : "draining";
	struct postgres *postgres;
	(void)argc;

	if (check_place(argv[0], argv[1], err) == -1 ||
		command_database(context, &postgres, err) == -1 ||
		postgres_begin(postgres, err) == -1)
		return -1;
	if (endpoint_set_status(postgres, argv[0], argv[1], argv[2], status, err) == -1 ||
		note(postgres, context, "endpoint.drain", argv, status, err) == -1) {
		postgres_rollback(postgres);
		return -1;
	}
	return postgres_commit(postgres, err);
}

static int run_remove(struct command_context *context, int argc, char **argv, struct err *err)
{
	struct postgres *postgres;
	(void)argc;

	if (check_place(argv[0], argv[1], err) == -1 ||
		command_confirm(context, err, "remove endpoint %s of %s %s?", argv[2], argv[0],
			argv[1]) == -1 ||
		command_database(context, &postgres, err) == -1 ||
		postgres_begin(postgres, err) == -1)
		return -1;
	if (endpoint_remove(postgres, argv[0], argv[1], argv[2], err) == -1 ||
		note(postgres, context, "endpoint.remove", argv, NULL, err) == -1) {
		postgres_rollback(postgres);
		return -1;
	}
	return postgres_commit(postgres, err);
}

/* --- the command ---------------------------------------------------------------------------- */

static const struct command actions[] = {
	{
		.name = "list",
		.operands = "[VENUE]",
		.operands_max = 1,
		.summary = "List endpoints, their health, and what went through them in 24 hours",
		.run = run_list,
	},
	{
		.name = "add",
		.operands = "VENUE ENVIRONMENT NAME",
		.operands_min = 3,
		.operands_max = 3,
		.summary = "Add an endpoint; workers use it from their next run on",
		.details = "Once a venue and environment have endpoints, the URL of the "
			   "configuration is\nnot used for them any more.",
		.options = add_options,
		.run = run_add,
	},
	{
		.name = "drain",
		.operands = "VENUE ENVIRONMENT NAME",
		.operands_min = 3,
		.operands_max = 3,
		.summary = "Send nothing more through an endpoint",
		.options = drain_options,
		.run = run_drain,
	},
	{
		.name = "remove",
		.operands = "VENUE ENVIRONMENT NAME",
		.operands_min = 3,
		.operands_max = 3,
		.summary = "Remove an endpoint; its figures stay",
		.options = remove_options,
		.asks = true,
		.run = run_remove,
	},
	{
		.name = "test",
		.operands = "[VENUE [ENVIRONMENT [NAME]]]",
		.operands_max = 3,
		.summary = "Ask each endpoint for the time, from this host",
		.details = "What is asked counts in nobody's limits and opens no breaker.",
		.run = endpoint_test_run,
	},
	{0},
};

const struct command endpoint_command = {
	.name = "endpoint",
	.summary = "List, add, drain and test the endpoints of venues",
	.actions = actions,
};
