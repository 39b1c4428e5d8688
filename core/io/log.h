/*
 * log - one line per event: human text on a terminal, a JSON object a line elsewhere.
 *
 * The event is a fixed phrase to search for, everything variable is a field. Run, bot and tenant
 * are attached once with log_attach and stand on every line until log_detach. Lines go to standard
 * error, are written by one write(2) and bounded to 4 KiB. A secret cannot be logged: there is no
 * field type for it. Fields are built by the LOG_… macros below.
 *
 *	log_event(LOG_WARN, "order outcome unknown, asking the venue",
 *		LOG_TEXT("venue", "bybit"), LOG_INT("waited_ms", 5000));
 *
 * One log per process, configured before threads start; log_event is thread-safe.
 */
#ifndef CORE_IO_LOG_H
#define CORE_IO_LOG_H

#include "core/base/decimal.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
/* LOG_NOTE: "note: EVENT name=value …", for a command's person, who asked just now. */
enum log_format { LOG_AUTO, LOG_HUMAN, LOG_JSON, LOG_NOTE };

enum log_kind { LOG_KIND_TEXT, LOG_KIND_INT, LOG_KIND_DECIMAL };

struct log_field {
	const char *name;
	enum log_kind kind;
	const char *text;
	int64_t number;
	struct decimal decimal;
};

#define LOG_TEXT(n, v) ((struct log_field){.name = (n), .kind = LOG_KIND_TEXT, .text = (v)})
#define LOG_INT(n, v) ((struct log_field){.name = (n), .kind = LOG_KIND_INT, .number = (v)})
#define LOG_DECIMAL(n, v)                                                                          \
	((struct log_field){.name = (n), .kind = LOG_KIND_DECIMAL, .decimal = (v)})

/* room: "worker", "scheduler", "runner 3": who speaks. */
void log_setup(enum log_level level, enum log_format format, const char *room);
void log_room(const char *room);
void log_level_set(enum log_level level);
bool log_wants(enum log_level level);
int log_level_parse(const char *text, enum log_level *ret); /* "debug" … "error"; -1 otherwise */

/* Attached to each line of this process until detached; texts are copied. NULL leaves one out. */
void log_attach(const char *tenant, const char *bot, const char *run);
void log_detach(void);

void log_fields(
	enum log_level level, const char *event, const struct log_field *fields, unsigned count);

#define log_event(level, event, ...)                                                               \
	do {                                                                                       \
		const struct log_field log_list[] = {{0}, ##__VA_ARGS__};                          \
		log_fields(level, event, log_list + 1,                                             \
			(unsigned)(sizeof log_list / sizeof log_list[0]) - 1);                     \
	} while (0)

/* A failure with its class, retry word and message as fields. */
struct err;
void log_failure(enum log_level level, const char *event, const struct err *failure);

#endif
