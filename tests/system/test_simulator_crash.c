/*
 * The simulated exchange as a process, killed with SIGKILL in the middle of a client's trading and
 * started again on the same port and state, over and over: whatever it acknowledged is there, its
 * ledger goes on without a gap, and what it told before is told again to the last byte.
 */
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "tests/simulator/client.h"
#include "tests/support/process.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#define ROUNDS 8
#define ASKED_MAX 4000
#define PATIENCE_MS 60000
#define CANDLES TEST_SOURCE_DIR "/data/candles/btcusd_perp_ftx_1m_2022-01.csv,volume=quote"
#define SYMBOL "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\","

static struct client client;
static char folder[] = "/tmp/botbeat-crash-XXXXXX";
static char accounts[64], ledger[64], state[64], journal[96], log_file[64], address[32];
static pid_t venue;
static uint64_t dice = 11;

enum fate { FATE_NEVER_SENT, FATE_UNKNOWN, FATE_ACKNOWLEDGED, FATE_REFUSED };

static struct asked {
	enum fate placed, cancelled;
} asked[ASKED_MAX];
static int asked_count;

static uint64_t draw(uint64_t sides)
{
	dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (dice >> 33) % sides;
}

/* --- the process ---------------------------------------------------------------------------- */

static bool answers(void)
{
	struct answer answer = client_get(&client, "/sim/clock");
	bool arrived = answer.arrived;

	answer_done(&answer);
	return arrived;
}

static void start_venue(void)
{
	const char *const argv[] = {BOTBEAT_BINARY, "simulate", "--listen", address, "--candles",
		"BTCUSDT=" CANDLES, "--accounts", accounts, "--speed", "600", "--ip-limit", "0",
		"--no-account-limits", "--ledger", ledger, "--state", state, NULL};
	int64_t end_ms = clock_mono_ms(clock_system()) + PATIENCE_MS;

	venue = process_start(log_file, argv);
	while (!answers()) {
		cr_assert(process_lives(venue), "the venue ended at its start");
		cr_assert(lt(i64, clock_mono_ms(clock_system()), end_ms), "no answer");
		clock_sleep_ms(clock_system(), 5);
	}
}

static void kill_venue(void)
{
	(void)kill(venue, SIGKILL);
	cr_assert(eq(int, process_wait(venue, PATIENCE_MS), PROCESS_SIGNALLED + SIGKILL));
}

static void setup(void)
{
	struct err err;

	cr_assert(zero(int, http_init(&err)));
	cr_assert(ne(ptr, mkdtemp(folder), NULL));
	(void)snprintf(accounts, sizeof accounts, "%s/accounts", folder);
	(void)snprintf(ledger, sizeof ledger, "%s/ledger", folder);
	(void)snprintf(state, sizeof state, "%s/state", folder);
	(void)snprintf(journal, sizeof journal, "%s/state/journal", folder);
	(void)snprintf(log_file, sizeof log_file, "%s/log", folder);
	(void)snprintf(address, sizeof address, "127.0.0.1:%d", process_free_port());
	FILE *file = fopen(accounts, "w");
	(void)fputs("alice:secret-of-alice:100000\n", file);
	(void)fclose(file);
	(void)chmod(accounts, 0600);
	client = (struct client){.http = http_new(&(struct http_options){.user_agent = "test"})};
	(void)snprintf(client.url, sizeof client.url, "http://%s", address);
	client_as(&client, "alice");
}

static void teardown(void)
{
	const char *const files[] = {accounts, ledger, journal, log_file};

	http_free(&client.http);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		(void)unlink(files[i]);
	(void)rmdir(state);
	(void)rmdir(folder);
}

TestSuite(simulator_crash, .init = setup, .fini = teardown);

/* --- trading -------------------------------------------------------------------------------- */

static enum fate fate_of(struct answer *answer)
{
	enum fate fate = !answer->arrived    ? FATE_UNKNOWN
			 : answer->code == 0 ? FATE_ACKNOWLEDGED
					     : FATE_REFUSED;

	answer_done(answer);
	return fate;
}

/* Market orders both ways, and limit orders far away of which some are cancelled. */
static bool ask_something(void)
{
	int number = asked_count;
	struct asked *mine = &asked[number];
	uint64_t what = draw(4);
	struct answer answer;

	cr_assert(lt(int, asked_count, ASKED_MAX));
	asked_count++;
	if (what < 2)
		answer = client_post(&client, "/v5/order/create",
			SYMBOL "\"orderLinkId\":\"order-%d\",\"side\":\"%s\",\"orderType\":"
			       "\"Market\",\"qty\":\"0.00%d\"}",
			number, what == 0 ? "Buy" : "Sell", (int)draw(9) + 1);
	else
		answer = client_post(&client, "/v5/order/create",
			SYMBOL "\"orderLinkId\":\"order-%d\",\"side\":\"Buy\",\"orderType\":"
			       "\"Limit\",\"qty\":\"0.001\",\"price\":\"9000\"}",
			number);
	mine->placed = fate_of(&answer);
	if (mine->placed != FATE_ACKNOWLEDGED)
		return mine->placed == FATE_REFUSED;
	/* Enough of them to stay below the 500 that may rest. */
	if (what < 2 || draw(10) == 0)
		return true;
	answer = client_post(
		&client, "/v5/order/cancel", SYMBOL "\"orderLinkId\":\"order-%d\"}", number);
	mine->cancelled = fate_of(&answer);
	return mine->cancelled != FATE_UNKNOWN;
}

