#include "cli/glance.h"

#include "core/base/clock.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WINDOW_MS 5000
#define RUNNING_MAX 64
#define TRADES_MAX 40
#define TENANTS_MAX 100
#define TOTALS_SHARE 20 /* totals may take a twentieth of the time */

enum tenant_column { TENANT_TRADES_OF_ALL = 7, TENANT_NET_PNL_OF_ALL = 8 };

/* Takes a new list over the former one; a failure keeps it. */
static int replace_list(struct postgres *postgres,
	int (*read)(struct postgres *, int, struct postgres_result **, struct err *), int limit,
	struct postgres_result **list, struct err *err)
{
	struct postgres_result *result = NULL;

	if (read(postgres, limit, &result, err) == -1)
		return -1;
	postgres_result_free(list);
	*list = result;
	return 0;
}

static int read_totals(struct glance *glance, struct postgres *postgres, struct err *err)
{
	const struct clock *clock = clock_system();
	int64_t begin_ms = clock_mono_ms(clock);

	if (begin_ms < glance->totals_after_mono_ms)
		return 0;
	if (replace_list(postgres, activity_tenants, TENANTS_MAX, &glance->tenants, err) == -1)
		return -1;
	int64_t end_ms = clock_mono_ms(clock);
	glance->totals_after_mono_ms = end_ms + (end_ms - begin_ms) * TOTALS_SHARE;
	return 0;
}

static int look_at_database(
	struct glance *glance, struct postgres *postgres, bool lists, struct err *err)
{
	if (activity_read(postgres, WINDOW_MS, &glance->activity, err) == -1)
		return -1;
	glance->has_activity = true;
	if (lists && (replace_list(postgres, activity_running, RUNNING_MAX, &glance->running,
			      err) == -1 ||
			     replace_list(postgres, activity_trades, TRADES_MAX, &glance->trades,
				     err) == -1))
		return -1;
	return read_totals(glance, postgres, err);
}

void glance_look(struct glance *glance, struct postgres *postgres, struct queue *queue, bool lists)
{
	glance->database_err = (struct err){0};
	glance->queue_err = (struct err){0};
	if (look_at_database(glance, postgres, lists, &glance->database_err) == -1)
		glance->has_activity = false;
	if (queue != NULL)
		glance->has_queue = queue_depth(queue, &glance->queue, &glance->queue_err) == 0;
}

void glance_done(struct glance *glance)
{
	postgres_result_free(&glance->running);
	postgres_result_free(&glance->trades);
	postgres_result_free(&glance->tenants);
}

int64_t glance_runs_per_10s(const struct glance *glance)
{
	const struct activity *activity = &glance->activity;

	return activity->window_ms == 0 ? 0 : activity->runs_done * 10000 / activity->window_ms;
}

static const char *of_all(const struct glance *glance, size_t column)
{
	if (glance->tenants == NULL || postgres_rows(glance->tenants) == 0)
		return "0";
	return postgres_text(glance->tenants, 0, column);
}

const char *glance_trades(const struct glance *glance)
{
	return of_all(glance, TENANT_TRADES_OF_ALL);
}

const char *glance_net_pnl(const struct glance *glance)
{
	return of_all(glance, TENANT_NET_PNL_OF_ALL);
}

/* --- one line ------------------------------------------------------------------------------- */

static void print_activity(const struct glance *glance)
{
	const struct activity *activity = &glance->activity;
	int64_t tenths = glance_runs_per_10s(glance);

	printf("  runs/s %" PRId64 ".%" PRId64 "  failed %" PRId64 "  p50/p99 %" PRId64 "/%" PRId64
	       " ms  running %" PRId64 "/%" PRId64,
		tenths / 10, tenths % 10, activity->runs_failed, activity->run_p50_ms,
		activity->run_p99_ms, activity->running, activity->bots);
}

static void print_queue(const struct queue_depth *queue)
{
	printf("  queue %" PRId64 "/%" PRId64 "/%" PRId64 "  pending %" PRId64 "  retries %" PRId64
	       "  dead %" PRId64,
		queue->waiting[PRIORITY_HIGH], queue->waiting[PRIORITY_NORMAL],
		queue->waiting[PRIORITY_LOW], queue->pending, queue->retries, queue->dead);
}

