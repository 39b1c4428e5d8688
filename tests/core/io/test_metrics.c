#include "core/base/cleanup.h"
#include "core/io/metrics.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Criterion's str and ptr are not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static struct metrics *worker_metrics(unsigned slots)
{
	return metrics_new(&(struct metrics_options){.process = METRICS_WORKER, .slots = slots});
}

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
	metrics_count_run("b1", "success");
	metrics_count_run("b2", "success");
	metrics_set(METRIC_ACTIVE, 1);
	metrics_observe(METRIC_RUN_DURATION, 3);
	metrics_observe(METRIC_RUN_DURATION, 70000);
	metrics_add(METRIC_VENUE_REQUESTS, 1, "bybit", "place", "2xx");
	metrics_set(METRIC_RATE_REMAINING, 7, "bybit");
	metrics_observe(METRIC_TRADE_PNL, -1500000);
	metrics_observe(METRIC_TRADE_PNL, 250000);
}

static void run_once_more(void)
{
	metrics_count_run("b3", "error");
	metrics_set(METRIC_RATE_REMAINING, 5, "bybit");
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

static void write_all(const struct metrics *metrics, struct buffer *text)
{
	buffer_init(text, 4 << 20);
	metrics_write(metrics, text);
	cr_assert(not(buffer_failed(text)));
}

Test(metrics, counters_survive_their_child_and_gauges_do_not)
{
	struct metrics *metrics = worker_metrics(3);

	in_child(metrics, 1, run_twice);
	in_child(metrics, 2, run_twice);
	in_child(metrics, 1, run_twice); /* the slot's next holder */
	cr_expect(eq(i64, metrics_total(metrics, METRIC_RUNS, "success"), 6));
	cr_expect(eq(i64, metrics_total(metrics, METRIC_ACTIVE), 2));
	metrics_release(metrics, 1);
	cr_expect(eq(i64, metrics_total(metrics, METRIC_ACTIVE), 1));
	cr_expect(eq(i64, metrics_total(metrics, METRIC_RUNS, "success"), 6));
	cr_expect(eq(i64, metrics_total(metrics, METRIC_RUN_DURATION), 6));
	metrics_free(&metrics);
}

Test(metrics, adds_without_a_row_are_dropped)
{
	struct metrics *metrics = worker_metrics(1);

	metrics_add(METRIC_DEAD, 1, "network");
	metrics_observe(METRIC_RUN_DURATION, 1);
	metrics_set(METRIC_ACTIVE, 1);
	metrics_count_run("b1", "success");
	cr_expect(eq(i64, metrics_total(metrics, METRIC_DEAD, "network"), 0));
	metrics_free(&metrics);
}

Test(metrics, are_written_as_prometheus_text)
{
	CLEANUP(metrics_free) struct metrics *metrics = worker_metrics(2);
	CLEANUP(buffer_done) struct buffer text;

	in_child(metrics, 0, run_twice);
	in_child(metrics, 1, run_twice);
	write_all(metrics, &text);
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
	/* Below zero, too. */
	cr_expect(has_line(&text, "trade_pnl_bucket{le=\"-3\"} 0"));
	cr_expect(has_line(&text, "trade_pnl_bucket{le=\"-1\"} 2"));
	cr_expect(has_line(&text, "trade_pnl_bucket{le=\"0.1\"} 2"));
	cr_expect(has_line(&text, "trade_pnl_bucket{le=\"1\"} 4"));
	cr_expect(has_line(&text, "trade_pnl_sum -2.500000"));
}

Test(metrics, labels_of_a_large_family_show_what_happened)
{
	CLEANUP(metrics_free) struct metrics *metrics = worker_metrics(1);
	CLEANUP(buffer_done) struct buffer text;

	in_child(metrics, 0, run_twice);
	metrics_use(metrics, 0);
	metrics_add(METRIC_VENUE_REQUESTS, 3, "kraken", "sing", "2xx");
	metrics_observe(METRIC_VENUE_DURATION, 40, "bybit", "account");
	write_all(metrics, &text);
	cr_expect(has_line(&text, "exchange_requests_total{exchange=\"bybit\",op=\"place\","
				  "code_class=\"2xx\"} 1"));
	cr_expect(has_line(&text, "exchange_requests_total{exchange=\"other\",op=\"other\","
				  "code_class=\"2xx\"} 3"));
	cr_expect(has_line(&text, "exchange_request_duration_seconds_bucket{exchange=\"bybit\","
				  "op=\"account\",le=\"0.05\"} 1"));
	cr_expect(has_line(&text, "exchange_request_duration_seconds_sum{exchange=\"bybit\","
				  "op=\"account\"} 0.040"));
	cr_expect(eq(ptr, strstr(text.data, "op=\"fills\""), NULL));
}

Test(metrics, what_is_not_known_is_not_zero)
{
	CLEANUP(metrics_free) struct metrics *metrics = worker_metrics(3);
	CLEANUP(buffer_done) struct buffer before, known, after;

	write_all(metrics, &before);
	cr_expect(eq(ptr, strstr(before.data, "exchange_rate_limit_remaining"), NULL));
	in_child(metrics, 0, run_twice);
	in_child(metrics, 1, run_once_more);
	write_all(metrics, &known);
	cr_expect(has_line(&known, "exchange_rate_limit_remaining{exchange=\"bybit\"} 5"),
		"the last word counts");
	cr_expect(eq(ptr, strstr(known.data, "remaining{exchange=\"phemex\"}"), NULL));
	metrics_use(metrics, 2);
	metrics_unset(METRIC_RATE_REMAINING, "bybit");
	write_all(metrics, &after);
	cr_expect(eq(ptr, strstr(after.data, "exchange_rate_limit_remaining"), NULL));
}

Test(metrics, bots_have_series_up_to_the_cap)
{
	CLEANUP(metrics_free)
	struct metrics *metrics = metrics_new(
		&(struct metrics_options){.process = METRICS_WORKER, .slots = 2, .bots_max = 2});
	CLEANUP(buffer_done) struct buffer text;

	in_child(metrics, 0, run_twice);
	in_child(metrics, 1, run_twice);
	in_child(metrics, 1, run_once_more);
	write_all(metrics, &text);
	cr_expect(has_line(&text, "bot_executions_total{status=\"success\",bot_id=\"b1\"} 2"));
	cr_expect(has_line(&text, "bot_executions_total{status=\"success\",bot_id=\"b2\"} 2"));
	cr_expect(has_line(&text, "bot_executions_total{status=\"error\",bot_id=\"other\"} 1"));
	cr_expect(eq(ptr, strstr(text.data, "b3"), NULL));
	cr_expect(eq(ptr, strstr(text.data, "{status=\"success\"}"), NULL), "never counted twice");
}

Test(metrics, a_process_shows_its_own_families)
{
	CLEANUP(metrics_free) struct metrics *worker = worker_metrics(1);
	CLEANUP(metrics_free)
	struct metrics *scheduler = metrics_new(
		&(struct metrics_options){.process = METRICS_SCHEDULER, .slots = 1});
	CLEANUP(buffer_done) struct buffer of_worker, of_scheduler;

	write_all(worker, &of_worker);
	write_all(scheduler, &of_scheduler);
	cr_expect(has_line(&of_worker, "active_bots 0"));
	cr_expect(eq(ptr, strstr(of_worker.data, "sched_"), NULL));
	cr_expect(has_line(&of_scheduler, "sched_ticks_total{result=\"enqueued\"} 0"));
	cr_expect(eq(ptr, strstr(of_scheduler.data, "active_bots"), NULL));
}

Test(metrics, each_family_is_headed_once)
{
	CLEANUP(metrics_free) struct metrics *metrics = worker_metrics(1);
	CLEANUP(buffer_done) struct buffer text;
	char seen[8192] = " ";
	char *rest = NULL;

	write_all(metrics, &text);
	for (char *line = strtok_r(text.data, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		char name[100];
		if (strncmp(line, "# TYPE ", 7) != 0)
			continue;
		(void)snprintf(name, sizeof name, " %.*s ", (int)strcspn(line + 7, " "), line + 7);
		cr_expect(eq(ptr, strstr(seen, name), NULL), "%s", line);
		cr_assert(lt(sz, strlen(seen) + strlen(name), sizeof seen));
		(void)strcat(seen, name + 1);
	}
	cr_expect(gt(sz, strlen(seen), 100));
}

/* A class of error that has no label would be counted as "other". */
Test(metrics, know_every_class_of_error)
{
	CLEANUP(metrics_free) struct metrics *metrics = worker_metrics(1);

	metrics_use(metrics, 0);
	for (int code = ERR_INVALID; code <= ERR_BUG; code++) {
		metrics_add(METRIC_VENUE_ERRORS, 1, "bybit", err_code_name((enum err_code)code));
		metrics_add(METRIC_DEAD, 1, err_code_name((enum err_code)code));
	}
	cr_expect(zero(i64, metrics_total(metrics, METRIC_VENUE_ERRORS, "bybit", "other")));
	cr_expect(zero(i64, metrics_total(metrics, METRIC_DEAD, "other")));
}

/* ---- held against others' word ----------------------------------------------------------------
 */

static void fill_everything(void)
{
	run_twice();
	metrics_add(METRIC_VENUE_ERRORS, 1, "phemex", "rate");
	metrics_observe(METRIC_VENUE_DURATION, 40, "binance", "fills");
	metrics_set(METRIC_CERTIFICATE, 1790000000000, "bybit");
	metrics_set(METRIC_CHILDREN, 3, "idle");
	metrics_observe(METRIC_API_DURATION, 2, "/metrics");
}

Test(metrics, promtool_finds_nothing_to_say)
{
	CLEANUP(metrics_free) struct metrics *metrics = worker_metrics(1);
	CLEANUP(buffer_done) struct buffer text;

	if (system("command -v promtool >/dev/null") != 0)
		cr_skip_test("promtool is not installed");
	in_child(metrics, 0, fill_everything);
	write_all(metrics, &text);
	FILE *promtool = popen("promtool check metrics", "w");
	cr_assert(ne(ptr, promtool, NULL));
	cr_assert(eq(sz, fwrite(text.data, 1, text.size_bytes, promtool), text.size_bytes));
	cr_expect(zero(int, pclose(promtool)));
}

static char *read_document(const char *path)
{
	static char text[1 << 17];
	FILE *file = fopen(path, "r");

	cr_assert(ne(ptr, file, NULL), "cannot open %s", path);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	(void)fclose(file);
	return text;
}

/* After a change: build/dev/botbeat metrics, into docs/metrics.md. */
Test(metrics, the_document_is_the_table)
{
	CLEANUP(buffer_done) struct buffer table;

	buffer_init(&table, 1 << 20);
	metrics_describe(&table);
	cr_expect(ne(ptr, strstr(read_document(TEST_SOURCE_DIR "/docs/metrics.md"), table.data),
			  NULL),
		"docs/metrics.md does not hold what botbeat metrics prints");
}
