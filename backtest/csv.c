#include "backtest/csv.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#define PLACES 8 /* prices and volumes are read to 1e-8 */
#define COLUMNS_MAX 32
#define ROWS_MAX (INT64_C(100) * 366 * 1440)
#define MINUTE_MS TAPE_MINUTE_MS
#define STAMP_MAX (INT64_C(4102444800) * 1000) /* the year 2100 */

enum column { TIME, OPEN, HIGH, LOW, CLOSE, VOLUME, COLUMNS };

struct layout { /* where the columns stand */
	char separator;
	bool header, in_quote;
	int at[COLUMNS]; /* -1: none (volume only) */
};

struct row { /* in 1e-8 */
	int64_t at_ms;
	int64_t open, high, low, close, volume;
	size_t line;
};

struct reading {
	const struct csv_options *options;
	struct layout layout;
	int volume_places;
	struct row *rows;
	size_t count, room;
	struct csv_report report;
};

static void reading_done(struct reading *reading)
{
	free(reading->rows);
}

/* --- the header ----------------------------------------------------------------------------- */

/* Words in the order in which they are preferred: of two time columns the plainer one counts. */
static const struct {
	enum column column;
	bool quote;
	const char *names[12];
} words[] = {
	{TIME, false,
		{"timestamp_ms", "open_time", "timestamp", "time", "open time", "unix", "date",
			"datetime", "open_ms", "start", NULL}},
	{OPEN, false, {"open", "o", "open_price", NULL}},
	{HIGH, false, {"high", "h", "high_price", NULL}},
	{LOW, false, {"low", "l", "low_price", NULL}},
	{CLOSE, false, {"close", "c", "close_price", NULL}},
	{VOLUME, false, {"volume", "vol", "v", "volume_base", "base_volume", "volume btc", NULL}},
	{VOLUME, true,
		{"quote_volume", "volume_quote", "volume usdt", "volume usd", "turnover",
			"quote_asset_volume", "volume_usd", NULL}},
};

static char *trim(char *text)
{
	while (isspace((unsigned char)*text) || *text == '"')
		text++;
	size_t length = strlen(text);
	while (length > 0 && (isspace((unsigned char)text[length - 1]) || text[length - 1] == '"'))
		text[--length] = '\0';
	return text;
}

static int split(char *line, char separator, char *columns[COLUMNS_MAX])
{
	char separators[2] = {separator, '\0'};
	int count = 0;

	while (line != NULL && count < COLUMNS_MAX)
		columns[count++] = trim(strsep(&line, separators));
	return count;
}

static int find_word(char *const *columns, int count, const char *const *names)
{
	for (int k = 0; names[k] != NULL; k++)
		for (int i = 0; i < count; i++)
			if (strcasecmp(columns[i], names[k]) == 0)
				return i;
	return -1;
}

static int read_header(struct layout *layout, char *const *columns, int count, struct err *err)
{
	static const char *const needed[] = {"time", "open", "high", "low", "close"};

	for (int i = 0; i < COLUMNS; i++)
		layout->at[i] = -1;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (layout->at[words[i].column] != -1)
			continue;
		layout->at[words[i].column] = find_word(columns, count, words[i].names);
		if (words[i].quote && layout->at[VOLUME] != -1)
			layout->in_quote = true;
	}
	for (int i = 0; i < VOLUME; i++)
		if (layout->at[i] == -1)
			return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
				"the header has no column for %s", needed[i]);
	return 0;
}

static char separator_of(const char *line)
{
	size_t length = strcspn(line, ",;\t");

	return line[length] != '\0' ? line[length] : ',';
}

static bool is_number(const char *text)
{
	return isdigit((unsigned char)text[0]) != 0;
}

/* line is taken apart. */
static int read_layout(struct layout *layout, char *line, struct err *err)
{
	char *columns[COLUMNS_MAX];

	layout->separator = separator_of(line);
	int count = split(line, layout->separator, columns);
	layout->header = !is_number(columns[0]) || (count > 1 && !is_number(columns[1]));
	if (layout->header)
		return read_header(layout, columns, count, err);
	if (count < VOLUME)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"expected time, open, high, low, close and volume, got %d columns", count);
	for (int i = 0; i < COLUMNS; i++)
		layout->at[i] = i < count ? i : -1;
	return 0;
}

/* --- one row -------------------------------------------------------------------------------- */

