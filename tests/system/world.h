/*
 * world - everything one bot needs, real and in one process: the simulated exchange, a fresh
 * Postgres database, Redis, the vault, and run_execute between them.
 *
 * The market stands still until a test moves it. The bot opens when the price dips below its
 * average, takes profit at once when it rallies, and holds one order at a time. Each run gets a
 * slot of its own. audit_world holds journal and trades against the simulator's ledger.
 */
#ifndef TESTS_SYSTEM_WORLD_H
#define TESTS_SYSTEM_WORLD_H

#include "core/base/arena.h"
#include "core/io/config.h"
#include "core/io/redis.h"
#include "core/vault/vault.h"
#include "tests/core/store/bot.h"
#include "tests/simulator/client.h"
#include "tests/support/server.h"
#include "worker/run.h"
#include "worker/seam.h"
#include "worker/venues.h"

#include <sys/mman.h>

#define SYMBOL "BTCUSDT"
#define HISTORY_MINUTES 6200 /* EMA100 of 1 h wants a hundred hours */
#define FUTURE_MINUTES 600
#define DIP "19990"   /* below the averages: the bot opens at the bid */
#define RALLY "20500" /* the bot closes at the ask */

struct world {
	struct client client;
	struct bot bot;
	struct config *config;
	struct vault *vault;
	struct redis *redis;
	struct http *http;
	struct venues *venues;
	struct arena *arena;
	struct scoreboard *scoreboard;
	struct clock clock; /* waits take no time: what is slept is added to what has passed */
	int64_t slept_ms;
	int64_t slot_s;
	bool lossy; /* the venue loses requests and replies: exits may stand beside unknown ones */
	struct run_result result; /* of the last run */
};

static struct world world;

/* ---- seams ----------------------------------------------------------------------------------- */

static void (*at_seam)(const char *place);

void seam(const char *place)
{
	if (at_seam != NULL)
		at_seam(place);
}

/* ---- making it ------------------------------------------------------------------------------- */

static int64_t world_utc_ms(void *context)
{
	(void)context;
	return clock_utc_ms(clock_system());
}

static int64_t world_mono_ms(void *context)
{
	const struct world *of = context;
	return clock_mono_ms(clock_system()) + of->slept_ms;
}

static void world_sleep_ms(void *context, int64_t duration_ms)
{
	struct world *of = context;
	of->slept_ms += duration_ms;
	clock_sleep_ms(clock_system(), 1);
}

/* Steady prices: every gate of the strategy is calm, and averages stand at 20000. */
static void write_history(const char *path, const char *volume)
{
	FILE *file = fopen(path, "w");

	(void)fputs("timestamp_ms,open,high,low,close,volume\n", file);
	for (int64_t i = -HISTORY_MINUTES; i < FUTURE_MINUTES; i++)
		(void)fprintf(file, "%" PRId64 ",20000,20000.5,19999.5,20000,%s\n",
			START_MS + i * 60000, volume);
	cr_assert(zero(int, fclose(file)));
}

/* Another value is another story: BOTBEAT_TEST_SEED=7 tells it again. */
static uint64_t test_seed(void)
{
	const char *text = getenv("BOTBEAT_TEST_SEED");

	return text == NULL ? 1 : strtoull(text, NULL, 10);
}

static void start_simulator(const char *volume)
{
	struct instrument instrument;

	world.client = (struct client){0};
	struct simulator_options options = client_options(&world.client, &instrument);
	options.seed = test_seed();
	write_history(world.client.file, volume);
	client_start_with(&world.client, &options);
}

static void open_vault(void)
{
	char path[] = "/tmp/botbeat-ring-XXXXXX";
	int fd = mkstemp(path);
	struct err err;

	cr_assert(zero(int, vault_init(&err)));
	CLEANUP(text_free) char *line = vault_new_master_line("test");
	cr_assert(ge(int, fd, 0));
	cr_assert(eq(i64, write(fd, line, strlen(line)), (int64_t)strlen(line)));
	cr_assert(zero(int, close(fd)));
	cr_assert(zero(int, vault_open(path, &world.vault, &err)), "%s", err.message);
	(void)unlink(path);
}

