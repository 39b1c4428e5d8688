#include "core/io/metrics_memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A family of more series than this shows only those that are not zero. */
#define SHOWN_WHOLE_MAX 32
#define LABELS_SIZE 256

static const char *build_version = "unknown";
static const char *build_commit = "unknown";

void metrics_build(const char *version, const char *commit)
{
	build_version = version;
	build_commit = commit;
}

static const char *kind_text(enum metrics_kind kind)
{
	static const char *const names[] = {
		[METRICS_COUNTER] = "counter",
		[METRICS_GAUGE] = "gauge",
		[METRICS_HISTOGRAM] = "histogram",
	};

	return names[kind];
}

/* ---- one line -------------------------------------------------------------------------------- */

/* `exchange="bybit",op="place"` of the series at that place; "" without labels. */
static void write_labels(
	const struct metrics_family *family, unsigned place, char text[LABELS_SIZE])
{
	unsigned below = metrics_family_series(family);
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < METRICS_LABELS_MAX && family->labels[i] != NULL; i++) {
		const struct metrics_label *label = family->labels[i];
		below /= label->count;
		used += (size_t)snprintf(text + used, LABELS_SIZE - used, "%s%s=\"%s\"",
			i == 0 ? "" : ",", label->name,
			label->values[place / below % label->count]);
	}
}

static void write_value(enum metrics_scale scale, int64_t value, struct buffer *out)
{
	uint64_t amount = value < 0 ? (uint64_t)-value : (uint64_t)value;
	const char *sign = value < 0 ? "-" : "";

	switch (scale) {
	case METRICS_ONE:
		buffer_format(out, "%lld\n", (long long)value);
		return;
	case METRICS_MILLI:
		buffer_format(out, "%s%llu.%03llu\n", sign, (unsigned long long)(amount / 1000),
			(unsigned long long)(amount % 1000));
		return;
	case METRICS_MICRO:
		buffer_format(out, "%s%llu.%06llu\n", sign, (unsigned long long)(amount / 1000000),
			(unsigned long long)(amount % 1000000));
		return;
	}
}

static void write_line(
	const struct metrics_family *family, const char *labels, int64_t value, struct buffer *out)
{
	if (labels[0] == '\0')
		buffer_format(out, "%s ", family->name);
	else
		buffer_format(out, "%s{%s} ", family->name, labels);
	write_value(family->scale, value, out);
}

/* ---- families -------------------------------------------------------------------------------- */

static void write_histogram(const struct metrics *metrics, enum metric metric, unsigned place,
	const char *labels, struct buffer *out)
{
	const struct metrics_family *family = &metrics_families[metric];
	const struct metrics_bounds *bounds = family->bounds;
	unsigned cell = place * metrics_family_cells(family);
	const char *comma = labels[0] == '\0' ? "" : ",";
	char braces[LABELS_SIZE + 2] = "";
	int64_t count = 0;

	for (unsigned bucket = 0; bucket <= bounds->count; bucket++) {
		count += metrics_cell(metrics, metric, cell + bucket);
		buffer_format(out, "%s_bucket{%s%sle=\"%s\"} %lld\n", family->name, labels, comma,
			bucket < bounds->count ? bounds->items[bucket].text : "+Inf",
			(long long)count);
	}
	if (labels[0] != '\0')
		(void)snprintf(braces, sizeof braces, "{%s}", labels);
	buffer_format(out, "%s_sum%s ", family->name, braces);
	write_value(family->scale, metrics_cell(metrics, metric, cell + bounds->count + 1), out);
	buffer_format(out, "%s_count%s %lld\n", family->name, braces, (long long)count);
}

static bool is_empty(const struct metrics *metrics, enum metric metric, unsigned place)
{
	unsigned cells = metrics_family_cells(&metrics_families[metric]);

	for (unsigned i = 0; i < cells; i++)
		if (metrics_cell(metrics, metric, place * cells + i) != 0)
			return false;
	return true;
}

static void write_series(
	const struct metrics *metrics, enum metric metric, unsigned place, struct buffer *out)
{
	const struct metrics_family *family = &metrics_families[metric];
	char labels[LABELS_SIZE];

	write_labels(family, place, labels);
	if (family->kind == METRICS_HISTOGRAM) {
		write_histogram(metrics, metric, place, labels, out);
		return;
	}
	int64_t value = metrics_cell(metrics, metric, place);
	if (value != METRICS_UNSET)
		write_line(family, labels, value, out);
}

