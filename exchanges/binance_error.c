#include "exchanges/binance_error.h"

#include <string.h>

/* Sources: the venue's pages by name; else where it was seen live. */
#define PAGE "binance usds-margined-futures error-code"
#define INFO "binance usds-margined-futures general-info"

/*
 * The first row that fits wins: rows with words stand before the general one of their code. What
 * a stop or cancel met on its way (-4117, -2011) is NO_ORDER: the order is looked up.
 */
static const struct refusal_row rows[] = {
	{-1000, REFUSAL_UNKNOWN, NULL, PAGE},
	{-1001, REFUSAL_RETRY, "unable to process", INFO ": failed for sure"},
	{-1001, REFUSAL_UNKNOWN, NULL, PAGE},
	{-1002, REFUSAL_AUTH, NULL, PAGE},
	{-1003, REFUSAL_RATE_ADDRESS, NULL, PAGE},
	{-1006, REFUSAL_UNKNOWN, NULL, PAGE},
	{-1007, REFUSAL_UNKNOWN, NULL, PAGE},
	{-1008, REFUSAL_RETRY, NULL, PAGE ", " INFO},
	{-1013, REFUSAL_BUG, NULL, PAGE},
	{-1014, REFUSAL_BUG, NULL, PAGE},
	{-1015, REFUSAL_RATE, NULL, PAGE},
	{-1016, REFUSAL_MAINTENANCE, NULL, PAGE},
	{-1021, REFUSAL_CLOCK, NULL, PAGE},
	{-1022, REFUSAL_AUTH, NULL, PAGE},
	{-1099, REFUSAL_AUTH, NULL, PAGE},
	{-1100, REFUSAL_BUG, NULL, PAGE},
	{-1101, REFUSAL_BUG, NULL, PAGE},
	{-1102, REFUSAL_BUG, NULL, PAGE},
	{-1103, REFUSAL_BUG, NULL, PAGE},
	{-1104, REFUSAL_BUG, NULL, PAGE},
	{-1105, REFUSAL_BUG, NULL, PAGE},
	{-1106, REFUSAL_BUG, NULL, PAGE ", nautilus 4231: reduceOnly in hedge mode"},
	{-1109, REFUSAL_AUTH, NULL, PAGE},
	{-1111, REFUSAL_FILTER, NULL, PAGE},
	{-1115, REFUSAL_BUG, NULL, PAGE},
	{-1116, REFUSAL_BUG, NULL, PAGE},
	{-1117, REFUSAL_BUG, NULL, PAGE},
	{-1118, REFUSAL_BUG, NULL, PAGE},
	{-1119, REFUSAL_BUG, NULL, PAGE},
	{-1120, REFUSAL_BUG, NULL, PAGE},
	{BINANCE_BAD_SYMBOL, REFUSAL_BUG, NULL, PAGE},
	{-1128, REFUSAL_BUG, NULL, PAGE},
	{-1130, REFUSAL_BUG, NULL, PAGE},
	{-2010, REFUSAL_FILTER, NULL, PAGE},
	{-2011, REFUSAL_NO_ORDER, NULL, PAGE},
	{-2013, REFUSAL_NO_ORDER, NULL, PAGE},
	{-2014, REFUSAL_AUTH, NULL, PAGE},
	{-2015, REFUSAL_AUTH, NULL, PAGE},
	{-2017, REFUSAL_AUTH, NULL, PAGE},
	{-2018, REFUSAL_MARGIN, NULL, PAGE},
	{-2019, REFUSAL_MARGIN, NULL, PAGE},
	{-2020, REFUSAL_FILTER, NULL, PAGE},
	{-2021, REFUSAL_FILTER, NULL, PAGE},
	{-2022, REFUSAL_FLAT, NULL, PAGE ", ccxt 8304, 9001"},
	{-2023, REFUSAL_FILTER, NULL, PAGE},
	{-2024, REFUSAL_FILTER, NULL, PAGE},
	{-2025, REFUSAL_FILTER, NULL, PAGE},
	{-2027, REFUSAL_FILTER, NULL, PAGE},
	{-2028, REFUSAL_MARGIN, NULL, PAGE},
	{-4001, REFUSAL_FILTER, NULL, PAGE},
	{-4002, REFUSAL_FILTER, NULL, PAGE},
	{-4003, REFUSAL_FILTER, NULL, PAGE},
	{-4004, REFUSAL_FILTER, NULL, PAGE},
	{-4005, REFUSAL_FILTER, NULL, PAGE},
	{-4006, REFUSAL_FILTER, NULL, PAGE},
	{-4007, REFUSAL_FILTER, NULL, PAGE},
	{-4013, REFUSAL_FILTER, NULL, PAGE},
	{-4014, REFUSAL_FILTER, NULL, PAGE},
	{-4015, REFUSAL_BUG, NULL, PAGE},
	{-4016, REFUSAL_FILTER, NULL, PAGE},
	{-4023, REFUSAL_FILTER, NULL, PAGE},
	{-4024, REFUSAL_FILTER, NULL, PAGE},
	{-4028, REFUSAL_FILTER, NULL, PAGE},
	{-4045, REFUSAL_FILTER, NULL, PAGE},
	{-4046, REFUSAL_NO_CHANGE, NULL, PAGE},
	{-4047, REFUSAL_FILTER, NULL, PAGE},
	{-4048, REFUSAL_FILTER, NULL, PAGE},
	{-4050, REFUSAL_MARGIN, NULL, PAGE},
	{-4051, REFUSAL_MARGIN, NULL, PAGE},
	{-4059, REFUSAL_NO_CHANGE, NULL, PAGE},
	{-4060, REFUSAL_BUG, NULL, PAGE},
	{-4061, REFUSAL_BUG, NULL, PAGE},
	{-4062, REFUSAL_BUG, NULL, PAGE},
	{BINANCE_MODE_STANDS, REFUSAL_BUG, NULL, PAGE ", binance-connector-python 538"},
	{-4068, REFUSAL_BUG, NULL, PAGE},
	{-4087, REFUSAL_AUTH, NULL, PAGE},
	{-4088, REFUSAL_AUTH, NULL, PAGE},
	{-4109, REFUSAL_AUTH, NULL, PAGE},
	{-4116, REFUSAL_DUPLICATE, NULL, PAGE},
	{-4117, REFUSAL_NO_ORDER, NULL, PAGE},
	{-4118, REFUSAL_FILTER, NULL, PAGE},
	{-4120, REFUSAL_BUG, NULL, "binance derivatives change log 2025-12-02, ccxt 27486"},
	{-4130, REFUSAL_FILTER, NULL, "a live client's note of 2026-08-10: certain"},
	{-4131, REFUSAL_FILTER, NULL, PAGE},
	{-4135, REFUSAL_FILTER, NULL, PAGE},
	{-4136, REFUSAL_FILTER, NULL, PAGE ", ccxt binance"},
	{-4137, REFUSAL_FILTER, NULL, PAGE},
	{-4138, REFUSAL_FILTER, NULL, PAGE},
	{-4140, REFUSAL_FILTER, NULL, PAGE},
	{-4141, REFUSAL_FILTER, NULL, PAGE},
	{-4142, REFUSAL_FILTER, NULL, PAGE},
	{-4161, REFUSAL_FILTER, NULL, PAGE},
	{-4164, REFUSAL_FILTER, NULL, PAGE},
	{-4167, REFUSAL_FILTER, NULL, PAGE},
	{-4168, REFUSAL_FILTER, NULL, PAGE ", nofx 47"},
	{-4171, REFUSAL_NO_CHANGE, NULL, PAGE},
	{-4183, REFUSAL_FILTER, NULL, PAGE},
	{-4184, REFUSAL_FILTER, NULL, PAGE},
	{-4192, REFUSAL_AUTH, NULL, PAGE},
	{-4202, REFUSAL_FILTER, NULL, PAGE},
	{-4203, REFUSAL_FILTER, NULL, PAGE},
	{-4204, REFUSAL_FILTER, NULL, PAGE},
	{-4205, REFUSAL_FILTER, NULL, PAGE},
	{-4206, REFUSAL_FILTER, NULL, PAGE},
	{-4207, REFUSAL_FILTER, NULL, PAGE},
	{-4208, REFUSAL_FILTER, NULL, PAGE},
	{-4209, REFUSAL_FILTER, NULL, PAGE},
	{-4210, REFUSAL_FILTER, NULL, PAGE},
	{-4211, REFUSAL_FILTER, NULL, PAGE},
	{-4400, REFUSAL_AUTH, NULL, PAGE},
	{-4401, REFUSAL_AUTH, NULL, PAGE},
	{-4402, REFUSAL_AUTH, NULL, PAGE},
	{-4531, REFUSAL_BUG, NULL, PAGE},
	{-5021, REFUSAL_FILTER, NULL, PAGE},
	{-5022, REFUSAL_FILTER, NULL, PAGE},
	{-5024, REFUSAL_FILTER, NULL, PAGE},
	{-5025, REFUSAL_FILTER, NULL, PAGE},
	{-5026, REFUSAL_FILTER, NULL, PAGE},
	{-5027, REFUSAL_NO_CHANGE, NULL, PAGE},
	{-5028, REFUSAL_CLOCK, NULL, PAGE},
};

