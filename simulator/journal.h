/*
 * journal - the deeds of a simulated exchange in a file, so that it comes back after a crash.
 *
 * DIR/journal has one deed a line, the oldest first. Deeds are gathered and written with one
 * write(2) before a reply leaves, which a kill of the process cannot take back (a power cut can:
 * nothing is synced). A last line without its end was never acknowledged: it is dropped.
 *
 * One process at a time holds the file. Once a write has failed nothing more is written, so that
 * no line follows a torn one. Not thread-safe: the caller holds one lock.
 */
#ifndef SIMULATOR_JOURNAL_H
#define SIMULATOR_JOURNAL_H

#include "simulator/deed.h"

struct journal;

/*
 * Makes the folder and the file where they are missing. ERR_CONFIG: they cannot be used, or
 * another process holds them. The caller frees.
 */
MUST_CHECK int journal_open(const char *folder, struct journal **ret, struct err *err);
void journal_free(struct journal **journal);

/*
 * The next deed of the file; *ret_found false at its end, where a torn line is cut off. All must
 * be read before the first is added. "FILE line 3: …" is ERR_CONFIG.
 */
MUST_CHECK int journal_read(
	struct journal *journal, struct deed *ret, bool *ret_found, struct err *err);

/* The number of the line that was read last. */
size_t journal_line(const struct journal *journal);

/* Gathers a deed for the next flush. */
void journal_add(struct journal *journal, const struct deed *deed);

/* Writes what was gathered; ERR_SYSTEM naming the file, and the same again from then on. */
MUST_CHECK int journal_flush(struct journal *journal, struct err *err);

#endif