/* bot_executions_total by bot: the sum over all bots and "other" is what it is without. */
static void write_bot(const struct metrics_bot *bot, const char *name, struct buffer *out)
{
	const struct metrics_family *family = &metrics_families[METRIC_RUNS];

	for (unsigned i = 0; i < METRICS_RUN_STATUSES; i++) {
		char labels[LABELS_SIZE];
		size_t length;
		int64_t count = atomic_load_explicit(&bot->counts[i], memory_order_relaxed);
		write_labels(family, i, labels);
		length = strlen(labels);
		(void)snprintf(labels + length, sizeof labels - length, ",bot_id=\"%s\"", name);
		write_line(family, labels, count, out);
	}
}

static void write_bots(const struct metrics *metrics, struct buffer *out)
{
	for (size_t i = 0; i < metrics_bots(metrics); i++)
		if (atomic_load(&metrics->bots[i].named))
			write_bot(&metrics->bots[i], metrics->bots[i].name, out);
	write_bot(&metrics->others, "other", out);
}

/* A gauge without any set cell is left out, its heading too: promtool wants none without lines. */
static bool is_shown(const struct metrics *metrics, enum metric metric)
{
	const struct metrics_family *family = &metrics_families[metric];

	if ((family->process & metrics->process) == 0)
		return false;
	if (!family->last || metric == METRIC_BUILD)
		return true;
	for (unsigned place = 0; place < metrics_family_series(family); place++)
		if (metrics_cell(metrics, metric, place) != METRICS_UNSET)
			return true;
	return false;
}

static void write_family(const struct metrics *metrics, enum metric metric, struct buffer *out)
{
	const struct metrics_family *family = &metrics_families[metric];
	unsigned series = metrics_family_series(family);

	buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
		kind_text(family->kind));
	if (metric == METRIC_BUILD) {
		buffer_format(out, "%s{version=\"%s\",commit=\"%s\"} 1\n", family->name,
			build_version, build_commit);
		return;
	}
	if (metric == METRIC_RUNS && metrics->bots_max > 0) {
		write_bots(metrics, out);
		return;
	}
	for (unsigned place = 0; place < series; place++)
		if (series <= SHOWN_WHOLE_MAX || !is_empty(metrics, metric, place))
			write_series(metrics, metric, place, out);
}

void metrics_write(const struct metrics *metrics, struct buffer *out)
{
	for (unsigned i = 0; i < METRIC_COUNT; i++)
		if (is_shown(metrics, (enum metric)i))
			write_family(metrics, (enum metric)i, out);
}

/* ---- the table for people -------------------------------------------------------------------- */

static void describe_labels(const struct metrics_family *family, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < METRICS_LABELS_MAX && family->labels[i] != NULL; i++) {
		const struct metrics_label *label = family->labels[i];
		for (unsigned k = 0; k < label->count && used < size; k++)
			used += (size_t)snprintf(text + used, size - used, "%s%s%s%s%s",
				k == 0 && i > 0 ? "; " : "", k == 0 ? "`" : ", ",
				k == 0 ? label->name : "", k == 0 ? "`: " : "", label->values[k]);
	}
	if (strcmp(family->name, "build_info") == 0)
		(void)snprintf(text, size, "`version`, `commit`");
	assert(used < size);
}

static const char *process_text(enum metrics_process process)
{
	return process == METRICS_WORKER      ? "worker"
	       : process == METRICS_SCHEDULER ? "scheduler"
					      : "both";
}

bool metrics_entry(unsigned index, struct metrics_entry *ret)
{
	if (index >= METRIC_COUNT)
		return false;
	const struct metrics_family *family = &metrics_families[index];
	*ret = (struct metrics_entry){
		.name = family->name,
		.type = kind_text(family->kind),
		.process = process_text(family->process),
		.help = family->help,
	};
	describe_labels(family, ret->labels, sizeof ret->labels);
	return true;
}

void metrics_describe(struct buffer *out)
{
	struct metrics_entry entry;

	buffer_text(out, "| name | type | from | labels | says |\n|---|---|---|---|---|\n");
	for (unsigned i = 0; metrics_entry(i, &entry); i++)
		buffer_format(out, "| `%s` | %s | %s | %s | %s |\n", entry.name, entry.type,
			entry.process, entry.labels, entry.help);
}
