/* decide - one decision from a snapshot on standard input, explained. */
#include "decision/decision.h"

#include "cli/commands.h"
#include "cli/output.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <stdio.h>

#define SNAPSHOT_BYTES_MAX (4U << 20)
#define ARENA_CHUNK_BYTES (64U << 10)
#define ARENA_BYTES_MAX (8U << 20)

static int read_input(struct buffer *text, struct err *err)
{
	char block[16384];
	size_t got = 0;

	while ((got = fread(block, 1, sizeof block, stdin)) > 0)
		buffer_add(text, block, got);
	if (ferror(stdin))
		return err_errno(err, errno, "could not read the snapshot");
	if (buffer_failed(text))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the snapshot is larger than %u bytes", SNAPSHOT_BYTES_MAX);
	if (text->size_bytes == 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"no snapshot on standard input; docs/snapshot.md describes one");
	return 0;
}

static int read_case(
	const struct buffer *text, struct arena *arena, struct decision_case *ret, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;

	if (field_parse(text->data, text->size_bytes, &document, err) == -1)
		return err_while(err, "could not read the snapshot");
	struct field root = field_root(document);
	return decision_read(&root, arena, ret, err);
}

static int run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(buffer_done) struct buffer text = {0};
	CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_CHUNK_BYTES, ARENA_BYTES_MAX);
	struct decision_case *decision = ARENA_NEW(arena, struct decision_case);
	struct strategy_output *output = ARENA_NEW(arena, struct strategy_output);
	(void)context, (void)argc, (void)argv;

	buffer_init(&text, SNAPSHOT_BYTES_MAX);
	if (read_input(&text, err) == -1 || read_case(&text, arena, decision, err) == -1)
		return -1;
	decision->strategy->decide(&decision->input, decision->state, output);

	CLEANUP(doc_free) struct doc *answer = decision_write_output(decision, output);
	output_doc(answer);
	return 0;
}

const struct command decide_command = {
	.name = "decide",
	.summary = "Decide once from a snapshot and say why",
	.details = "Reads a snapshot (docs/snapshot.md) from standard input and prints JSON:\n"
		   "intents, new state, and one reason for each gate that was asked. Nothing is\n"
		   "sent anywhere: no database, queue or venue is touched.",
	.run = run,
};