static void print_rest(const struct glance *glance)
{
	char text[DECIMAL_TEXT_SIZE];
	struct decimal net = DECIMAL_ZERO;
	struct err err;

	if (decimal_parse(glance_net_pnl(glance), &net, &err) == 0)
		net = decimal_round(net, 2, ROUND_HALF_UP);
	printf("  unknown %" PRId64 "  trades %s  net %s  leader %s",
		glance->activity.unknown_orders, glance_trades(glance),
		decimal_text(net, text, sizeof text),
		glance->activity.led ? glance->activity.leader : "none");
}

void glance_print(const struct glance *glance)
{
	char time[CLOCK_TEXT_SIZE];

	/* "2026-11-22T10:04:06.123Z": the clock's part only. */
	(void)clock_text(clock_utc_ms(clock_system()), time, sizeof time);
	printf("%.8s", time + 11);
	if (glance->has_activity)
		print_activity(glance);
	if (glance->has_queue)
		print_queue(&glance->queue);
	if (glance->has_activity)
		print_rest(glance);
	if (glance->database_err.code != ERR_NONE)
		printf("  database: %s", glance->database_err.message);
	if (glance->queue_err.code != ERR_NONE)
		printf("  queue: %s", glance->queue_err.message);
	putchar('\n');
}

/* --- one document --------------------------------------------------------------------------- */

/* Columns of numbers by name; everything else, amounts included, is text. */
static bool is_count(const char *name)
{
	static const char *const counts[] = {"running_ms", "bots", "open_positions", "trades"};

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		if (strcmp(name, counts[i]) == 0)
			return true;
	return false;
}

static struct doc *list_doc(const struct postgres_result *result, size_t columns)
{
	struct doc *list = doc_array();

	for (size_t row = 0; result != NULL && row < postgres_rows(result); row++) {
		struct doc *item = doc_object();
		for (size_t i = 0; i < columns; i++) {
			const char *name = postgres_column_name(result, i);
			if (postgres_is_null(result, row, i))
				doc_null(item, name);
			else if (is_count(name))
				doc_int(item, name, postgres_int(result, row, i));
			else
				doc_text(item, name, postgres_text(result, row, i));
		}
		doc_push(list, item);
	}
	return list;
}

static struct doc *queue_doc(const struct queue_depth *queue)
{
	struct doc *doc = doc_object();

	doc_int(doc, "high", queue->waiting[PRIORITY_HIGH]);
	doc_int(doc, "normal", queue->waiting[PRIORITY_NORMAL]);
	doc_int(doc, "low", queue->waiting[PRIORITY_LOW]);
	doc_int(doc, "pending", queue->pending);
	doc_int(doc, "retries", queue->retries);
	doc_int(doc, "dead", queue->dead);
	doc_int(doc, "oldest_ms", queue->oldest_ms);
	return doc;
}

static struct doc *runs_doc(const struct activity *activity)
{
	struct doc *doc = doc_object();

	doc_int(doc, "window_ms", activity->window_ms);
	doc_int(doc, "done", activity->runs_done);
	doc_int(doc, "failed", activity->runs_failed);
	doc_int(doc, "p50_ms", activity->run_p50_ms);
	doc_int(doc, "p99_ms", activity->run_p99_ms);
	doc_int(doc, "delay_p99_ms", activity->delay_p99_ms);
	doc_int(doc, "running", activity->running);
	doc_int(doc, "retrying", activity->retrying);
	return doc;
}

struct doc *glance_doc(const struct glance *glance)
{
	const struct activity *activity = &glance->activity;
	struct doc *doc = doc_object();
	char time[CLOCK_TEXT_SIZE];

	doc_text(doc, "time", clock_text(clock_utc_ms(clock_system()), time, sizeof time));
	if (glance->has_queue)
		doc_child(doc, "queue", queue_doc(&glance->queue));
	else
		doc_null(doc, "queue");
	if (!glance->has_activity)
		return doc;
	doc_child(doc, "runs", runs_doc(activity));
	doc_text(doc, "leader", activity->led ? activity->leader : NULL);
	doc_int(doc, "epoch", activity->epoch);
	doc_int(doc, "bots", activity->bots);
	doc_int(doc, "open_orders", activity->open_orders);
	doc_int(doc, "unknown_orders", activity->unknown_orders);
	doc_text(doc, "net_pnl", glance_net_pnl(glance));
	doc_child(doc, "running", list_doc(glance->running, 5));
	doc_child(doc, "trades", list_doc(glance->trades, 9));
	doc_child(doc, "tenants", list_doc(glance->tenants, TENANT_TRADES_OF_ALL));
	return doc;
}
