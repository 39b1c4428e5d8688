/*
 * instructions - carries one operation out a number of times, for callgrind to count:
 * bench_instructions OPERATION COUNT SNAPSHOT
 *
 * script/instructions runs it twice with different counts; the difference is what the operation
 * costs, whatever start and end cost. Inputs are fixed, so that a count changes with the code (or
 * the compiler) alone.
 */
#include "bench/measure.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/ident.h"
#include "core/io/field.h"
#include "core/io/sign.h"
#include "core/queue/payload.h"
#include "decision/decision.h"
#include "scheduler/due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 65536
#define NOW_MS 1764000000000
#define BOT "6f2c0c3e-0000-4000-8000-00000000000a"
#define TENANT "6f2c0c3e-0000-4000-8000-000000000001"

static int64_t sink; /* keeps results alive */

static struct decision_case *load(const char *path)
{
	CLEANUP(file_close) FILE *file = fopen(path, "re");
	struct decision_case *decision = mem_zero(1, sizeof *decision);
	struct arena *arena = arena_new(65536, 1 << 24);
	struct field_document *document;
	struct field snapshot;
	struct err err;

	if (file == NULL)
		die("cannot read %s", path);
	char *text = mem_alloc(FILE_MAX);
	size_t size = fread(text, 1, FILE_MAX, file);
	measure_must(field_parse(text, size, &document, &err), &err, "parse the snapshot");
	struct field root = field_root(document);
	measure_must(field_get(&root, "snapshot", &snapshot, &err), &err, "find the snapshot");
	measure_must(decision_read(&snapshot, arena, decision, &err), &err, "read the snapshot");
	decision->input.params = decision->params;
	return decision;
}

static void decide(size_t count, const char *path)
{
	const struct decision_case *decision = load(path);
	struct strategy_output *output = mem_zero(1, sizeof *output);

	for (size_t i = 0; i < count; i++) {
		output->reason_count = 0;
		output->intent_count = 0;
		decision->strategy->decide(&decision->input, decision->state, output);
		sink += (int64_t)output->reason_count;
	}
}

static void due(size_t count, const char *path)
{
	struct uuid bot;
	struct err err;

	(void)path;
	measure_must(uuid_parse(BOT, &bot, &err), &err, "parse an id");
	for (size_t i = 0; i < count; i++) {
		struct due when = due_of(&bot, 300, false, 0);
		sink += due_latest_slot(&when, NOW_MS + (int64_t)i);
	}
}

static void payload(size_t count, const char *path)
{
	struct job job = {
		.scheduled_s = NOW_MS / 1000, .due_ms = NOW_MS, .priority = PRIORITY_NORMAL};
	struct err err;

	(void)path;
	measure_must(uuid_parse(BOT, &job.bot, &err), &err, "parse an id");
	measure_must(uuid_parse(TENANT, &job.tenant, &err), &err, "parse an id");
	for (size_t i = 0; i < count; i++) {
		char text[PAYLOAD_SIZE];
		struct job read;
		payload_write(&job, text);
		measure_must(payload_parse(text, &read, &err), &err, "read a payload");
		sink += read.scheduled_s;
	}
}

static void sign(size_t count, const char *path)
{
	static const char request[] =
		"1764000000000bench-key-0000015000category=linear&symbol=BTCUSDT&settleCoin=USDT";
	static const char secret[] = "bench-secret-of-no-worth-000001";
	char hex[SIGN_HEX_SIZE];

	(void)path;
	for (size_t i = 0; i < count; i++) {
		sign_hmac_sha256(secret, sizeof secret - 1, request, sizeof request - 1, hex);
		sink += hex[0];
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*work)(size_t count, const char *path);
	} operations[] = {{"decide", decide}, {"due", due}, {"payload", payload}, {"sign", sign}};

	if (argc < 4)
		die("usage: bench_instructions OPERATION COUNT SNAPSHOT");
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
		if (strcmp(argv[1], operations[i].name) != 0)
			continue;
		operations[i].work(measure_argument(argc, argv, 2, 1), argv[3]);
		return sink == 42;
	}
	die("unrecognized operation \"%s\"", argv[1]);
}
