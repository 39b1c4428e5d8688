/*
 * Reads any bytes as requests to the simulated exchange, one a line: METHOD, path, and its
 * parameters: JSON where they begin so, else a form, which stands for a query too. Signatures are
 * left out: what is behind them is tried, in all three dialects. Whatever is asked, each request
 * gets a reply, and the account's money stays explained to the last digit.
 */
#include "core/base/cleanup.h"
#include "simulator/admin.h"
#include "simulator/as_binance.h"
#include "simulator/as_bybit.h"
#include "simulator/as_phemex.h"
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BEGIN_MS INT64_C(1700006400000)
#define MINUTES 20
#define REQUESTS_MAX 64

static const struct dialect *const dialects[] = {&as_bybit, &as_phemex, &as_binance};

static char file[] = "/tmp/botbeat-fuzz-XXXXXX";

static void remove_file(void)
{
	(void)unlink(file);
}

static struct venue *open_venue(void)
{
	static struct instrument instrument;
	static const struct accounts_entry account = {"alice", "secret", {10000, 0}};
	struct simulator_options options = simulator_options_default();
	struct venue *venue = NULL;
	struct err err;

	if (instrument.source.file[0] == '\0') {
		int fd = mkstemp(file);
		if (fd == -1)
			die("could not make a candle file");
		FILE *stream = fdopen(fd, "w");
		(void)atexit(remove_file);
		(void)fputs("timestamp_ms,open,high,low,close,volume\n", stream);
		for (int64_t i = 0; i < MINUTES; i++)
			(void)fprintf(stream, "%" PRId64 ",20000,20010,19990,20000,50\n",
				BEGIN_MS + i * 60000);
		(void)fclose(stream);
		instrument_default("BTCUSDT", &instrument);
		(void)snprintf(instrument.source.file, sizeof instrument.source.file, "%s", file);
	}
	options.instruments = &instrument;
	options.instrument_count = 1;
	options.accounts = &account;
	options.account_count = 1;
	options.speed_milli = 0;
	options.match_delay_min_ms = options.match_delay_max_ms = 0;
	if (venue_new(&options, &venue, &err) == -1)
		die("could not open the venue: %s", err.message);
	return venue;
}

/* wallet = deposits + realised - fees + funding, always. */
static void check_money(const struct venue *venue)
{
	struct broker_balance balance = broker_balance(venue->broker, 0);
	struct decimal explained = decimal_add(balance.deposits,
		decimal_add(decimal_sub(balance.realised, balance.fees), balance.funding));

	if (!decimal_equal(balance.balance.wallet, explained))
		die("money out of nowhere: %s", DECIMAL_TEXT(balance.balance.wallet));
}

static void run_route(struct venue *venue, const struct http_server_request *request,
	const struct dialect *dialect, const struct route *route)
{
	struct http_server_reply reply = {.status = 0};
	struct call call = {.venue = venue,
		.dialect = dialect,
		.route = route,
		.request = request,
		.form = request->body[0] != '{',
		.result = doc_object(),
		.status = 200};

	venue_advance(venue);
	if (call.form || dialect->read_body(&call) == 0) {
		int outcome = route->run(&call);
		if ((outcome == -1) != (call.code != 0) ||
			(outcome == -1 && call.message[0] == '\0'))
			die("%s: a refusal without code or text", route->path);
	}
	dialect->seal(&call, &reply);
	if (reply.status == 0 || reply.body == NULL)
		die("%s: no reply", route->path);
	free(reply.body);
	field_document_free(&call.document);
	doc_free(&call.result);
}

static void run_request(struct venue *venue, char *line)
{
	char *rest = line;
	const char *method = strsep(&rest, " ");
	const char *path = rest != NULL ? strsep(&rest, " ") : "";
	const char *text = rest != NULL ? rest : "";
	const struct http_server_request request = {.method = method,
		.path = path,
		.query = "",
		.body = text,
		.body_size_bytes = strlen(text)};

	for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++)
		for (size_t k = 0; k < dialects[i]->route_count; k++)
			if (strcmp(dialects[i]->routes[k].path, path) == 0 &&
				strcmp(dialects[i]->routes[k].method, method) == 0)
				run_route(venue, &request, dialects[i], &dialects[i]->routes[k]);
	if (strncmp(path, "/sim/", 5) == 0) {
		struct http_server_reply reply = {.status = 0};
		admin_handle(venue, &request, &reply);
		if (reply.status == 0 || reply.body == NULL)
			die("%s: no reply", path);
		free(reply.body);
	}
	venue_advance(venue);
	check_money(venue);
}

static void try_files(const char *text)
{
	const struct candles_source source = {.file = ""};
	struct instrument instrument;
	struct candle candle;
	struct err err = {.message = ""};
	CLEANUP(text_free) char *row = mem_text(text);

	if (candles_parse_row(row, &source, decimal_literal("0.1"), &candle, &err) == 0) {
		if (decimal_less(candle.high, candle.low))
			die("a candle with its high below its low");
	} else if (err.message[0] == '\0') {
		die("a row is refused without a message");
	}
	if (instrument_parse(text, &instrument, &err) == 0 &&
		decimal_sign(instrument.rules.tick_size) <= 0)
		die("an instrument without a tick");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(text_free) char *text = mem_zero(size + 1, 1);
	struct venue *venue = open_venue();
	char *rest = text;

	for (size_t i = 0; i < size; i++)
		text[i] = (char)data[i];
	for (int count = 0; rest != NULL && count < REQUESTS_MAX; count++) {
		char *line = strsep(&rest, "\n");
		try_files(line);
		run_request(venue, line);
	}
	venue_free(&venue);
	return 0;
}
