/* order, dlq, trades, top and doctor as commands: what they print, refuse and end with. */
#include "core/io/field.h"
#include "core/queue/queue.h"
#include "tests/cli/operator.h"
#include "tests/support/server.h"

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define LETTER "77777777-7777-4777-8777-777777777777"
#define ORDER "88888888-8888-4888-8888-888888888888"

static struct own_redis queue_server;

/* Ann's bot "b1" with one run, its filled order, two trades and a dead letter. */
static void begin(void)
{
	operator_begin();
	operator_has_tenants();
	cr_assert(zero(int, botbeat("bot add ann b1 --exchange bybit --environment testnet "
				    "--credential main --pair BTCUSDT:long")),
		"%s", said);
	test_database_run(op.postgres,
		"update bot_configs set status = 'running'; update run_leases set stopped = false;"
		"insert into bot_execution_logs (bot_id, tenant_id, scheduled_at, token, status, "
		"orders,"
		" finished_at, duration_ms) select id, tenant_id, '2026-01-05', 1, 'dead', 1, "
		"now(), 7"
		" from bot_configs;"
		"insert into order_journal (id, tenant_id, bot_id, scheduled_at, sequence, token, "
		"kind,"
		" purpose, client_order_id, exchange, environment, account_id, symbol, leg, side,"
		" quantity, price, state) select '" ORDER
		"', tenant_id, id, '2026-01-05', 0, 1, 'place',"
		" 'open', 'ours-1', 'bybit', 'testnet', '1', 'BTCUSDT', 'long', 'buy', 0.50, 20000,"
		" 'filled' from bot_configs;"
		"insert into trades (tenant_id, bot_id, exchange, environment, account_id, symbol, "
		"side,"
		" position_side, action, quantity, price, fee, fee_currency, exec_id, "
		"client_order_id,"
		" cycle_id, executed_at) select tenant_id, id, 'bybit', 'testnet', '1', 'BTCUSDT', "
		"'buy',"
		" 'long', 'OPENED', 0.250, 20000.10, 0.1, 'U,\"SDT', 'exec-' || n, 'ours-1', 1,"
		" '2026-01-05T00:00:01Z' from bot_configs, generate_series(1, 2) n;"
		"insert into dead_letters (id, tenant_id, bot_id, scheduled_at, class, message, "
		"attempts)"
		" select '" LETTER "', tenant_id, id, '2026-01-05', 'killed', 'runner died', 3"
		" from bot_configs");
}

TestSuite(operator_support, .init = begin, .fini = operator_end);

/* Beside what the suite begins and ends. */
static void start_queue(void)
{
	own_redis_start(&queue_server);
	set_environment("BOTBEAT_REDIS_URL", queue_server.url);
}

static void stop_queue(void)
{
	own_redis_stop(&queue_server);
}

/* What the last command said as JSON; ends the test if it is none. */
static struct field_document *said_json(void)
{
	struct field_document *document;
	struct err err;

	if (field_parse(said, strlen(said), &document, &err) == -1)
		cr_fatal("%s in: %s", err.message, said);
	return document;
}

/* --- what is refused, and how ----------------------------------------------------------------- */

struct refusal {
	char because[64];
	char line[160];
	int code;
	char words[64];
};

