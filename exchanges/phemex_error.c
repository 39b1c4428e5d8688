#include "exchanges/phemex_error.h"

#include <string.h>

/* Sources: the venue's pages by name; else where it was seen live. */
#define BIZ "phemex-docs _generic.md, BizError"
#define OLD "phemex-api-docs TradingErrorCode.md"
#define HTTP "phemex-docs _generic.md, HTTP return codes"

/*
 * The first row that fits wins: rows with words stand before the general one of their code.
 * "Pending" codes and lost routes are UNKNOWN: the order is looked up, never sent again.
 */
static const struct refusal_row rows[] = {
	{401, REFUSAL_CLOCK, "expired", "hummingbot phemex_perpetual"},
	{401, REFUSAL_AUTH, NULL, HTTP},
	{403, REFUSAL_AUTH, NULL, HTTP},
	{412, REFUSAL_BUG, NULL, OLD},
	{6001, REFUSAL_BUG, NULL, OLD},
	{10001, REFUSAL_DUPLICATE, NULL, BIZ},
	{PHEMEX_NO_ORDER, REFUSAL_NO_ORDER, NULL, BIZ},
	{10003, REFUSAL_UNKNOWN, NULL, BIZ},
	{10004, REFUSAL_UNKNOWN, NULL, BIZ},
	{10005, REFUSAL_UNKNOWN, NULL, BIZ},
	{10500, REFUSAL_CLOCK, "expired", "as 401: a refused expiry was not executed"},
	{10500, REFUSAL_AUTH, NULL, "ccxt phemex; phemex-api-docs 46"},
	{11001, REFUSAL_MARGIN, NULL, BIZ},
	{11003, REFUSAL_MARGIN, NULL, BIZ},
	{11004, REFUSAL_FILTER, NULL, BIZ},
	{11005, REFUSAL_MARGIN, NULL, BIZ},
	{11010, REFUSAL_MARGIN, NULL, BIZ},
	{11011, REFUSAL_FILTER, NULL, BIZ ", hummingbot 346"},
	{11012, REFUSAL_FILTER, NULL, BIZ},
	{11013, REFUSAL_FLAT, NULL, BIZ},
	{11014, REFUSAL_FILTER, NULL, BIZ},
	{11015, REFUSAL_UNKNOWN, NULL, BIZ},
	{11022, REFUSAL_AUTH, NULL, BIZ},
	{11023, REFUSAL_RETRY, NULL, BIZ},
	{11024, REFUSAL_RETRY, NULL, BIZ},
	{11025, REFUSAL_UNKNOWN, NULL, BIZ},
	{11027, REFUSAL_BUG, NULL, BIZ},
	{11031, REFUSAL_FILTER, NULL, BIZ ", ccxt 30506: no throttling"},
	{11032, REFUSAL_FILTER, NULL, BIZ ", ccxt 30506: no throttling"},
	{11033, REFUSAL_DUPLICATE, NULL, BIZ},
	{11034, REFUSAL_BUG, NULL, BIZ},
	{11035, REFUSAL_BUG, NULL, BIZ},
	{11036, REFUSAL_BUG, NULL, BIZ},
	{11037, REFUSAL_BUG, NULL, BIZ},
	{11038, REFUSAL_BUG, NULL, BIZ},
	{11039, REFUSAL_BUG, NULL, BIZ},
	{11040, REFUSAL_RETRY, NULL, BIZ},
	{11041, REFUSAL_RETRY, NULL, BIZ},
	{11042, REFUSAL_RETRY, NULL, BIZ},
	{11043, REFUSAL_FILTER, NULL, BIZ},
	{11044, REFUSAL_FILTER, NULL, BIZ},
	{11045, REFUSAL_FILTER, NULL, BIZ},
	{11046, REFUSAL_FILTER, NULL, BIZ ", ccxt 19940, 25186"},
	{11047, REFUSAL_FILTER, NULL, BIZ},
	{11048, REFUSAL_FILTER, NULL, BIZ},
	{11049, REFUSAL_FILTER, NULL, BIZ},
	{11050, REFUSAL_FILTER, NULL, BIZ},
	{11051, REFUSAL_FILTER, NULL, BIZ},
	{11052, REFUSAL_FILTER, NULL, BIZ},
	{11053, REFUSAL_FILTER, NULL, BIZ},
	{11054, REFUSAL_FILTER, NULL, BIZ},
	{11055, REFUSAL_FILTER, NULL, BIZ},
	{11056, REFUSAL_FILTER, NULL, BIZ},
	{11057, REFUSAL_FLAT, NULL, BIZ},
	{11058, REFUSAL_FILTER, NULL, BIZ},
	{11059, REFUSAL_FLAT, NULL, BIZ},
	{11060, REFUSAL_FILTER, NULL, BIZ},
	{11061, REFUSAL_UNKNOWN, NULL, BIZ},
	{11062, REFUSAL_NO_ORDER, NULL, BIZ},
	{11063, REFUSAL_NO_ORDER, NULL, BIZ},
	{11064, REFUSAL_UNKNOWN, NULL, BIZ},
	{11065, REFUSAL_NO_CHANGE, NULL, BIZ},
	{11066, REFUSAL_NO_ORDER, NULL, BIZ},
	{11067, REFUSAL_FILTER, NULL, BIZ},
	{11068, REFUSAL_FILTER, NULL, BIZ},
	{11070, REFUSAL_BUG, NULL, BIZ},
	{11071, REFUSAL_UNKNOWN, NULL, BIZ},
	{11074, REFUSAL_FILTER, NULL, BIZ},
	{11075, REFUSAL_FILTER, NULL, BIZ},
	{11076, REFUSAL_FILTER, NULL, BIZ},
	{11077, REFUSAL_FILTER, NULL, BIZ},
	{11078, REFUSAL_FILTER, NULL, BIZ},
	{11079, REFUSAL_FILTER, NULL, BIZ},
	{11080, REFUSAL_FILTER, NULL, BIZ},
	{11081, REFUSAL_FILTER, NULL, BIZ},
	{11082, REFUSAL_MARGIN, NULL, BIZ},
	{11083, REFUSAL_FILTER, NULL, BIZ},
	{11084, REFUSAL_FILTER, NULL, BIZ},
	{11085, REFUSAL_DUPLICATE, NULL, BIZ},
	{11086, REFUSAL_FILTER, NULL, BIZ},
	{11087, REFUSAL_FILTER, NULL, BIZ},
	{11088, REFUSAL_FILTER, NULL, BIZ},
	{11089, REFUSAL_FILTER, NULL, BIZ},
	{11090, REFUSAL_FILTER, NULL, BIZ},
	{11091, REFUSAL_FILTER, NULL, BIZ},
	{11092, REFUSAL_FILTER, NULL, BIZ},
	{11093, REFUSAL_FILTER, NULL, BIZ},
	{11094, REFUSAL_FILTER, NULL, BIZ},
	{11095, REFUSAL_FILTER, NULL, BIZ},
	{11096, REFUSAL_FILTER, NULL, BIZ},
	{11107, REFUSAL_UNKNOWN, NULL, BIZ},
	{11108, REFUSAL_NO_ORDER, NULL, BIZ},
	{11109, REFUSAL_NO_ORDER, NULL, BIZ},
	{11110, REFUSAL_NO_ORDER, NULL, BIZ},
	{11111, REFUSAL_BUG, NULL, BIZ},
	{11114, REFUSAL_FILTER, NULL, BIZ},
	{11115, REFUSAL_FILTER, NULL, BIZ},
	{11116, REFUSAL_FILTER, NULL, BIZ},
	{11117, REFUSAL_FILTER, NULL, BIZ},
	{11118, REFUSAL_FILTER, NULL, BIZ},
	{11119, REFUSAL_FILTER, NULL, BIZ},
	{11120, REFUSAL_FILTER, NULL, BIZ},
	{11121, REFUSAL_FILTER, NULL, BIZ},
	{11122, REFUSAL_FILTER, NULL, BIZ},
	{11123, REFUSAL_FILTER, NULL, BIZ},
	{11124, REFUSAL_FILTER, NULL, BIZ},
	{11125, REFUSAL_FILTER, NULL, BIZ},
	{11126, REFUSAL_FILTER, NULL, BIZ},
	{11128, REFUSAL_FILTER, NULL, BIZ},
	{11129, REFUSAL_FILTER, NULL, BIZ},
	{11130, REFUSAL_FILTER, NULL, BIZ},
	{11131, REFUSAL_FILTER, NULL, BIZ},
	{11132, REFUSAL_FILTER, NULL, BIZ},
	{11133, REFUSAL_FILTER, NULL, BIZ},
	{11134, REFUSAL_FILTER, NULL, BIZ},
	{11150, REFUSAL_FILTER, NULL, BIZ},
	{19999, REFUSAL_DUPLICATE, NULL, BIZ},
	{20004, REFUSAL_BUG, NULL, "ccxt 18624, 20243, 20620; hummingbot 345"},
	{30000, REFUSAL_BUG, NULL, OLD},
	{34003, REFUSAL_AUTH, NULL, OLD},
	{39995, REFUSAL_RATE, NULL, OLD},
	{39996, REFUSAL_AUTH, NULL, OLD},
	{39997, REFUSAL_BUG, NULL, OLD},
};

