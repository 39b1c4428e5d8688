#include "exchanges/market_cache.h"

#include "core/base/cleanup.h"
#include "core/base/ident.h"
#include "exchanges/handle.h"
#include "exchanges/market_codec.h"
#include "exchanges/single_flight.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS 86400000LL
#define RULES_PROCESS_MS 60000 /* how long a drop elsewhere stays unseen here */
#define TICKER_KEEP_MS 10000
#define OPEN_PART 60 /* of a candle's interval */
#define OPEN_LEAST_MS 1000
#define OPEN_MOST_MS 30000
#define LATE_MS 1000 /* until the venue shows a candle that should have begun */
#define FOREVER_MS (30 * DAY_MS)

#define SLOTS 64
#define BYTES_MAX (512 * 1024) /* of all slots: a runner stays small */
#define NAME_SIZE 96
#define SCOPE_SIZE 32
#define ARENA_CHUNK (64 * 1024)
#define ARENA_LIMIT (4 * 1024 * 1024)

struct slot {
	char name[NAME_SIZE]; /* "" if free */
	void *data;           /* owned; a struct ticker, a struct rules or candles */
	size_t size_bytes;
	int64_t read_mono_ms;  /* when the venue was asked, in this host's clock */
	int64_t until_mono_ms; /* when it must be asked for again in any case */
	uint64_t used;         /* the larger, the later */
};

struct market_cache {
	struct exchange *exchange;
	struct redis *redis;
	const struct clock *clock;
	char scope[SCOPE_SIZE];
	struct slot slots[SLOTS];
	size_t bytes;
	uint64_t uses;
};

struct market_cache *market_cache_new(struct exchange *exchange, struct redis *redis,
	const struct clock *clock, const char *base_url)
{
	struct market_cache *cache = mem_zero(1, sizeof *cache);
	cache->exchange = exchange;
	cache->redis = redis;
	cache->clock = clock;
	(void)snprintf(cache->scope, sizeof cache->scope, "{bb}:m:%016" PRIx64,
		hash_bytes(base_url, strlen(base_url)));
	return cache;
}

/* ---- in the process --------------------------------------------------------------------- */

static void empty(struct market_cache *cache, struct slot *slot)
{
	cache->bytes -= slot->size_bytes;
	free(slot->data);
	*slot = (struct slot){.data = NULL};
}

void market_cache_free(struct market_cache **cache)
{
	if (*cache == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		empty(*cache, &(*cache)->slots[i]);
	free(*cache);
	*cache = NULL;
}

static struct slot *find(struct market_cache *cache, const char *name)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (strcmp(cache->slots[i].name, name) == 0)
			return &cache->slots[i];
	return NULL;
}

/* The slot of name if what it holds is young enough. */
static struct slot *fresh(struct market_cache *cache, const char *name, int64_t max_age_ms)
{
	struct slot *slot = find(cache, name);
	int64_t now_ms = clock_mono_ms(cache->clock);
	if (slot == NULL || now_ms >= slot->until_mono_ms ||
		now_ms - slot->read_mono_ms > max_age_ms)
		return NULL;
	slot->used = ++cache->uses;
	return slot;
}

static struct slot *least_used(struct market_cache *cache)
{
	struct slot *least = NULL;
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *slot = &cache->slots[i];
		if (slot->data != NULL && (least == NULL || slot->used < least->used))
			least = slot;
	}
	return least;
}

static struct slot *free_slot(struct market_cache *cache)
{
	struct slot *slot = find(cache, "");
	if (slot != NULL)
		return slot;
	slot = least_used(cache);
	empty(cache, slot);
	return slot;
}

/* Takes data over. What was used least makes room. */
static struct slot *keep(struct market_cache *cache, const char *name, void *data,
	size_t size_bytes, const struct single_flight_text *read)
{
	struct slot *old = find(cache, name);
	if (old != NULL)
		empty(cache, old);
	while (cache->bytes > 0 && cache->bytes + size_bytes > BYTES_MAX)
		empty(cache, least_used(cache));

	struct slot *slot = free_slot(cache);
	int64_t now_ms = clock_mono_ms(cache->clock);
	(void)snprintf(slot->name, sizeof slot->name, "%s", name);
	slot->data = data;
	slot->size_bytes = size_bytes;
	slot->read_mono_ms = now_ms - read->age_ms;
	slot->until_mono_ms = now_ms + read->keep_ms;
	slot->used = ++cache->uses;
	cache->bytes += size_bytes;
	return slot;
}

static int64_t age_of(const struct market_cache *cache, const struct slot *slot)
{
	return clock_mono_ms(cache->clock) - slot->read_mono_ms;
}

/* ---- through Redis ---------------------------------------------------------------------- */

struct wanted { /* what a fetch reads */
	struct market_cache *cache;
	const char *symbol;
	int64_t interval_ms;
	size_t count;
};

static void text_done(struct single_flight_text *text)
{
	text_free(&text->text);
}

