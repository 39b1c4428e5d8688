/* tenant, key and credential: what they store, what they refuse, and that no secret shows. */
#include "tests/cli/operator.h"

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

TestSuite(operator_keys, .init = operator_begin, .fini = operator_end);

static unsigned mode_of(const char *path)
{
	struct stat stat;

	cr_assert(zero(int, lstat(path, &stat)));
	return (unsigned)stat.st_mode & 07777U;
}

Test(operator_keys, a_ring_is_made_for_its_owner_alone_and_grows_at_its_front)
{
	EXPECT_EXIT(2, "key master");
	cr_expect(eq(int, botbeat_with("key master %s --id a:b", path_of("ring")), 2));
	cr_expect(eq(int, botbeat_with("key master %s --id old", path_of("ring")), 0), "%s", said);
	cr_expect(eq(uint, mode_of(path_of("ring")), 0600));
	cr_expect(eq(int, botbeat_with("key master %s --id old", path_of("ring")), 4), "%s", said);
	cr_expect(eq(int, botbeat_with("key master %s --id new", path_of("ring")), 0), "%s", said);
	cr_expect(eq(uint, mode_of(path_of("ring")), 0600));

	EXPECT_EXIT(0, "tenant add ann");
	EXPECT_SQL("select master_key_id from tenants", "new");
}

Test(operator_keys, a_ring_that_others_can_read_is_not_added_to)
{
	cr_assert(zero(int, botbeat_with("key master %s", path_of("ring"))), "%s", said);
	cr_assert(zero(int, chmod(path_of("ring"), 0644)));
	cr_expect(eq(int, botbeat_with("key master %s", path_of("ring")), 1), "%s", said);
	EXPECT_SAID("0644");
}

Test(operator_keys, a_tenant_needs_a_ring_and_a_name_of_its_own)
{
	EXPECT_EXIT(1, "tenant add ann");
	EXPECT_SAID("ring");
	set_environment("BOTBEAT_VAULT_MASTER_KEY_FILE", "");
	EXPECT_EXIT(1, "tenant add ann");
	EXPECT_SAID("vault.master_key_file is not set");
	set_environment("BOTBEAT_VAULT_MASTER_KEY_FILE", path_of("ring"));
	cr_assert(zero(int, botbeat_with("key master %s", path_of("ring"))), "%s", said);
	EXPECT_EXIT(0, "tenant add ann");
	EXPECT_EXIT(4, "tenant add ann");
	EXPECT_EXIT(1, "tenant add ann/ben");
	EXPECT_EXIT(1, "tenant add 3f4cddcf-cd33-4bcd-a6a4-477ed5068de2");
	EXPECT_EXIT(0, "tenant list --json");
	EXPECT_SAID("\"name\":\"ann\"");
	EXPECT_SQL("select count(*) from tenants", "1");
	EXPECT_SQL(
		"select count(*) from audit_logs where actor like 'os:%' and action = 'tenant.add'",
		"1");
}

Test(operator_keys, the_master_key_rotates_and_the_old_one_can_go)
{
	operator_has_tenants();
	cr_assert(
		zero(int, botbeat_with("key master %s --id second", path_of("ring"))), "%s", said);
	EXPECT_EXIT(0, "key list --json");
	EXPECT_SAID("{\"id\":\"first\",\"tenants\":2,\"in_ring\":true,\"current\":false}");
	EXPECT_EXIT(0, "credential check ann/main");

	EXPECT_EXIT(0, "key rotate-master --json");
	EXPECT_SAID("\"rows\":2");
	EXPECT_EXIT(0, "key rotate-master --json");
	EXPECT_SAID("\"rows\":0");
	EXPECT_SQL("select count(*) from tenants where master_key_id = 'second'", "2");

	CLEANUP(text_free)
	char *drop = mem_format("sed -i /^first:/d %s", path_of("ring"));
	cr_assert(zero(int, system(drop)));
	EXPECT_EXIT(0, "credential check ann/main");
	EXPECT_EXIT(0, "key list --json");
	EXPECT_UNSAID("first");
}

Test(operator_keys, a_key_that_is_not_in_the_ring_is_named)
{
	operator_has_tenants();
	cr_assert(zero(int, unlink(path_of("ring"))));
	cr_assert(zero(int, botbeat_with("key master %s --id other", path_of("ring"))), "%s", said);
	EXPECT_EXIT(1, "credential check ann/main");
	EXPECT_SAID("\"first\" is not in the ring");
	EXPECT_EXIT(1, "key rotate-master");
	EXPECT_SAID("\"first\"");
	EXPECT_SQL("select count(*) from tenants where master_key_id = 'first'", "2");
}