static void seal_credential(void)
{
	struct uuid tenant = uuid_of(TENANT), credential = uuid_of(CREDENTIAL);
	struct vault_binding binding = {.tenant = tenant.text,
		.credential = credential.text,
		.venue = "bybit",
		.environment = "testnet",
		.version_min = 1};
	CLEANUP(text_free) char *public = NULL;
	CLEANUP(text_free) char *wrapped = NULL;
	CLEANUP(text_free) char *sealed = NULL;
	struct err err;

	cr_assert(zero(int, vault_new_tenant(world.vault, tenant.text, &public, &wrapped, &err)));
	cr_assert(zero(
		int, vault_seal(public, &binding, 1, "alice", "secret-of-alice", &sealed, &err)));
	CLEANUP(text_free)
	char *update = mem_format(
		"update tenants set public_key = '%s', wrapped_private_key = '%s',"
		" master_key_id = 'test';"
		"update credentials set sealed = '%s', status = 'ok'",
		public, wrapped, sealed);
	test_database_run(world.bot.admin, update);
}

static void load_config(void)
{
	const struct config_override overrides[] = {
		{"venue.bybit_testnet_url", world.client.url},
		{"venue.requests_per_second", "-1"},
	};
	struct err err;

	cr_assert(
		zero(int, config_load(NULL, overrides, 2, &world.config, &err)), "%s", err.message);
}

/* Connections belong to a process: made by each that runs. */
static void connect_world(void)
{
	struct err err;

	cr_assert(zero(int, redis_new(test_redis_url(), 0, 0, &world.redis, &err)), "%s",
		err.message);
	world.bot.worker = test_database_open(world.bot.url, "botbeat_worker");
	world.http = http_new(
		&(struct http_options){.user_agent = "botbeat", .total_timeout_ms = 2000});
	world.venues = venues_new(world.config, world.http, world.redis);
	world.arena = arena_new(256 << 10, 64 << 20);
}

/* On a market that start makes; the pair is the tests' own to set up. */
static void world_make(const char *name, void (*start)(void))
{
	world = (struct world){0};
	start();
	bot_open(&world.bot, name);
	postgres_free(&world.bot.worker);
	open_vault();
	load_config();
	connect_world();
	seal_credential();
	world.scoreboard = scoreboard_new(1);
	world.clock = (struct clock){world_utc_ms, world_mono_ms, world_sleep_ms, &world};
	world.slot_s = world.bot.now_s - 100000;
}

static const char *steady_volume;

static void start_steady(void)
{
	start_simulator(steady_volume);
}

__attribute__((unused)) static void world_open(const char *name, const char *volume)
{
	steady_volume = volume;
	world_make(name, start_steady);
	test_database_run(world.bot.admin,
		"delete from bot_trading_pairs where bot_id = " OTHER_BOT ";"
		"update leg_claims set leg = 'one_way';"
		"update bot_trading_pairs set position_mode = 'one_way', leverage = 10, "
		"strategy_params ="
		" '{\"initial_size\": \"0.05\", \"buildup_limit\": \"0\", "
		"\"tp_min_balance_profit\": \"0\","
		" \"take_profit\": \"0.05\"}'");
}

static void world_close(void)
{
	venues_free(&world.venues);
	http_free(&world.http);
	redis_free(&world.redis);
	arena_free(&world.arena);
	vault_free(&world.vault);
	config_free(&world.config);
	client_stop(&world.client);
	bot_close(&world.bot);
}

/* ---- living in it ---------------------------------------------------------------------------- */

/* Prices are kept for half a second and permits for a second; these runs follow at once. */
static void forget_market(void)
{
	const char *const flush[] = {"FLUSHDB"};
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err err;

	cr_assert(zero(int, redis_command(world.redis, 1, flush, NULL, &reply, &err)), "%s",
		err.message);
	venues_free(&world.venues);
	world.venues = venues_new(world.config, world.http, world.redis);
}

__attribute__((unused)) static void set_price(const char *price)
{
	POST_OK(&world.client, "/sim/price",
		"{\"symbol\":\"" SYMBOL "\",\"last\":\"%s\",\"mark\":\"%s\"}", price, price);
}

__attribute__((unused)) static void spoil(const char *kind, const char *path, int64_t count)
{
	POST_OK(&world.client, "/sim/faults",
		"{\"kind\":\"%s\",\"path\":\"%s\",\"count\":%" PRId64 "}", kind, path, count);
}

__attribute__((unused)) static void behave(void)
{
	struct answer answer = client_send(&world.client, "DELETE", "/sim/faults", NULL);

	answer_done(&answer);
}

/* How often the venue was asked for something, lost replies included. */
__attribute__((unused)) static int64_t arrivals(const char *path)
{
	CLEANUP(text_free) char *member = mem_format("requests.%s", path);
	struct answer state = client_get(&world.client, "/sim/state");
	int64_t count = strtoll(value_at(&state, member), NULL, 10);

	answer_done(&state);
	return count;
}

