/*
 * Records random dealing and has second_model.py, which shares no code and no method with the
 * broker, work out the same figures. Needs python3 with its standard library; where there is
 * none, the test says so and is skipped.
 */
#include "tests/broker/traffic.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS 800

static void write_fill(FILE *record, const struct broker_event *event)
{
	const struct fill *fill = event->fill;
	fprintf(record, "fill %d %d %s %s %s %s %s %s %s %s %s %s %s\n", event->account,
		event->symbol, leg_text(fill->leg), fill_kind_text(fill->kind),
		side_text(fill->side), DECIMAL_TEXT(fill->quantity), DECIMAL_TEXT(fill->price),
		liquidity_text(fill->liquidity), DECIMAL_TEXT(fill->fee),
		DECIMAL_TEXT(event->cash_flow), DECIMAL_TEXT(event->wallet),
		DECIMAL_TEXT(event->closed_open_fee), DECIMAL_TEXT(event->closing_fee));
}

static void record_event(void *context, const struct broker_event *event)
{
	FILE *record = context;
	if (event->kind == BROKER_EVENT_FILL)
		write_fill(record, event);
	else if (event->kind == BROKER_EVENT_FUNDING)
		fprintf(record, "funding %d %d %s %s %s %s %s\n", event->account, event->symbol,
			leg_text(event->leg), DECIMAL_TEXT(event->funding->rate),
			DECIMAL_TEXT(event->funding->quantity), DECIMAL_TEXT(event->paid),
			DECIMAL_TEXT(event->wallet));
	else if (event->kind == BROKER_EVENT_TRANSFER)
		fprintf(record, "transfer %d %s %s\n", event->account, DECIMAL_TEXT(event->change),
			DECIMAL_TEXT(event->wallet));
}

struct order_writer {
	struct traffic *traffic;
	int account;
};

static bool write_order(void *context, const struct broker_order *view)
{
	const struct order_writer *writer = context;
	const struct order *order = &view->order;
	if (order->status == ORDER_STATUS_OPEN)
		fprintf(writer->traffic->record, "order %d %d %s %s %s %d\n", writer->account,
			broker_symbol(writer->traffic->broker, order->symbol),
			side_text(order->side),
			DECIMAL_TEXT(decimal_sub(order->quantity, order->filled)),
			DECIMAL_TEXT(order->price), order->reduce_only);
	return true;
}

static void write_account(struct traffic *traffic, int account)
{
	struct order_writer writer = {traffic, account};
	fprintf(traffic->record, "orders %d\n", account);
	broker_orders(traffic->broker, account, -1, write_order, &writer);
	struct broker_balance balance = broker_balance(traffic->broker, account);
	fprintf(traffic->record, "balance %d %s %s %s %s %s %s\n", account,
		DECIMAL_TEXT(balance.balance.wallet), DECIMAL_TEXT(balance.balance.equity),
		DECIMAL_TEXT(balance.balance.available), DECIMAL_TEXT(balance.position_margin),
		DECIMAL_TEXT(balance.order_margin), DECIMAL_TEXT(balance.maintenance_margin));
	for (int symbol = 0; symbol < TRAFFIC_SYMBOLS; symbol++) {
		struct position positions[POSITIONS_MAX];
		size_t count = broker_positions(traffic->broker, account, symbol, positions);
		for (size_t i = 0; i < count; i++)
			fprintf(traffic->record, "position %d %d %s %s %s %s %s %s %s %d %s\n",
				account, symbol, leg_text(positions[i].leg),
				side_text(positions[i].side), DECIMAL_TEXT(positions[i].quantity),
				DECIMAL_TEXT(positions[i].average),
				DECIMAL_TEXT(positions[i].unrealised),
				DECIMAL_TEXT(positions[i].initial_margin),
				DECIMAL_TEXT(positions[i].maintenance_margin),
				positions[i].liquidation_known,
				DECIMAL_TEXT(positions[i].liquidation));
	}
}

static void record_dealing(uint64_t seed, const char *path)
{
	FILE *record = fopen(path, "w");
	cr_assert(record != NULL, "could not open %s", path);
	CLEANUP(traffic_close)
	struct traffic *traffic = traffic_open(seed, 0, record, record_event, record);
	for (int i = 0; i < STEPS; i++) {
		(void)traffic_step(traffic);
		for (int account = 0; account < TRAFFIC_ACCOUNTS; account++)
			write_account(traffic, account);
	}
	cr_assert(eq(int, fclose(record), 0));
}

static int ask_second_model(const char *path)
{
	pid_t child = fork();
	cr_assert(child >= 0);
	if (child == 0) {
		execlp("python3", "python3", TEST_SOURCE_DIR "/tests/broker/second_model.py", path,
			(char *)NULL);
		_exit(127);
	}
	int status = 0;
	cr_assert(eq(int, waitpid(child, &status, 0), child));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct seed_row {
	uint64_t seed;
};

ParameterizedTestParameters(second_model, agrees)
{
	static struct seed_row rows[] = {{11}, {12}, {13}, {14}};
	return cr_make_param_array(struct seed_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct seed_row *row, second_model, agrees)
{
	if (system("python3 -c pass >/dev/null 2>&1") != 0)
		cr_skip_test("no python3: the second model was not asked");
	const char *folder = getenv("TMPDIR");
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/broker-dealing-XXXXXX", folder ? folder : "/tmp");
	int fd = mkstemp(path);
	cr_assert(fd >= 0, "could not make %s", path);
	close(fd);
	record_dealing(row->seed, path);
	int verdict = ask_second_model(path);
	if (!getenv("BOTBEAT_TEST_KEEP"))
		unlink(path);
	cr_expect(eq(int, verdict, 0), "seed %llu, recording %s", (unsigned long long)row->seed,
		path);
}
