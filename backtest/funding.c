#include "backtest/funding.h"

#include "backtest/csv.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define STAMPS_MAX 1000000
#define RATE_MAX "0.1"

void funding_done(struct funding *funding)
{
	free(funding->stamps);
	*funding = (struct funding){0};
}

static int check_rate(struct decimal rate, const char *text, struct err *err)
{
	if (decimal_less(decimal_literal(RATE_MAX), decimal_abs(rate)))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"a funding rate must be -" RATE_MAX " to " RATE_MAX ", got %.40s", text);
	return 0;
}

static int append(struct funding *funding, struct funding_stamp stamp, struct err *err)
{
	if (funding->count > 0 && funding->stamps[funding->count - 1].at_ms >= stamp.at_ms)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"time does not come after the line before");
	if (funding->count == STAMPS_MAX)
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "more than %d payments", STAMPS_MAX);
	if ((funding->count & (funding->count - 1)) == 0)
		funding->stamps = mem_grow(funding->stamps,
			funding->count == 0 ? 1 : funding->count * 2, sizeof funding->stamps[0]);
	funding->stamps[funding->count++] = stamp;
	return 0;
}

static int read_line(struct funding *funding, char *line, struct err *err)
{
	struct funding_stamp stamp;
	char *rate = line;
	const char *time = strsep(&rate, ",;\t");

	if (rate == NULL)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "expected time,rate");
	rate[strcspn(rate, ",;\t")] = '\0';
	if (csv_time(time, &stamp.at_ms, NULL, err) == -1)
		return -1;
	/* Venues note payments some milliseconds after their stamp. */
	stamp.at_ms -= stamp.at_ms % TAPE_MINUTE_MS;
	if (decimal_parse(rate, &stamp.rate, err) == -1)
		return err_while(err, "rate");
	if (check_rate(stamp.rate, rate, err) == -1)
		return -1;
	return append(funding, stamp, err);
}

static bool is_header(const char *line, size_t number)
{
	return number == 1 && (line[0] < '0' || line[0] > '9');
}

static int read_lines(FILE *file, struct funding *funding, struct err *err)
{
	CLEANUP(text_free) char *line = NULL;
	size_t line_size = 0;
	size_t number = 0;

	while (getline(&line, &line_size, file) != -1) {
		line[strcspn(line, "\r\n")] = '\0';
		if (is_header(line, ++number) || line[0] == '\0')
			continue;
		if (read_line(funding, line, err) == -1)
			return err_while(err, "line %zu", number);
	}
	if (ferror(file))
		return err_errno(err, errno, "could not read after line %zu", number);
	if (funding->count == 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "there is no rate in it");
	return 0;
}

int funding_read(const char *text, int64_t interval_ms, struct funding *ret, struct err *err)
{
	CLEANUP(funding_done) struct funding funding = {.interval_ms = interval_ms};
	struct err no_number;

	if (decimal_parse(text, &funding.rate, &no_number) == 0) {
		if (check_rate(funding.rate, text, err) == -1)
			return -1;
		*ret = funding;
		return 0;
	}
	CLEANUP(file_close) FILE *file = fopen(text, "re");
	if (file == NULL) {
		(void)err_errno(err, errno, "funding: neither a rate nor a file: %s", text);
		err->code = ERR_CONFIG;
		return -1;
	}
	funding.rate = DECIMAL_ZERO;
	if (read_lines(file, &funding, err) == -1)
		return err_while(err, "%s", text);
	*ret = funding;
	funding = (struct funding){0};
	return 0;
}

/* How many stamps lie before at_ms. */
static size_t before(const struct funding *funding, int64_t at_ms)
{
	size_t low = 0, high = funding->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (funding->stamps[middle].at_ms < at_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool funding_next(const struct funding *funding, int64_t at_ms, struct funding_stamp *ret)
{
	if (funding->stamps == NULL) {
		int64_t over_ms = at_ms % funding->interval_ms;
		ret->at_ms = over_ms == 0 ? at_ms : at_ms - over_ms + funding->interval_ms;
		ret->rate = funding->rate;
		return true;
	}
	size_t index = before(funding, at_ms);
	if (index == funding->count)
		return false;
	*ret = funding->stamps[index];
	return true;
}

struct decimal funding_shown(const struct funding *funding, int64_t at_ms)
{
	if (funding->stamps == NULL)
		return funding->rate;
	size_t index = before(funding, at_ms + 1);
	return index == 0 ? DECIMAL_ZERO : funding->stamps[index - 1].rate;
}