Test(operator_keys, a_tenants_pair_rotates_with_all_its_credentials_or_not_at_all)
{
	operator_has_tenants();
	CLEANUP(text_free)
	char *before = test_database_value(
		op.postgres, "select public_key from tenants where name = 'ann'");

	EXPECT_EXIT(4, "key rotate-tenant ann");
	EXPECT_EXIT(3, "key rotate-tenant zoe --yes");
	EXPECT_EXIT(0, "key rotate-tenant ann --yes");
	EXPECT_SAID("2 credentials");
	CLEANUP(text_free)
	char *after = test_database_value(
		op.postgres, "select public_key from tenants where name = 'ann'");
	cr_expect(ne(str, before, after));
	EXPECT_SQL("select count(*) from credentials c join tenants t on t.id = c.tenant_id "
		   "where t.name = 'ann' and c.key_version = t.key_version and t.key_version = 2",
		"2");
	EXPECT_EXIT(0, "credential check ann/main");

	/* ben's box in ann's row: opening must fail, and then nothing may have changed. */
	test_database_run(op.postgres, "update credentials c set sealed = (select sealed from "
				       "credentials where name = 'copy') where name = 'spare'");
	EXPECT_EXIT(1, "key rotate-tenant ann --yes");
	EXPECT_SQL("select key_version from tenants where name = 'ann'", "2");
	EXPECT_SQL("select count(*) from credentials where key_version = 3", "0");
	EXPECT_EXIT(0, "credential check ann/main");
}

struct refusal {
	char because[64];
	char line[160]; /* ends with the key file's option */
	char keys[80];
	unsigned mode;
	int code;
	char words[64];
};

