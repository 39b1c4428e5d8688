/*
 * strategy - nanoseconds of what is pure: bench_strategy SNAPSHOT RUNS
 *
 * A decision of the snapshot, its indicators from candles, exact amounts, the arithmetic of slots.
 */
#include "bench/measure.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/decimal.h"
#include "core/base/ident.h"
#include "core/io/field.h"
#include "decision/decision.h"
#include "scheduler/due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_S 0.1 /* of one sample, about */
#define CANDLES 500
#define FILE_MAX 65536

struct bench {
	char *file; /* a golden test: its member snapshot is the case */
	size_t file_size;
	struct arena *arena;
	struct decision_case decision;
	struct strategy_output output;
	struct series series[SERIES_WANT_MAX];
	size_t series_count;
	struct rules rules;
	struct decimal price, quantity, rate;
	struct uuid bot;
	struct due due;
	int64_t sink; /* keeps results alive */
};

/* ---- what is timed, count times ------------------------------------------------------------- */

static void decide(struct bench *bench, size_t count)
{
	const struct decision_case *decision = &bench->decision;

	for (size_t i = 0; i < count; i++) {
		bench->output.reason_count = 0;
		bench->output.intent_count = 0;
		decision->strategy->decide(&decision->input, decision->state, &bench->output);
		bench->sink += (int64_t)bench->output.reason_count;
	}
}

static void indicators(struct bench *bench, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct indicators values;
		bench->decision.strategy->indicators(bench->decision.params, bench->series,
			bench->series_count, &bench->rules, &values);
		bench->sink += (int64_t)values.valid;
	}
}

static void parse_snapshot(struct bench *bench, struct decision_case *ret)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	struct field snapshot;
	struct err err;

	measure_must(field_parse(bench->file, bench->file_size, &document, &err), &err,
		"parse the snapshot");
	struct field root = field_root(document);
	measure_must(field_get(&root, "snapshot", &snapshot, &err), &err, "find the snapshot");
	measure_must(decision_read(&snapshot, bench->arena, ret, &err), &err, "read the snapshot");
}

static void read_snapshot(struct bench *bench, size_t count)
{
	struct decision_case decision;

	for (size_t i = 0; i < count; i++) {
		parse_snapshot(bench, &decision);
		bench->sink += decision.input.now_ms;
		arena_reset(bench->arena);
	}
}

static void add(struct bench *bench, size_t count)
{
	struct decimal sum = DECIMAL_ZERO;

	for (size_t i = 0; i < count; i++)
		sum = decimal_add(sum, bench->price);
	bench->sink += decimal_sign(sum);
}

static void multiply(struct bench *bench, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bench->sink += decimal_mul(bench->price, bench->quantity).scale;
}

static void divide(struct bench *bench, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bench->sink += decimal_mul_div(
			bench->price, bench->quantity, bench->rate, 8, ROUND_HALF_UP)
				       .scale;
}

static void parse(struct bench *bench, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct decimal value;
		struct err err;
		measure_must(decimal_parse("59431.1250", &value, &err), &err, "parse");
		bench->sink += value.scale;
	}
}

static void print(struct bench *bench, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bench->sink += DECIMAL_TEXT(bench->price)[0];
}

static void due_of_bot(struct bench *bench, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bench->sink += due_of(&bench->bot, 300, false, 0).phase_s;
}

static void latest_slot(struct bench *bench, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bench->sink += due_latest_slot(&bench->due, 1764000000000 + (int64_t)i);
}

/* ---- timing --------------------------------------------------------------------------------- */

static double time_of(
	struct bench *bench, void (*work)(struct bench *bench, size_t count), size_t count)
{
	double begun_s = measure_now_s();

	work(bench, count);
	return measure_now_s() - begun_s;
}

static void measure(struct bench *bench, const char *name,
	void (*work)(struct bench *bench, size_t count), size_t runs)
{
	struct measure figure = {.part = "strategy", .name = name, .unit = "ns", .goal = ""};
	size_t count = 16;

	while (time_of(bench, work, count) < SAMPLE_S / 4)
		count *= 2;
	count *= 4;
	for (size_t i = 0; i < runs; i++)
		measure_add(&figure, time_of(bench, work, count) * 1e9 / (double)count);
	measure_print(&figure);
}

/* ---- what it is timed on -------------------------------------------------------------------- */

static void load_file(struct bench *bench, const char *path)
{
	CLEANUP(file_close) FILE *file = fopen(path, "re");

	if (file == NULL)
		die("cannot read %s", path);
	bench->file = mem_alloc(FILE_MAX);
	bench->file_size = fread(bench->file, 1, FILE_MAX, file);
}

/* A price that goes up and down by a few per cent. */
static struct series make_series(int64_t interval_ms)
{
	struct candle *candles = mem_zero(CANDLES, sizeof *candles);

	for (int i = 0; i < CANDLES; i++) {
		int64_t price = 590000 + 40 * ((i * 37) % 101) + 20 * (i % 7);
		candles[i] = (struct candle){
			.open_ms = 1764000000000 + i * interval_ms,
			.open = decimal_scaled(price, 1),
			.high = decimal_scaled(price + 90, 1),
			.low = decimal_scaled(price - 80, 1),
			.close = decimal_scaled(price + 10, 1),
			.volume = decimal_scaled(12345 + i, 3),
			.closed = true,
		};
	}
	return (struct series){.interval_ms = interval_ms, .candles = candles, .count = CANDLES};
}

static void prepare(struct bench *bench)
{
	struct series_want wants[SERIES_WANT_MAX];

	bench->arena = arena_new(65536, 1 << 24);
	parse_snapshot(bench, &bench->decision);
	bench->decision.input.params = bench->decision.params;
	bench->series_count = bench->decision.strategy->wants(bench->decision.params, 5, wants);
	for (size_t i = 0; i < bench->series_count; i++) {
		bench->series[i] = make_series(wants[i].interval_ms);
		if (wants[i].count < CANDLES)
			bench->series[i].count = wants[i].count;
	}
	bench->rules = (struct rules){
		.tick_size = decimal_literal("0.1"), .lot_size = decimal_literal("0.001")};
	bench->price = decimal_literal("59431.1250");
	bench->quantity = decimal_literal("0.017");
	bench->rate = decimal_literal("1.00055");
	uuid_random(&bench->bot);
	bench->due = due_of(&bench->bot, 300, false, 0);
}

int main(int argc, char **argv)
{
	struct bench *bench = mem_zero(1, sizeof *bench);
	size_t runs = measure_argument(argc, argv, 2, 5);

	if (argc < 2)
		die("usage: bench_strategy SNAPSHOT RUNS");
	load_file(bench, argv[1]);
	prepare(bench);
	measure(bench, "one decision", decide, runs);
	measure(bench, "its indicators from candles", indicators, runs);
	measure(bench, "reading its snapshot", read_snapshot, runs);
	measure(bench, "decimal: add", add, runs);
	measure(bench, "decimal: multiply", multiply, runs);
	measure(bench, "decimal: multiply and divide", divide, runs);
	measure(bench, "decimal: read a text", parse, runs);
	measure(bench, "decimal: write a text", print, runs);
	measure(bench, "phase of a bot", due_of_bot, runs);
	measure(bench, "latest slot of a bot", latest_slot, runs);
	return bench->sink == 42;
}
