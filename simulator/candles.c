#include "simulator/candles.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "timestamp_ms,open,high,low,close,volume"
#define ROWS_MAX (INT64_C(10) * 366 * 1440) /* ten years of minutes */
#define VOLUME_SCALE 8
/* Bounds that keep every product of the broker inside a decimal. */
#define STAMP_MAX (INT64_C(4102444800) * 1000) /* the year 2100 */
#define AMOUNT_MAX "1000000000000"

enum column { STAMP, OPEN, HIGH, LOW, CLOSE, VOLUME, COLUMNS };

static int parse_integer(const char *text, const char *what, int64_t *ret, struct err *err)
{
	char *end = NULL;

	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == ' ' || text[0] == '+')
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"%s: expected an integer, got \"%.40s\"", what, text);
	*ret = value;
	return 0;
}

static int parse_amount(const char *text, const char *what, struct decimal *ret, struct err *err)
{
	struct decimal value;

	if (decimal_parse(text, &value, err) == -1)
		return err_while(err, "%s", what);
	if (decimal_sign(value) < 0 || decimal_less(decimal_literal(AMOUNT_MAX), value))
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "%s: %s is out of range", what, text);
	*ret = value;
	return 0;
}

static int parse_price(const char *text, const char *what, struct decimal tick, struct decimal *ret,
	struct err *err)
{
	struct decimal value;

	if (parse_amount(text, what, &value, err) == -1)
		return -1;
	value = decimal_to_step(value, tick, ROUND_HALF_UP);
	if (decimal_sign(value) <= 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"%s: %s is not above 0 after rounding to the tick", what, text);
	*ret = value;
	return 0;
}

static int split(char *row, char *columns[COLUMNS], struct err *err)
{
	size_t count = 0;

	for (char *rest = row; rest != NULL; count++) {
		char *column = strsep(&rest, ",");
		if (count < COLUMNS)
			columns[count] = column;
	}
	if (count != COLUMNS)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "expected %d columns, got %zu",
			(int)COLUMNS, count);
	return 0;
}

static int parse_volume(const char *text, bool in_quote, struct candle *candle, struct err *err)
{
	struct decimal volume;

	if (parse_amount(text, "volume", &volume, err) == -1)
		return -1;
	candle->volume = in_quote ? decimal_div(volume, candle->close, VOLUME_SCALE, ROUND_HALF_UP)
				  : decimal_round(volume, VOLUME_SCALE, ROUND_HALF_UP);
	return decimal_check(candle->volume, "volume", err);
}

static int check_shape(const struct candle *candle, struct err *err)
{
	if (decimal_less(candle->high, decimal_max(candle->open, candle->close)))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "high is below open or close");
	if (decimal_less(decimal_min(candle->open, candle->close), candle->low))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "low is above open or close");
	return 0;
}

int candles_parse_row(char *row, const struct candles_source *source, struct decimal tick_size,
	struct candle *ret, struct err *err)
{
	char *columns[COLUMNS] = {0};
	struct candle candle = {.closed = true};

	if (split(row, columns, err) == -1)
		return -1;
	if (parse_integer(columns[STAMP], "timestamp_ms", &candle.open_ms, err) == -1)
		return -1;
	if (candle.open_ms < 0 || candle.open_ms > STAMP_MAX)
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "timestamp_ms is not of 1970 to 2100");
	candle.open_ms += source->shift_ms;
	if (candle.open_ms < 0 || candle.open_ms > STAMP_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"timestamp_ms is shifted out of 1970 to 2100");
	if (candle.open_ms % CANDLES_MINUTE_MS != 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"timestamp_ms %s is not the start of a minute", columns[STAMP]);
	if (parse_price(columns[OPEN], "open", tick_size, &candle.open, err) == -1 ||
		parse_price(columns[HIGH], "high", tick_size, &candle.high, err) == -1 ||
		parse_price(columns[LOW], "low", tick_size, &candle.low, err) == -1 ||
		parse_price(columns[CLOSE], "close", tick_size, &candle.close, err) == -1 ||
		parse_volume(columns[VOLUME], source->volume_in_quote, &candle, err) == -1)
		return -1;
	if (check_shape(&candle, err) == -1)
		return -1;
	*ret = candle;
	return 0;
}

static int check_follows(const struct candles *candles, int64_t open_ms, struct err *err)
{
	if (candles->count == 0)
		return 0;
	int64_t last_ms = candles->items[candles->count - 1].open_ms;
	if (open_ms == last_ms)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "timestamp_ms is there twice");
	if (open_ms < last_ms)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "timestamp_ms goes back");
	if (open_ms != last_ms + CANDLES_MINUTE_MS)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"%" PRId64 " minutes are missing before it",
			(open_ms - last_ms) / CANDLES_MINUTE_MS - 1);
	return 0;
}

static int append(
	struct candles *candles, size_t *capacity, const struct candle *candle, struct err *err)
{
	if (check_follows(candles, candle->open_ms, err) == -1)
		return -1;
	if (candles->count >= (size_t)ROWS_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"more than %" PRId64 " rows, ten years of minutes", ROWS_MAX);
	if (candles->count == *capacity) {
		*capacity = *capacity == 0 ? 2048 : *capacity * 2;
		candles->items = mem_grow(candles->items, *capacity, sizeof candles->items[0]);
	}
	candles->items[candles->count++] = *candle;
	return 0;
}

static void cut_line_end(char *line)
{
	line[strcspn(line, "\r\n")] = '\0';
}

static int read_rows(FILE *file, const struct candles_source *source, struct decimal tick_size,
	struct candles *candles, struct err *err)
{
	CLEANUP(text_free) char *line = NULL;
	size_t line_size = 0;
	size_t capacity = 0;
	size_t number = 1;

	if (getline(&line, &line_size, file) == -1)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "line 1: the file is empty");
	cut_line_end(line);
	if (strcmp(line, HEADER) != 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"line 1: expected the header \"%s\"", HEADER);
	while (getline(&line, &line_size, file) != -1) {
		struct candle candle;
		number++;
		cut_line_end(line);
		if (candles_parse_row(line, source, tick_size, &candle, err) == -1 ||
			append(candles, &capacity, &candle, err) == -1)
			return err_while(err, "line %zu", number);
	}
	if (ferror(file))
		return err_errno(err, errno, "could not read after line %zu", number);
	if (candles->count == 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "line 2: no candle at all");
	return 0;
}

int candles_load(const struct candles_source *source, struct decimal tick_size,
	struct candles **ret, struct err *err)
{
	CLEANUP(file_close) FILE *file = fopen(source->file, "re");
	CLEANUP(candles_free) struct candles *candles = mem_zero(1, sizeof *candles);

	if (file == NULL) {
		(void)err_errno(err, errno, "could not open candle file %s", source->file);
		err->code = ERR_CONFIG;
		return -1;
	}
	if (read_rows(file, source, tick_size, candles, err) == -1)
		return err_while(err, "%s", source->file);
	*ret = TAKE(candles);
	return 0;
}

void candles_free(struct candles **candles)
{
	if (*candles != NULL)
		free((*candles)->items);
	free(*candles);
	*candles = NULL;
}