static struct single_flight flight_of(const struct wanted *wanted, const char *name,
	int64_t max_age_ms, single_flight_fetch *fetch)
{
	return (struct single_flight){
		.redis = wanted->cache->redis,
		.clock = wanted->cache->clock,
		.name = name,
		.max_age_ms = max_age_ms,
		.fetch = fetch,
		.context = (void *)(uintptr_t)wanted,
	};
}

/*
 * Reads the text and turns it into a slot by decode. A text that another version wrote is dropped
 * and read anew, once.
 */
static int read_slot(const struct wanted *wanted, const char *name, int64_t max_age_ms,
	single_flight_fetch *fetch,
	int (*decode)(const char *text, void **ret_data, size_t *ret_size_bytes, struct err *err),
	struct slot **ret, struct err *err)
{
	struct single_flight flight = flight_of(wanted, name, max_age_ms, fetch);
	for (int attempt = 0;; attempt++) {
		CLEANUP(text_done) struct single_flight_text read = {.text = NULL};
		void *data;
		size_t size_bytes;
		if (single_flight_read(&flight, &read, err) == -1)
			return -1;
		if (decode(read.text, &data, &size_bytes, err) == 0) {
			*ret = keep(wanted->cache, name, data, size_bytes, &read);
			return 0;
		}
		if (attempt > 0)
			return -1;
		single_flight_drop(wanted->cache->redis, name);
	}
}

/* ---- ticker ----------------------------------------------------------------------------- */

static int fetch_ticker(void *context, char **ret_text, int64_t *ret_keep_ms, struct err *err)
{
	const struct wanted *wanted = context;
	struct exchange *exchange = wanted->cache->exchange;
	struct ticker ticker;
	if (exchange->adapter->ticker(exchange, wanted->symbol, &ticker, err) == -1)
		return -1;
	*ret_text = market_codec_write_ticker(&ticker);
	*ret_keep_ms = TICKER_KEEP_MS;
	return 0;
}

static int decode_ticker(const char *text, void **ret_data, size_t *ret_size_bytes, struct err *err)
{
	struct ticker ticker;
	if (market_codec_read_ticker(text, &ticker, err) == -1)
		return -1;
	struct ticker *copy = mem_alloc(sizeof *copy);
	*copy = ticker;
	*ret_data = copy;
	*ret_size_bytes = sizeof *copy;
	return 0;
}

int market_cache_ticker(struct market_cache *cache, const char *symbol, int64_t max_age_ms,
	struct ticker *ret, int64_t *ret_age_ms, struct err *err)
{
	char name[NAME_SIZE];
	(void)snprintf(name, sizeof name, "%s:t:%.*s", cache->scope, SYMBOL_SIZE, symbol);
	struct slot *slot = fresh(cache, name, max_age_ms);
	const struct wanted wanted = {.cache = cache, .symbol = symbol};
	if (slot == NULL &&
		read_slot(&wanted, name, max_age_ms, fetch_ticker, decode_ticker, &slot, err) == -1)
		return err_while(err, "could not read the ticker of %s", symbol);
	*ret = *(const struct ticker *)slot->data;
	*ret_age_ms = age_of(cache, slot);
	return 0;
}

/* ---- rules ------------------------------------------------------------------------------ */

static int fetch_rules(void *context, char **ret_text, int64_t *ret_keep_ms, struct err *err)
{
	const struct wanted *wanted = context;
	struct exchange *exchange = wanted->cache->exchange;
	struct rules rules;
	if (exchange->adapter->rules(exchange, wanted->symbol, &rules, err) == -1)
		return -1;
	*ret_text = market_codec_write_rules(&rules);
	*ret_keep_ms = DAY_MS;
	return 0;
}

/* Most symbols have few of the tiers that there is room for: only these are kept. */
static size_t rules_size(const struct rules *rules)
{
	return offsetof(struct rules, tiers) + rules->tier_count * sizeof rules->tiers[0];
}

static int decode_rules(const char *text, void **ret_data, size_t *ret_size_bytes, struct err *err)
{
	struct rules rules;
	if (market_codec_read_rules(text, &rules, err) == -1)
		return -1;
	size_t size_bytes = rules_size(&rules);
	void *copy = mem_alloc(size_bytes);
	memcpy(copy, &rules, size_bytes);
	*ret_data = copy;
	*ret_size_bytes = size_bytes;
	return 0;
}

static void rules_name(const struct market_cache *cache, const char *symbol, char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "%s:r:%.*s", cache->scope, SYMBOL_SIZE, symbol);
}

int market_cache_rules(
	struct market_cache *cache, const char *symbol, struct rules *ret, struct err *err)
{
	char name[NAME_SIZE];
	rules_name(cache, symbol, name);
	struct slot *slot = fresh(cache, name, FOREVER_MS);
	const struct wanted wanted = {.cache = cache, .symbol = symbol};
	if (slot == NULL) {
		if (read_slot(&wanted, name, FOREVER_MS, fetch_rules, decode_rules, &slot, err) ==
			-1)
			return err_while(err, "could not read the rules of %s", symbol);
		int64_t until_ms = clock_mono_ms(cache->clock) + RULES_PROCESS_MS;
		if (slot->until_mono_ms > until_ms)
			slot->until_mono_ms = until_ms;
	}
	memset(ret, 0, sizeof *ret);
	memcpy(ret, slot->data, slot->size_bytes);
	return 0;
}

