/*
 * log_filter - which log lines are written: levels per room, and repeats. For log.c only.
 *
 * A repeat is the same event with the same texts from the same process; numbers may differ. Of
 * those, LOG_FILTER_BURST are written in LOG_FILTER_WINDOW_MS, the rest is counted and told with
 * the next one that is written, or when the window is over. Time is passed in.
 */
#ifndef CORE_IO_LOG_FILTER_H
#define CORE_IO_LOG_FILTER_H

#include "core/base/err.h"
#include "core/io/log.h"

#define LOG_FILTER_ROOMS 16
#define LOG_FILTER_PLACES 64
#define LOG_FILTER_WINDOW_MS 10000
#define LOG_FILTER_BURST 5

struct log_levels { /* by room, where it is not the level of all */
	unsigned count;
	struct {
		char room[32];
		enum log_level level;
	} items[LOG_FILTER_ROOMS];
};

/* "exchanges=debug,core/io=warn"; "" is none. ERR_CONFIG names what is wrong. */
MUST_CHECK int log_levels_of(const char *text, struct log_levels *ret, struct err *err);
enum log_level log_level_in(const struct log_levels *levels, const char *room, enum log_level all);

struct log_repeats { /* begin with {0} */
	struct {
		uint64_t key; /* 0: free */
		const char *event;
		int64_t began_mono_ms;
		unsigned written, suppressed;
	} places[LOG_FILTER_PLACES];
};

uint64_t log_repeat_key(const char *event, const struct log_field *fields, unsigned count);

/*
 * May the line be written? *ret_suppressed: how many of its kind were not, since the last one that
 * was.
 */
bool log_repeat_allow(struct log_repeats *repeats, uint64_t key, const char *event,
	int64_t now_mono_ms, unsigned *ret_suppressed);

/* An event whose window is over and whose rest has not been told; it counts as told after this. */
bool log_repeat_due(struct log_repeats *repeats, int64_t now_mono_ms, const char **ret_event,
	unsigned *ret_suppressed);

#endif
