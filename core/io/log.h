/*
 * log - one line per event: human text on a terminal, a JSON object a line elsewhere.
 *
 * The event is a fixed phrase to search for, everything variable is a field. Run, bot, tenant and
 * trace are attached once with log_attach and stand on every line until log_detach. Lines go to
 * standard error, are written by one write(2) and bounded to 4 KiB. A secret cannot be logged:
 *there is no field type for it. Fields are built by the LOG_… macros below.
 *
 * Every room of the code may have a level of its own. Of the same event with the same texts five
 * are written in ten seconds, debug lines apart; what was left out is counted, in the field
 * "repeated" of the next one and in the metric log_lines_suppressed_total.
 *
 *	log_event(LOG_WARN, "order outcome unknown, asking the venue",
 *		LOG_TEXT("venue", "bybit"), LOG_INT("waited_ms", 5000));
 *
 * One log per process, configured before threads start; log_event is thread-safe. The event must
 * outlive the process's log: a literal.
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

struct err;

/* speaker: "supervisor", "scheduler", "runner 3": which process. */
void log_setup(enum log_level level, enum log_format format, const char *speaker);
void log_room(const char *speaker);
void log_level_set(enum log_level level);
int log_level_parse(const char *text, enum log_level *ret); /* "debug" … "error"; -1 otherwise */

/* Levels of single rooms: "exchanges=debug,core/io=warn"; "" for none. ERR_CONFIG otherwise. */
int log_levels_check(const char *text, struct err *err);
int log_levels_set(const char *text, struct err *err);

/*
 * Writes debug lines of all rooms for that long; in all processes that share until_mono_ms, which
 * log_raise_share names before they fork (NULL: this process alone).
 */
void log_raise(int64_t duration_ms);
void log_raise_share(_Atomic int64_t *until_mono_ms);

/* Attached to each line of this process until detached; texts are copied. NULL leaves one out. */
void log_attach(const char *tenant, const char *bot, const char *run, const char *trace);
void log_detach(void);

/* The folder of the code that speaks, set by cmake/room.cmake. */
#ifndef BOTBEAT_ROOM
#define BOTBEAT_ROOM ""
#endif

bool log_room_wants(const char *room, enum log_level level);
#define log_wants(level) log_room_wants(BOTBEAT_ROOM, level)

void log_fields(const char *room, enum log_level level, const char *event,
	const struct log_field *fields, unsigned count);

#define log_event(level, event, ...)                                                               \
	do {                                                                                       \
		const struct log_field log_list[] = {{0}, ##__VA_ARGS__};                          \
		log_fields(BOTBEAT_ROOM, level, event, log_list + 1,                               \
			(unsigned)(sizeof log_list / sizeof log_list[0]) - 1);                     \
	} while (0)

/* A failure with its class, retry word and message as fields. */
void log_failure_of(
	const char *room, enum log_level level, const char *event, const struct err *failure);
#define log_failure(level, event, failure) log_failure_of(BOTBEAT_ROOM, level, event, failure)

#endif
