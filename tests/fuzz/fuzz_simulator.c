/*
 * Reads any bytes as requests to the simulated exchange, one a line: METHOD, path, and the query
 * or body. Signatures are left out: what is behind them is tried. Whatever is asked, each request
 * gets a reply, and the account's money stays explained to the last digit.
 */
#include "core/base/cleanup.h"
#include "simulator/admin.h"
#include "simulator/api_account.h"
#include "simulator/api_book.h"
#include "simulator/api_call.h"
#include "simulator/api_listing.h"
#include "simulator/api_market.h"
#include "simulator/api_order.h"
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BEGIN_MS INT64_C(1700006400000)
#define MINUTES 20
#define REQUESTS_MAX 64

static const struct {
	const char *path;
	int (*run)(struct api_call *call);
} routes[] = {
	{"/v5/market/time", api_market_time},
	{"/v5/market/instruments-info", api_market_instruments},
	{"/v5/market/kline", api_market_kline},
	{"/v5/market/tickers", api_market_tickers},
	{"/v5/market/risk-limit", api_market_risk_limit},
	{"/v5/account/wallet-balance", api_account_wallet},
	{"/v5/account/info", api_account_info},
	{"/v5/account/transaction-log", api_book_transactions},
	{"/v5/account/set-margin-mode", api_account_set_margin_mode},
	{"/v5/position/list", api_account_positions},
	{"/v5/position/closed-pnl", api_book_closed_pnl},
	{"/v5/position/set-leverage", api_account_set_leverage},
	{"/v5/position/switch-mode", api_account_switch_mode},
	{"/v5/order/create", api_order_create},
	{"/v5/order/amend", api_order_amend},
	{"/v5/order/cancel", api_order_cancel},
	{"/v5/order/cancel-all", api_order_cancel_all},
	{"/v5/order/realtime", api_listing_realtime},
	{"/v5/order/history", api_listing_history},
	{"/v5/execution/list", api_book_executions},
};

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

static void run_route(struct venue *venue, const struct http_server_request *request, size_t route)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	CLEANUP(doc_free) struct doc *result = doc_object();
	struct api_call call = {.venue = venue, .request = request, .result = result};
	struct err err;

	if (strcmp(request->method, "POST") == 0) {
		if (field_parse(request->body, request->body_size_bytes, &document, &err) == -1)
			return;
		call.body = field_root(document);
		if (!field_is_object(&call.body))
			return;
	}
	venue_advance(venue);
	int outcome = routes[route].run(&call);
	if ((outcome == -1) != (call.code != API_OK) || (outcome == -1 && call.message[0] == '\0'))
		die("%s: a refusal without code or text", routes[route].path);
	CLEANUP(text_free) char *text = doc_dump(result);
	if (text[0] != '{')
		die("%s: no object", routes[route].path);
}

static void run_request(struct venue *venue, char *line)
{
	char *rest = line;
	const char *method = strsep(&rest, " ");
	const char *path = rest != NULL ? strsep(&rest, " ") : "";
	const char *text = rest != NULL ? rest : "";
	bool post = strcmp(method, "POST") == 0;
	const struct http_server_request request = {.method = post ? "POST" : "GET",
		.path = path,
		.query = post ? "" : text,
		.body = post ? text : "",
		.body_size_bytes = post ? strlen(text) : 0};

	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
		if (strcmp(routes[i].path, path) == 0)
			run_route(venue, &request, i);
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
