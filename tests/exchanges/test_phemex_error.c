#include "exchanges/phemex_error.h"
#include "tests/exchanges/refusals.h"

/* Criterion's str is not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

ParameterizedTestParameters(phemex_error, classifies_codes)
{
	static struct code_row rows[] = {
		{"0 is success", CALL_ORDER, 0, "", ERR_NONE, NEVER},
		{"an expiry that passed is about the clock", CALL_ORDER, 401, "Request Expired",
			ERR_CLOCK, LATER},
		{"any other 401 is the key", CALL_ORDER, 401, "Insufficient privilege", ERR_AUTH,
			NEVER},
		{"an address that is not bound", CALL_READ, 401, "Request IP mismatch", ERR_AUTH,
			NEVER},
		{"a signature", CALL_READ, 10500, "API Signature verification failed", ERR_AUTH,
			NEVER},
		{"a banned account", CALL_ORDER, 11022, "TE_REJECT_DUE_TO_BANNED", ERR_AUTH, NEVER},
		{"the limit of the account", CALL_ORDER, 39995, "Too many requests.", ERR_RATE,
			THROTTLED},
		{"not enough balance", CALL_ORDER, 11001, "TE_NO_ENOUGH_AVAILABLE_BALANCE",
			ERR_MARGIN, NEVER},
		{"nor for the loss of the order", CALL_ORDER, 11082, "TE_CANNOT_COVER", ERR_MARGIN,
			NEVER},
		{"too many stops is no throttling", CALL_ORDER, 11031, "TE_SO_NUM_EXCEEDS",
			ERR_FILTER, NEVER},
		{"too many orders is no throttling", CALL_ORDER, 11032, "TE_AO_NUM_EXCEEDS",
			ERR_FILTER, NEVER},
		{"a stop that would fire at once", CALL_ORDER, 11043, "TE_RISING_TRIGGER_DIRECTLY",
			ERR_FILTER, NEVER},
		{"reduce-only without a position", CALL_ORDER, 11057,
			"TE_QTY_NOT_MATCH_REDUCE_ONLY", ERR_FLAT, NEVER},
		{"reduce-only that the engine refuses", CALL_ORDER, 11011, "TE_REDUCE_ONLY_ABORT",
			ERR_FILTER, NEVER},
		{"a repeated client id", CALL_ORDER, 11085, "TE_CL_ORD_ID_DUPLICATE", ERR_DUPLICATE,
			NEVER},
		{"an order that is not known", CALL_ORDER, 10002, "OM_ORDER_NOT_FOUND",
			ERR_NO_ORDER, NEVER},
		{"an order that is cancelled already", CALL_ORDER, 11062, "TE_ORD_ALREADY_CANCELED",
			ERR_NO_ORDER, NEVER},
		{"a cancel that is on its way is looked up", CALL_ORDER, 10003,
			"OM_ORDER_PENDING_CANCEL", ERR_NETWORK, ASK},
		{"a stop that fired meanwhile is looked up", CALL_ORDER, 11015,
			"TE_CONDITIONAL_TRIGGERED", ERR_NETWORK, ASK},
		{"an engine that is not reached is looked up", CALL_ORDER, 11107,
			"TE_CANNOT_CONNECT", ERR_NETWORK, ASK},
		{"the same on a read is asked again", CALL_READ, 11107, "TE_CANNOT_CONNECT",
			ERR_NETWORK, LATER},
		{"an amend that changes nothing says so", CALL_ORDER, 11065,
			"TE_ORD_REPLACE_NOT_MODIFIED", ERR_NO_CHANGE, NEVER},
		{"and is success for a setting", CALL_SETTING, 11065, "NOT_MODIFIED", ERR_NONE,
			NEVER},
		{"the wrong position mode is our bug", CALL_ORDER, 20004,
			"TE_ERR_INCONSISTENT_POS_MODE", ERR_BUG, NEVER},
		{"for a setting too", CALL_SETTING, 20004, "TE_ERR_INCONSISTENT_POS_MODE", ERR_BUG,
			NEVER},
		{"bad arguments are our bug", CALL_ORDER, 30000, "Please double check input",
			ERR_BUG, NEVER},
		{"in liquidation: later", CALL_ORDER, 11023, "IN_PROCESS_OF_LIQ", ERR_NETWORK,
			LATER},
		{"no mark price yet: later", CALL_ORDER, 11040, "TE_NO_MARK_PRICE", ERR_NETWORK,
			LATER},
		{"a code that nobody knows may have happened", CALL_ORDER, 987654, "new",
			ERR_PROTOCOL, ASK},
		{"a code that nobody knows, on a read", CALL_READ, 987654, "new", ERR_PROTOCOL,
			LATER},
	};
	return cr_make_param_array(struct code_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct code_row *row, phemex_error, classifies_codes)
{
	expect_code(row, phemex_error_code);
}

ParameterizedTestParameters(phemex_error, classifies_http)
{
	static struct http_row rows[] = {
		{"200 is for the body to say", CALL_ORDER, 200, "{}", 0, ERR_NONE, NEVER, 0,
			LIMITED_NOBODY},
		{"a 5xx on an order may have happened", CALL_ORDER, 500, "{\"code\":11001}", 0,
			ERR_NETWORK, ASK, 0, LIMITED_NOBODY},
		{"a 5xx on a read is asked again", CALL_READ, 503, "", 0, ERR_NETWORK, LATER, 0,
			LIMITED_NOBODY},
		{"401 with an expiry is the clock", CALL_ORDER, 401,
			"{\"code\":401,\"msg\":\"401 Request Expired\"}", 0, ERR_CLOCK, LATER, 0,
			LIMITED_NOBODY},
		{"401 otherwise is the key", CALL_READ, 401, "{\"code\":401,\"msg\":\"x\"}", 0,
			ERR_AUTH, NEVER, 0, LIMITED_NOBODY},
		{"403 of the venue is the key", CALL_READ, 403, " {\"code\":403}", 0, ERR_AUTH,
			NEVER, 0, LIMITED_NOBODY},
		{"403 of the edge blocks the address", CALL_ORDER, 403, "<html>blocked", 0,
			ERR_RATE, THROTTLED, 300000, LIMITED_ADDRESS},
		{"429 with a time is the group's limit", CALL_ORDER, 429, "{}", 7000, ERR_RATE,
			THROTTLED, 7000, LIMITED_ACCOUNT},
		{"429 without one is the address's", CALL_READ, 429, "", 0, ERR_RATE, THROTTLED,
			300000, LIMITED_ADDRESS},
		{"404 is our bug", CALL_READ, 404, "", 0, ERR_BUG, NEVER, 0, LIMITED_NOBODY},
	};
	return cr_make_param_array(struct http_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct http_row *row, phemex_error, classifies_http)
{
	expect_http(row, phemex_error_http);
}
