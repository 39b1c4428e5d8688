/*
 * Our decimals against another implementation of the same arithmetic: Postgres NUMERIC, which is
 * also where they are kept. Random operations are sent in batches and every result is compared as
 * text, so that value and scale must agree, and where one says "invalid" both must.
 *
 * BOTBEAT_TEST_DECIMAL_OPS: how many operations. BOTBEAT_TEST_DECIMAL_SEED: repeats a run.
 */
#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/decimal.h"
#include "core/base/ident.h"
#include "core/io/postgres.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPERATIONS_DEFAULT 100000
#define BATCH 2000
#define MISMATCHES_SHOWN 10

enum operation { ADD, SUB, MUL, DIV, MUL_DIV, COMPARE, ROUND, TO_STEP, TRIM };
#define OPERATION_COUNT (TRIM + 1)

static const char *const operation_names[OPERATION_COUNT] = {
	"add", "sub", "mul", "div", "mul_div", "compare", "round", "to_step", "trim"};

#define ROUNDING_COUNT (ROUND_HALF_UP + 1)

static const char *const rounding_names[ROUNDING_COUNT] = {
	"down", "up", "floor", "ceiling", "half_up"};

struct task {
	enum operation operation;
	enum rounding rounding;
	int scale;
	struct decimal a, b, c;
};

/*
 * Division: Postgres's own / chooses the digits it gives, so the quotient comes from div(), which
 * is the exact integer part, and what is left over decides the rounding. Rounding alone uses
 * Postgres's round, trunc, floor and ceil.
 */
static const char sql[] =
	"WITH task AS ("
	" SELECT *, ('1e' || s)::numeric AS up, ('1e-' || s)::numeric AS unit"
	" FROM unnest($1::text[], $2::text[], $3::int[], $4::numeric[], $5::numeric[],"
	"  $6::numeric[]) WITH ORDINALITY AS t(op, rounding, s, a, b, c, place)"
	"), fraction AS ("
	" SELECT *,"
	"  CASE op WHEN 'div' THEN a * up WHEN 'mul_div' THEN a * b * up"
	"   WHEN 'to_step' THEN a END AS dividend,"
	"  nullif(CASE op WHEN 'mul_div' THEN c ELSE b END, 0) AS divisor"
	" FROM task"
	"), whole AS ("
	" SELECT *, div(dividend, divisor) AS whole,"
	"  dividend - div(dividend, divisor) * divisor AS rest,"
	"  sign(dividend) * sign(divisor) < 0 AS negative"
	" FROM fraction"
	"), quotient AS ("
	" SELECT *, whole + CASE WHEN rest <> 0 AND (CASE rounding"
	"   WHEN 'down' THEN false WHEN 'up' THEN true"
	"   WHEN 'floor' THEN negative WHEN 'ceiling' THEN NOT negative"
	"   WHEN 'half_up' THEN 2 * abs(rest) >= abs(divisor) END)"
	"  THEN CASE WHEN negative THEN -1 ELSE 1 END ELSE 0 END AS quotient"
	" FROM whole"
	"), result AS ("
	" SELECT place, CASE op"
	"  WHEN 'add' THEN a + b"
	"  WHEN 'sub' THEN a - b"
	"  WHEN 'mul' THEN CASE WHEN scale(a * b) <= 18 THEN a * b"
	"   WHEN a * b = trunc(a * b, 18) THEN trunc(a * b, 18) END"
	"  WHEN 'div' THEN quotient * unit"
	"  WHEN 'mul_div' THEN quotient * unit"
	"  WHEN 'compare' THEN CASE WHEN a < b THEN -1 WHEN a = b THEN 0 ELSE 1 END"
	"  WHEN 'round' THEN CASE rounding"
	"   WHEN 'down' THEN trunc(a, s) WHEN 'half_up' THEN round(a, s)"
	"   WHEN 'floor' THEN floor(a * up) * unit WHEN 'ceiling' THEN ceil(a * up) * unit"
	"   WHEN 'up' THEN CASE WHEN a < 0 THEN floor(a * up) ELSE ceil(a * up) END * unit END"
	"  WHEN 'to_step' THEN CASE WHEN b > 0 THEN quotient * b END"
	"  WHEN 'trim' THEN trim_scale(a) END AS r"
	" FROM quotient"
	")"
	"SELECT CASE WHEN r * ('1e' || scale(r))::numeric"
	"  BETWEEN -170141183460469231731687303715884105728"
	"  AND 170141183460469231731687303715884105727"
	" THEN r::text ELSE 'invalid' END FROM result ORDER BY place";

