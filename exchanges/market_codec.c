#include "exchanges/market_codec.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (1024 * 1024)
#define CANDLES_MAX 1000
#define WORD_SIZE 64

#define TICKER_FORM "ticker1"
#define RULES_FORM "rules1"
#define CANDLES_FORM "candles1"

/* ---- writing ---------------------------------------------------------------------------- */

static void put_decimal(struct buffer *out, struct decimal value)
{
	buffer_format(out, " %s", DECIMAL_TEXT(value));
}

static void put_int(struct buffer *out, int64_t value)
{
	buffer_format(out, " %lld", (long long)value);
}

static char *taken(struct buffer *out)
{
	assert(!buffer_failed(out));
	char *text = mem_text(out->data);
	buffer_done(out);
	return text;
}

char *market_codec_write_ticker(const struct ticker *ticker)
{
	struct buffer out;
	buffer_init(&out, TEXT_MAX);
	buffer_text(&out, TICKER_FORM);
	put_decimal(&out, ticker->bid);
	put_decimal(&out, ticker->ask);
	put_decimal(&out, ticker->last);
	put_decimal(&out, ticker->mark);
	put_decimal(&out, ticker->funding_rate);
	put_int(&out, ticker->next_funding_ms);
	put_int(&out, ticker->market_ms);
	return taken(&out);
}

static void put_tier(struct buffer *out, const struct risk_tier *tier)
{
	put_decimal(out, tier->limit);
	put_decimal(out, tier->maintenance_rate);
	put_decimal(out, tier->initial_rate);
	put_decimal(out, tier->deduction);
	put_decimal(out, tier->max_leverage);
}

char *market_codec_write_rules(const struct rules *rules)
{
	struct buffer out;
	buffer_init(&out, TEXT_MAX);
	buffer_format(&out, RULES_FORM " %s", rules->symbol);
	put_int(&out, rules->trading);
	put_decimal(&out, rules->tick_size);
	put_decimal(&out, rules->lot_size);
	put_decimal(&out, rules->min_quantity);
	put_decimal(&out, rules->max_quantity);
	put_decimal(&out, rules->max_market_quantity);
	put_decimal(&out, rules->min_notional);
	put_decimal(&out, rules->max_leverage);
	put_int(&out, rules->funding_interval_ms);
	put_int(&out, (int64_t)rules->tier_count);
	for (size_t i = 0; i < rules->tier_count; i++)
		put_tier(&out, &rules->tiers[i]);
	return taken(&out);
}

char *market_codec_write_candles(const struct candle_list *list)
{
	struct buffer out;
	buffer_init(&out, TEXT_MAX);
	buffer_text(&out, CANDLES_FORM);
	put_int(&out, (int64_t)list->count);
	for (size_t i = 0; i < list->count; i++) {
		const struct candle *candle = &list->items[i];
		put_int(&out, candle->open_ms);
		put_decimal(&out, candle->open);
		put_decimal(&out, candle->high);
		put_decimal(&out, candle->low);
		put_decimal(&out, candle->close);
		put_decimal(&out, candle->volume);
		put_int(&out, candle->closed);
	}
	return taken(&out);
}

/* ---- reading ---------------------------------------------------------------------------- */

static int malformed(struct err *err)
{
	return err_set(err, ERR_PROTOCOL, ERR_RETRY_LATER, "cached market data is malformed");
}

/* The next word; *text then stands behind it. */
static int take_word(const char **text, char word[WORD_SIZE], struct err *err)
{
	const char *start = *text + strspn(*text, " ");
	size_t length = strcspn(start, " ");
	if (length == 0 || length >= WORD_SIZE)
		return malformed(err);
	memcpy(word, start, length);
	word[length] = '\0';
	*text = start + length;
	return 0;
}

static int take_form(const char **text, const char *form, struct err *err)
{
	char word[WORD_SIZE];
	if (take_word(text, word, err) == -1)
		return -1;
	return strcmp(word, form) == 0 ? 0 : malformed(err);
}

static int take_decimal(const char **text, struct decimal *ret, struct err *err)
{
	char word[WORD_SIZE];
	if (take_word(text, word, err) == -1)
		return -1;
	return decimal_parse(word, ret, err) == 0 ? 0 : malformed(err);
}

static int take_int(const char **text, int64_t *ret, struct err *err)
{
	char word[WORD_SIZE], *end;
	if (take_word(text, word, err) == -1)
		return -1;
	errno = 0;
	long long value = strtoll(word, &end, 10);
	if (errno != 0 || end == word || *end != '\0')
		return malformed(err);
	*ret = value;
	return 0;
}

