/* simulate - the simulated exchange on recorded candles, until it is told to end. */
#include "simulator/simulator.h"

#include "cli/commands.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/doc.h"
#include "core/io/log.h"
#include "simulator/market.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define SPEED_MAX 1000000
#define LATENCY_MAX_MS 60000
#define LOOK_EVERY_S 1

static const struct command_option options[] = {
	{"listen", "ADDR:PORT", "where to serve (127.0.0.1:9090; port 0: any free one)"},
	{"candles", "SYMBOL=FILE[,...]", "one-minute candles of a symbol; may be repeated"},
	{"accounts", "FILE", "KEY:SECRET[:BALANCE] a line, mode 0600"},
	{"balance", "USDT", "of accounts whose line names none (10000)"},
	{"speed", "X", "market seconds per real second (1)"},
	{"seed", "N", "of paths, liquidity, delays and funding (1)"},
	{"path", "WHICH", "inside a minute: drawn, high-first or low-first (drawn)"},
	{"mark-is-last", NULL, "the mark price is the last price, as in a backtest"},
	{"start", "TIME", "market time to begin at, as 2022-01-05T00:00Z"},
	{"isolated", NULL, "new accounts use isolated margin (cross)"},
	{"threads", "N", "requests worked on at once (2)"},
	{"latency-ms", "MS", "answer this much later (0)"},
	{"match-delay-ms", "MS", "an acknowledged order takes effect up to this later (8)"},
	{"ip-limit", "N", "Bybit's requests per 5 s, the others in proportion; 0: none (600)"},
	{"no-account-limits", NULL, "do not enforce the limits per account and endpoint"},
	{"ledger", "FILE", "append what really happened, as JSON lines"},
	{"state", "DIR", "keep everything there, and go on from it after a crash"},
	{"tls-certificate", "FILE", "serve https (PEM); with --tls-key"},
	{"tls-key", "FILE", "the certificate's key (PEM)"},
	{0},
};

static int read_instruments(const struct command_context *context,
	struct instrument instruments[MARKET_SYMBOLS_MAX], size_t *ret_count, struct err *err)
{
	size_t count = 0;
	const char *text;

	for (; (text = command_value_at(context, "candles", count)) != NULL; count++) {
		if (count == MARKET_SYMBOLS_MAX)
			return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
				"--candles: more than %d symbols", MARKET_SYMBOLS_MAX);
		if (instrument_parse(text, &instruments[count], err) == -1)
			return -1;
	}
	if (count == 0)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--candles is needed: SYMBOL=FILE, such as "
			"BTCUSDT=data/candles/btcusd_perp_ftx_1m_2022-01.csv,volume=quote");
	*ret_count = count;
	return 0;
}

static int read_decimal(const struct command_context *context, const char *name, int64_t most,
	struct decimal *value, struct err *err)
{
	const char *text = command_value(context, name);
	struct decimal given;

	if (text == NULL)
		return 0;
	if (decimal_parse(text, &given, err) == -1)
		return err_while(err, "--%s", name);
	if (decimal_sign(given) < 0 || decimal_less(decimal_from_int(most), given))
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--%s must be 0 to %" PRId64 ", got %s", name, most, text);
	*value = given;
	return 0;
}

static int read_path(
	const struct command_context *context, struct simulator_options *settings, struct err *err)
{
	const char *path = command_value(context, "path");

	settings->mark_is_last = command_given(context, "mark-is-last");
	if (path == NULL || strcmp(path, "drawn") == 0)
		settings->path = MARKET_PATH_DRAWN;
	else if (strcmp(path, "high-first") == 0)
		settings->path = MARKET_PATH_HIGH_FIRST;
	else if (strcmp(path, "low-first") == 0)
		settings->path = MARKET_PATH_LOW_FIRST;
	else
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--path must be drawn, high-first or low-first, got \"%.40s\"", path);
	return 0;
}

static int read_clock(
	const struct command_context *context, struct simulator_options *settings, struct err *err)
{
	struct decimal speed = decimal_from_int(1);
	const char *start = command_value(context, "start");
	int64_t seed;

	if (read_decimal(context, "speed", SPEED_MAX, &speed, err) == -1 ||
		command_int(context, "seed", 0, INT64_MAX, 1, &seed, err) == -1)
		return -1;
	if (!decimal_to_fixed(speed, 3, ROUND_HALF_UP, &settings->speed_milli))
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "--speed is out of range");
	settings->seed = (uint64_t)seed;
	if (start != NULL && clock_parse(start, &settings->start_ms) == -1)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--start: expected a time such as 2022-01-05T00:00Z, got \"%.40s\"", start);
	return 0;
}

