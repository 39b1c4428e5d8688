/*
 * clock - time as a value that is passed in.
 *
 * utc records, mono measures: a host's wall clock decides nothing. Programs use clock_system(),
 * tests a clock of their own. All times are milliseconds; utc since 1970-01-01, mono since boot
 * (CLOCK_BOOTTIME, so that a suspended host does not believe that its leases still hold).
 */
#ifndef CORE_BASE_CLOCK_H
#define CORE_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct clock {
	int64_t (*utc_ms)(void *context);
	int64_t (*mono_ms)(void *context);
	void (*sleep_ms)(void *context, int64_t duration_ms); /* returns early on a signal */
	void *context;
};

/* The machine's clocks. Never NULL, never freed; safe in every process and thread. */
const struct clock *clock_system(void);

static inline int64_t clock_utc_ms(const struct clock *clock)
{
	return clock->utc_ms(clock->context);
}

static inline int64_t clock_mono_ms(const struct clock *clock)
{
	return clock->mono_ms(clock->context);
}

static inline void clock_sleep_ms(const struct clock *clock, int64_t duration_ms)
{
	clock->sleep_ms(clock->context, duration_ms);
}

#define CLOCK_TEXT_SIZE 32

/* "2026-11-22T10:04:06.123Z"; returns text. */
const char *clock_text(int64_t utc_ms, char *text, size_t size);

/* Reads the form that clock_text writes, seconds and milliseconds optional ("…T10:04Z" too). */
int clock_parse(const char *text, int64_t *ret_utc_ms);

#endif
