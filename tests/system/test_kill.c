/*
 * A runner killed at each place of the money path, in each phase of a trade: entering, being
 * filled, leaving, being filled. What the next runs make of it is held against the venue's ledger.
 */
#include "tests/system/world.h"

#include <sys/wait.h>

#define KILLED 77
#define PLACES_MAX 60 /* a run passes fewer; a test that never survives has gone wrong */

static int places_left; /* seams until the end, while a doomed runner runs */

static void setup(void)
{
	world_open("kill", "5000");
}

static void teardown(void)
{
	world_close();
}

TestSuite(kill, .init = setup, .fini = teardown, .timeout = 300);

/* The market in each phase of a round trip: enter, replace, filled, leave, replace, filled. */
static const char *const phases[] = {DIP, DIP, "19980", RALLY, RALLY, "20600"};
#define PHASES (int)(sizeof phases / sizeof phases[0])

/* ---- killing --------------------------------------------------------------------------------- */

static void die_here(const char *place)
{
	(void)place;
	if (--places_left == 0)
		_exit(KILLED);
}

/* A runner of its own for one slot, which dies at its n-th place. False: it survived. */
static bool run_doomed(int n)
{
	int status = 0;

	world.slot_s++;
	pid_t child = fork();
	if (child == 0) {
		connect_world();
		places_left = n;
		at_seam = die_here;
		execute(world.slot_s);
		_exit(0);
	}
	cr_assert(eq(int, waitpid(child, &status, 0), child));
	cr_assert(eq(int, WIFEXITED(status), true), "the runner ended by itself");
	return WEXITSTATUS(status) == KILLED;
}

/* What the keeper does about a death. */
static void bury(void)
{
	CLEANUP(text_free)
	char *token = test_database_value(
		world.bot.admin, "select token from run_leases where bot_id = " BOT);
	struct claim_killed killed = {.bot = world.bot.id,
		.token = strtoll(token, NULL, 10),
		.max_kills = 3,
		.message = "died",
		.phase = "send"};
	enum claim_fate fate;
	struct err err;

	cr_assert(zero(int, claim_end_killed(world.bot.worker, &killed, &fate, &err)), "%s",
		err.message);
}

/* The slot is tried again at once; then time passes, and the bot's next slot comes. */
static void recover(const char *where)
{
	bury();
	execute(world.slot_s);
	expect_clean(where);
	let_expire();
	run_slot();
	expect_success(where);
	expect_clean(where);
	EXPECT_DB("select count(*) from order_journal where state in ('planned', 'sending', "
		  "'unknown')",
		"0", where);
}

/* One round trip; in each phase a runner dies at its n-th place. Returns how many died. */
static int round_trip(int n)
{
	int deaths = 0;

	POST_OK(&world.client, "/sim/clock", "{\"advance_ms\":60000}");
	for (int phase = 0; phase < PHASES; phase++) {
		char where[64];
		(void)snprintf(where, sizeof where, "phase %d, killed at place %d", phase, n);
		set_price(phases[phase]);
		if (run_doomed(n)) {
			deaths++;
			recover(where);
		}
		expect_clean(where);
	}
	EXPECT_DB("select quantity from pair_states", "0", "each trip ends flat");
	return deaths;
}

/* Everything that the wallet gained stands in the trades. */
static void expect_wallet(void)
{
	struct answer wallet = client_get(
		&world.client, "/v5/account/wallet-balance?accountType=UNIFIED&coin=USDT");
	CLEANUP(text_free)
	char *query = mem_format("select sum(pnl - fee) + 10000 = '%s'::numeric from trades",
		value_at(&wallet, "list.0.coin.0.walletBalance"));

	EXPECT_DB(query, "t", "profit and fees of the trades are the wallet's");
	answer_done(&wallet);
}

Test(kill, at_every_place_loses_and_doubles_nothing)
{
	int deaths = 0;
	int trips = 0;

	for (int died = 1; died > 0; deaths += died) {
		cr_assert(lt(int, trips, PLACES_MAX), "no runner survives");
		died = round_trip(++trips);
	}
	expect_wallet();
	struct audit audit = audit_world();
	cr_log_info("%d runners killed in %d round trips: %d orders, %d doubled, %d lost, %d "
		    "misstated; "
		    "%d fills, %d not booked once",
		deaths, trips, audit.orders, audit.duplicate, audit.lost, audit.wrong, audit.fills,
		audit.unbooked);
	cr_expect(gt(int, deaths, 40), "the places were reached");
}