/* Limits are per minute: without a header's word, a sixth of one. */
static const struct refusal_table table = {
	.venue = "phemex",
	.rate_wait_ms = 10 * 1000,
	.rows = rows,
	.count = sizeof rows / sizeof rows[0],
};

int phemex_error_code(const struct call_status *status, int64_t code, const char *text,
	enum call_limited *ret_limited, struct err *err)
{
	return refusal_code(&table, status, code, text, ret_limited, err);
}

/*
 * The pages promise a time with every 429 of a group, so one without it is taken for the block of
 * the address, whose status is not documented (?): it lasts five minutes.
 */
static int refuse_too_many(
	const struct call_status *status, enum call_limited *ret_limited, struct err *err)
{
	bool told = status->retry_after_ms > 0;
	*ret_limited = told ? LIMITED_ACCOUNT : LIMITED_ADDRESS;
	return refusal_throttled(told ? status->retry_after_ms : PHEMEX_BAN_MS, err);
}

/* The venue itself answers in JSON; a page of the edge before it is no word about the key. */
static int refuse_forbidden(const char *words, enum call_limited *ret_limited, struct err *err)
{
	if (words[strspn(words, " ")] == '{')
		return -1;
	*ret_limited = LIMITED_ADDRESS;
	return refusal_throttled(PHEMEX_BAN_MS, err);
}

