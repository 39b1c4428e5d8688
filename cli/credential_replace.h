/*
 * credential_replace - botbeat credential replace: another secret in the place of a credential's.
 *
 * The new key is sealed, then opened and shown to the venue in a guarded child, before anything is
 * stored: one that may withdraw, or that acts on another account than bots of the credential hold
 * legs of, leaves the former secret as it was. The row's lowest accepted version rises to the new
 * one, so that the old sealed text is noise from then on.
 */
#ifndef CLI_CREDENTIAL_REPLACE_H
#define CLI_CREDENTIAL_REPLACE_H

#include "cli/command.h"

extern const struct command_option credential_replace_options[];
MUST_CHECK int credential_replace_run(
	struct command_context *context, int argc, char **argv, struct err *err);

#endif
