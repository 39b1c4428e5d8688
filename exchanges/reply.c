#include "exchanges/reply.h"

#include "core/base/cleanup.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef reply_fault
int reply_fault(
	const struct field *field, const char *name, struct err *err, const char *format, ...)
{
	char problem[160];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(problem, sizeof problem, format, arguments);
	va_end(arguments);

	bool root = field->path[0] == '\0';
	const char *path = root && name == NULL ? "the document" : field->path;
	return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER, "%s%s%s: %s", path,
		root || name == NULL ? "" : ".", name != NULL ? name : "", problem);
}
#define reply_fault(...) (reply_fault(__VA_ARGS__), err_failed())

int reply_unclear(const struct field *field, const char *problem, const char *word, struct err *err)
{
	return reply_fault(field, NULL, err, "%s \"%.40s\"", problem, word);
}

int reply_unrecognized(const struct field *row, const char *name, const char *word, struct err *err)
{
	return reply_fault(row, name, err, "unrecognized \"%.40s\"", word);
}

int reply_server_time(const struct field *result, int64_t *ret_server_ms, struct err *err)
{
	int64_t server_ms;
	if (field_int(result, "serverTime", &server_ms, err) == -1)
		return -1;
	if (server_ms <= 0)
		return reply_fault(
			result, "serverTime", err, "%lld is no time", (long long)server_ms);
	*ret_server_ms = server_ms;
	return 0;
}

int reply_copy_text(
	const struct field *row, const char *name, char *ret, size_t size, struct err *err)
{
	const char *text;
	if (field_text(row, name, &text, err) == -1)
		return -1;
	if (strlen(text) >= size)
		return reply_fault(row, name, err, "longer than %zu characters", size - 1);
	(void)snprintf(ret, size, "%s", text);
	return 0;
}

int reply_optional_text(
	const struct field *row, const char *name, const char **ret, struct err *err)
{
	struct field field;
	if (field_get_optional(row, name, &field, err) == -1)
		return -1;
	if (field_present(&field))
		return field_as_text(&field, ret, err);
	*ret = "";
	return 0;
}

int reply_word(const struct field *row, const char *name, const struct reply_word *words,
	size_t count, int *ret, struct err *err)
{
	const char *word;
	if (field_text(row, name, &word, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, words[i].word) == 0) {
			*ret = words[i].value;
			return 0;
		}
	return reply_unrecognized(row, name, word, err);
}

int reply_decimal_or_zero(
	const struct field *row, const char *name, struct decimal *ret, struct err *err)
{
	bool present;
	struct decimal value;
	if (field_decimal_or_empty(row, name, &present, &value, err) == -1)
		return -1;
	*ret = present ? value : DECIMAL_ZERO;
	return 0;
}

int reply_amount_or_zero(
	const struct field *row, const char *name, struct decimal *ret, struct err *err)
{
	struct decimal value;
	if (reply_decimal_or_zero(row, name, &value, err) == -1)
		return -1;
	if (decimal_sign(value) < 0)
		return reply_fault(row, name, err, "%s is below 0", DECIMAL_TEXT(value));
	*ret = value;
	return 0;
}

int reply_optional_amount(
	const struct field *row, const char *name, struct decimal *ret, struct err *err)
{
	struct field field;
	if (field_get_optional(row, name, &field, err) == -1)
		return -1;
	if (field_present(&field))
		return reply_amount_or_zero(row, name, ret, err);
	*ret = DECIMAL_ZERO;
	return 0;
}

static int check_positive(
	const struct field *row, const char *name, struct decimal value, struct err *err)
{
	if (decimal_sign(value) > 0)
		return 0;
	return reply_fault(row, name, err, "%s is not above 0", DECIMAL_TEXT(value));
}

int reply_positive(const struct field *row, const char *name, struct decimal *ret, struct err *err)
{
	struct decimal value;
	if (field_decimal(row, name, &value, err) == -1 ||
		check_positive(row, name, value, err) == -1)
		return -1;
	*ret = value;
	return 0;
}

static bool has_fraction(const char *number)
{
	return strpbrk(number, ".eE") != NULL;
}

