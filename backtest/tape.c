#include "backtest/tape.h"

#include "core/base/cleanup.h"
#include "core/base/ident.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MAGIC "bbtape01"
#define MINUTES_MAX (INT64_C(100) * 366 * 1440)
#define UNIT_SIZE 24

struct header {
	char magic[8];
	char symbol[SYMBOL_SIZE];
	char price_unit[UNIT_SIZE], volume_unit[UNIT_SIZE];
	int64_t begin_ms;
	int64_t count;
	uint64_t digest;
	char spare[144];
};

_Static_assert(sizeof(struct header) == 256, "the header's size is the format's");
_Static_assert(sizeof(struct tape_minute) == 24, "the minute's size is the format's");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tapes are little-endian");

struct tape *tape_new(size_t count)
{
	struct tape *tape = mem_zero(1, sizeof *tape);

	assert(count >= 1);
	tape->owned = mem_zero(count, sizeof tape->owned[0]);
	tape->minutes = tape->owned;
	tape->count = count;
	return tape;
}

void tape_free(struct tape **tape)
{
	if (*tape == NULL)
		return;
	if ((*tape)->map != NULL)
		(void)munmap((*tape)->map, (*tape)->map_bytes);
	free((*tape)->owned);
	free(*tape);
	*tape = NULL;
}

int64_t tape_end_ms(const struct tape *tape)
{
	return tape->begin_ms + (int64_t)tape->count * TAPE_MINUTE_MS;
}

size_t tape_missing(const struct tape *tape)
{
	size_t missing = 0;

	for (size_t i = 0; i < tape->count; i++)
		missing += tape->minutes[i].volume == TAPE_MISSING;
	return missing;
}

/* --- files ---------------------------------------------------------------------------------- */

bool tape_is_file(const char *path)
{
	CLEANUP(file_close) FILE *file = fopen(path, "re");
	char magic[sizeof(MAGIC) - 1];

	return file != NULL && fread(magic, 1, sizeof magic, file) == sizeof magic &&
	       memcmp(magic, MAGIC, sizeof magic) == 0;
}

static int damaged(const char *path, const char *what, struct err *err)
{
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s: %s", path, what);
}

static int read_unit(const char *path, const char text[UNIT_SIZE], const char *what,
	struct decimal *ret, struct err *err)
{
	if (memchr(text, '\0', UNIT_SIZE) == NULL || decimal_parse(text, ret, err) == -1 ||
		decimal_sign(*ret) <= 0)
		return damaged(path, what, err);
	return 0;
}

static bool is_minute(const struct tape_minute *minute)
{
	int32_t top = minute->open > minute->close ? minute->open : minute->close;
	int32_t bottom = minute->open < minute->close ? minute->open : minute->close;

	return minute->low > 0 && minute->low <= bottom && minute->high >= top &&
	       minute->volume >= TAPE_MISSING;
}

static int read_header(
	const char *path, const struct header *header, struct tape *tape, struct err *err)
{
	if (memcmp(header->magic, MAGIC, sizeof header->magic) != 0)
		return damaged(path, "is no tape of candles", err);
	if (memchr(header->symbol, '\0', sizeof header->symbol) == NULL)
		return damaged(path, "the symbol has no end", err);
	if (header->count < 1 || header->count > MINUTES_MAX || header->begin_ms < 0 ||
		header->begin_ms % TAPE_MINUTE_MS != 0)
		return damaged(path, "begin or number of minutes is out of range", err);
	if (tape->map_bytes != sizeof *header + (size_t)header->count * sizeof(struct tape_minute))
		return damaged(path, "is longer or shorter than its header says", err);
	memcpy(tape->symbol, header->symbol, sizeof tape->symbol);
	tape->begin_ms = header->begin_ms;
	tape->count = (size_t)header->count;
	if (read_unit(path, header->price_unit, "the price unit is no size", &tape->price_unit,
		    err) == -1 ||
		read_unit(path, header->volume_unit, "the volume unit is no size",
			&tape->volume_unit, err) == -1)
		return -1;
	return 0;
}

static int check_minutes(
	const char *path, const struct tape *tape, uint64_t digest, struct err *err)
{
	if (hash_bytes(tape->minutes, tape->count * sizeof tape->minutes[0]) != digest)
		return damaged(path, "its minutes are not the ones that were saved", err);
	for (size_t i = 0; i < tape->count; i++)
		if (!is_minute(&tape->minutes[i]))
			return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
				"%s: minute %zu is no candle", path, i);
	return 0;
}