/* With what Redis knows of before. */
static void execute_remembering(int64_t slot_s)
{
	world.slept_ms = 0; /* the venue's handle has the machine's clock: within a run they part */
	struct run_context context = {.postgres = world.bot.worker,
		.redis = world.redis,
		.http = world.http,
		.vault = world.vault,
		.venues = world.venues,
		.config = world.config,
		.clock = &world.clock,
		.page = &world.scoreboard->pages[0],
		.arena = world.arena,
		.holder = "host/1.1",
		.lease_ms = 30000,
		.soft_timeout_ms = 45000,
		.backoff = {.base_ms = 1, .cap_ms = 2, .tries_max = 5},
		.max_attempts = 5};
	struct job job = {.bot = world.bot.id,
		.tenant = uuid_of(TENANT),
		.scheduled_s = slot_s,
		.due_ms = slot_s * 1000};

	run_execute(&context, &job, &world.result);
}

static void execute(int64_t slot_s)
{
	forget_market();
	execute_remembering(slot_s);
}

/* The bot's next slot, now. */
__attribute__((unused)) static void run_slot(void)
{
	execute(++world.slot_s);
}

__attribute__((unused)) static void expect_success(const char *because)
{
	CLEANUP(text_free)
	char *error = test_database_value(world.bot.admin,
		"select coalesce(error, status) from bot_execution_logs order by "
		"scheduled_at desc limit 1");
	cr_expect(eq(int, world.result.succeeded, true), "%s: %s", because, error);
}

#define EXPECT_DB(query, expected, because) EXPECT_CELL(&world.bot, query, expected, because)
#define ENTRIES "from order_journal where kind = 'place' and purpose in ('open', 'add') "

/* An expiry and its grace have passed: what was never found by now never will be. */
__attribute__((unused)) static void let_expire(void)
{
	test_database_run(world.bot.admin, "update order_journal set expires_server_ms = "
					   "expires_server_ms - 60000 where not final");
}

/* ---- the audit ------------------------------------------------------------------------------- */

struct audit {
	int orders;       /* that the venue accepted from us */
	int duplicate;    /* accepted while another one of the same purpose was still working */
	int exits_beside; /* likewise, but reduce-only: an exit does not wait for an unknown one */
	int lost;         /* without a journal row */
	int wrong; /* rows whose state or fills are not the ledger's, or claim an order it has not
		    */
	int fills; /* of our orders and of the venue's own hand */
	int unbooked; /* fills without exactly one trade */
};

#define AUDIT_ORDERS_MAX 512

struct audit_order {
	char id[CLIENT_ID_SIZE];
	char status[16];
	char filled[32];
	bool reduce_only;
};

struct ledger_audit {
	struct audit totals;
	struct audit_order orders[AUDIT_ORDERS_MAX];
	int count;
};

static const char *member_of(const struct field *line, const char *name)
{
	struct field member;
	struct err err;
	const char *text = "";

	if (field_get_optional(line, name, &member, &err) == 0 && field_present(&member) &&
		field_is_string(&member))
		cr_assert(zero(int, field_as_text(&member, &text, &err)));
	return text;
}

static bool is_working(const struct audit_order *order)
{
	return strcmp(order->status, "open") == 0 || strcmp(order->status, "untriggered") == 0;
}

static struct audit_order *audited(struct ledger_audit *audit, const char *id)
{
	for (int i = 0; i < audit->count; i++)
		if (strcmp(audit->orders[i].id, id) == 0)
			return &audit->orders[i];
	return NULL;
}

/* A new order of ours: none of the same purpose may still be working. */
static struct audit_order *accept_order(
	struct ledger_audit *audit, const char *id, bool reduce_only)
{
	for (int i = 0; i < audit->count; i++) {
		if (!is_working(&audit->orders[i]) || audit->orders[i].reduce_only != reduce_only)
			continue;
		cr_log_info("%s was accepted while %s was working", id, audit->orders[i].id);
		*(reduce_only ? &audit->totals.exits_beside : &audit->totals.duplicate) += 1;
	}
	cr_assert(lt(int, audit->count, AUDIT_ORDERS_MAX));
	struct audit_order *order = &audit->orders[audit->count++];
	*order = (struct audit_order){.reduce_only = reduce_only};
	(void)snprintf(order->id, sizeof order->id, "%s", id);
	audit->totals.orders++;
	return order;
}

static void count_trades(struct ledger_audit *audit, const char *exec_id)
{
	CLEANUP(text_free)
	char *query = mem_format(
		"select count(*) from trades where exec_id = '%s' and exec_part = 0", exec_id);
	CLEANUP(text_free) char *count = test_database_value(world.bot.admin, query);

	audit->totals.fills++;
	if (strcmp(count, "1") != 0)
		audit->totals.unbooked++;
}

