/* The commands as a person types them: what they print, write and refuse. */
#include "core/io/field.h"
#include "tests/backtest/scratch.h"
#include "tests/support/process.h"

#include <unistd.h>

#define CANDLES TEST_SOURCE_DIR "/data/candles/btcusd_perp_ftx_1m_2022-01.csv"
#define PATIENCE_MS 120000
#define ARGUMENTS_MAX 24

TestSuite(command, .init = scratch_open, .fini = scratch_close, .timeout = 200);

/* Runs botbeat with arguments that end with NULL; what it printed lies in "out". */
static int botbeat(const char *const *arguments)
{
	const char *argv[ARGUMENTS_MAX] = {BOTBEAT_BINARY};
	CLEANUP(text_free) char *log = mem_text(scratch_path("out"));

	(void)unlink(log);
	for (size_t i = 0; arguments[i] != NULL; i++)
		argv[i + 1] = arguments[i];
	return process_run(log, argv, PATIENCE_MS);
}

#define BOTBEAT(...) botbeat((const char *const[]){__VA_ARGS__, NULL})

static char *output(const char *name)
{
	FILE *file = fopen(scratch_path(name), "r");
	char *text = mem_zero(1, 1 << 20);

	cr_assert(file != NULL, "%s", name);
	(void)!fread(text, 1, (1 << 20) - 1, file);
	(void)fclose(file);
	return text;
}

static void expect_output(const char *says)
{
	CLEANUP(text_free) char *text = output("out");

	cr_expect(strstr(text, says) != NULL, "\"%s\" is not in: %s", says, text);
}

Test(command, a_tape_gives_what_its_csv_file_gives)
{
	CLEANUP(text_free) char *tape = mem_text(scratch_path("btc.tape"));

	cr_assert(zero(int, BOTBEAT("candles", "import", CANDLES, "--volume", "quote", "--symbol",
				    "BTCUSDT", "--output", tape)));
	expect_output("45031");
	cr_assert(zero(int, BOTBEAT("backtest", "--candles", CANDLES, "--volume", "quote", "--to",
				    "2022-01-12", "--json")));
	CLEANUP(text_free) char *of_csv = output("out");
	cr_assert(
		zero(int, BOTBEAT("backtest", "--candles", tape, "--to", "2022-01-12", "--json")));
	CLEANUP(text_free) char *of_tape = output("out");
	const char *csv_paths = strstr(of_csv, "\"paths\""),
		   *tape_paths = strstr(of_tape, "\"paths\"");
	cr_assert(csv_paths != NULL && tape_paths != NULL);
	cr_expect(zero(int, strcmp(csv_paths, tape_paths)), "all figures of both paths");
	cr_expect(strstr(csv_paths, "\"fills\":0,") == NULL, "and something was traded");
}

Test(command, writes_what_it_was_asked_for)
{
	CLEANUP(text_free) char *report = mem_text(scratch_path("r.html"));
	CLEANUP(text_free) char *trades = mem_text(scratch_path("t.csv"));
	CLEANUP(text_free) char *equity = mem_text(scratch_path("e.csv"));

	cr_assert(zero(int,
		BOTBEAT("backtest", "--candles", CANDLES, "--volume", "quote", "--to", "2022-01-08",
			"--report", report, "--trades", trades, "--equity", equity)));
	expect_output("total return");
	CLEANUP(text_free) char *page = output("r.html");
	cr_expect(zero(int, strncmp(page, "<!doctype html>", 15)));
	CLEANUP(text_free) char *fills = output("t.csv");
	cr_expect(zero(int, strncmp(fills, "time,event,order,", 17)));
	cr_expect(strstr(fills, ",OPENED,1,open,buy,") != NULL);
	CLEANUP(text_free) char *curve = output("e.csv");
	cr_expect(zero(int, strncmp(curve, "time,high,low,close,equity", 26)));
}

struct refusal {
	char option[24], value[40];
	int code;
	char says[64];
};

ParameterizedTestParameters(command, refuses)
{
	static struct refusal rows[] = {
		{"--candles", "/nowhere.csv", 1, "could not open candle file /nowhere.csv"},
		{"--side", "up", 2, "--side must be long or short"},
		{"--leverage", "126", 2, "--leverage"},
		{"--fees", "0.0002", 2, "--fees: expected MAKER,TAKER"},
		{"--funding", "0.5", 1, "a funding rate must be"},
		{"--slippage", "-1", 2, "--slippage must be 0 to 1000"},
		{"--strategy", "oracle", 2, "unrecognized strategy \"oracle\""},
		{"--from", "2022-01-01", 1, "from: the strategy's averages want"},
		{"--to", "2023-01-01", 1, "to: must lie after"},
		{"--symbol", "btc", 2, "--symbol: expected"},
		{"--balance", "0", 2, "--balance must be"},
	};
	return cr_make_param_array(struct refusal, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct refusal *row, command, refuses)
{
	int code = BOTBEAT(
		"backtest", "--candles", CANDLES, "--volume", "quote", row->option, row->value);

	cr_expect(eq(int, code, row->code), "%s %s", row->option, row->value);
	expect_output(row->says);
}

Test(command, a_preset_whose_stops_would_be_left_out_is_refused)
{
	CLEANUP(text_free)
	char *params = mem_text(scratch_write("p.json", "{\"preset\": \"safe\"}"));

	cr_expect(eq(int,
		BOTBEAT("backtest", "--candles", CANDLES, "--volume", "quote", "--leverage", "5",
			"--params", params),
		4));
	expect_output("preset safe asks for stops at the venue");
}

Test(command, parameters_that_are_wrong_are_named_all_at_once)
{
	CLEANUP(text_free)
	char *params = mem_text(scratch_write(
		"p.json", "{\"initial_size\": \"7\", \"leverage\": 3, \"hope\": true}"));

	cr_expect(eq(int, BOTBEAT("backtest", "--candles", CANDLES, "--params", params), 1));
	expect_output("initial_size");
	expect_output("leverage: is a column of the pair");
	expect_output("hope");
}