/* Orders are counted in 10 s and in minutes, weights in minutes. */
static const struct refusal_table table = {
	.venue = "binance",
	.rate_wait_ms = 10 * 1000,
	.rows = rows,
	.count = sizeof rows / sizeof rows[0],
};

int binance_error_code(const struct call_status *status, int64_t code, const char *text,
	enum call_limited *ret_limited, struct err *err)
{
	return refusal_code(&table, status, code, text, ret_limited, err);
}

static int stop_address(const struct call_status *status, int64_t least_ms,
	enum call_limited *ret_limited, struct err *err)
{
	*ret_limited = LIMITED_ADDRESS;
	return refusal_throttled(
		status->retry_after_ms > 0 ? status->retry_after_ms : least_ms, err);
}

/*
 * The page knows three texts of a 503; only this one without a code is a failure for sure. A proxy
 * in front says nearly the same in HTML, and knows nothing of what happened behind it.
 */
static bool is_certain(const char *words)
{
	return words[strspn(words, " ")] != '<' && strstr(words, "Service Unavailable.") != NULL;
}

static int refuse_server(const struct call_status *status, const char *words, struct err *err)
{
	enum err_retry retry = is_certain(words) ? ERR_RETRY_LATER : refusal_unclear(status->kind);
	return err_set(err, ERR_NETWORK, retry, "binance HTTP %ld: %s", status->http_status, words);
}