static void read_line(struct ledger_audit *audit, const char *text, size_t size_bytes)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	struct err err;
	bool reduce_only = false;

	cr_assert(zero(int, field_parse(text, size_bytes, &document, &err)), "%s", err.message);
	struct field line = field_root(document);
	const char *event = member_of(&line, "event");
	const char *id = member_of(&line, "client_order_id");
	struct order_key key;
	bool ours = client_order_id_parse(id, &key);

	if (strcmp(event, "fill") == 0 &&
		(ours || strcmp(member_of(&line, "fill_kind"), "trade") != 0))
		count_trades(audit, member_of(&line, "exec_id"));
	if (!ours)
		return;
	cr_assert(
		zero(int, field_bool(&line, "reduce_only", &reduce_only, &err)), "%s", err.message);
	struct audit_order *order = audited(audit, id);
	if (order == NULL)
		order = accept_order(audit, id, reduce_only);
	(void)snprintf(order->status, sizeof order->status, "%s", member_of(&line, "status"));
	(void)snprintf(order->filled, sizeof order->filled, "%s", member_of(&line, "filled"));
}

/* The journal's row of an order that the venue has. */
static void hold_against_journal(struct ledger_audit *audit, const struct audit_order *order)
{
	/* A stop that waits is open to the journal. */
	const char *state = strcmp(order->status, "untriggered") == 0 ? "open" : order->status;
	CLEANUP(text_free)
	char *query = mem_format(
		"select coalesce((select case when state = '%s' and filled_quantity ="
		" '%s'::numeric then 'same' else 'other' end from order_journal where"
		" client_order_id = '%s'), 'lost')",
		state, order->filled, order->id);
	CLEANUP(text_free) char *verdict = test_database_value(world.bot.admin, query);

	audit->totals.lost += strcmp(verdict, "lost") == 0;
	if (strcmp(verdict, "other") != 0)
		return;
	audit->totals.wrong++;
	CLEANUP(text_free)
	char *row = mem_format("select state || ' ' || filled_quantity from order_journal where"
			       " client_order_id = '%s'",
		order->id);
	CLEANUP(text_free) char *ours = test_database_value(world.bot.admin, row);
	cr_log_info("%s: the venue has %s %s, the journal %s", order->id, order->status,
		order->filled, ours);
}

/* Rows that say that the venue has, or had, an order which it never saw. */
static int count_phantoms(const struct ledger_audit *audit)
{
	CLEANUP(postgres_result_free) struct postgres_result *result = NULL;
	struct err err;
	int phantoms = 0;

	cr_assert(zero(
		int, postgres_query(world.bot.admin,
			     "select client_order_id from order_journal where kind = 'place' and"
			     " state in ('open', 'filled', 'cancelled') and reason is distinct from"
			     " 'never_sent'",
			     0, NULL, &result, &err)));
	for (size_t i = 0; i < postgres_rows(result); i++) {
		bool found = false;
		for (int k = 0; k < audit->count && !found; k++)
			found = strcmp(audit->orders[k].id, postgres_text(result, i, 0)) == 0;
		phantoms += !found;
	}
	return phantoms;
}

__attribute__((unused)) static struct audit audit_world(void)
{
	struct ledger_audit *audit = mem_zero(1, sizeof *audit);
	struct answer ledger = client_get(&world.client, "/sim/ledger?key=alice");
	const char *line = ledger.response->body;

	for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
		read_line(audit, line, (size_t)(end - line));
	for (int i = 0; i < audit->count; i++)
		hold_against_journal(audit, &audit->orders[i]);
	audit->totals.wrong += count_phantoms(audit);
	answer_done(&ledger);
	struct audit totals = audit->totals;
	free(audit);
	return totals;
}

/* Nothing doubled, lost or misstated, and the leg's book is the venue's position. */
__attribute__((unused)) static void expect_clean(const char *because)
{
	struct audit audit = audit_world();
	struct answer position = client_get(
		&world.client, "/v5/position/list?category=linear&symbol=" SYMBOL);
	CLEANUP(text_free)
	char *same = mem_format("select quantity = '0%s'::numeric from pair_states",
		value_at(&position, "list.0.size"));

	cr_expect(zero(int, audit.duplicate), "%s: doubled", because);
	if (!world.lossy)
		cr_expect(zero(int, audit.exits_beside), "%s: two exits at once", because);
	cr_expect(zero(int, audit.lost), "%s: lost", because);
	cr_expect(zero(int, audit.wrong), "%s: misstated", because);
	cr_expect(zero(int, audit.unbooked), "%s: fills not booked once", because);
	EXPECT_DB(same, "t", because);
	answer_done(&position);
}

#endif
