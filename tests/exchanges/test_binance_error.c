#include "exchanges/binance_error.h"
#include "tests/exchanges/refusals.h"

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

ParameterizedTestParameters(binance_error, classifies_codes)
{
	static struct code_row rows[] = {
		{"0 is success", CALL_ORDER, 0, "", ERR_NONE, NEVER},
		{"an unknown error may have executed", CALL_ORDER, -1000, "An unknown error",
			ERR_NETWORK, ASK},
		{"an internal error has failed for sure", CALL_ORDER, -1001,
			"Internal error; unable to process your request. Please try again.",
			ERR_NETWORK, LATER},
		{"its code in other words has not", CALL_ORDER, -1001, "Disconnected", ERR_NETWORK,
			ASK},
		{"a backend that timed out may have executed", CALL_ORDER, -1007,
			"Timeout waiting for response from backend server.", ERR_NETWORK, ASK},
		{"the same on a read is asked again", CALL_READ, -1007, "Timeout", ERR_NETWORK,
			LATER},
		{"an answer that nobody expected is looked up", CALL_ORDER, -1006, "Unexpected",
			ERR_NETWORK, ASK},
		{"overload: refused for sure", CALL_ORDER, -1008, "Request throttled", ERR_NETWORK,
			LATER},
		{"too many orders", CALL_ORDER, -1015, "Too many new orders", ERR_RATE, THROTTLED},
		{"too much weight", CALL_READ, -1003, "Too many requests", ERR_RATE, THROTTLED},
		{"maintenance", CALL_READ, -1016, "This service is no longer available.",
			ERR_MAINTENANCE, LATER},
		{"a timestamp outside the window", CALL_ORDER, -1021, "Timestamp for this request",
			ERR_CLOCK, LATER},
		{"the engine's own window", CALL_ORDER, -5028, "Timestamp", ERR_CLOCK, LATER},
		{"a signature", CALL_READ, -1022, "Signature for this request is not valid.",
			ERR_AUTH, NEVER},
		{"key, address or right", CALL_ORDER, -2015,
			"Invalid API-key, IP, or permissions for action.", ERR_AUTH, NEVER},
		{"a futures account without a deposit", CALL_ORDER, -4109, "inactive", ERR_AUTH,
			NEVER},
		{"not enough margin", CALL_ORDER, -2019, "Margin is insufficient.", ERR_MARGIN,
			NEVER},
		{"between two lots", CALL_ORDER, -1111, "Precision is over the maximum", ERR_FILTER,
			NEVER},
		{"too little of it", CALL_ORDER, -4164, "Order's notional must be no smaller",
			ERR_FILTER, NEVER},
		{"a stop that would fire at once", CALL_ORDER, -2021,
			"Order would immediately trigger.", ERR_FILTER, NEVER},
		{"a second close-all stop is refused for certain", CALL_ORDER, -4130,
			"An open stop or take profit order with GTE", ERR_FILTER, NEVER},
		{"post-only that would take", CALL_ORDER, -5022, "Due to the order could not",
			ERR_FILTER, NEVER},
		{"fill or kill that could not", CALL_ORDER, -5021, "Due to the order could not",
			ERR_FILTER, NEVER},
		{"too many stops is no throttling", CALL_ORDER, -4045, "Reach max stop order limit",
			ERR_FILTER, NEVER},
		{"reduce-only when flat", CALL_ORDER, -2022, "ReduceOnly Order is rejected.",
			ERR_FLAT, NEVER},
		{"reduce-only beside orders that close it", CALL_ORDER, -4118, "ReduceOnly",
			ERR_FILTER, NEVER},
		{"a repeated client id", CALL_ORDER, -4116, "ClientOrderId is duplicated.",
			ERR_DUPLICATE, NEVER},
		{"an id that is too long is no duplicate", CALL_ORDER, -4015,
			"Client order id length", ERR_BUG, NEVER},
		{"an order that is not known", CALL_READ, -2013, "Order does not exist.",
			ERR_NO_ORDER, NEVER},
		{"nothing to cancel", CALL_ORDER, -2011, "Unknown order sent.", ERR_NO_ORDER,
			NEVER},
		{"a stop that is firing is looked up", CALL_ORDER, -4117, "Stop order is triggered",
			ERR_NO_ORDER, NEVER},
		{"an amend that changes nothing says so", CALL_ORDER, -5027, "No need to modify",
			ERR_NO_CHANGE, NEVER},
		{"a margin mode that is so already", CALL_SETTING, -4046,
			"No need to change margin type.", ERR_NONE, NEVER},
		{"a position mode that is so already", CALL_SETTING, -4059,
			"No need to change position side.", ERR_NONE, NEVER},
		{"a mode that cannot change, or is so: it is read", CALL_SETTING, -4067,
			"Position side cannot be changed", ERR_BUG, NEVER},
		{"open orders hold the margin mode", CALL_SETTING, -4047, "open orders", ERR_FILTER,
			NEVER},
		{"the wrong position mode is our bug", CALL_ORDER, -4061,
			"Order's position side does not match", ERR_BUG, NEVER},
		{"reduce-only in hedge mode is our bug", CALL_ORDER, -1106,
			"Parameter 'reduceonly' sent when not required.", ERR_BUG, NEVER},
		{"a stop sent to the old endpoint is our bug", CALL_ORDER, -4120,
			"Order type not supported for this endpoint.", ERR_BUG, NEVER},
		{"a code that nobody knows may have happened", CALL_ORDER, -98765, "new",
			ERR_PROTOCOL, ASK},
		{"a code that nobody knows, on a read", CALL_READ, -98765, "new", ERR_PROTOCOL,
			LATER},
	};
	return cr_make_param_array(struct code_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct code_row *row, binance_error, classifies_codes)
{
	expect_code(row, binance_error_code);
}

#define UNKNOWN "Unknown error, please check your request or try again later."

ParameterizedTestParameters(binance_error, classifies_http)
{
	static struct http_row rows[] = {
		{"200 is for the body to say", CALL_ORDER, 200, "{}", 0, ERR_NONE, NEVER, 0,
			LIMITED_NOBODY},
		{"400 too", CALL_ORDER, 400, "{\"code\":-2019}", 0, ERR_NONE, NEVER, 0,
			LIMITED_NOBODY},
		{"503 in these words may have executed", CALL_ORDER, 503, UNKNOWN, 0, ERR_NETWORK,
			ASK, 0, LIMITED_NOBODY},
		{"503 in those has failed for sure", CALL_ORDER, 503, "Service Unavailable.", 0,
			ERR_NETWORK, LATER, 0, LIMITED_NOBODY},
		{"and in an object without a code", CALL_ORDER, 503,
			"{\"msg\":\"Service Unavailable.\"}", 0, ERR_NETWORK, LATER, 0,
			LIMITED_NOBODY},
		{"a proxy's page in the same words proves nothing", CALL_ORDER, 503,
			" <html><h1>503 Service Unavailable.</h1>", 0, ERR_NETWORK, ASK, 0,
			LIMITED_NOBODY},
		{"503 with a code is for the code to say", CALL_ORDER, 503,
			"{\"code\":-1001,\"msg\":\"Internal error\"}", 0, ERR_NONE, NEVER, 0,
			LIMITED_NOBODY},
		{"408 with one too", CALL_ORDER, 408, "{\"code\":-1007}", 0, ERR_NONE, NEVER, 0,
			LIMITED_NOBODY},
		{"408 without one may have executed", CALL_ORDER, 408, "", 0, ERR_NETWORK, ASK, 0,
			LIMITED_NOBODY},
		{"a 5xx on a read is asked again", CALL_READ, 502, "<html>", 0, ERR_NETWORK, LATER,
			0, LIMITED_NOBODY},
		{"429 stops the address as long as it says", CALL_READ, 429, "{\"code\":-1003}",
			7000, ERR_RATE, THROTTLED, 7000, LIMITED_ADDRESS},
		{"429 without a time: until the minute is over", CALL_READ, 429, "", 0, ERR_RATE,
			THROTTLED, 60000, LIMITED_ADDRESS},
		{"429 for an account's orders stops that account", CALL_ORDER, 429,
			"{\"code\":-1015,\"msg\":\"Too many new orders\"}", 7000, ERR_NONE, NEVER,
			0, LIMITED_NOBODY},
		{"418 is a ban as long as it says", CALL_ORDER, 418, "{\"code\":-1003}", 180000,
			ERR_RATE, THROTTLED, 180000, LIMITED_ADDRESS},
		{"418 without a time: the shortest ban", CALL_READ, 418, "", 0, ERR_RATE, THROTTLED,
			120000, LIMITED_ADDRESS},
		{"403 of the firewall", CALL_ORDER, 403, "<html>403 Forbidden", 0, ERR_RATE,
			THROTTLED, 300000, LIMITED_ADDRESS},
		{"401 is the key", CALL_READ, 401, "", 0, ERR_AUTH, NEVER, 0, LIMITED_NOBODY},
		{"451 is the region", CALL_READ, 451,
			"{\"code\":0,\"msg\":\"restricted location\"}", 0, ERR_AUTH, NEVER, 0,
			LIMITED_NOBODY},
		{"404 is our bug", CALL_READ, 404, "<html>", 0, ERR_BUG, NEVER, 0, LIMITED_NOBODY},
	};
	return cr_make_param_array(struct http_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct http_row *row, binance_error, classifies_http)
{
	expect_http(row, binance_error_http);
}

Test(binance_error, says_whose_limit_it_was)
{
	struct call_status status = {.kind = CALL_READ, .http_status = 400};
	struct err err = {0};
	enum call_limited limited;

	cr_assert(eq(int, binance_error_code(&status, -1015, "", &limited, &err), -1));
	cr_expect(eq(int, limited, LIMITED_ACCOUNT));
	cr_expect(eq(i64, err.retry_after_ms, 10000));
	cr_assert(eq(int, binance_error_code(&status, -1003, "", &limited, &err), -1));
	cr_expect(eq(int, limited, LIMITED_ADDRESS));
}
