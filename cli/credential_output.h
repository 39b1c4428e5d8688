/*
 * credential_output - what a check of an API key found, from the guarded child to the terminal.
 */
#ifndef CLI_CREDENTIAL_OUTPUT_H
#define CLI_CREDENTIAL_OUTPUT_H

#include "cli/command.h"
#include "cli/credential_check.h"

struct doc;

/* In the child; the caller's. */
struct doc *credential_output_doc(const struct credential_check *check);

/* In the command; text is the document's. */
MUST_CHECK int credential_output_print(const struct command_context *context,
	const struct credential *credential, const char *text, struct err *err);

#endif