static int map_file(const char *path, struct tape *tape, struct err *err)
{
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (fd == -1 || fstat(fd, &status) == -1) {
		(void)err_errno(err, errno, "could not open %s", path);
		err->code = ERR_CONFIG;
		return -1;
	}
	if ((size_t)status.st_size < sizeof(struct header))
		return damaged(path, "is too short to be a tape of candles", err);
	void *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_errno(err, errno, "could not map %s", path);
	tape->map = map;
	tape->map_bytes = (size_t)status.st_size;
	return 0;
}

int tape_open(const char *path, struct tape **ret, struct err *err)
{
	CLEANUP(tape_free) struct tape *tape = mem_zero(1, sizeof *tape);

	if (map_file(path, tape, err) == -1)
		return -1;
	const struct header *header = tape->map;
	if (read_header(path, header, tape, err) == -1)
		return -1;
	tape->minutes = (const struct tape_minute *)(header + 1);
	if (check_minutes(path, tape, header->digest, err) == -1)
		return -1;
	*ret = TAKE(tape);
	return 0;
}

static int write_unit(struct decimal unit, char text[UNIT_SIZE], struct err *err)
{
	const char *whole = DECIMAL_TEXT(decimal_trim(unit));

	int length = snprintf(text, UNIT_SIZE, "%s", whole);
	if (length < 0 || length >= UNIT_SIZE)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"a unit of %s is too fine for a tape", whole);
	return 0;
}

static int fill_header(const struct tape *tape, struct header *ret, struct err *err)
{
	*ret = (struct header){
		.begin_ms = tape->begin_ms,
		.count = (int64_t)tape->count,
		.digest = hash_bytes(tape->minutes, tape->count * sizeof tape->minutes[0]),
	};
	memcpy(ret->magic, MAGIC, sizeof ret->magic);
	memcpy(ret->symbol, tape->symbol, sizeof ret->symbol);
	if (write_unit(tape->price_unit, ret->price_unit, err) == -1)
		return -1;
	return write_unit(tape->volume_unit, ret->volume_unit, err);
}

static bool write_all(const struct tape *tape, const struct header *header, const char *path)
{
	FILE *file = fopen(path, "we");

	if (file == NULL)
		return false;
	bool whole = fwrite(header, sizeof *header, 1, file) == 1 &&
		     fwrite(tape->minutes, sizeof tape->minutes[0], tape->count, file) ==
			     tape->count &&
		     fflush(file) == 0 && fsync(fileno(file)) == 0;
	return fclose(file) == 0 && whole;
}

int tape_save(const struct tape *tape, const char *path, struct err *err)
{
	CLEANUP(text_free) char *beside = mem_format("%s.new", path);
	struct header header;

	if (fill_header(tape, &header, err) == -1)
		return -1;
	if (!write_all(tape, &header, beside) || rename(beside, path) == -1) {
		int failed = errno;
		(void)unlink(beside);
		return err_errno(err, failed, "could not write %s", path);
	}
	return 0;
}

/* --- joining and fitting -------------------------------------------------------------------- */

static int check_order(const struct tape *before, const struct tape *after, struct err *err)
{
	if (!decimal_equal(before->price_unit, after->price_unit) ||
		!decimal_equal(before->volume_unit, after->volume_unit))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the candle files count prices or volumes in different units; import them "
			"with one --tick");
	if (after->begin_ms < tape_end_ms(before))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the candle files overlap or are not in the order of time: one begins at "
			"%" PRId64 ", the one before it ends at %" PRId64,
			after->begin_ms, tape_end_ms(before));
	if (tape_end_ms(after) - before->begin_ms > MINUTES_MAX * TAPE_MINUTE_MS)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the candle files lie more than a hundred years apart");
	return 0;
}

/* Copies tapes one after the other; what lies between stands still. */
static void lay(struct tape *whole, struct tape *const *tapes, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		const struct tape *tape = tapes[i];
		while (whole->begin_ms + (int64_t)at * TAPE_MINUTE_MS < tape->begin_ms) {
			int32_t close = whole->owned[at - 1].close;
			whole->owned[at++] = (struct tape_minute){
				close, close, close, close, TAPE_MISSING};
		}
		memcpy(whole->owned + at, tape->minutes, tape->count * sizeof tape->minutes[0]);
		at += tape->count;
	}
	assert(at == whole->count);
}