void market_cache_drop_rules(struct market_cache *cache, const char *symbol)
{
	char name[NAME_SIZE];
	rules_name(cache, symbol, name);
	struct slot *slot = find(cache, name);
	if (slot != NULL)
		empty(cache, slot);
	single_flight_drop(cache->redis, name);
}

/* ---- candles ---------------------------------------------------------------------------- */

/* Strategies ask for many counts: a few sizes serve all of them from one entry. */
static size_t round_count(size_t count)
{
	static const size_t sizes[] = {100, 200, 300, 500, 1000};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		if (count <= sizes[i])
			return sizes[i];
	return sizes[sizeof sizes / sizeof sizes[0] - 1];
}

/* Real time until the next candle begins; a simulated market may run faster than time. */
static int64_t until_next(
	const struct exchange *exchange, const struct candle_list *list, int64_t interval_ms)
{
	if (list->count == 0 || exchange->market.speed <= 0)
		return LATE_MS;
	const struct candle *last = &list->items[list->count - 1];
	if (last->closed && !exchange->adapter->closed_candles_only)
		return LATE_MS;

	/* After a closed one the next row comes when the one that forms unseen has closed too. */
	int64_t next_ms = last->open_ms + interval_ms * (last->closed ? 2 : 1);
	int64_t left_ms = (next_ms - exchange->market.now_ms) / exchange->market.speed;
	if (left_ms < 1)
		return last->closed ? LATE_MS : 1;
	return left_ms;
}

static int fetch_candles(void *context, char **ret_text, int64_t *ret_keep_ms, struct err *err)
{
	const struct wanted *wanted = context;
	struct exchange *exchange = wanted->cache->exchange;
	CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_CHUNK, ARENA_LIMIT);
	struct candle_list list;
	if (exchange->adapter->candles(exchange, arena, wanted->symbol, wanted->interval_ms,
		    wanted->count, &list, err) == -1)
		return -1;
	*ret_text = market_codec_write_candles(&list);
	*ret_keep_ms = until_next(exchange, &list, wanted->interval_ms);
	return 0;
}

static int decode_candles(
	const char *text, void **ret_data, size_t *ret_size_bytes, struct err *err)
{
	struct candle *items;
	size_t count;
	if (market_codec_read_candles(text, &items, &count, err) == -1)
		return -1;
	*ret_data = items;
	*ret_size_bytes = count * sizeof *items;
	return 0;
}

static int64_t open_age(int64_t interval_ms)
{
	int64_t age_ms = interval_ms / OPEN_PART;
	return age_ms < OPEN_LEAST_MS  ? OPEN_LEAST_MS
	       : age_ms > OPEN_MOST_MS ? OPEN_MOST_MS
				       : age_ms;
}

/* The newest count of what the slot holds, copied for the caller. */
static void copy_candles(const struct slot *slot, const struct market_cache_series *series,
	struct arena *arena, struct candle_list *ret)
{
	const struct candle *items = slot->data;
	size_t end = slot->size_bytes / sizeof *items;
	if (series->closed_only)
		while (end > 0 && !items[end - 1].closed)
			end--;
	size_t count = end < series->count ? end : series->count;
	struct candle *copy = ARENA_ARRAY(arena, struct candle, count > 0 ? count : 1);
	if (count > 0)
		memcpy(copy, items + end - count, count * sizeof *items);
	*ret = (struct candle_list){copy, count};
}

int market_cache_candles(struct market_cache *cache, const struct market_cache_series *series,
	struct arena *arena, struct candle_list *ret, int64_t *ret_age_ms, struct err *err)
{
	assert(series->count >= 1);

	/* One more, since the unfinished one takes a place. */
	size_t count = round_count(series->count + (series->closed_only ? 1 : 0));
	char name[NAME_SIZE];
	(void)snprintf(name, sizeof name, "%s:c:%.*s:%" PRId64 ":%zu", cache->scope, SYMBOL_SIZE,
		series->symbol, series->interval_ms, count);
	int64_t max_age_ms = series->closed_only ? FOREVER_MS : open_age(series->interval_ms);
	struct slot *slot = fresh(cache, name, max_age_ms);
	const struct wanted wanted = {cache, series->symbol, series->interval_ms, count};
	if (slot == NULL && read_slot(&wanted, name, max_age_ms, fetch_candles, decode_candles,
				    &slot, err) == -1)
		return err_while(err, "could not read candles of %s", series->symbol);
	copy_candles(slot, series, arena, ret);
	*ret_age_ms = age_of(cache, slot);
	return 0;
}
