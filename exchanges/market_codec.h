/*
 * market_codec - market data as text for the shared cache.
 *
 * Lines of words: amounts as decimals with their own scale, times in ms. Not an interface: both
 * ends are this program; a text that does not parse (written by another version) is an error, and
 * its reader asks the venue. The first word names the form and its version.
 */
#ifndef EXCHANGES_MARKET_CODEC_H
#define EXCHANGES_MARKET_CODEC_H

#include "exchanges/exchange.h"

/* The caller frees. */
char *market_codec_write_ticker(const struct ticker *ticker);
char *market_codec_write_rules(const struct rules *rules);
char *market_codec_write_candles(const struct candle_list *list);

/* ERR_PROTOCOL where the text is malformed. */
MUST_CHECK int market_codec_read_ticker(const char *text, struct ticker *ret, struct err *err);
MUST_CHECK int market_codec_read_rules(const char *text, struct rules *ret, struct err *err);
/* At most 1000 candles; *ret_items is malloc'd, the caller frees. */
MUST_CHECK int market_codec_read_candles(
	const char *text, struct candle **ret_items, size_t *ret_count, struct err *err);

#endif