ParameterizedTestParameters(operator_keys, refuses_credentials)
{
	static struct refusal rows[] = {
		{"a file that others can read is no place for a secret",
			"credential add ann x --exchange bybit --environment testnet --key-file",
			"alice:s", 0644, 4, "0644"},
		{"an unknown tenant is not found",
			"credential add zoe x --exchange bybit --environment testnet --key-file",
			"alice:s", 0600, 3, "zoe"},
		{"a missing option is a usage error",
			"credential add ann x --exchange bybit --key-file", "alice:s", 0600, 2,
			"--environment"},
		{"an unknown venue is named",
			"credential add ann x --exchange nyse --environment live --key-file",
			"alice:s", 0600, 1, "nyse"},
		{"a name is taken once",
			"credential add ann main --exchange bybit --environment testnet --key-file",
			"alice:s", 0600, 4, "already"},
		{"a key without a secret is none",
			"credential add ann x --exchange bybit --environment testnet --key-file",
			"alice", 0600, 1, "KEY:SECRET"},
		{"many are all or none", "credential add --file",
			"ann:x:bybit:testnet:k:s\nann:y:bybit:mars:k:s\n", 0600, 1, "line 2"},
		{"a file and operands do not go together", "credential add ann x --file",
			"ann:x:bybit:testnet:k:s\n", 0600, 2, "not both"},
	};
	return cr_make_param_array(struct refusal, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct refusal *row, operator_keys, refuses_credentials)
{
	operator_has_tenants();
	const char *keys = write_file("some", row->mode, row->keys);

	cr_expect(eq(int, botbeat_with("%s %s", row->line, keys), row->code), "%s: %s",
		row->because, said);
	EXPECT_SAID(row->words);
	EXPECT_SQL("select count(*) from credentials", "4");
}

Test(operator_keys, a_check_learns_the_account_and_refuses_a_wrong_secret)
{
	operator_has_tenants();
	EXPECT_EXIT(0, "credential check ann/main --json");
	EXPECT_SAID("\"account_id\":\"100000001\"");
	EXPECT_SAID("\"status\":\"ok\"");
	EXPECT_SQL("select c.status || ' ' || c.account_id || ' ' || (c.permissions ->> "
		   "'withdraw') from "
		   "credentials c join tenants t on t.id = c.tenant_id "
		   "where c.name = 'main' and t.name = 'ann'",
		"ok 100000001 false");
	EXPECT_EXIT(4, "credential check main");
	EXPECT_SAID("several credentials");
	EXPECT_EXIT(3, "credential check nothing");

	const char *wrong = write_file("wrong", 0600, "alice:not-her-secret");
	cr_expect(eq(int,
		botbeat_with("credential add ann wrong --exchange bybit --environment testnet "
			     "--key-file %s",
			wrong),
		0));
	EXPECT_EXIT(4, "credential check wrong");
	EXPECT_SQL("select status from credentials where name = 'wrong'", "refused");
}

/* ROW and WHAT of ann/main. */
#define OF_MAIN(what)                                                                              \
	"select " what " from credentials c join tenants t on t.id = c.tenant_id "                 \
	"where c.name = 'main' and t.name = 'ann'"

Test(operator_keys, a_replaced_secret_is_checked_first_and_the_old_one_is_noise)
{
	operator_has_tenants();
	CLEANUP(text_free) char *before = test_database_value(op.postgres, OF_MAIN("c.sealed"));
	const char *bobs = write_file("bobs", 0600, "bob:secret-of-bob");
	const char *wrong = write_file("wrong", 0600, "alice:not-her-secret");

	cr_expect(eq(int, botbeat_with("credential replace ann/main --key-file %s", wrong), 4),
		"%s", said);
	EXPECT_SAID("the former secret stays");
	EXPECT_SQL(OF_MAIN("c.version"), "1");
	EXPECT_EXIT(0, "credential check ann/main");

	/* Nobody holds a leg: any account will do. */
	cr_expect(zero(int, botbeat_with("credential replace ann/main --key-file %s --json", bobs)),
		"%s", said);
	EXPECT_SAID("\"account_id\":\"100000002\"");
	EXPECT_SQL(OF_MAIN("c.version || ' ' || c.version_min || ' ' || c.status || ' ' || "
			   "c.account_id"),
		"2 2 ok 100000002");
	EXPECT_SQL("select action || ' ' || reason from audit_logs where action = "
		   "'credential.replace'",
		"credential.replace version 2");
	EXPECT_EXIT(0, "credential check ann/main");

	CLEANUP(text_free)
	char *replay = mem_format("update credentials set sealed = '%s' where version = 2", before);
	test_database_run(op.postgres, replay);
	EXPECT_EXIT(1, "credential check ann/main");
	EXPECT_SAID("version");
}

Test(operator_keys, a_key_of_another_account_is_refused_while_a_leg_is_held)
{
	operator_has_tenants();
	const char *bobs = write_file("bobs", 0600, "bob:secret-of-bob");
	const char *hers = write_file("hers", 0600, "alice:secret-of-alice");

	EXPECT_EXIT(0, "bot add ann dca --exchange bybit --environment testnet --credential main "
		       "--pair BTCUSDT:long");
	EXPECT_EXIT(0, "bot start dca");
	cr_expect(eq(int, botbeat_with("credential replace ann/main --key-file %s", bobs), 4), "%s",
		said);
	EXPECT_SAID("another account");
	EXPECT_SQL(OF_MAIN("c.version || ' ' || c.account_id"), "1 100000001");
	cr_expect(zero(int, botbeat_with("credential replace ann/main --key-file %s", hers)), "%s",
		said);
	EXPECT_SQL(OF_MAIN("c.version || ' ' || c.account_id"), "2 100000001");
	EXPECT_SQL("select count(*) from audit_logs where action = 'credential.replace'", "1");
}

Test(operator_keys, what_a_dashboard_seals_opens)
{
	operator_has_tenants();
	CLEANUP(text_free)
	char *public_key = test_database_value(
		op.postgres, "select public_key from tenants where name = 'ann'");
	CLEANUP(text_free)
	char *tenant = test_database_value(
		op.postgres, "select id::text from tenants where name = 'ann'");
	const char *id = "3f4cddcf-cd33-4bcd-a6a4-477ed5068de2";
	const char *keys = write_file("one", 0600, "alice:secret-of-alice\n");

	cr_assert(
		eq(int,
			botbeat_with("credential seal --public-key %s --tenant %s --credential %s "
				     "--exchange bybit --environment testnet --version 7 "
				     "--key-file %s",
				public_key, tenant, id, keys),
			0),
		"%s", said);
	said[strcspn(said, "\n")] = '\0';
	CLEANUP(text_free)
	char *insert = mem_format(
		"insert into credentials (id, tenant_id, name, exchange, environment, sealed, "
		"version, version_min) values ('%s', '%s', 'sealed', 'bybit', 'testnet', '%s', 7, "
		"7)",
		id, tenant, said);
	test_database_run(op.postgres, insert);
	EXPECT_EXIT(0, "credential check sealed");
	test_database_run(op.postgres, "update credentials set version_min = 8 where version = 7");
	EXPECT_EXIT(1, "credential check sealed");
	EXPECT_SAID("version");
}

/* The canary of guarantees.md 1: it stands in a file, and nowhere else. */
Test(operator_keys, a_secret_shows_nowhere)
{
	static const char canary[] = "CANARY4f1c9e";
	operator_has_tenants();
	const char *keys = write_file("canary", 0600, "alice:CANARY4f1c9e");

	EXPECT_EXIT(0, "tenant list");
	cr_expect(eq(int,
		botbeat_with("credential add ann canary --exchange bybit --environment testnet "
			     "--key-file %s --json",
			keys),
		0));
	EXPECT_UNSAID(canary);
	EXPECT_EXIT(4, "credential check canary");
	EXPECT_UNSAID(canary);
	EXPECT_SQL("select count(*) from (select c::text as row from credentials c union all "
		   "select a::text from audit_logs a) as rows where row like '%CANARY%'",
		"0");
	EXPECT_SQL("select count(*) from audit_logs where action = 'credential.open'", "1");
}