int phemex_error_http(const struct call_status *status, const char *body, size_t size_bytes,
	enum call_limited *ret_limited, struct err *err)
{
	*ret_limited = LIMITED_NOBODY;
	char words[REFUSAL_WORDS_SIZE];
	(void)refusal_printable(body, size_bytes, words);

	long http_status = status->http_status;
	if (http_status >= 500)
		return err_set(err, ERR_NETWORK, refusal_unclear(status->kind),
			"phemex HTTP %ld: %s", http_status, words);
	if (http_status == 401 && strcasestr(words, "expired") != NULL)
		return err_set(err, ERR_CLOCK, ERR_RETRY_LATER, "phemex HTTP 401: %s", words);
	if (http_status == 401)
		return err_set(err, ERR_AUTH, ERR_RETRY_NEVER, "phemex HTTP 401: %s", words);
	if (http_status == 403) {
		(void)err_set(err, ERR_AUTH, ERR_RETRY_NEVER, "phemex HTTP 403: %s", words);
		return refuse_forbidden(words, ret_limited, err);
	}
	if (http_status == 404)
		return err_set(err, ERR_BUG, ERR_RETRY_NEVER, "phemex HTTP 404: no such route");
	if (http_status == 429) {
		(void)err_set(err, ERR_RATE, ERR_RETRY_THROTTLED, "phemex HTTP 429: %s", words);
		return refuse_too_many(status, ret_limited, err);
	}
	return 0;
}