static int parse_amount(
	const char *text, const char *name, int places, int64_t *ret, struct err *err)
{
	struct decimal value;

	if (decimal_parse(text, &value, err) == -1)
		return err_while(err, "%s", name);
	if (decimal_sign(value) < 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s is below zero", name);
	if (!decimal_to_fixed(value, places, ROUND_HALF_UP, ret))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s %s is too large", name, text);
	return 0;
}

static int parse_price(const char *text, const char *name, int64_t *ret, struct err *err)
{
	if (parse_amount(text, name, PLACES, ret, err) == -1)
		return -1;
	if (*ret == 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s is not above zero", name);
	return 0;
}

/* "2022-01-05 00:00:00", with T, with Z, with +00:00, seconds optional. */
static bool parse_iso(const char *text, int64_t *ret)
{
	char copy[CLOCK_TEXT_SIZE];
	size_t length = strlen(text);

	if (length > 6 && strcmp(text + length - 6, "+00:00") == 0)
		length -= 6;
	else if (length > 1 && text[length - 1] == 'Z')
		length--;
	if (length < 10 || length + 2 > sizeof copy)
		return false;
	memcpy(copy, text, length);
	if (copy[10] == ' ')
		copy[10] = 'T';
	copy[length] = 'Z';
	copy[length + 1] = '\0';
	return clock_parse(copy, ret) == 0;
}

int csv_time(const char *text, int64_t *ret_ms, const char **ret_unit, struct err *err)
{
	static const struct {
		int64_t below;
		int64_t over, under; /* ms = value * over / under */
		const char *name;
	} units[] = {
		{INT64_C(100000000000), 1000, 1, "s"},
		{INT64_C(100000000000000), 1, 1, "ms"},
		{INT64_C(100000000000000000), 1, 1000, "us"},
		{INT64_MAX, 1, 1000000, "ns"},
	};
	const char *name = "ISO";
	char *end = NULL;
	int64_t at_ms;

	errno = 0;
	int64_t value = strtoll(text, &end, 10);
	if (end == text || (*end != '\0' && strspn(end, ".0") != strlen(end)) || errno != 0) {
		if (!parse_iso(text, &at_ms))
			return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
				"time: expected a number or 2022-01-05T00:00:00Z, got \"%.40s\"",
				text);
	} else {
		size_t unit = 0;
		while (value >= units[unit].below)
			unit++;
		name = units[unit].name;
		at_ms = value * units[unit].over / units[unit].under;
	}
	if (at_ms < 0 || at_ms > STAMP_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "time is not of 1970 to 2100");
	*ret_ms = at_ms;
	if (ret_unit != NULL)
		*ret_unit = name;
	return 0;
}

/* Volumes of coins that are counted by the milliard: four places are given up. */
static void coarsen(struct reading *reading)
{
	reading->volume_places -= 4;
	for (size_t i = 0; i < reading->count; i++)
		reading->rows[i].volume /= 10000;
}

static int parse_volume(struct reading *reading, const char *text, struct row *row, struct err *err)
{
	struct decimal volume;

	if (decimal_parse(text, &volume, err) == -1)
		return err_while(err, "volume");
	if (decimal_sign(volume) < 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "volume is below zero");
	if (reading->report.volume_in_quote)
		volume = decimal_div(
			volume, decimal_scaled(row->close, PLACES), PLACES, ROUND_HALF_UP);
	while (!decimal_is_valid(volume) ||
		!decimal_to_fixed(volume, reading->volume_places, ROUND_HALF_UP, &row->volume)) {
		if (!decimal_is_valid(volume) || reading->volume_places == 0)
			return err_set(
				err, ERR_INVALID, ERR_RETRY_NEVER, "volume %s is too large", text);
		coarsen(reading);
	}
	return 0;
}

static int check_shape(const struct row *row, struct err *err)
{
	int64_t top = row->open > row->close ? row->open : row->close;
	int64_t bottom = row->open < row->close ? row->open : row->close;

	if (row->high < top)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "high is below open or close");
	if (row->low > bottom)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "low is above open or close");
	return 0;
}

static int parse_stamp(struct reading *reading, const char *text, int64_t *ret, struct err *err)
{
	if (csv_time(text, ret, &reading->report.time_unit, err) == -1)
		return -1;
	if (*ret % MINUTE_MS != 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"time %.40s is not the start of a minute", text);
	return 0;
}

