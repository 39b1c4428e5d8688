/*
 * ledger - what really happened on the simulated exchange, append-only.
 *
 * The other half of every check: a bot's journal is compared with this, not with what the API
 * told the bot. It therefore takes its facts from the broker's events alone, writes its own JSON,
 * and shares no code with the API layer. One line per event: accepted, working, triggered,
 * amended, cancelled, rejected, too_late, fill, funding, transfer, liquidation.
 *
 * Lines are kept for the life of the process and, if a file is given, appended there as well, at
 * each ledger_flush. A file that can no longer be written (disk full) is given up with one
 * warning; the lines in memory go on. Not thread-safe: the caller holds one lock.
 */
#ifndef SIMULATOR_LEDGER_H
#define SIMULATOR_LEDGER_H

#include "broker/broker.h"
#include "core/base/buffer.h"

struct ledger;

/* In memory only. The caller frees. */
struct ledger *ledger_new(void);
void ledger_free(struct ledger **ledger);

/*
 * Appends to a file from now on. continues: the file was this ledger's before a crash; its whole
 * lines must be the first of those that are there now, a torn last one is cut off, and what it
 * lacks is written. ERR_CONFIG if the file cannot be used or has other lines.
 */
MUST_CHECK int ledger_to_file(
	struct ledger *ledger, const char *file, bool continues, struct err *err);

/* uid: the account's name for the outside; market_ms: the market clock beside the event's time. */
void ledger_append(
	struct ledger *ledger, const struct broker_event *event, int64_t uid, int64_t market_ms);

/* Appends the lines of uid (0: of all) with a sequence of at least from, as JSON lines. */
void ledger_dump(const struct ledger *ledger, int64_t uid, uint64_t from, struct buffer *out);

/* Writes to the file what came since the last time. */
void ledger_flush(struct ledger *ledger);

size_t ledger_count(const struct ledger *ledger);
/* False after the file was given up. */
bool ledger_file_good(const struct ledger *ledger);

#endif
