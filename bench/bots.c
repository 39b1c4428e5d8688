/*
 * bots - writes the bots of the whole-run benchmark: bench_bots BOTS INTERVAL_S KEY_FILE
 * ACCOUNTS_FILE
 *
 * Each has a sealed credential and an account of its own on the simulated exchange.
 */
#include "bench/fixture.h"
#include "bench/measure.h"
#include "core/base/cleanup.h"
#include "core/io/postgres.h"
#include "core/vault/vault.h"

int main(int argc, char **argv)
{
	CLEANUP(postgres_free) struct postgres *postgres = NULL;
	struct err err;

	if (argc != 5)
		die("usage: bench_bots BOTS INTERVAL_S KEY_FILE ACCOUNTS_FILE");
	measure_must(vault_init(&err), &err, "start the vault");
	postgres = postgres_new(
		&(struct postgres_options){.url = measure_setting("BENCH_DATABASE_URL"),
			.application = "botbeat bench",
			.statement_timeout_ms = 120000});
	fixture_make(postgres, &(struct fixture){
				       .bots = measure_argument(argc, argv, 1, 1),
				       .tenants = 100,
				       .interval_s = measure_argument(argc, argv, 2, 10),
				       .master_key_file = argv[3],
				       .accounts_file = argv[4],
			       });
	return 0;
}
