#include "core/base/clock.h"

#include "core/base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MS_PER_SECOND 1000
#define MS_PER_DAY 86400000LL

static int64_t read_ms(clockid_t id)
{
	struct timespec now;
	if (clock_gettime(id, &now) == -1)
		die("cannot read the clock: %s", strerror(errno));
	return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
}

static int64_t system_utc_ms(void *context)
{
	(void)context;
	return read_ms(CLOCK_REALTIME);
}

static int64_t system_mono_ms(void *context)
{
	(void)context;
	return read_ms(CLOCK_BOOTTIME);
}

static void system_sleep_ms(void *context, int64_t duration_ms)
{
	(void)context;
	if (duration_ms <= 0)
		return;
	const struct timespec duration = {
		.tv_sec = duration_ms / MS_PER_SECOND,
		.tv_nsec = duration_ms % MS_PER_SECOND * 1000000,
	};
	(void)nanosleep(&duration, NULL);
}

const struct clock *clock_system(void)
{
	static const struct clock system = {system_utc_ms, system_mono_ms, system_sleep_ms, NULL};
	return &system;
}

/*
 * Days since 1970-01-01 and the date, in the proleptic Gregorian calendar. By arithmetic, not by
 * gmtime: that takes a lock which a forked child could find held. The year is counted from
 * March, so that the leap day is its last day; an era is 400 years, 146097 days
 * (http://howardhinnant.github.io/date_algorithms.html).
 */
struct date {
	int64_t year;
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
};

#define DAYS_PER_ERA 146097
#define DAYS_TO_1970 719468 /* since 0000-03-01 */

static int64_t floor_div(int64_t value, int64_t divisor)
{
	return value / divisor - (value % divisor < 0 ? 1 : 0);
}

static int64_t days_of(struct date date)
{
	int64_t year = date.month <= 2 ? date.year - 1 : date.year;
	int64_t era = floor_div(year, 400);
	int64_t year_of_era = year - era * 400;
	int64_t month = (date.month + 9) % 12; /* from March */
	int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static struct date date_of(int64_t days)
{
	days += DAYS_TO_1970;
	int64_t era = floor_div(days, DAYS_PER_ERA);
	int64_t day_of_era = days - era * DAYS_PER_ERA;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
				      day_of_era / (DAYS_PER_ERA - 1)) /
			      365;
	int64_t day_of_year = day_of_era -
			      (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;
	int calendar_month = (int)(month < 10 ? month + 3 : month - 9);
	return (struct date){
		.year = year_of_era + era * 400 + (calendar_month <= 2 ? 1 : 0),
		.month = calendar_month,
		.day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
	};
}

const char *clock_text(int64_t utc_ms, char *text, size_t size)
{
	assert(size >= CLOCK_TEXT_SIZE);

	int64_t days = floor_div(utc_ms, MS_PER_DAY);
	int ms_of_day = (int)((utc_ms % MS_PER_DAY + MS_PER_DAY) % MS_PER_DAY);
	struct date date = date_of(days);
	(void)snprintf(text, size, "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ", (long long)date.year,
		date.month, date.day, ms_of_day / 3600000, ms_of_day / 60000 % 60,
		ms_of_day / MS_PER_SECOND % 60, ms_of_day % MS_PER_SECOND);
	return text;
}

/* Exactly count digits at *text, which then stands behind them. */
static bool take_number(const char **text, int count, int *ret_number)
{
	int number = 0;
	for (int i = 0; i < count; i++) {
		char digit = (*text)[i];
		if (digit < '0' || digit > '9')
			return false;
		number = number * 10 + (digit - '0');
	}
	*text += count;
	*ret_number = number;
	return true;
}

static bool take_mark(const char **text, char mark)
{
	if (**text != mark)
		return false;
	(*text)++;
	return true;
}

static bool date_exists(struct date date)
{
	if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > 31)
		return false;
	struct date again = date_of(days_of(date));
	return again.month == date.month && again.day == date.day;
}

int clock_parse(const char *text, int64_t *ret_utc_ms)
{
	int year, month, day, hour, minute, second = 0, ms = 0;
	if (!take_number(&text, 4, &year) || !take_mark(&text, '-') ||
		!take_number(&text, 2, &month) || !take_mark(&text, '-') ||
		!take_number(&text, 2, &day) || !take_mark(&text, 'T') ||
		!take_number(&text, 2, &hour) || !take_mark(&text, ':') ||
		!take_number(&text, 2, &minute))
		return -1;
	bool with_seconds = take_mark(&text, ':');
	if (with_seconds && !take_number(&text, 2, &second))
		return -1;
	if (with_seconds && take_mark(&text, '.') && !take_number(&text, 3, &ms))
		return -1;
	if (strcmp(text, "Z") != 0)
		return -1;

	struct date date = {.year = year, .month = month, .day = day};
	if (!date_exists(date) || hour > 23 || minute > 59 || second > 59)
		return -1;

	int64_t seconds = (hour * 60LL + minute) * 60 + second;
	*ret_utc_ms = days_of(date) * MS_PER_DAY + seconds * MS_PER_SECOND + ms;
	return 0;
}
