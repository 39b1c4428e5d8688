/* candles - files of one-minute candles: imported into tapes, and looked at. */
#include "backtest/csv.h"
#include "broker/terms.h"
#include "cli/backtest_setup.h"
#include "cli/commands.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"

#include <stdio.h>
#include <string.h>

static const struct command_option import_options[] = {
	{"output", "FILE", "the tape to write"},
	{"symbol", "SYMBOL", "whose candles they are, kept in the tape"},
	{"tick", "SIZE", "move prices to this step (the finest that the files show)"},
	{"volume", "WHICH", "base or quote, where the header does not say (base)"},
	{0},
};

static const struct command_option info_options[] = {
	{"volume", "WHICH", "of CSV files: base or quote, where the header does not say (base)"},
	{0},
};

static int read_volume(
	const struct command_context *context, struct csv_options *options, struct err *err)
{
	const char *volume = command_value(context, "volume");

	options->volume_in_quote = volume != NULL && strcmp(volume, "quote") == 0;
	if (volume == NULL || options->volume_in_quote || strcmp(volume, "base") == 0)
		return 0;
	return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
		"--volume must be base or quote, got \"%.40s\"", volume);
}

/* --- what is in a tape ---------------------------------------------------------------------- */

struct extent { /* in units of the tape */
	int32_t low, high;
	__int128 volume;
};

static struct extent extent_of(const struct tape *tape)
{
	struct extent extent = {INT32_MAX, 0, 0};

	for (size_t i = 0; i < tape->count; i++) {
		const struct tape_minute *minute = &tape->minutes[i];
		extent.low = minute->low < extent.low ? minute->low : extent.low;
		extent.high = minute->high > extent.high ? minute->high : extent.high;
		extent.volume += tape_volume(minute);
	}
	return extent;
}

static const char *amount(__int128 count, struct decimal unit, char *text)
{
	struct decimal value = decimal_mul(decimal_scaled(count, 0), unit);

	if (!decimal_is_valid(value))
		return NULL;
	return decimal_text(decimal_trim(value), text, DECIMAL_TEXT_SIZE);
}

static void print_tape(const struct tape *tape, bool json)
{
	static const struct output_column columns[] = {
		{"symbol", OUTPUT_TEXT},
		{"begin", OUTPUT_TEXT},
		{"end", OUTPUT_TEXT},
		{"minutes", OUTPUT_INT},
		{"missing", OUTPUT_INT},
		{"price_unit", OUTPUT_DECIMAL},
		{"volume_unit", OUTPUT_DECIMAL},
		{"low", OUTPUT_DECIMAL},
		{"high", OUTPUT_DECIMAL},
		{"volume", OUTPUT_DECIMAL},
	};
	struct extent extent = extent_of(tape);
	char begin[CLOCK_TEXT_SIZE], end[CLOCK_TEXT_SIZE], minutes[24], missing[24];
	char amounts[5][DECIMAL_TEXT_SIZE];

	(void)snprintf(minutes, sizeof minutes, "%zu", tape->count);
	(void)snprintf(missing, sizeof missing, "%zu", tape_missing(tape));
	const char *const cells[] = {
		tape->symbol[0] == '\0' ? NULL : tape->symbol,
		clock_text(tape->begin_ms, begin, sizeof begin),
		clock_text(tape_end_ms(tape), end, sizeof end),
		minutes,
		missing,
		amount(1, tape->price_unit, amounts[0]),
		amount(1, tape->volume_unit, amounts[1]),
		amount(extent.low, tape->price_unit, amounts[2]),
		amount(extent.high, tape->price_unit, amounts[3]),
		amount(extent.volume, tape->volume_unit, amounts[4]),
	};
	output_record(columns, sizeof columns / sizeof columns[0], cells, json);
}

/* --- commands ------------------------------------------------------------------------------- */

static int run_import(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(tape_free) struct tape *tape = NULL;
	struct csv_options options = {.price_unit = DECIMAL_ZERO};
	const char *symbol = command_value(context, "symbol");
	const char *output;
	(void)argc;

	if (command_require(context, "output", &output, err) == -1 ||
		read_volume(context, &options, err) == -1 ||
		moment_decimal(
			context, "tick", "0.00000001", "1000000", &options.price_unit, err) == -1)
		return -1;
	if (symbol != NULL && !terms_symbol_valid(symbol))
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--symbol: expected 2 to 31 of A-Z, 0-9 and -, got \"%.40s\"", symbol);
	if (backtest_setup_tape(argv[0], &options, &tape, err) == -1)
		return -1;
	if (symbol != NULL)
		(void)snprintf(tape->symbol, sizeof tape->symbol, "%s", symbol);
	if (tape_save(tape, output, err) == -1)
		return -1;
	print_tape(tape, command_json(context));
	return 0;
}

static int run_info(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(tape_free) struct tape *tape = NULL;
	struct csv_options options = {.price_unit = DECIMAL_ZERO};
	(void)argc;

	if (read_volume(context, &options, err) == -1 ||
		backtest_setup_tape(argv[0], &options, &tape, err) == -1)
		return -1;
	print_tape(tape, command_json(context));
	return 0;
}

static const struct command actions[] = {
	{
		.name = "import",
		.operands = "FILE[,FILE...]",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Read candle files and write a tape",
		.details = "A tape is mapped and read as it lies: a backtest of years starts at\n"
			   "once. Several files must follow one another in time. Gaps and minutes\n"
			   "that stand there twice are told with their lines.",
		.options = import_options,
		.run = run_import,
	},
	{
		.name = "info",
		.operands = "FILE[,FILE...]",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Say what is in candle files or a tape",
		.options = info_options,
		.run = run_info,
	},
	{0},
};

const struct command candles_command = {
	.name = "candles",
	.summary = "Import recorded candles and look at them",
	.actions = actions,
};
