/* endpoint, and what credentials are bound to, as commands. */
#include "core/io/field.h"
#include "tests/cli/operator.h"
#include "tests/support/server.h"

#include <criterion/parameterized.h>

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static void begin(void)
{
	operator_begin();
	operator_has_tenants();
}

TestSuite(operator_endpoints, .init = begin, .fini = operator_end);

static struct own_redis queue_server;

/* After the suite's own. */
static void start_queue(void)
{
	own_redis_start(&queue_server);
	set_environment("BOTBEAT_REDIS_URL", queue_server.url);
}

static void stop_queue(void)
{
	own_redis_stop(&queue_server);
}

#define HOST "http://127.0.0.1:1"

struct refusal {
	char because[64];
	char line[200];
	int code;
	char words[80];
};

ParameterizedTestParameters(operator_endpoints, refuses)
{
	static struct refusal rows[] = {
		{"a venue has a name", "endpoint add ftx testnet a --url " HOST, 1, "exchange"},
		{"paper has no endpoint", "endpoint add bybit paper a --url " HOST, 1, "paper"},
		{"a name is plain", "endpoint add bybit testnet A/b --url " HOST, 1, "1 to 63"},
		{"the configured one is not a row",
			"endpoint add bybit testnet configured --url " HOST, 1, "1 to 63"},
		{"an endpoint has a URL", "endpoint add bybit testnet a", 2, "--url"},
		{"a URL is https", "endpoint add bybit testnet a --url http://example.com", 1,
			"--url"},
		{"keys go to known hosts only",
			"endpoint add bybit testnet a --url https://evil.example.com", 4,
			"venue.extra_hosts"},
		{"a tier has a name", "endpoint add bybit testnet a --url " HOST " --tier gold", 2,
			"--tier"},
		{"a weight is bounded", "endpoint add bybit testnet a --url " HOST " --weight -1",
			2, "--weight"},
		{"a cost is an amount", "endpoint add bybit testnet a --url " HOST " --cost lots",
			2, "--cost"},
		{"what is drained must be there", "endpoint drain bybit testnet nope", 3, "nope"},
		{"what is removed must be there", "endpoint remove bybit testnet nope --yes", 3,
			"nope"},
		{"nothing is removed unasked", "endpoint remove bybit testnet nope", 4, "--yes"},
		{"what is tested must be there", "endpoint test bybit testnet nope", 3,
			"no such endpoint"},
		{"a binding says to what", "credential bind ann/main", 2, "--egress, or --any"},
		{"and not two things", "credential bind ann/main --any --egress 127.0.0.1", 2,
			"--egress, or --any"},
		{"an address is one", "credential bind ann/main --egress a,b", 2, "--egress"},
	};
	return cr_make_param_array(struct refusal, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct refusal *row, operator_endpoints, refuses)
{
	int code = botbeat(row->line);

	cr_expect(eq(int, code, row->code), "%s: %s", row->because, said);
	cr_expect(strstr(said, row->words) != NULL, "%s: %s", row->because, said);
	EXPECT_SQL("select count(*) from venue_endpoints", "0");
}

Test(operator_endpoints, they_are_added_listed_drained_and_removed)
{
	cr_expect(zero(int, botbeat_with("endpoint add bybit testnet east --url %s --egress "
					 "127.0.0.5 --tier premium --priority 2 --weight 3 --cost "
					 "0.25 --limit 40",
				    op.venue.url)),
		"%s", said);
	cr_expect(
		eq(int, botbeat_with("endpoint add bybit testnet east --url %s", op.venue.url), 4),
		"%s", said);
	EXPECT_SQL("select version from endpoint_pool", "2");
	EXPECT_EXIT(0, "endpoint list bybit --json");
	EXPECT_SAID("\"name\":\"east\"");
	EXPECT_SAID("\"egress\":\"127.0.0.5\"");
	EXPECT_SAID("\"tier\":\"premium\"");
	EXPECT_SAID("\"limit_per_second\":40");
	EXPECT_SAID("\"cost_per_1000\":\"0.25\"");
	EXPECT_EXIT(0, "endpoint list phemex");
	EXPECT_UNSAID("east");
	EXPECT_EXIT(0, "endpoint drain bybit testnet east");
	EXPECT_EXIT(0, "endpoint list");
	EXPECT_SAID("draining");
	EXPECT_EXIT(0, "endpoint drain bybit testnet east --undo");
	EXPECT_SQL("select status from venue_endpoints", "active");
	EXPECT_EXIT(0, "endpoint remove bybit testnet east --yes");
	EXPECT_SQL("select string_agg(action, ' ' order by id) from audit_logs where action like "
		   "'endpoint.%'",
		"endpoint.add endpoint.drain endpoint.drain endpoint.remove");
}

Test(operator_endpoints, a_test_says_which_answer)
{
	cr_expect(zero(int, botbeat_with("endpoint add bybit testnet here --url %s", op.venue.url)),
		"%s", said);
	EXPECT_EXIT(0, "endpoint add bybit testnet gone --url " HOST);
	EXPECT_EXIT(1, "endpoint test");
	EXPECT_SAID("1 of 2 endpoints do not answer");
	EXPECT_EXIT(0, "endpoint test bybit testnet here --json");
	EXPECT_SAID("\"answers\":true");
	EXPECT_UNSAID("gone");
}

Test(operator_endpoints, what_commands_ask_is_counted_and_health_is_shown, .init = start_queue,
	.fini = stop_queue)
{
	cr_expect(zero(int, botbeat_with("endpoint add bybit testnet here --url %s", op.venue.url)),
		"%s", said);
	EXPECT_EXIT(0, "credential check ann/main");
	EXPECT_SQL("select (sum(ok) > 0)::text from endpoint_usage where name = 'here'", "true");
	EXPECT_EXIT(0, "endpoint list --json");
	EXPECT_SAID("\"health\":\"ok\"");
	EXPECT_SAID("\"failed_24h\":0");
}

Test(operator_endpoints, a_bound_credential_leaves_from_its_addresses)
{
	EXPECT_EXIT(0, "credential bind ann/main --egress 127.0.0.6 --egress 127.0.0.7");
	EXPECT_EXIT(0, "credential list ann");
	EXPECT_SAID("127.0.0.6 127.0.0.7");
	EXPECT_EXIT(4, "credential check ann/main");
	EXPECT_SAID("bound to addresses that this host has no endpoint");
	cr_expect(zero(int, botbeat_with("endpoint add bybit testnet six --url %s --egress "
					 "127.0.0.6",
				    op.venue.url)),
		"%s", said);
	EXPECT_EXIT(0, "credential check ann/main");
	EXPECT_EXIT(0, "credential bind ann/main --any");
	EXPECT_SQL("select string_agg(reason, ' ' order by id) from audit_logs where action = "
		   "'credential.bind'",
		"127.0.0.6,127.0.0.7 any");
}
