#include "exchanges/bybit_error.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Sources: the venue's error page, its guide, its pages by name; else where it was seen live. */
#define PAGE "bybit docs v5/error"
#define TPSL "bybit docs v5/position/trading-stop"

/* The first row that fits wins: rows with words stand before the general one of their code. */
static const struct refusal_row rows[] = {
	{-1, REFUSAL_CLOCK, "expired", PAGE},
	{429, REFUSAL_RETRY, NULL, PAGE},
	{5004, REFUSAL_UNKNOWN, NULL, PAGE},
	{10000, REFUSAL_UNKNOWN, NULL, PAGE},
	{10001, REFUSAL_BUG, "position idx", "ccxt 16102, 16952, 17105; nautilus 3944"},
	{10001, REFUSAL_FILTER, "zero position", TPSL ", live"},
	{10001, REFUSAL_FILTER, "qty", PAGE ", live"},
	{10001, REFUSAL_FILTER, "quantity", PAGE ", live"},
	{10001, REFUSAL_FILTER, "price", PAGE ", live"},
	{10001, REFUSAL_BUG, NULL, PAGE},
	{10002, REFUSAL_CLOCK, NULL, PAGE},
	{10003, REFUSAL_AUTH, NULL, PAGE},
	{10004, REFUSAL_AUTH, NULL, PAGE},
	{10005, REFUSAL_AUTH, NULL, PAGE},
	{10006, REFUSAL_RATE, NULL, PAGE},
	{10007, REFUSAL_AUTH, NULL, PAGE},
	{10008, REFUSAL_AUTH, NULL, PAGE},
	{10009, REFUSAL_AUTH, NULL, PAGE},
	{10010, REFUSAL_AUTH, NULL, PAGE},
	{10014, REFUSAL_DUPLICATE, NULL, PAGE},
	{10016, REFUSAL_UNKNOWN, NULL, PAGE},
	{10017, REFUSAL_BUG, NULL, PAGE},
	{10018, REFUSAL_RATE_ADDRESS, NULL, PAGE},
	{10024, REFUSAL_AUTH, NULL, PAGE},
	{10027, REFUSAL_AUTH, NULL, PAGE},
	{10028, REFUSAL_AUTH, NULL, PAGE},
	{10029, REFUSAL_AUTH, NULL, PAGE},
	{10429, REFUSAL_RETRY, NULL, PAGE},
	{30208, REFUSAL_FILTER, NULL, PAGE},
	{30209, REFUSAL_FILTER, NULL, PAGE},
	{33004, REFUSAL_AUTH, NULL, PAGE},
	{34040, REFUSAL_NO_CHANGE, NULL, TPSL},
	{100028, REFUSAL_BUG, NULL, "pybit 180"},
	{110001, REFUSAL_NO_ORDER, NULL, PAGE},
	{110003, REFUSAL_FILTER, NULL, PAGE},
	{110004, REFUSAL_MARGIN, NULL, PAGE},
	{110006, REFUSAL_MARGIN, NULL, PAGE},
	{110007, REFUSAL_MARGIN, NULL, PAGE},
	{110008, REFUSAL_NO_ORDER, NULL, PAGE},
	{110009, REFUSAL_FILTER, NULL, PAGE},
	{110010, REFUSAL_NO_ORDER, NULL, PAGE},
	{110012, REFUSAL_MARGIN, NULL, PAGE},
	{110013, REFUSAL_FILTER, NULL, PAGE},
	{110014, REFUSAL_MARGIN, NULL, PAGE},
	{110017, REFUSAL_FLAT, "position is zero", "live text; " PAGE},
	{110017, REFUSAL_FILTER, NULL, PAGE},
	{110020, REFUSAL_FILTER, NULL, PAGE},
	{110021, REFUSAL_FILTER, NULL, PAGE},
	{110022, REFUSAL_FILTER, NULL, PAGE},
	{110023, REFUSAL_FILTER, NULL, PAGE},
	{110024, REFUSAL_BUG, NULL, PAGE},
	{110025, REFUSAL_NO_CHANGE, NULL, PAGE ", ccxt 6919"},
	{110026, REFUSAL_NO_CHANGE, NULL, PAGE},
	{110027, REFUSAL_NO_CHANGE, NULL, PAGE},
	{110028, REFUSAL_BUG, NULL, PAGE},
	{110029, REFUSAL_BUG, NULL, PAGE},
	{110034, REFUSAL_FLAT, NULL, PAGE},
	{110040, REFUSAL_FILTER, NULL, PAGE},
	{110043, REFUSAL_NO_CHANGE, NULL, PAGE ", ccxt 19396"},
	{110044, REFUSAL_MARGIN, NULL, PAGE},
	{110045, REFUSAL_MARGIN, NULL, PAGE},
	{110051, REFUSAL_MARGIN, NULL, PAGE},
	{110052, REFUSAL_MARGIN, NULL, PAGE},
	{110053, REFUSAL_MARGIN, NULL, PAGE},
	{110057, REFUSAL_FILTER, NULL, PAGE},
	{110058, REFUSAL_FILTER, NULL, PAGE},
	{110059, REFUSAL_FILTER, NULL, PAGE},
	{110060, REFUSAL_FILTER, NULL, PAGE},
	{110061, REFUSAL_FILTER, NULL, PAGE},
	{110063, REFUSAL_MAINTENANCE, NULL, PAGE},
	{110064, REFUSAL_FILTER, NULL, PAGE},
	{110066, REFUSAL_AUTH, NULL, PAGE},
	{110072, REFUSAL_DUPLICATE, NULL, PAGE},
	{110073, REFUSAL_FILTER, NULL, PAGE},
	{110074, REFUSAL_MAINTENANCE, NULL, PAGE},
	{110076, REFUSAL_BUG, NULL, PAGE},
	{110079, REFUSAL_RETRY, NULL, PAGE},
	{110086, REFUSAL_FILTER, NULL, PAGE},
	{110089, REFUSAL_FILTER, NULL, PAGE},
	{110090, REFUSAL_FILTER, NULL, PAGE},
	{110092, REFUSAL_FILTER, NULL, PAGE},
	{110093, REFUSAL_FILTER, NULL, PAGE},
	{110094, REFUSAL_FILTER, NULL, PAGE},
	{110095, REFUSAL_MAINTENANCE, NULL, PAGE},
	{110103, REFUSAL_MAINTENANCE, NULL, PAGE},
	{110118, REFUSAL_FILTER, NULL, PAGE},
	{110120, REFUSAL_FILTER, NULL, PAGE},
	{110121, REFUSAL_FILTER, NULL, PAGE},
	{110123, REFUSAL_AUTH, NULL, PAGE},
	{110124, REFUSAL_AUTH, NULL, PAGE},
	{110125, REFUSAL_AUTH, NULL, PAGE},
	{110132, REFUSAL_AUTH, NULL, PAGE},
	{3400045, REFUSAL_FILTER, NULL, "bybit docs v5/account/set-margin-mode"},
};

