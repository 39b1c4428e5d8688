/*
 * Reads any bytes as a candle file, as a saved tape and as a file of funding rates: whatever they
 * are, they give minutes that are candles, one after the other, or an error that says where.
 */
#include "backtest/csv.h"
#include "backtest/funding.h"
#include "core/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/mman.h>

#define MINUTES_LOOKED_AT 100000

static void check_minute(const struct tape_minute *minute)
{
	int32_t top = minute->open > minute->close ? minute->open : minute->close;
	int32_t bottom = minute->open < minute->close ? minute->open : minute->close;

	if (minute->low < 1 || minute->low > bottom || minute->high < top ||
		minute->volume < TAPE_MISSING)
		die("a minute that is no candle was let in");
}

static void check_tape(const struct tape *tape)
{
	if (tape->count < 1 || tape->begin_ms % TAPE_MINUTE_MS != 0 || tape->begin_ms < 0 ||
		decimal_sign(tape->price_unit) <= 0 || decimal_sign(tape->volume_unit) <= 0)
		die("a tape without minutes, begin or units was let in");
	for (size_t i = 0; i < tape->count && i < MINUTES_LOOKED_AT; i++)
		check_minute(&tape->minutes[i]);
}

static void check_error(const struct err *err)
{
	if (err->code == ERR_NONE || err->message[0] == '\0')
		die("an error without class or message");
}

static void read_csv(const char *path)
{
	CLEANUP(tape_free) struct tape *tape = NULL;
	const struct csv_options options = {0};
	struct csv_report report;
	struct err err = {0};

	if (csv_read(path, &options, &tape, &report, &err) == -1) {
		check_error(&err);
		return;
	}
	check_tape(tape);
	if (tape->count != report.rows - report.duplicates + (size_t)report.missing_minutes)
		die("rows were lost");
	if (tape_fit(&tape, decimal_scaled(1, 2), &err) == 0)
		check_tape(tape);
	else
		check_error(&err);
}

static void read_tape(const char *path)
{
	CLEANUP(tape_free) struct tape *tape = NULL;
	struct err err = {0};

	if (tape_open(path, &tape, &err) == 0)
		check_tape(tape);
	else
		check_error(&err);
}

static void read_funding(const char *path)
{
	CLEANUP(funding_done) struct funding funding = {0};
	struct err err = {0};

	if (funding_read(path, INT64_C(8) * 3600000, &funding, &err) == -1) {
		check_error(&err);
		return;
	}
	for (size_t i = 1; i < funding.count; i++)
		if (funding.stamps[i].at_ms <= funding.stamps[i - 1].at_ms)
			die("stamps do not ascend");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(fd_close) int fd = memfd_create("candles", MFD_CLOEXEC);
	char path[64];

	if (fd == -1 || write(fd, data, size) != (ssize_t)size)
		die("could not make a file of the input");
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	read_csv(path);
	read_tape(path);
	read_funding(path);
	return 0;
}