ParameterizedTestParameters(operator_support, refuses)
{
	static struct refusal rows[] = {
		{"an order must exist", "order show nope", 3, "no order \"nope\""},
		{"a state has a name", "order list --state maybe", 2, "unrecognized state"},
		{"a bot must exist", "order list --bot nope", 3, "nope"},
		{"one word, not none", "order resolve " ORDER " --reason x --yes", 2,
			"either --absent"},
		{"one word, not two",
			"order resolve " ORDER " --absent --filled 1@1 --reason x --yes", 2,
			"either --absent"},
		{"a word has a reason", "order resolve " ORDER " --absent --yes", 2, "--reason"},
		{"a fill has a price", "order resolve " ORDER " --filled 1 --reason x --yes", 2,
			"QTY@PRICE"},
		{"a fill is above zero", "order resolve " ORDER " --filled 0@1 --reason x --yes", 2,
			"above zero"},
		{"no exponent in an amount",
			"order resolve " ORDER " --filled 1e3@1 --reason x --yes", 1, "--filled"},
		{"a final order needs no word", "order resolve " ORDER " --absent --reason x --yes",
			4, "the order is filled"},
		{"a letter must exist", "dlq show nope", 3, "no dead letter"},
		{"a letter's id is one", "dlq retry nope", 3, "no dead letter"},
		{"not all letters by accident", "dlq retry", 2, "--all"},
		{"nothing is dropped unasked", "dlq drop " LETTER, 4, "--yes"},
		{"a letter's state has a name", "dlq list --state gone", 2, "--state"},
		{"a letter's venue has a name", "dlq list --venue ftx", 2, "--venue"},
		{"an export has an owner", "trades export", 2, "--tenant or --bot"},
		{"a tenant must exist", "trades export --tenant zoe", 3, "zoe"},
		{"a format has a name", "trades export --tenant ann --format xml", 2,
			"csv or json"},
		{"a time has a form", "trades export --tenant ann --from yesterday", 2, "--from"},
		{"a file's folder must exist", "trades export --tenant ann --output /nowhere/x", 1,
			"/nowhere/x"},
		{"top wants the queue", "top --plain", 1, "redis.url is not set"},
	};
	return cr_make_param_array(struct refusal, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct refusal *row, operator_support, refuses)
{
	int code = botbeat(row->line);

	cr_expect(eq(int, code, row->code), "%s: %s", row->because, said);
	cr_expect(strstr(said, row->words) != NULL, "%s: %s", row->because, said);
}

/* --- order ---------------------------------------------------------------------------------- */

Test(operator_support, an_order_is_shown_with_everything_known)
{
	EXPECT_EXIT(0, "order show OURS-1");
	EXPECT_SAID("filled");
	EXPECT_SAID("exec-2");
	EXPECT_SAID("the run that planned it");
	EXPECT_EXIT(0, "order show " ORDER " --json");
	CLEANUP(field_document_free) struct field_document *document = said_json();
	struct field root = field_root(document);
	struct field fills;
	struct decimal quantity;
	size_t count;
	struct err err;
	cr_assert(zero(int, field_decimal(&root, "quantity", &quantity, &err)), "%s", err.message);
	cr_assert(zero(int, field_get(&root, "fills", &fills, &err)));
	cr_assert(zero(int, field_count(&fills, &count, &err)));
	cr_expect(eq(sz, count, 2));
}

Test(operator_support, orders_are_listed_by_what_is_asked)
{
	EXPECT_EXIT(0, "order list");
	EXPECT_SAID("ours-1");
	EXPECT_EXIT(0, "order list --bot ann/b1 --state filled");
	EXPECT_SAID("ours-1");
	EXPECT_EXIT(0, "order list --unknown");
	EXPECT_UNSAID("ours-1");
	EXPECT_EXIT(0, "order list --tenant ben");
	EXPECT_UNSAID("ours-1");
}

/* What a run would log is said in words to who asked: no time, no level, no JSON. */
Test(operator_support, a_resolved_order_is_told_in_words)
{
	EXPECT_EXIT(0, "credential check ann/main");
	test_database_run(op.postgres,
		"delete from trades; update order_journal set state = 'unknown', leg = 'long', "
		"order_type = 'market', pair_id = (select id from bot_trading_pairs), "
		"client_order_id = '000000000000000000000000000unknown00', expires_server_ms = "
		"epoch_ms(now()) - 60000, sent_at = now() - interval '1 minute', account_id = "
		"(select account_id from credentials where name = 'main' and account_id is not "
		"null)");
	EXPECT_EXIT(0, "order resolve " ORDER " --absent --reason asked --yes");
	EXPECT_SAID("note: order never reached the venue");
	EXPECT_UNSAID("warn");
	EXPECT_UNSAID("\"level\"");
	EXPECT_UNSAID("\"event\"");
}

/* --- dlq ------------------------------------------------------------------------------------ */

Test(operator_support, a_letter_is_listed_shown_and_retried)
{
	EXPECT_EXIT(0, "dlq list --class killed --bot b1");
	EXPECT_SAID(LETTER);
	EXPECT_EXIT(0, "dlq list --tenant ben");
	EXPECT_UNSAID(LETTER);
	EXPECT_EXIT(0, "dlq list --venue bybit");
	EXPECT_SAID(LETTER);
	EXPECT_EXIT(0, "dlq list --venue phemex");
	EXPECT_UNSAID(LETTER);
	EXPECT_EXIT(0, "dlq show " LETTER);
	EXPECT_SAID("duration_ms  7");
	EXPECT_SAID("ours-1");
	EXPECT_EXIT(0, "dlq retry --class killed --dry-run");
	EXPECT_SAID("nothing was done");
	EXPECT_SQL("select state from dead_letters", "dead");
	EXPECT_EXIT(0, "dlq retry " LETTER " --reason checked");
	EXPECT_SQL("select state from dead_letters", "retried");
	EXPECT_EXIT(4, "dlq retry " LETTER);
	EXPECT_EXIT(0, "dlq list");
	EXPECT_UNSAID(LETTER);
	EXPECT_EXIT(0, "dlq list --state retried");
	EXPECT_SAID(LETTER);
}

Test(operator_support, a_letter_that_needs_no_retry_is_put_away)
{
	EXPECT_EXIT(0, "dlq drop --all --yes");
	EXPECT_SQL("select state from dead_letters", "dropped");
	EXPECT_SQL("select action from audit_logs where action like 'dlq%'", "dlq.drop");
}

/* --- trades --------------------------------------------------------------------------------- */

Test(operator_support, trades_are_exported_as_csv)
{
	EXPECT_EXIT(0, "trades export --bot b1");
	EXPECT_SAID("id,executed_at,tenant,bot,");
	EXPECT_SAID(",0.250,20000.10,"); /* as stored */
	EXPECT_SAID("\"U,\"\"SDT\"");    /* RFC 4180 */
	EXPECT_SAID("\r\n");
	EXPECT_EXIT(0, "trades export --bot b1 --from 2026-01-06");
	EXPECT_UNSAID("exec-");
	EXPECT_EXIT(0, "trades export --bot b1 --to 2026-01-05T00:00:01Z");
	EXPECT_UNSAID("exec-");
}

Test(operator_support, trades_are_exported_as_json_whose_amounts_are_text)
{
	EXPECT_EXIT(0, "trades export --tenant ann --json");
	CLEANUP(field_document_free) struct field_document *document = said_json();
	struct field root = field_root(document);
	struct field item;
	const char *quantity;
	size_t count;
	struct err err;
	cr_assert(zero(int, field_count(&root, &count, &err)), "%s", err.message);
	cr_assert(eq(sz, count, 2));
	cr_assert(zero(int, field_item(&root, 0, &item, &err)));
	cr_assert(zero(int, field_text(&item, "quantity", &quantity, &err)), "%s", err.message);
	cr_expect(eq(str, quantity, "0.250"));
	EXPECT_EXIT(0, "trades export --tenant ben --format json");
	EXPECT_SAID("[]");
}

Test(operator_support, an_exported_file_appears_whole)
{
	cr_expect(zero(int, botbeat_with("trades export --bot b1 --output %s", path_of("out.csv"))),
		"%s", said);
	cr_expect(eq(str, said, ""));
	cr_expect(zero(int, access(path_of("out.csv"), R_OK)));
	CLEANUP(text_free)
	char *count = mem_format("test $(ls %s | grep -c out.csv) = 1", op.folder);
	cr_expect(zero(int, system(count)), "nothing is left beside it");
}

/* --- top ------------------------------------------------------------------------------------ */

Test(operator_support, top_prints_one_document_or_lines, .init = start_queue, .fini = stop_queue)
{
	EXPECT_EXIT(0, "top --json");
	CLEANUP(field_document_free) struct field_document *document = said_json();
	struct field root = field_root(document);
	struct field queue;
	const char *net;
	int64_t high;
	struct err err;
	cr_assert(zero(int, field_get(&root, "queue", &queue, &err)), "%s", err.message);
	cr_expect(zero(int, field_int(&queue, "high", &high, &err)), "%s", err.message);
	cr_expect(zero(int, field_text(&root, "net_pnl", &net, &err)), "%s", err.message);
	EXPECT_EXIT(0, "top --plain --seconds 1");
	EXPECT_SAID("runs/s 0.0");
	EXPECT_SAID("trades 2");
	EXPECT_SAID("leader none");
}

Test(operator_support, top_says_that_the_queue_is_gone, .init = start_queue)
{
	own_redis_stop(&queue_server);
	EXPECT_EXIT(1, "top --json");
	EXPECT_SAID("botbeat top: ");
}

/* --- doctor --------------------------------------------------------------------------------- */

Test(operator_support, the_doctor_names_what_is_wrong_and_what_to_do, .init = start_queue,
	.fini = stop_queue)
{
	test_database_run(op.postgres, "alter table trades no force row level security");
	EXPECT_EXIT(1, "doctor");
	EXPECT_SAID("FAIL  schema     row security is not forced on: trades");
	EXPECT_SAID("ok    postgres   \"botbeat_admin\" acts for: admin");
	EXPECT_SAID("ok    keys       the master key ring opens; \"first\" wraps");
	EXPECT_SAID("ok    sandbox    no core is left behind (tried)");
	EXPECT_SAID("others of its user cannot read its memory (tried)");
	EXPECT_SAID("ok    venue      bybit testnet (1 bots) answers");
	EXPECT_SAID("1 dead letters wait");
	EXPECT_SAID("-> botbeat dlq list");
}

Test(operator_support, the_doctor_misses_a_master_key, .init = start_queue, .fini = stop_queue)
{
	test_database_run(
		op.postgres, "update tenants set master_key_id = 'lost' where name = 'ben'");
	EXPECT_EXIT(1, "doctor --json");
	EXPECT_SAID("wrapped by master key \\\"lost\\\", which the ring has not");
	CLEANUP(field_document_free) struct field_document *document = NULL;
	char *end = strrchr(said, '}');
	end[1] = '\0'; /* the failure's line follows on standard error */
	document = said_json();
}

Test(operator_support, the_books_of_an_idle_system_agree)
{
	test_database_run(op.postgres, "delete from trades; delete from order_journal");
	EXPECT_EXIT(0, "credential check ann/main");
	EXPECT_EXIT(0, "doctor --compare-ledger");
	EXPECT_SAID("0 differences in 1 places");
}
