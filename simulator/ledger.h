/*
 * ledger - what really happened on the simulated exchange, append-only.
 *
 * The other half of every check: a bot's journal is compared with this, not with what the API
 * told the bot. It therefore takes its facts from the broker's events alone, writes its own JSON,
 * and shares no code with the API layer. One line per event: accepted, working, triggered,
 * amended, cancelled, rejected, too_late, fill, funding, transfer, liquidation.
 *
 * Lines are kept for the life of the process and, if a file is given, appended there as well. A
 * file that can no longer be written (disk full) is given up with one warning; the lines in
 * memory go on. Not thread-safe: the caller holds one lock.
 */
#ifndef SIMULATOR_LEDGER_H
#define SIMULATOR_LEDGER_H

#include "broker/broker.h"
#include "core/base/buffer.h"

struct ledger;

/* file NULL: none. ERR_CONFIG if it cannot be opened for appending. The caller frees. */
MUST_CHECK int ledger_new(const char *file, struct ledger **ret, struct err *err);
void ledger_free(struct ledger **ledger);

/* uid: the account's name for the outside; market_ms: the market clock beside the event's time. */
void ledger_append(
	struct ledger *ledger, const struct broker_event *event, int64_t uid, int64_t market_ms);

/* Appends the lines of uid (0: of all) with a sequence of at least from, as JSON lines. */
void ledger_dump(const struct ledger *ledger, int64_t uid, uint64_t from, struct buffer *out);

size_t ledger_count(const struct ledger *ledger);
/* False after the file was given up. */
bool ledger_file_good(const struct ledger *ledger);

#endif