static const struct refusal_table table = {
	.venue = "bybit",
	.rate_wait_ms = 1000, /* limits are per second */
	.rows = rows,
	.count = sizeof rows / sizeof rows[0],
};

int bybit_error_code(const struct call_status *status, int64_t code, const char *text,
	enum call_limited *ret_limited, struct err *err)
{
	return refusal_code(&table, status, code, text, ret_limited, err);
}

static int refuse_forbidden(const struct call_status *status, const char *words,
	enum call_limited *ret_limited, struct err *err)
{
	(void)err_set(err, ERR_AUTH, ERR_RETRY_NEVER, "bybit HTTP 403: %s", words);
	if (strcasestr(words, "country") != NULL || strcasestr(words, "region") != NULL)
		return -1;

	/* "access too frequent", and every other 403: a pause harms less than a paused bot. */
	*ret_limited = LIMITED_ADDRESS;
	int64_t wait_ms = status->retry_after_ms;
	return refusal_throttled(wait_ms > BYBIT_BAN_MS ? wait_ms : BYBIT_BAN_MS, err);
}

int bybit_error_http(const struct call_status *status, const char *body, size_t size_bytes,
	enum call_limited *ret_limited, struct err *err)
{
	*ret_limited = LIMITED_NOBODY;
	char words[REFUSAL_WORDS_SIZE];
	(void)refusal_printable(body, size_bytes, words);

	long http_status = status->http_status;
	if (http_status >= 500)
		return err_set(err, ERR_NETWORK, refusal_unclear(status->kind),
			"bybit HTTP %ld: %s", http_status, words);
	if (http_status == 401)
		return err_set(err, ERR_AUTH, ERR_RETRY_NEVER, "bybit HTTP 401: %s", words);
	if (http_status == 403)
		return refuse_forbidden(status, words, ret_limited, err);
	if (http_status == 404)
		return err_set(err, ERR_BUG, ERR_RETRY_NEVER, "bybit HTTP 404: no such route");
	if (http_status == 429) {
		*ret_limited = LIMITED_ADDRESS;
		(void)err_set(err, ERR_RATE, ERR_RETRY_THROTTLED, "bybit HTTP 429: %s", words);
		int64_t wait_ms = status->retry_after_ms;
		return refusal_throttled(wait_ms > 0 ? wait_ms : table.rate_wait_ms, err);
	}
	return 0;
}