int reply_as_number(const struct field *value, struct decimal *ret, struct err *err)
{
	if (field_is_string(value))
		return field_as_decimal(value, ret, err);

	CLEANUP(text_free) char *text = field_present(value) ? field_dump(value) : mem_text("");
	bool is_number = strchr("-0123456789", text[0]) != NULL && text[0] != '\0';
	if (!is_number)
		return reply_fault(value, NULL, err, "expected a number");
	char digits[DECIMAL_TEXT_SIZE];
	(void)snprintf(digits, sizeof digits, "%s", text);
	if (has_fraction(text)) {
		/* Without an exponent, and with no more than the 15 digits that a double keeps. */
		double number = strtod(text, NULL);
		double size = number < 0 ? -number : number;
		int places = 14;
		for (double top = 10; top <= size && places > 0; top *= 10)
			places--;
		int length = size < 1e15 ? snprintf(digits, sizeof digits, "%.*f", places, number)
					 : -1;
		if (length < 0 || (size_t)length >= sizeof digits)
			return reply_fault(value, NULL, err, "%.40s is out of range", text);
	}
	struct decimal parsed;
	if (decimal_parse(digits, &parsed, err) == -1) {
		err->code = ERR_PROTOCOL;
		return err_while(err, "%s", value->path);
	}
	*ret = decimal_trim(parsed);
	return 0;
}

int reply_number(const struct field *row, const char *name, struct decimal *ret, struct err *err)
{
	struct field value;
	if (field_get(row, name, &value, err) == -1)
		return -1;
	return reply_as_number(&value, ret, err);
}

int reply_positive_number(
	const struct field *row, const char *name, struct decimal *ret, struct err *err)
{
	struct decimal value;
	if (reply_number(row, name, &value, err) == -1 ||
		check_positive(row, name, value, err) == -1)
		return -1;
	*ret = value;
	return 0;
}

static int price_item(
	const struct field *row, size_t index, bool numbers, struct decimal *ret, struct err *err)
{
	struct field item;
	if (field_item(row, index, &item, err) == -1 ||
		(numbers ? reply_as_number(&item, ret, err) : field_as_decimal(&item, ret, err)) ==
			-1)
		return -1;
	if (decimal_sign(*ret) < 0)
		return reply_fault(&item, NULL, err, "below 0");
	return 0;
}

int reply_candle(
	const struct field *row, size_t at, bool numbers, struct candle *ret, struct err *err)
{
	struct candle candle = *ret;
	if (price_item(row, at, numbers, &candle.open, err) == -1 ||
		price_item(row, at + 1, numbers, &candle.high, err) == -1 ||
		price_item(row, at + 2, numbers, &candle.low, err) == -1 ||
		price_item(row, at + 3, numbers, &candle.close, err) == -1 ||
		price_item(row, at + 4, numbers, &candle.volume, err) == -1)
		return -1;
	if (decimal_less(candle.high, candle.low))
		return reply_fault(row, NULL, err, "high below low");
	*ret = candle;
	return 0;
}

int reply_check_ascending(
	const struct field *list, const struct candle *candles, size_t count, struct err *err)
{
	for (size_t i = 1; i < count; i++)
		if (candles[i - 1].open_ms >= candles[i].open_ms)
			return reply_fault(
				list, NULL, err, "candles are not in the order of their time");
	return 0;
}

static int by_limit(const void *a, const void *b)
{
	const struct risk_tier *left = a, *right = b;
	return decimal_compare(left->limit, right->limit);
}

void reply_sort_tiers(struct rules *rules)
{
	qsort(rules->tiers, rules->tier_count, sizeof rules->tiers[0], by_limit);
}

int reply_count(const struct field *list, size_t limit, size_t *ret_count, struct err *err)
{
	size_t count;
	if (field_count(list, &count, err) == -1)
		return -1;
	if (count > limit)
		return reply_fault(list, NULL, err, "%zu rows, expected at most %zu", count, limit);
	*ret_count = count;
	return 0;
}

void *reply_appended(
	struct arena *arena, const void *items, size_t count, size_t more, size_t size_bytes)
{
	void *larger = arena_alloc(arena, count + more > 0 ? count + more : 1, size_bytes);
	if (count > 0)
		memcpy(larger, items, count * size_bytes);
	return larger;
}