static int parse_row(struct reading *reading, char *line, struct row *row, struct err *err)
{
	const struct layout *layout = &reading->layout;
	char *columns[COLUMNS_MAX];
	int count = split(line, layout->separator, columns);

	for (int i = 0; i < COLUMNS; i++)
		if (layout->at[i] >= count)
			return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
				"the row has only %d columns", count);
	if (parse_stamp(reading, columns[layout->at[TIME]], &row->at_ms, err) == -1 ||
		parse_price(columns[layout->at[OPEN]], "open", &row->open, err) == -1 ||
		parse_price(columns[layout->at[HIGH]], "high", &row->high, err) == -1 ||
		parse_price(columns[layout->at[LOW]], "low", &row->low, err) == -1 ||
		parse_price(columns[layout->at[CLOSE]], "close", &row->close, err) == -1)
		return -1;
	if (layout->at[VOLUME] != -1 &&
		parse_volume(reading, columns[layout->at[VOLUME]], row, err) == -1)
		return -1;
	return check_shape(row, err);
}

/* --- all rows ------------------------------------------------------------------------------- */

static int append(struct reading *reading, const struct row *row, struct err *err)
{
	if (reading->count >= (size_t)ROWS_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "more rows than a hundred years");
	if (reading->count == reading->room) {
		reading->room = reading->room == 0 ? 4096 : reading->room * 2;
		reading->rows = mem_grow(reading->rows, reading->room, sizeof reading->rows[0]);
	}
	reading->rows[reading->count++] = *row;
	return 0;
}

static int read_first(struct reading *reading, const char *line, struct err *err)
{
	CLEANUP(text_free) char *copy = mem_text(line);

	if (read_layout(&reading->layout, copy, err) == -1)
		return -1;
	reading->report.header = reading->layout.header;
	reading->report.volume_in_quote = reading->options->volume_in_quote ||
					  reading->layout.in_quote;
	return 0;
}

static bool is_blank(const char *line)
{
	return line[strspn(line, " \t\r\n")] == '\0';
}

static int read_line(struct reading *reading, char *line, size_t number, struct err *err)
{
	struct row row = {.line = number};

	line[strcspn(line, "\r\n")] = '\0';
	if (is_blank(line))
		return 0;
	if (reading->layout.separator == '\0') {
		if (read_first(reading, line, err) == -1)
			return -1;
		if (reading->layout.header)
			return 0;
	}
	if (parse_row(reading, line, &row, err) == -1)
		return -1;
	return append(reading, &row, err);
}

static int read_lines(FILE *file, struct reading *reading, struct err *err)
{
	CLEANUP(text_free) char *line = NULL;
	size_t line_size = 0;
	size_t number = 0;

	while (getline(&line, &line_size, file) != -1)
		if (read_line(reading, line, ++number, err) == -1)
			return err_while(err, "line %zu", number);
	if (ferror(file))
		return err_errno(err, errno, "could not read after line %zu", number);
	if (reading->count == 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "there is no candle in it");
	reading->report.rows = reading->count;
	return 0;
}

/* --- putting them in order ------------------------------------------------------------------ */

static void turn_round(struct reading *reading)
{
	if (reading->rows[0].at_ms <= reading->rows[reading->count - 1].at_ms)
		return;
	reading->report.turned = true;
	for (size_t i = 0, k = reading->count - 1; i < k; i++, k--) {
		struct row row = reading->rows[i];
		reading->rows[i] = reading->rows[k];
		reading->rows[k] = row;
	}
}

static void find(struct csv_report *report, struct csv_finding finding)
{
	if (report->finding_count < CSV_FINDINGS_MAX)
		report->findings[report->finding_count++] = finding;
}

static bool same(const struct row *a, const struct row *b)
{
	return a->open == b->open && a->high == b->high && a->low == b->low &&
	       a->close == b->close && a->volume == b->volume;
}

/* What the row is to the one kept before it: the next, a gap, or the same again (*ret_again). */
static int judge(struct reading *reading, const struct row *before, const struct row *row,
	bool *ret_again, struct err *err)
{
	struct csv_report *report = &reading->report;
	int64_t minutes = (row->at_ms - before->at_ms) / MINUTE_MS;

	*ret_again = minutes == 0;
	if (minutes < 0)
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "line %zu: time goes back", row->line);
	if (minutes == 0 && !same(before, row))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"line %zu: the minute of line %zu stands here again, with other numbers",
			row->line, before->line);
	if (minutes == 0) {
		report->duplicates++;
		find(report, (struct csv_finding){CSV_DUPLICATE, row->line, row->at_ms, 0});
	} else if (minutes > 1) {
		report->gaps++;
		report->missing_minutes += minutes - 1;
		if (minutes - 1 > report->longest_gap)
			report->longest_gap = minutes - 1;
		find(report, (struct csv_finding){CSV_GAP, row->line, row->at_ms, minutes - 1});
	}
	return 0;
}