/* Randomness that a seed repeats: splitmix64. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t value = (*state += 0x9e3779b97f4a7c15);
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
	value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
	return value ^ (value >> 31);
}

static int below(uint64_t *state, int limit)
{
	return (int)(next_random(state) % (uint64_t)limit);
}

/* Of every length; often short, so that ties and whole quotients occur; sometimes at the ends. */
static struct decimal random_decimal(uint64_t *state)
{
	unsigned __int128 largest = ~(unsigned __int128)0 >> 1;
	unsigned __int128 magnitude = (unsigned __int128)next_random(state) << 64 |
				      next_random(state);
	int scale = below(state, DECIMAL_SCALE_MAX + 1);
	int kind = below(state, 16);
	if (kind < 6)
		magnitude %= 1000;
	else if (kind < 15)
		magnitude >>= 1 + below(state, 127);
	else
		magnitude = largest - (unsigned)below(state, 3);
	__int128 coefficient = (__int128)magnitude;
	return decimal_scaled(below(state, 2) == 0 ? coefficient : ~coefficient, scale);
}

static struct task random_task(uint64_t *state)
{
	struct task task = {
		.operation = (enum operation)below(state, OPERATION_COUNT),
		.rounding = (enum rounding)below(state, ROUNDING_COUNT),
		.scale = below(state, DECIMAL_SCALE_MAX + 1),
		.a = random_decimal(state),
		.b = random_decimal(state),
		.c = random_decimal(state),
	};
	/* Equal scales have paths of their own, and neighbours are what a comparison gets wrong. */
	if (below(state, 4) == 0)
		task.b.scale = task.a.scale;
	if (below(state, 16) == 0)
		task.b.coefficient = task.a.coefficient / 10;
	return task;
}

static struct decimal carry_out(const struct task *task)
{
	switch (task->operation) {
	case ADD:
		return decimal_add(task->a, task->b);
	case SUB:
		return decimal_sub(task->a, task->b);
	case MUL:
		return decimal_mul(task->a, task->b);
	case DIV:
		return decimal_div(task->a, task->b, task->scale, task->rounding);
	case MUL_DIV:
		return decimal_mul_div(task->a, task->b, task->c, task->scale, task->rounding);
	case COMPARE:
		return decimal_from_int(decimal_compare(task->a, task->b));
	case ROUND:
		return decimal_round(task->a, task->scale, task->rounding);
	case TO_STEP:
		return decimal_to_step(task->a, task->b, task->rounding);
	case TRIM:
		return decimal_trim(task->a);
	}
	abort();
}

/* One array literal per column of the tasks. */
#define COLUMNS 6

static void write_columns(const struct task *tasks, size_t count, struct buffer columns[COLUMNS])
{
	for (size_t i = 0; i < count; i++) {
		const char *before = i == 0 ? "{" : ",";
		const struct task *task = &tasks[i];
		buffer_format(&columns[0], "%s%s", before, operation_names[task->operation]);
		buffer_format(&columns[1], "%s%s", before, rounding_names[task->rounding]);
		buffer_format(&columns[2], "%s%d", before, task->scale);
		buffer_format(&columns[3], "%s%s", before, DECIMAL_TEXT(task->a));
		buffer_format(&columns[4], "%s%s", before, DECIMAL_TEXT(task->b));
		buffer_format(&columns[5], "%s%s", before, DECIMAL_TEXT(task->c));
	}
	for (size_t i = 0; i < COLUMNS; i++)
		buffer_text(&columns[i], "}");
}