int tape_join(struct tape **tapes, size_t count, struct tape **ret, struct err *err)
{
	assert(count >= 1);
	for (size_t i = 1; i < count; i++)
		if (check_order(tapes[i - 1], tapes[i], err) == -1)
			return -1;
	if (count == 1) {
		*ret = TAKE(tapes[0]);
		return 0;
	}
	int64_t length_ms = tape_end_ms(tapes[count - 1]) - tapes[0]->begin_ms;
	struct tape *whole = tape_new((size_t)(length_ms / TAPE_MINUTE_MS));
	memcpy(whole->symbol, tapes[0]->symbol, sizeof whole->symbol);
	whole->price_unit = tapes[0]->price_unit;
	whole->volume_unit = tapes[0]->volume_unit;
	whole->begin_ms = tapes[0]->begin_ms;
	lay(whole, tapes, count);
	for (size_t i = 0; i < count; i++)
		tape_free(&tapes[i]);
	*ret = whole;
	return 0;
}

/* How an amount of one unit becomes the nearest whole number of another: value * over / under. */
struct scaling {
	__int128 over, under;
};

static int scaling_of(
	struct decimal unit, struct decimal tick_size, struct scaling *ret, struct err *err)
{
	struct decimal from = decimal_trim(unit);
	struct decimal to = decimal_trim(tick_size);
	int scale = from.scale > to.scale ? from.scale : to.scale;

	from = decimal_round(from, scale, ROUND_DOWN);
	to = decimal_round(to, scale, ROUND_DOWN);
	if (!decimal_is_valid(from) || !decimal_is_valid(to) || to.coefficient <= 0 ||
		to.coefficient > INT64_MAX || from.coefficient > INT64_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the tick size %s does not fit candles counted in %s",
			DECIMAL_TEXT(tick_size), DECIMAL_TEXT(unit));
	*ret = (struct scaling){from.coefficient, to.coefficient};
	return 0;
}

static bool scale_price(struct scaling scaling, int32_t *price)
{
	__int128 scaled = (*price * scaling.over * 2 + scaling.under) / (scaling.under * 2);

	if (scaled < 1 || scaled > INT32_MAX)
		return false;
	*price = (int32_t)scaled;
	return true;
}

int tape_fit(struct tape **tape, struct decimal tick_size, struct err *err)
{
	const struct tape *source = *tape;
	struct scaling scaling;

	if (decimal_equal(source->price_unit, tick_size))
		return 0;
	if (scaling_of(source->price_unit, tick_size, &scaling, err) == -1)
		return -1;
	CLEANUP(tape_free) struct tape *fitted = tape_new(source->count);
	memcpy(fitted->owned, source->minutes, source->count * sizeof source->minutes[0]);
	for (size_t i = 0; i < fitted->count; i++) {
		struct tape_minute *minute = &fitted->owned[i];
		if (!scale_price(scaling, &minute->open) || !scale_price(scaling, &minute->high) ||
			!scale_price(scaling, &minute->low) ||
			!scale_price(scaling, &minute->close))
			return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
				"a price of the candles is below one tick of %s, or beyond what "
				"can be counted in it",
				DECIMAL_TEXT(tick_size));
	}
	memcpy(fitted->symbol, source->symbol, sizeof fitted->symbol);
	fitted->price_unit = decimal_trim(tick_size);
	fitted->volume_unit = source->volume_unit;
	fitted->begin_ms = source->begin_ms;
	tape_free(tape);
	*tape = TAKE(fitted);
	return 0;
}

struct tape tape_part(const struct tape *tape, int64_t from_ms, int64_t to_ms)
{
	struct tape part = *tape;

	assert(from_ms >= tape->begin_ms && from_ms < to_ms && to_ms <= tape_end_ms(tape));
	assert((from_ms - tape->begin_ms) % TAPE_MINUTE_MS == 0);
	part.minutes += (from_ms - tape->begin_ms) / TAPE_MINUTE_MS;
	part.count = (size_t)((to_ms - from_ms) / TAPE_MINUTE_MS);
	part.begin_ms = from_ms;
	part.owned = NULL;
	part.map = NULL;
	return part;
}