/* ---- a venue that misbehaves ----------------------------------------------------------------- */

static void misbehave(void)
{
	world.lossy = true;
	static const char *const kinds[] = {"cut_before", "cut_after", "error_after", "garbage"};
	static const char *const paths[] = {"/v5/order/create", "/v5/order/cancel",
		"/v5/order/realtime", "/v5/order/history", "/v5/execution/list",
		"/v5/position/list"};

	for (size_t path = 0; path < sizeof paths / sizeof paths[0]; path++)
		for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++)
			POST_OK(&world.client, "/sim/faults",
				"{\"kind\":\"%s\",\"path\":\"%s\",\"count\":0,\"chance_ppm\":"
				"40000}",
				kinds[kind], paths[path]);
}

/* Slots while the market jumps, replies get lost and every third runner dies somewhere. */
static void live_through(int slots)
{
	uint32_t dice = (uint32_t)test_seed();

	for (int slot = 0; slot < slots; slot++) {
		dice = dice * 1664525U + 1013904223U;
		set_price(phases[(dice >> 16) % PHASES]);
		bool died = dice % 3 == 0 && run_doomed(1 + (int)(dice >> 24) % 20);
		if (died)
			bury();
		else
			run_slot();
		if (slot % 10 == 0)
			let_expire();
	}
}

/* The questions that were not answered are asked again, and now they are. */
static void settle(void)
{
	behave();
	test_database_run(world.bot.admin, "update bot_configs set mode = 'manual'");
	for (int i = 0; i < 3; i++) {
		let_expire();
		run_slot();
	}
	expect_success("the last run");
}

Test(kill, with_a_venue_that_loses_requests_and_replies)
{
	misbehave();
	live_through(150);
	settle();
	expect_clean("in the end");
	expect_wallet();
	EXPECT_DB("select count(*) from order_journal where state in ('planned', 'sending', "
		  "'unknown')",
		"0", "nothing is stuck");
	struct audit audit = audit_world();
	cr_log_info("150 slots with lost requests and replies: %d orders, %d doubled, %d lost, %d "
		    "misstated; "
		    "%d fills, %d not booked once",
		audit.orders, audit.duplicate, audit.lost, audit.wrong, audit.fills,
		audit.unbooked);
	cr_expect(gt(int, audit.orders, 20), "it traded nevertheless");
}

/* ---- stopping -------------------------------------------------------------------------------- */

static void stop_here(const char *place)
{
	(void)place;
	if (--places_left == 0)
		test_database_run(world.bot.admin,
			"update run_leases set stopped = true, stop_run_done = false,"
			" stop_requested_at = clock_timestamp() where bot_id = " BOT);
}

/* A run during which a stop commits at its n-th place. False: it ended before. */
static bool run_stopped(int n)
{
	places_left = n;
	at_seam = stop_here;
	run_slot();
	at_seam = NULL;
	return places_left <= 0;
}

static void expect_stopped(int n)
{
	CLEANUP(text_free) char *where = mem_format("a stop at place %d", n);

	EXPECT_DB("select count(*) from order_journal j join run_leases l using (bot_id)"
		  " where j.sent_at > l.stop_requested_at and not j.stop_allowed",
		"0", where);
	for (int i = 0; i < 3; i++)
		run_slot();
	EXPECT_DB("select stop_run_done from run_leases where bot_id = " BOT, "t", where);
	EXPECT_DB("select count(*) from order_journal where not final", "0", where);
	expect_clean(where);
}

/* With an entry that rests, so that each run cancels and places again. */
Test(kill, a_stop_at_every_place_lets_nothing_leave_after_it)
{
	int n = 0;
	bool stopped = true;

	set_price(DIP);
	while (stopped) {
		cr_assert(lt(int, n, PLACES_MAX), "no run ends before its stop");
		run_slot();
		stopped = run_stopped(++n);
		if (!stopped)
			break;
		expect_stopped(n);
		test_database_run(world.bot.admin, "update run_leases set stopped = false");
	}
	cr_log_info("a stop at each of %d places of a run", n - 1);
	cr_expect(gt(int, n, 10), "the places were reached");
}
