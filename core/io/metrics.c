#include "core/io/metrics.h"

#include "core/base/ident.h"
#include "core/io/metrics_memory.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define CACHE_LINE_BYTES 64
#define CELLS_PER_LINE (CACHE_LINE_BYTES / sizeof(int64_t))

static struct metrics *segment;          /* that this process counts into; NULL: adds are dropped */
static _Atomic int64_t *own;             /* its row there */
static unsigned first[METRIC_COUNT + 1]; /* cell of each family in a row, and the row's end */

/* ---- memory ---------------------------------------------------------------------------------- */

static void lay_out(void)
{
	if (first[METRIC_COUNT] != 0)
		return;
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		const struct metrics_family *family = &metrics_families[i];
		first[i + 1] = first[i] +
			       metrics_family_series(family) * metrics_family_cells(family);
	}
}

/* Rows begin at cache lines, so that two children's adds do not fight for one. */
static size_t row_cells(void)
{
	lay_out();
	return (first[METRIC_COUNT] + CELLS_PER_LINE - 1) / CELLS_PER_LINE * CELLS_PER_LINE;
}

static size_t round_up(size_t size_bytes)
{
	return (size_bytes + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES * CACHE_LINE_BYTES;
}

static size_t bots_capacity(unsigned bots_max)
{
	return bots_max == 0 ? 0 : (size_t)bots_max * 2;
}

/* The row behind the slots': gauges that the last writer sets. */
static _Atomic int64_t *row_of(const struct metrics *metrics, unsigned slot)
{
	return metrics->cells + slot * row_cells();
}

struct metrics *metrics_new(const struct metrics_options *options)
{
	size_t head = round_up(sizeof(struct metrics));
	size_t rows = round_up((options->slots + 1) * row_cells() * sizeof(int64_t));
	size_t size_bytes = head + rows +
			    bots_capacity(options->bots_max) * sizeof(struct metrics_bot);
	struct metrics *metrics = mmap(
		NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (metrics == MAP_FAILED)
		die("could not map %zu bytes for metrics: %s", size_bytes, strerror(errno));
	metrics->size_bytes = size_bytes;
	metrics->process = options->process;
	metrics->slots = options->slots;
	metrics->bots_max = options->bots_max;
	metrics->cells = (_Atomic int64_t *)((char *)metrics + head);
	metrics->bots = (struct metrics_bot *)((char *)metrics + head + rows);
	_Atomic int64_t *last = row_of(metrics, metrics->slots);
	for (unsigned i = 0; i < METRIC_COUNT; i++)
		for (unsigned k = first[i]; metrics_families[i].last && k < first[i + 1]; k++)
			atomic_store_explicit(&last[k], METRICS_UNSET, memory_order_relaxed);
	return metrics;
}

void metrics_free(struct metrics **metrics)
{
	if (*metrics == NULL)
		return;
	if (segment == *metrics) {
		segment = NULL;
		own = NULL;
	}
	(void)munmap(*metrics, (*metrics)->size_bytes);
	*metrics = NULL;
}

static void clear_gauges(_Atomic int64_t *row)
{
	for (unsigned i = 0; i < METRIC_COUNT; i++)
		for (unsigned k = first[i];
			metrics_families[i].kind == METRICS_GAUGE && k < first[i + 1]; k++)
			atomic_store_explicit(&row[k], 0, memory_order_relaxed);
}

void metrics_use(struct metrics *metrics, unsigned slot)
{
	assert(slot < metrics->slots);
	segment = metrics;
	own = row_of(metrics, slot);
	/* A gauge is about a living process; the counters of the slot's earlier holders stay. */
	clear_gauges(own);
}

void metrics_release(struct metrics *metrics, unsigned slot)
{
	assert(slot < metrics->slots);
	clear_gauges(row_of(metrics, slot));
}

/* ---- counting -------------------------------------------------------------------------------- */

static void add(_Atomic int64_t *cell, int64_t amount)
{
	atomic_fetch_add_explicit(cell, amount, memory_order_relaxed);
}

static int64_t load(const _Atomic int64_t *cell)
{
	return atomic_load_explicit(cell, memory_order_relaxed);
}

/* The first cell of a series in a row. */
static unsigned cell_of(enum metric metric, const char *const *labels)
{
	const struct metrics_family *family = &metrics_families[metric];

	return first[metric] + metrics_family_place(family, labels) * metrics_family_cells(family);
}

void metrics_add_to(enum metric metric, int64_t amount, const char *const *labels)
{
	assert(metrics_families[metric].kind == METRICS_COUNTER && amount >= 0);
	if (own != NULL)
		add(&own[cell_of(metric, labels)], amount);
}

static void store(enum metric metric, int64_t value, const char *const *labels)
{
	const struct metrics_family *family = &metrics_families[metric];

	assert(family->kind == METRICS_GAUGE);
	if (own == NULL)
		return;
	_Atomic int64_t *row = family->last ? row_of(segment, segment->slots) : own;
	atomic_store_explicit(&row[cell_of(metric, labels)], value, memory_order_relaxed);
}

void metrics_set_to(enum metric metric, int64_t value, const char *const *labels)
{
	assert(value != METRICS_UNSET);
	store(metric, value, labels);
}

void metrics_unset_of(enum metric metric, const char *const *labels)
{
	assert(metrics_families[metric].last);
	store(metric, METRICS_UNSET, labels);
}

void metrics_observe_in(enum metric metric, int64_t value, const char *const *labels)
{
	const struct metrics_family *family = &metrics_families[metric];
	unsigned bucket = 0;

	assert(family->kind == METRICS_HISTOGRAM);
	if (own == NULL)
		return;
	/* A clock that went back would make a sum of times fall, which reads as a restart. */
	if (value < 0 && family->scale == METRICS_MILLI)
		value = 0;
	while (bucket < family->bounds->count && value > family->bounds->items[bucket].upper)
		bucket++;
	_Atomic int64_t *cells = &own[cell_of(metric, labels)];
	add(&cells[bucket], 1);
	add(&cells[family->bounds->count + 1], value);
}

int64_t metrics_cell(const struct metrics *metrics, enum metric metric, unsigned place)
{
	int64_t total = 0;

	if (metrics_families[metric].last)
		return load(&row_of(metrics, metrics->slots)[first[metric] + place]);
	for (unsigned slot = 0; slot < metrics->slots; slot++)
		total += load(&row_of(metrics, slot)[first[metric] + place]);
	return total;
}

int64_t metrics_total_of(
	const struct metrics *metrics, enum metric metric, const char *const *labels)
{
	const struct metrics_family *family = &metrics_families[metric];
	unsigned place = cell_of(metric, labels) - first[metric];
	int64_t total = 0;

	if (family->kind != METRICS_HISTOGRAM)
		return metrics_cell(metrics, metric, place);
	for (unsigned bucket = 0; bucket <= family->bounds->count; bucket++)
		total += metrics_cell(metrics, metric, place + bucket);
	return total;
}

/* ---- bots ------------------------------------------------------------------------------------ */

/*
 * The bot's place in a table that all children fill, without a lock that one could die with: the
 * key is taken by one exchange; the name is the same whoever writes it, so it may be written twice.
 */
static struct metrics_bot *bot_of(struct metrics *metrics, const char *name)
{
	size_t capacity = bots_capacity(metrics->bots_max);
	uint64_t key = hash_bytes(name, strlen(name)) | 1;

	for (size_t i = 0; i < capacity; i++) {
		struct metrics_bot *bot = &metrics->bots[(key + i) % capacity];
		uint64_t there = atomic_load(&bot->key);
		if (there == 0) {
			if (atomic_load(&metrics->bots_used) >= metrics->bots_max)
				return &metrics->others;
			if (atomic_compare_exchange_strong(&bot->key, &there, key))
				(void)atomic_fetch_add(&metrics->bots_used, 1);
			else if (there != key)
				continue;
		} else if (there != key) {
			continue;
		}
		if (!atomic_load(&bot->named)) {
			(void)snprintf(bot->name, sizeof bot->name, "%s", name);
			atomic_store(&bot->named, true);
		}
		return bot;
	}
	return &metrics->others;
}

void metrics_count_run(const char *bot, const char *status)
{
	const char *const labels[METRICS_LABELS_MAX] = {status};

	metrics_add_to(METRIC_RUNS, 1, labels);
	if (own != NULL && segment->bots_max > 0)
		add(&bot_of(segment, bot)
				->counts[metrics_family_place(
					&metrics_families[METRIC_RUNS], labels)],
			1);
}

size_t metrics_bots(const struct metrics *metrics)
{
	return bots_capacity(metrics->bots_max);
}