static void *killer(void *context)
{
	const int *pause_us = context;
	const struct timespec pause = {.tv_nsec = *pause_us * 1000L};

	(void)nanosleep(&pause, NULL);
	(void)kill(venue, SIGKILL);
	return NULL;
}

/* The client goes on asking until it finds nobody; where the blow falls is chance. */
static void trade_until_killed(void)
{
	int before = 20 + (int)draw(40);
	int pause_us = (int)draw(3000);
	pthread_t thread;

	for (int i = 0; i < before; i++)
		cr_assert(ask_something(), "the venue went away by itself");
	cr_assert(zero(int, pthread_create(&thread, NULL, killer, &pause_us)));
	while (ask_something()) {
	}
	(void)pthread_join(thread, NULL);
	cr_assert(eq(int, process_wait(venue, PATIENCE_MS), PROCESS_SIGNALLED + SIGKILL));
}

/* --- looking -------------------------------------------------------------------------------- */

static void check_order(int number, const struct asked *mine)
{
	char target[128], id[32];

	(void)snprintf(id, sizeof id, "order-%d", number);
	(void)snprintf(target, sizeof target,
		"/v5/order/realtime?category=linear&symbol=BTCUSDT&orderLinkId=%s", id);
	struct answer answer = client_get(&client, target);
	const char *found = value_at(&answer, "list.0.orderLinkId");
	const char *status = value_at(&answer, "list.0.orderStatus");
	if (mine->placed == FATE_ACKNOWLEDGED)
		cr_expect(zero(int, strcmp(found, id)), "%s was acknowledged and is lost", id);
	if (mine->placed == FATE_REFUSED)
		cr_expect(zero(int, strcmp(found, "(none)")), "%s was refused and is there", id);
	if (mine->cancelled == FATE_ACKNOWLEDGED)
		cr_expect(zero(int, strcmp(status, "Cancelled")), "the cancel of %s is lost: %s",
			id, status);
	answer_done(&answer);
}

/* Sequences without a gap, and each wallet is the one before plus the change. */
static void check_ledger(const char *text)
{
	long expected = 1;
	struct decimal wallet = DECIMAL_ZERO;
	CLEANUP(text_free) char *copy = mem_text(text);

	for (char *rest = copy; rest != NULL && *rest != '\0'; expected++) {
		const char *line = strsep(&rest, "\n");
		CLEANUP(field_document_free) struct field_document *document = NULL;
		struct decimal change, after;
		int64_t sequence = 0;
		struct err err;
		cr_assert(zero(int, field_parse(line, strlen(line), &document, &err)), "%s", line);
		struct field root = field_root(document);
		cr_assert(zero(int, field_int(&root, "sequence", &sequence, &err)), "%s", line);
		cr_assert(eq(long, (long)sequence, expected), "a gap");
		if (strstr(line, "\"change\"") == NULL)
			continue;
		cr_assert(zero(int, field_decimal(&root, "change", &change, &err)), "%s", line);
		cr_assert(zero(int, field_decimal(&root, "wallet", &after, &err)), "%s", line);
		wallet = decimal_add(wallet, change);
		cr_assert(decimal_equal(wallet, after), "money out of nowhere: %s", line);
	}
}

static char *ledger_text(void)
{
	struct answer answer = client_get(&client, "/sim/ledger");

	cr_assert(answer.arrived, "%s", answer.err.message);
	char *text = mem_text(answer.response->body);
	answer_done(&answer);
	return text;
}

Test(simulator_crash, what_was_acknowledged_survives_kill_9, .timeout = 240)
{
	int acknowledged = 0, unknown = 0;
	CLEANUP(text_free) char *told = mem_text("");

	start_venue();
	for (int round = 0; round < ROUNDS; round++) {
		trade_until_killed();
		start_venue();
		for (int i = 0; i < asked_count; i++)
			check_order(i, &asked[i]);
		char *now = ledger_text();
		cr_expect(zero(int, strncmp(now, told, strlen(told))), "told otherwise before");
		check_ledger(now);
		free(told);
		told = now;
	}
	kill_venue();
	for (int i = 0; i < asked_count; i++) {
		acknowledged += asked[i].placed == FATE_ACKNOWLEDGED;
		unknown += asked[i].placed == FATE_UNKNOWN || asked[i].cancelled == FATE_UNKNOWN;
	}
	cr_expect(eq(int, unknown, ROUNDS), "one request is cut by each blow");
	cr_expect(ge(int, acknowledged, ROUNDS * 15));
}