static int put_in_order(struct reading *reading, struct err *err)
{
	size_t kept = 1;

	turn_round(reading);
	for (size_t i = 1; i < reading->count; i++) {
		bool again;
		if (judge(reading, &reading->rows[kept - 1], &reading->rows[i], &again, err) == -1)
			return -1;
		if (!again)
			reading->rows[kept++] = reading->rows[i];
	}
	reading->count = kept;
	if (kept + (size_t)reading->report.missing_minutes > (size_t)ROWS_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"its rows lie more than a hundred years apart");
	return 0;
}

/* --- to a tape ------------------------------------------------------------------------------ */

/* How many places after the point the finest value has, of those that were read. */
static int places_of(int64_t value, int read, int least)
{
	int places = read;

	while (places > least && value % 10 == 0) {
		value /= 10;
		places--;
	}
	return places;
}

static int finest_price(const struct reading *reading)
{
	int places = 0;

	for (size_t i = 0; i < reading->count; i++) {
		const struct row *row = &reading->rows[i];
		places = places_of(row->open, PLACES, places);
		places = places_of(row->high, PLACES, places);
		places = places_of(row->low, PLACES, places);
		places = places_of(row->close, PLACES, places);
	}
	return places;
}

static bool to_unit(int64_t price, int64_t unit, int32_t *ret)
{
	int64_t units = (price + unit / 2) / unit;

	if (units < 1 || units > INT32_MAX)
		return false;
	*ret = (int32_t)units;
	return true;
}

static bool to_minute(const struct row *row, int64_t price_unit, struct tape_minute *ret)
{
	ret->volume = row->volume;
	return to_unit(row->open, price_unit, &ret->open) &&
	       to_unit(row->high, price_unit, &ret->high) &&
	       to_unit(row->low, price_unit, &ret->low) &&
	       to_unit(row->close, price_unit, &ret->close);
}

static int choose_unit(const struct reading *reading, int64_t *ret, struct err *err)
{
	struct decimal unit = reading->options->price_unit;

	if (decimal_is_zero(unit))
		unit = decimal_scaled(1, finest_price(reading));
	if (!decimal_to_fixed(unit, PLACES, ROUND_DOWN, ret) || *ret < 1 ||
		!decimal_equal(decimal_scaled(*ret, PLACES), unit))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"a tick size of %s cannot be used: it has more than %d places",
			DECIMAL_TEXT(unit), PLACES);
	return 0;
}

static int lay(const struct reading *reading, int64_t unit, struct tape *tape, struct err *err)
{
	size_t at = 0;

	for (size_t i = 0; i < reading->count; i++) {
		const struct row *row = &reading->rows[i];
		for (; tape->begin_ms + (int64_t)at * MINUTE_MS < row->at_ms; at++) {
			int32_t close = tape->owned[at - 1].close;
			tape->owned[at] = (struct tape_minute){
				close, close, close, close, TAPE_MISSING};
		}
		if (!to_minute(row, unit, &tape->owned[at++]))
			return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
				"line %zu: a price is below, or more than %d times, the unit of "
				"%s; give another --tick",
				row->line, INT32_MAX, DECIMAL_TEXT(decimal_scaled(unit, PLACES)));
	}
	return 0;
}

static int make_tape(const struct reading *reading, struct tape **ret, struct err *err)
{
	size_t minutes = reading->count + (size_t)reading->report.missing_minutes;
	CLEANUP(tape_free) struct tape *tape = tape_new(minutes);
	int64_t unit;

	if (choose_unit(reading, &unit, err) == -1)
		return -1;
	tape->begin_ms = reading->rows[0].at_ms;
	tape->price_unit = decimal_trim(decimal_scaled(unit, PLACES));
	tape->volume_unit = decimal_scaled(1, reading->volume_places);
	if (lay(reading, unit, tape, err) == -1)
		return -1;
	*ret = TAKE(tape);
	return 0;
}

int csv_read(const char *path, const struct csv_options *options, struct tape **ret,
	struct csv_report *ret_report, struct err *err)
{
	CLEANUP(file_close) FILE *file = fopen(path, "re");
	CLEANUP(reading_done)
	struct reading reading = {.options = options, .volume_places = PLACES};

	if (file == NULL) {
		(void)err_errno(err, errno, "could not open candle file %s", path);
		err->code = ERR_CONFIG;
		return -1;
	}
	if (read_lines(file, &reading, err) == -1 || put_in_order(&reading, err) == -1 ||
		make_tape(&reading, ret, err) == -1)
		return err_while(err, "%s", path);
	*ret_report = reading.report;
	return 0;
}
