#include "cli/strategy_market.h"

#include "cli/text_file.h"
#include "cli/venue_session.h"
#include "core/base/cleanup.h"
#include "core/io/config.h"
#include "core/io/http.h"
#include "decision/decision.h"
#include "exchanges/exchange.h"
#include "strategies/units.h"
#include "worker/venues.h"

#define RULES_BYTES_MAX (1U << 20)

static struct strategy_rules nominal_rules(void)
{
	return (struct strategy_rules){
		.tick_size = decimal_scaled(1, 8),
		.lot_size = decimal_scaled(1, 8),
		.min_lots = 1,
		.max_lots = 1LL << 50,
		.max_market_lots = 1LL << 50,
		.maintenance_ppm = 5000,
		.maker_fee_ppm = UNITS_MAKER_FEE_PPM,
		.taker_fee_ppm = UNITS_TAKER_FEE_PPM,
		.trading = true,
	};
}

static int rules_of_file(const char *path, struct strategy_rules *ret, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;

	if (text_file_read_json(path, RULES_BYTES_MAX, &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	if (decision_rules_read(&root, ret, err) == -1)
		return err_while(err, "%s", path);
	return 0;
}

static int ask_venue(struct venues *venues, const char *venue_text, const char *environment_text,
	const char *symbol, struct strategy_market *ret, struct err *err)
{
	struct exchange *exchange;
	enum environment environment;
	enum venue_name venue;
	struct ticker ticker;
	struct rules rules;
	int64_t age_ms;

	if (venue_name_parse(venue_text, &venue, err) == -1 ||
		environment_parse(environment_text, &environment, err) == -1 ||
		venues_get(venues, venue, environment, &exchange, err) == -1 ||
		exchange_rules(exchange, symbol, &rules, err) == -1 ||
		exchange_ticker(exchange, symbol, &ticker, &age_ms, err) == -1 ||
		units_rules(&rules, DECIMAL_ZERO, &ret->rules, err) == -1 ||
		units_price(ticker.mark, &ret->rules, "mark", ROUND_HALF_UP, &ret->price_ticks,
			err) == -1)
		return err_while(err, "could not ask %s about %s", venue_text, symbol);
	return 0;
}

static int market_of_venue(struct command_context *context, const char *exchange,
	struct strategy_market *ret, struct err *err)
{
	const struct config *config = command_config(context);
	const char *environment = command_value(context, "environment");
	CLEANUP(venues_free) struct venues *venues = NULL;
	CLEANUP(http_free) struct http *http = NULL;
	const char *symbol;

	if (command_require(context, "symbol", &symbol, err) == -1)
		return -1;
	http = venue_session_http(config);
	venues = venues_new(config, http, NULL);
	return ask_venue(
		venues, exchange, environment == NULL ? "live" : environment, symbol, ret, err);
}

static int given_price(const char *text, struct strategy_market *ret, struct err *err)
{
	struct decimal price;

	if (decimal_parse(text, &price, err) == -1 ||
		units_price(price, &ret->rules, "price", ROUND_HALF_UP, &ret->price_ticks, err) ==
			-1)
		return err_while(err, "--price");
	if (ret->price_ticks <= 0)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "--price: must be above zero");
	return 0;
}

int strategy_market_read(
	struct command_context *context, struct strategy_market *ret, struct err *err)
{
	const char *exchange = command_value(context, "exchange");
	const char *rules = command_value(context, "rules");
	const char *price = command_value(context, "price");

	*ret = (struct strategy_market){.rules = nominal_rules(), .nominal = true};
	ret->price_ticks = E8;
	if (exchange != NULL && rules != NULL)
		return err_set(
			err, ERR_USAGE, ERR_RETRY_NEVER, "give --rules or --exchange, not both");
	if (rules != NULL && price == NULL)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "--rules needs --price");
	if (exchange != NULL && market_of_venue(context, exchange, ret, err) == -1)
		return -1;
	if (rules != NULL && rules_of_file(rules, &ret->rules, err) == -1)
		return -1;
	if (exchange != NULL || rules != NULL)
		ret->nominal = false;
	return price == NULL ? 0 : given_price(price, ret, err);
}
