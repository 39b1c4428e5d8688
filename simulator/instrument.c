#include "simulator/instrument.h"

#include "broker/terms.h"
#include "core/base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS (INT64_C(86400) * 1000)
#define SHIFT_DAYS_MAX 40000
#define QUOTE "USDT"

void instrument_default(const char *symbol, struct instrument *ret)
{
	struct terms terms = terms_default(symbol);

	*ret = (struct instrument){.rules = terms.rules, .fees = terms.fees};
}

static int parse_size(const char *text, const char *name, struct decimal *ret, struct err *err)
{
	struct decimal value;

	if (decimal_parse(text, &value, err) == -1)
		return err_while(err, "candles: %s", name);
	if (decimal_sign(value) <= 0 || decimal_less(decimal_from_int(1000000), value))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"candles: %s must be above 0 and at most 1000000, got %s", name, text);
	*ret = value;
	return 0;
}

static int parse_funding(const char *text, struct instrument *instrument, struct err *err)
{
	struct decimal rate;

	if (decimal_parse(text, &rate, err) == -1)
		return err_while(err, "candles: funding");
	if (decimal_less(decimal_literal("0.1"), decimal_abs(rate)))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"candles: funding must be -0.1 to 0.1, got %s", text);
	instrument->funding_fixed = true;
	instrument->funding_rate = rate;
	return 0;
}

static int parse_volume(const char *text, struct instrument *instrument, struct err *err)
{
	if (strcmp(text, "quote") != 0 && strcmp(text, "base") != 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"candles: volume must be quote or base, got \"%.40s\"", text);
	instrument->source.volume_in_quote = strcmp(text, "quote") == 0;
	return 0;
}

static int parse_shift(const char *text, struct instrument *instrument, struct err *err)
{
	char *end = NULL;
	long days = strtol(text, &end, 10);

	if (end == text || *end != '\0' || days < -SHIFT_DAYS_MAX || days > SHIFT_DAYS_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"candles: shift must be a number of days, -%d to %d, got \"%.40s\"",
			SHIFT_DAYS_MAX, SHIFT_DAYS_MAX, text);
	instrument->source.shift_ms = days * DAY_MS;
	return 0;
}

static int parse_lot(const char *text, struct instrument *instrument, struct err *err)
{
	struct decimal lot_size;

	if (parse_size(text, "lot", &lot_size, err) == -1)
		return -1;
	terms_set_lot(&instrument->rules, lot_size);
	return 0;
}

static int parse_option(char *option, struct instrument *instrument, struct err *err)
{
	char *value = option;
	const char *name = strsep(&value, "=");

	if (value == NULL)
		value = option + strlen(option);
	if (strcmp(name, "volume") == 0)
		return parse_volume(value, instrument, err);
	if (strcmp(name, "shift") == 0)
		return parse_shift(value, instrument, err);
	if (strcmp(name, "tick") == 0)
		return parse_size(value, "tick", &instrument->rules.tick_size, err);
	if (strcmp(name, "lot") == 0)
		return parse_lot(value, instrument, err);
	if (strcmp(name, "funding") == 0)
		return parse_funding(value, instrument, err);
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
		"candles: unrecognized option \"%.40s\"; there are volume, shift, tick, lot and "
		"funding",
		name);
}

int instrument_parse(const char *text, struct instrument *ret, struct err *err)
{
	CLEANUP(text_free) char *copy = mem_text(text);
	struct instrument instrument;

	char *rest = copy;
	const char *symbol = strsep(&rest, "=");
	if (rest == NULL)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"candles: expected SYMBOL=FILE, got \"%.80s\"", text);
	if (!terms_symbol_valid(symbol))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"candles: symbol \"%.40s\" is not 2 to 31 of A-Z, 0-9 and -", symbol);
	instrument_default(symbol, &instrument);
	const char *file = strsep(&rest, ",");
	if (file[0] == '\0' || strlen(file) >= sizeof instrument.source.file)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"candles: no file, or a path too long, after \"%s=\"", symbol);
	(void)snprintf(instrument.source.file, sizeof instrument.source.file, "%s", file);
	while (rest != NULL)
		if (parse_option(strsep(&rest, ","), &instrument, err) == -1)
			return -1;
	*ret = instrument;
	return 0;
}

void instrument_base_coin(const char *symbol, char ret_coin[SYMBOL_SIZE])
{
	size_t length = strlen(symbol);
	size_t quote = strlen(QUOTE);

	if (length > quote && strcmp(symbol + length - quote, QUOTE) == 0)
		length -= quote;
	(void)snprintf(ret_coin, SYMBOL_SIZE, "%.*s", (int)length, symbol);
}
