#include "exchanges/bybit_error.h"
#include "tests/exchanges/refusals.h"

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

ParameterizedTestParameters(bybit_error, classifies_codes)
{
	static struct code_row rows[] = {
		{"0 is success", CALL_ORDER, 0, "OK", ERR_NONE, NEVER},
		{"high load: refused for sure", CALL_ORDER, 429, "busy", ERR_NETWORK, LATER},
		{"the limit of the account", CALL_ORDER, 10006, "Too many visits!", ERR_RATE,
			ERR_RETRY_THROTTLED},
		{"a timestamp outside of the window", CALL_ORDER, 10002, "time", ERR_CLOCK, LATER},
		{"the same in the words of -1", CALL_ORDER, -1, "Request expired", ERR_CLOCK,
			LATER},
		{"-1 in other words is not known", CALL_ORDER, -1, "?", ERR_PROTOCOL, ASK},
		{"a bad key", CALL_READ, 10003, "API key is invalid.", ERR_AUTH, NEVER},
		{"an address that is not bound", CALL_ORDER, 10010, "ip", ERR_AUTH, NEVER},
		{"not enough margin", CALL_ORDER, 110007, "ab not enough for new order", ERR_MARGIN,
			NEVER},
		{"a price rule", CALL_ORDER, 110003, "Order price exceeds", ERR_FILTER, NEVER},
		{"reduce-only when flat", CALL_ORDER, 110017,
			"current position is zero, cannot fix reduce-only order qty", ERR_FLAT,
			NEVER},
		{"reduce-only cut to nothing is a rule", CALL_ORDER, 110017,
			"orderQty will be truncated to zero.", ERR_FILTER, NEVER},
		{"no net position", CALL_ORDER, 110034, "There is no net position", ERR_FLAT,
			NEVER},
		{"a repeated client id", CALL_ORDER, 110072, "OrderLinkedID is duplicate",
			ERR_DUPLICATE, NEVER},
		{"an order that is gone", CALL_ORDER, 110001, "Order does not exist", ERR_NO_ORDER,
			NEVER},
		{"already so is success for a setting", CALL_SETTING, 110043,
			"leverage not modified", ERR_NONE, NEVER},
		{"already so: the position mode", CALL_SETTING, 110025, "not modified", ERR_NONE,
			NEVER},
		{"an amend that changes nothing says so", CALL_ORDER, 34040, "not modified",
			ERR_NO_CHANGE, NEVER},
		{"the wrong position mode is our bug", CALL_ORDER, 10001,
			"params error: position idx not match position mode", ERR_BUG, NEVER},
		{"10001 about a quantity is a rule", CALL_ORDER, 10001,
			"The number of Qty is invalid", ERR_FILTER, NEVER},
		{"any other 10001 is our bug", CALL_ORDER, 10001, "params error: symbol", ERR_BUG,
			NEVER},
		{"a mode that cannot be switched now", CALL_SETTING, 110024, "position exists",
			ERR_BUG, NEVER},
		{"10000 on an order may have happened", CALL_ORDER, 10000, "Server Timeout",
			ERR_NETWORK, ASK},
		{"10016 on an order may have happened", CALL_ORDER, 10016, "Internal error",
			ERR_NETWORK, ASK},
		{"5004 on an order may have happened", CALL_ORDER, 5004, "Server Timeout",
			ERR_NETWORK, ASK},
		{"10016 on a read is asked again", CALL_READ, 10016, "Internal error", ERR_NETWORK,
			LATER},
		{"10016 on a setting may have happened", CALL_SETTING, 10016, "Internal error",
			ERR_NETWORK, ASK},
		{"an order that is still processed", CALL_ORDER, 110079, "processing", ERR_NETWORK,
			LATER},
		{"a symbol that settles", CALL_ORDER, 110063, "settling", ERR_MAINTENANCE, LATER},
		{"the margin mode with its reasons", CALL_SETTING, 3400045, "failed", ERR_FILTER,
			NEVER},
		{"a code that nobody knows may have happened", CALL_ORDER, 987654, "new",
			ERR_PROTOCOL, ASK},
		{"a code that nobody knows, on a read", CALL_READ, 987654, "new", ERR_PROTOCOL,
			LATER},
	};
	return cr_make_param_array(struct code_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct code_row *row, bybit_error, classifies_codes)
{
	expect_code(row, bybit_error_code);
}

ParameterizedTestParameters(bybit_error, classifies_http)
{
	static struct http_row rows[] = {
		{"200 is for the body to say", CALL_ORDER, 200, "{}", 0, ERR_NONE, NEVER, 0,
			LIMITED_NOBODY},
		{"400 too", CALL_ORDER, 400, "{}", 0, ERR_NONE, NEVER, 0, LIMITED_NOBODY},
		{"a 5xx on an order may have happened", CALL_ORDER, 502, "<html>", 0, ERR_NETWORK,
			ASK, 0, LIMITED_NOBODY},
		{"whatever its body says", CALL_ORDER, 500, "{\"retCode\":10006}", 0, ERR_NETWORK,
			ASK, 0, LIMITED_NOBODY},
		{"a 5xx on a read is asked again", CALL_READ, 503, "", 0, ERR_NETWORK, LATER, 0,
			LIMITED_NOBODY},
		{"401 is the key", CALL_READ, 401, "", 0, ERR_AUTH, NEVER, 0, LIMITED_NOBODY},
		{"403 bans the address for ten minutes", CALL_ORDER, 403, "access too frequent", 0,
			ERR_RATE, ERR_RETRY_THROTTLED, 600000, LIMITED_ADDRESS},
		{"a longer wait of the venue's own wins", CALL_ORDER, 403, "access too frequent",
			1800000, ERR_RATE, ERR_RETRY_THROTTLED, 1800000, LIMITED_ADDRESS},
		{"403 for the country is no ban", CALL_READ, 403,
			"configured to block access from your country", 0, ERR_AUTH, NEVER, 0,
			LIMITED_NOBODY},
		{"429 stops the address as long as it says", CALL_READ, 429, "busy", 3000, ERR_RATE,
			ERR_RETRY_THROTTLED, 3000, LIMITED_ADDRESS},
		{"429 without a time stops it for a second", CALL_READ, 429, "busy", 0, ERR_RATE,
			ERR_RETRY_THROTTLED, 1000, LIMITED_ADDRESS},
		{"404 is our bug", CALL_READ, 404, "", 0, ERR_BUG, NEVER, 0, LIMITED_NOBODY},
	};
	return cr_make_param_array(struct http_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct http_row *row, bybit_error, classifies_http)
{
	expect_http(row, bybit_error_http);
}

Test(bybit_error, says_whose_limit_it_was)
{
	struct call_status status = {.kind = CALL_READ, .http_status = 200, .retry_after_ms = 420};
	struct err err = {0};
	enum call_limited limited;

	cr_assert(eq(int, bybit_error_code(&status, 10006, "", &limited, &err), -1));
	cr_expect(eq(int, limited, LIMITED_ACCOUNT));
	cr_expect(eq(i64, err.retry_after_ms, 420), "the header's time is the wait");
	cr_assert(eq(int, bybit_error_code(&status, 10018, "", &limited, &err), -1));
	cr_expect(eq(int, limited, LIMITED_ADDRESS));
}

Test(bybit_error, the_venues_words_cannot_steer_a_terminal)
{
	struct call_status status = {.kind = CALL_READ, .http_status = 200};
	struct err err = {0};
	enum call_limited limited;

	cr_assert(
		eq(int, bybit_error_code(&status, 10001, "a\x1b[2Jb\nc\xff", &limited, &err), -1));
	cr_expect(eq(str, err.message, "bybit 10001: a [2Jb c "));
}