/* A limit of one account's orders has the same status; only its code tells. */
static bool is_of_orders(const char *words)
{
	return strstr(words, "-1015") != NULL;
}

static int refuse_by_status(const struct call_status *status, const char *words,
	enum call_limited *ret_limited, struct err *err)
{
	bool has_code = words[strspn(words, " ")] == '{' && !is_certain(words);
	long http_status = status->http_status;
	switch (http_status) {
	case 418:
		(void)err_set(err, ERR_RATE, ERR_RETRY_THROTTLED, "binance HTTP 418: %s", words);
		return stop_address(status, BINANCE_BAN_MS, ret_limited, err);
	case 429:
		if (is_of_orders(words))
			return 0;
		(void)err_set(err, ERR_RATE, ERR_RETRY_THROTTLED, "binance HTTP 429: %s", words);
		return stop_address(status, 60 * 1000, ret_limited, err);
	case 451:
		return err_set(err, ERR_AUTH, ERR_RETRY_NEVER, "binance HTTP 451: %s", words);
	default:
		break;
	}
	if (has_code)
		return 0;
	switch (http_status) {
	case 401:
		return err_set(err, ERR_AUTH, ERR_RETRY_NEVER, "binance HTTP 401: %s", words);
	case 403:
		(void)err_set(err, ERR_RATE, ERR_RETRY_THROTTLED, "binance HTTP 403: %s", words);
		return stop_address(status, BINANCE_FIREWALL_MS, ret_limited, err);
	case 404:
		return err_set(err, ERR_BUG, ERR_RETRY_NEVER, "binance HTTP 404: no such route");
	default:
		return http_status == 408 || http_status >= 500 ? refuse_server(status, words, err)
								: 0;
	}
}

int binance_error_http(const struct call_status *status, const char *body, size_t size_bytes,
	enum call_limited *ret_limited, struct err *err)
{
	*ret_limited = LIMITED_NOBODY;
	char words[REFUSAL_WORDS_SIZE];
	(void)refusal_printable(body, size_bytes, words);
	return refuse_by_status(status, words, ret_limited, err);
}
