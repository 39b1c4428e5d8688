#include "core/io/metrics.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void in_child(struct metrics *metrics, unsigned slot, void (*work)(void))
{
	pid_t child = fork();

	cr_assert(ne(int, child, -1));
	if (child == 0) {
		metrics_use(metrics, slot);
		work();
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void run_twice(void)
{
	metrics_add(METRIC_RUNS_SUCCESS, 2);
	metrics_set(METRIC_BUSY, 1);
	metrics_observe(METRIC_RUN_MS, 3);
	metrics_observe(METRIC_RUN_MS, 70000);
}

static bool has_line(const struct buffer *text, const char *line)
{
	for (const char *found = strstr(text->data, line); found != NULL;
		found = strstr(found + 1, line)) {
		bool begins = found == text->data || found[-1] == '\n';
		if (begins && found[strlen(line)] == '\n')
			return true;
	}
	return false;
}

Test(metrics, counters_survive_their_child_and_gauges_do_not)
{
	struct metrics *metrics = metrics_new(3);

	in_child(metrics, 1, run_twice);
	in_child(metrics, 2, run_twice);
	in_child(metrics, 1, run_twice); /* the slot's next holder */
	cr_expect(eq(i64, metrics_total(metrics, METRIC_RUNS_SUCCESS), 6));
	cr_expect(eq(i64, metrics_total(metrics, METRIC_BUSY), 2));
	metrics_release(metrics, 1);
	cr_expect(eq(i64, metrics_total(metrics, METRIC_BUSY), 1));
	cr_expect(eq(i64, metrics_total(metrics, METRIC_RUNS_SUCCESS), 6));
}

Test(metrics, adds_without_a_row_are_dropped)
{
	struct metrics *metrics = metrics_new(1);

	metrics_add(METRIC_DEAD, 1);
	metrics_observe(METRIC_RUN_MS, 1);
	metrics_set(METRIC_LEADER, 1);
	cr_expect(eq(i64, metrics_total(metrics, METRIC_DEAD), 0));
}

Test(metrics, are_written_as_prometheus_text)
{
	struct metrics *metrics = metrics_new(2);
	struct buffer text;

	buffer_init(&text, 1 << 20);
	in_child(metrics, 0, run_twice);
	in_child(metrics, 1, run_twice);
	metrics_write(metrics, &text);
	cr_assert(not(buffer_failed(&text)));
	cr_expect(has_line(&text, "# TYPE bot_executions_total counter"));
	cr_expect(has_line(&text, "bot_executions_total{status=\"success\"} 4"));
	cr_expect(has_line(&text, "bot_executions_total{status=\"error\"} 0"));
	cr_expect(has_line(&text, "active_bots 2"));
	/* Buckets are cumulated, and a bound belongs to its bucket. */
	cr_expect(has_line(&text, "bot_execution_duration_seconds_bucket{le=\"0.002\"} 0"));
	cr_expect(has_line(&text, "bot_execution_duration_seconds_bucket{le=\"0.005\"} 2"));
	cr_expect(has_line(&text, "bot_execution_duration_seconds_bucket{le=\"60\"} 2"));
	cr_expect(has_line(&text, "bot_execution_duration_seconds_bucket{le=\"+Inf\"} 4"));
	cr_expect(has_line(&text, "bot_execution_duration_seconds_sum 140.006"));
	cr_expect(has_line(&text, "bot_execution_duration_seconds_count 4"));
	buffer_done(&text);
}

Test(metrics, each_family_is_headed_once)
{
	struct metrics *metrics = metrics_new(1);
	struct buffer text;
	char *rest = NULL;
	char last[64] = "";

	buffer_init(&text, 1 << 20);
	metrics_write(metrics, &text);
	for (char *line = strtok_r(text.data, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "# TYPE ", 7) != 0)
			continue;
		cr_expect(ne(int, strncmp(line + 7, last, strlen(last) + 1), 0), "%s", line);
		(void)snprintf(last, sizeof last, "%.*s", (int)strcspn(line + 7, " "), line + 7);
	}
	cr_expect(ne(sz, strlen(last), 0));
	buffer_done(&text);
}