static int read_limits(
	const struct command_context *context, struct simulator_options *settings, struct err *err)
{
	int64_t threads, ip_limit;

	if (command_int(context, "threads", 1, 64, 2, &threads, err) == -1 ||
		command_int(context, "ip-limit", 0, 1000000000, 600, &ip_limit, err) == -1 ||
		command_int(context, "latency-ms", 0, LATENCY_MAX_MS, 0, &settings->latency_ms,
			err) == -1 ||
		command_int(context, "match-delay-ms", 0, LATENCY_MAX_MS,
			settings->match_delay_max_ms, &settings->match_delay_max_ms, err) == -1)
		return -1;
	settings->threads = (unsigned)threads;
	settings->ip_limit = (int)ip_limit;
	settings->no_account_limits = command_given(context, "no-account-limits");
	if (settings->match_delay_min_ms > settings->match_delay_max_ms)
		settings->match_delay_min_ms = settings->match_delay_max_ms;
	return 0;
}

static int read_files(
	const struct command_context *context, struct simulator_options *settings, struct err *err)
{
	const char *listen = command_value(context, "listen");

	settings->listen = listen != NULL ? listen : "127.0.0.1:9090";
	settings->ledger_file = command_value(context, "ledger");
	settings->state_folder = command_value(context, "state");
	settings->tls_certificate_file = command_value(context, "tls-certificate");
	settings->tls_key_file = command_value(context, "tls-key");
	settings->margin_mode = command_given(context, "isolated") ? MARGIN_ISOLATED : MARGIN_CROSS;
	if (read_decimal(context, "balance", 1000000000, &settings->default_balance, err) == -1)
		return -1;
	return command_require(context, "accounts", &settings->accounts_file, err);
}

/* One line that a script can wait for: it is printed once the port answers. */
static void announce(const struct command_context *context, struct simulator *simulator)
{
	struct simulator_state state;
	char now[CLOCK_TEXT_SIZE], end[CLOCK_TEXT_SIZE];

	simulator_state(simulator, &state);
	(void)clock_text(state.market_ms, now, sizeof now);
	(void)clock_text(state.market_end_ms, end, sizeof end);
	if (command_json(context)) {
		CLEANUP(doc_free) struct doc *line = doc_object();
		CLEANUP(text_free) char *text = NULL;
		doc_text(line, "url", simulator_url(simulator));
		doc_int(line, "port", simulator_port(simulator));
		doc_int(line, "accounts", (int64_t)state.accounts);
		doc_text(line, "market_time", now);
		doc_text(line, "market_end", end);
		text = doc_dump(line);
		(void)puts(text);
	} else {
		(void)printf("serving %s: %zu accounts, %zu symbols, market from %s to %s\n",
			simulator_url(simulator), state.accounts, state.symbols, now, end);
	}
	(void)fflush(stdout);
}

static void block_signals(sigset_t *ret_set)
{
	(void)sigemptyset(ret_set);
	(void)sigaddset(ret_set, SIGTERM);
	(void)sigaddset(ret_set, SIGINT);
	(void)sigaddset(ret_set, SIGQUIT);
	(void)sigaddset(ret_set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, ret_set, NULL);
}

/* The simulator's threads do the work; this one waits for the word to end, or for a full disk. */
static int serve(struct simulator *simulator, const sigset_t *signals, struct err *err)
{
	const struct timespec pause = {.tv_sec = LOOK_EVERY_S};
	bool told = false;

	while (sigtimedwait(signals, NULL, &pause) == -1) {
		struct simulator_state state;
		simulator_state(simulator, &state);
		if (state.broken) {
			*err = state.failure;
			return err_while(err, "could not keep the state, nothing more is answered");
		}
		if (state.halted && !told)
			log_event(LOG_INFO, "the candle files have ended, the market stands",
				LOG_INT("market_ms", state.market_ms));
		told = state.halted;
	}
	return 0;
}

static int run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(simulator_stop) struct simulator *simulator = NULL;
	struct instrument *instruments = mem_zero(MARKET_SYMBOLS_MAX, sizeof *instruments);
	struct simulator_options settings = simulator_options_default();
	sigset_t signals;
	int result = -1;
	(void)argc, (void)argv;

	settings.instruments = instruments;
	/* Before any thread is made, so that none of them takes the signal. */
	block_signals(&signals);
	if (read_files(context, &settings, err) == 0 && read_clock(context, &settings, err) == 0 &&
		read_path(context, &settings, err) == 0 &&
		read_limits(context, &settings, err) == 0 &&
		read_instruments(context, instruments, &settings.instrument_count, err) == 0)
		result = simulator_start(&settings, &simulator, err);
	free(instruments);
	if (result == -1)
		return -1;
	announce(context, simulator);
	return serve(simulator, &signals, err);
}

const struct command simulate_command = {
	.name = "simulate",
	.summary = "Serve simulated venues on recorded candles",
	.details =
		"Serves the APIs of Bybit, Phemex and Binance (docs/simulator.md) until TERM or\n"
		"Ctrl-C. Prices come from CSV files of one-minute candles; after SYMBOL=FILE may "
		"stand\n"
		",volume=quote ,shift=DAYS ,tick=SIZE ,lot=SIZE ,funding=RATE.\n"
		"The replay begins far enough into the files for every indicator, and halts at\n"
		"their end. With --state the next start goes on where this one was, however it\n"
		"ended; the market's time passes meanwhile.",
	.options = options,
	.run = run,
};
