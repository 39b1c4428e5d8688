/*
 * Shows an account as our adapter of a venue sees it: account_seen URL VENUE KEY, the secret on
 * standard input. JSON: wallet, available, and the held legs of BTCUSDT. Exit code 3: there is no
 * adapter of that venue.
 */
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/http.h"
#include "exchanges/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_ADAPTER 3

static int fail(const char *what, const struct err *err)
{
	(void)fprintf(stderr, "account_seen: %s: %s\n", what, err->message);
	return 1;
}

static struct doc *leg_of(const struct position *position)
{
	struct doc *leg = doc_object();
	struct decimal liquidation = position->liquidation_known ? position->liquidation
								 : DECIMAL_ZERO;

	doc_text(leg, "side", position->side == SIDE_BUY ? "long" : "short");
	doc_decimal(leg, "quantity", decimal_trim(position->quantity));
	doc_decimal(leg, "entry", decimal_trim(position->average));
	doc_decimal(leg, "mark", decimal_trim(position->mark));
	doc_decimal(leg, "liquidation", decimal_trim(liquidation));
	return leg;
}

static void show(const struct account *account)
{
	CLEANUP(doc_free) struct doc *seen = doc_object();
	struct doc *legs = doc_array();

	for (size_t i = 0; i < account->position_count; i++)
		if (!decimal_is_zero(account->positions[i].quantity))
			doc_push(legs, leg_of(&account->positions[i]));
	doc_decimal(seen, "wallet", decimal_trim(account->balance.wallet));
	doc_decimal(seen, "available", decimal_trim(account->balance.available));
	doc_child(seen, "positions", legs);
	CLEANUP(text_free) char *text = doc_dump(seen);
	(void)puts(text);
}

int main(int argc, char **argv)
{
	CLEANUP(exchange_free) struct exchange *exchange = NULL;
	CLEANUP(http_free) struct http *http = NULL;
	struct exchange_options options = {.environment = ENVIRONMENT_TESTNET,
		.recv_window_ms = 5000,
		.egress_per_second = -1};
	struct exchange_credential credential = {0};
	struct account account = {0};
	char secret[256] = "";
	struct err err;

	if (argc != 4 || fgets(secret, sizeof secret, stdin) == NULL)
		return 2;
	secret[strcspn(secret, "\n")] = '\0';
	if (http_init(&err) == -1 || venue_name_parse(argv[2], &options.venue, &err) == -1)
		return fail(argv[2], &err);
	http = http_new(&(struct http_options){.user_agent = "account_seen"});
	options.base_url = argv[1];
	options.http = http;
	if (exchange_open(&options, &exchange, &err) == -1)
		return err.code == ERR_INVALID ? NO_ADAPTER : fail("open", &err);
	credential.key = argv[3];
	credential.secret = secret;
	exchange_attach(exchange, &credential);
	if (exchange_adapter(exchange)->account(exchange, "BTCUSDT", &account, &err) == -1)
		return fail("account", &err);
	show(&account);
	exchange_attach(exchange, NULL);
	return 0;
}