static struct postgres_result *ask_postgres(
	struct postgres *postgres, const struct task *tasks, size_t count)
{
	struct buffer columns[COLUMNS];
	for (size_t i = 0; i < COLUMNS; i++)
		buffer_init(&columns[i], 1 << 20);
	write_columns(tasks, count, columns);

	const char *parameters[COLUMNS];
	for (size_t i = 0; i < COLUMNS; i++) {
		cr_assert(!buffer_failed(&columns[i]));
		parameters[i] = columns[i].data;
	}
	struct postgres_result *result = NULL;
	struct err err;
	int outcome = postgres_query(postgres, sql, COLUMNS, parameters, &result, &err);
	for (size_t i = 0; i < COLUMNS; i++)
		buffer_done(&columns[i]);
	cr_assert(outcome == 0, "%s", err.message);
	cr_assert(postgres_rows(result) == count);
	return result;
}

/* How many of the results were values, so that a test of nothing but overflows is noticed. */
struct tally {
	unsigned valid;
	unsigned mismatches;
};

static void compare(const struct task *task, const char *theirs, struct tally *tally)
{
	char ours[DECIMAL_TEXT_SIZE] = "invalid";
	struct decimal result = carry_out(task);
	if (decimal_is_valid(result)) {
		(void)decimal_text(result, ours, sizeof ours);
		tally->valid++;
	}
	if (strcmp(ours, theirs) == 0)
		return;
	if (tally->mismatches++ < MISMATCHES_SHOWN)
		cr_log_error("%s a=%s b=%s c=%s scale=%d rounding=%s: ours %s, Postgres %s",
			operation_names[task->operation], DECIMAL_TEXT(task->a),
			DECIMAL_TEXT(task->b), DECIMAL_TEXT(task->c), task->scale,
			rounding_names[task->rounding], ours, theirs);
}

static void run_batch(struct postgres *postgres, uint64_t *state, size_t count, struct tally *tally)
{
	static struct task tasks[BATCH];
	for (size_t i = 0; i < count; i++)
		tasks[i] = random_task(state);

	CLEANUP(postgres_result_free)
	struct postgres_result *result = ask_postgres(postgres, tasks, count);
	for (size_t i = 0; i < count; i++)
		compare(&tasks[i], postgres_text(result, i, 0), tally);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);
	return text == NULL || *text == '\0' ? otherwise : strtoull(text, NULL, 10);
}

Test(decimal_postgres, calculates_as_postgres_does)
{
	const char *url = getenv("BOTBEAT_TEST_DATABASE_URL");
	if (url == NULL || *url == '\0')
		cr_skip_test("BOTBEAT_TEST_DATABASE_URL is not set");

	uint64_t seed = number_from("BOTBEAT_TEST_DECIMAL_SEED", random_u64());
	uint64_t operations = number_from("BOTBEAT_TEST_DECIMAL_OPS", OPERATIONS_DEFAULT);
	const struct postgres_options options = {
		.url = url, .application = "botbeat test", .statement_timeout_ms = 60000};
	CLEANUP(postgres_free) struct postgres *postgres = postgres_new(&options);

	uint64_t state = seed;
	struct tally tally = {0, 0};
	for (uint64_t done = 0; done < operations; done += BATCH) {
		uint64_t left = operations - done;
		run_batch(postgres, &state, left < BATCH ? (size_t)left : BATCH, &tally);
	}

	printf("decimals compared with Postgres: %" PRIu64
	       " operations, %u with a value, seed %" PRIu64 "\n",
		operations, tally.valid, seed);
	cr_expect(tally.mismatches == 0, "%u of %" PRIu64 " differ, seed %" PRIu64,
		tally.mismatches, operations, seed);
	cr_expect(tally.valid >= operations / 2, "too many overflows to mean much: %u values",
		tally.valid);
}