static int take_count(const char **text, size_t most, size_t *ret, struct err *err)
{
	int64_t value;
	if (take_int(text, &value, err) == -1)
		return -1;
	if (value < 0 || (uint64_t)value > most)
		return malformed(err);
	*ret = (size_t)value;
	return 0;
}

static int take_flag(const char **text, bool *ret, struct err *err)
{
	size_t value;
	if (take_count(text, 1, &value, err) == -1)
		return -1;
	*ret = value == 1;
	return 0;
}

static int take_end(const char *text, struct err *err)
{
	return text[strspn(text, " ")] == '\0' ? 0 : malformed(err);
}

int market_codec_read_ticker(const char *text, struct ticker *ret, struct err *err)
{
	struct ticker ticker;
	if (take_form(&text, TICKER_FORM, err) == -1 ||
		take_decimal(&text, &ticker.bid, err) == -1 ||
		take_decimal(&text, &ticker.ask, err) == -1 ||
		take_decimal(&text, &ticker.last, err) == -1 ||
		take_decimal(&text, &ticker.mark, err) == -1 ||
		take_decimal(&text, &ticker.funding_rate, err) == -1 ||
		take_int(&text, &ticker.next_funding_ms, err) == -1 ||
		take_int(&text, &ticker.market_ms, err) == -1 || take_end(text, err) == -1)
		return -1;
	*ret = ticker;
	return 0;
}

static int take_tier(const char **text, struct risk_tier *ret, struct err *err)
{
	if (take_decimal(text, &ret->limit, err) == -1 ||
		take_decimal(text, &ret->maintenance_rate, err) == -1 ||
		take_decimal(text, &ret->initial_rate, err) == -1 ||
		take_decimal(text, &ret->deduction, err) == -1 ||
		take_decimal(text, &ret->max_leverage, err) == -1)
		return -1;
	return 0;
}

static int take_symbol(const char **text, char ret_symbol[SYMBOL_SIZE], struct err *err)
{
	char word[WORD_SIZE];
	if (take_word(text, word, err) == -1)
		return -1;
	if (strlen(word) >= SYMBOL_SIZE)
		return malformed(err);
	memcpy(ret_symbol, word, strlen(word) + 1);
	return 0;
}

int market_codec_read_rules(const char *text, struct rules *ret, struct err *err)
{
	struct rules rules = {.tier_count = 0};
	if (take_form(&text, RULES_FORM, err) == -1 ||
		take_symbol(&text, rules.symbol, err) == -1 ||
		take_flag(&text, &rules.trading, err) == -1 ||
		take_decimal(&text, &rules.tick_size, err) == -1 ||
		take_decimal(&text, &rules.lot_size, err) == -1 ||
		take_decimal(&text, &rules.min_quantity, err) == -1 ||
		take_decimal(&text, &rules.max_quantity, err) == -1 ||
		take_decimal(&text, &rules.max_market_quantity, err) == -1 ||
		take_decimal(&text, &rules.min_notional, err) == -1 ||
		take_decimal(&text, &rules.max_leverage, err) == -1 ||
		take_int(&text, &rules.funding_interval_ms, err) == -1 ||
		take_count(&text, RISK_TIERS_MAX, &rules.tier_count, err) == -1)
		return -1;
	for (size_t i = 0; i < rules.tier_count; i++)
		if (take_tier(&text, &rules.tiers[i], err) == -1)
			return -1;
	if (take_end(text, err) == -1)
		return -1;
	*ret = rules;
	return 0;
}

static int take_candle(const char **text, struct candle *ret, struct err *err)
{
	if (take_int(text, &ret->open_ms, err) == -1 || take_decimal(text, &ret->open, err) == -1 ||
		take_decimal(text, &ret->high, err) == -1 ||
		take_decimal(text, &ret->low, err) == -1 ||
		take_decimal(text, &ret->close, err) == -1 ||
		take_decimal(text, &ret->volume, err) == -1 ||
		take_flag(text, &ret->closed, err) == -1)
		return -1;
	return 0;
}

static void items_free(struct candle **items)
{
	free(*items);
	*items = NULL;
}

int market_codec_read_candles(
	const char *text, struct candle **ret_items, size_t *ret_count, struct err *err)
{
	size_t count;
	if (take_form(&text, CANDLES_FORM, err) == -1 ||
		take_count(&text, CANDLES_MAX, &count, err) == -1)
		return -1;
	CLEANUP(items_free) struct candle *items = mem_zero(count > 0 ? count : 1, sizeof *items);
	for (size_t i = 0; i < count; i++)
		if (take_candle(&text, &items[i], err) == -1)
			return -1;
	if (take_end(text, err) == -1)
		return -1;
	*ret_items = TAKE(items);
	*ret_count = count;
	return 0;
}
