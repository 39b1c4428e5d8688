#include "simulator/venue.h"

#include "core/base/clock.h"
#include "core/base/ident.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CLOSED_ORDERS_KEPT 1000000 /* per account: as good as all */

/* --- building ------------------------------------------------------------------------------- */

static void on_event(void *context, const struct broker_event *event)
{
	struct venue *venue = context;
	size_t account = (size_t)event->account;
	struct decimal mark = DECIMAL_ZERO;
	struct decimal leverage = DECIMAL_ZERO;
	struct broker_price price;

	if (event->symbol >= 0) {
		if (broker_last_price(venue->broker, event->symbol, &price))
			mark = price.mark;
		leverage = broker_symbol_state(venue->broker, event->account, event->symbol)
				   .buy_leverage;
	}
	ledger_append(venue->ledger, event, venue_uid(account), venue_market_ms(venue));
	records_event(&venue->records[account], event, mark, leverage);
}

static int load_accounts(
	struct venue *venue, const struct simulator_options *options, struct err *err)
{
	venue->accounts = accounts_new();
	for (size_t i = 0; i < options->account_count; i++)
		if (accounts_add(venue->accounts, &options->accounts[i], err) == -1)
			return err_while(err, "account %zu", i + 1);
	if (options->accounts_file != NULL && accounts_load(venue->accounts, options->accounts_file,
						      options->default_balance, err) == -1)
		return -1;
	if (accounts_count(venue->accounts) == 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"there is no account: give an accounts file with a KEY:SECRET[:BALANCE] a "
			"line");
	return 0;
}

static int check_instruments(const struct simulator_options *options, struct err *err)
{
	if (options->instrument_count < 1 || options->instrument_count > MARKET_SYMBOLS_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"expected 1 to %d symbols with candles, got %zu", MARKET_SYMBOLS_MAX,
			options->instrument_count);
	for (size_t i = 0; i < options->instrument_count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(options->instruments[i].rules.symbol,
				    options->instruments[k].rules.symbol) == 0)
				return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
					"candles: symbol %s is there twice",
					options->instruments[i].rules.symbol);
	return 0;
}

static int load_instruments(
	struct venue *venue, const struct simulator_options *options, struct err *err)
{
	if (check_instruments(options, err) == -1)
		return -1;
	venue->instruments = mem_zero(options->instrument_count, sizeof venue->instruments[0]);
	venue->instrument_count = options->instrument_count;
	for (size_t i = 0; i < options->instrument_count; i++) {
		venue->instruments[i] = options->instruments[i];
		if (candles_load(&venue->instruments[i].source,
			    venue->instruments[i].rules.tick_size, &venue->candles[i], err) == -1)
			return -1;
	}
	return 0;
}

static int make_market(
	struct venue *venue, const struct simulator_options *options, struct err *err)
{
	struct market_symbol symbols[MARKET_SYMBOLS_MAX];

	for (size_t i = 0; i < venue->instrument_count; i++) {
		const struct instrument *instrument = &venue->instruments[i];
		symbols[i] = (struct market_symbol){.symbol = instrument->rules.symbol,
			.candles = venue->candles[i],
			.tick_size = instrument->rules.tick_size,
			.funding_interval_ms = instrument->rules.funding_interval_ms,
			.funding_fixed = instrument->funding_fixed,
			.funding_rate = instrument->funding_rate};
	}
	return market_new(&(struct market_options){.symbols = symbols,
				  .count = venue->instrument_count,
				  .start_ms = options->start_ms,
				  .speed_milli = options->speed_milli,
				  .seed = options->seed,
				  .path = options->path,
				  .mark_is_last = options->mark_is_last},
		clock_mono_ms(venue->clock), &venue->market, err);
}

static int make_symbols(struct venue *venue, struct err *err)
{
	for (size_t i = 0; i < venue->instrument_count; i++) {
		const struct instrument *instrument = &venue->instruments[i];
		int symbol;
		if (broker_symbol_add(venue->broker, &instrument->rules, &instrument->fees, &symbol,
			    err) == -1)
			return err_while(err, "symbol %s", instrument->rules.symbol);
		assert((size_t)symbol == i);
	}
	return 0;
}

static int make_accounts(
	struct venue *venue, const struct simulator_options *options, struct err *err)
{
	for (size_t i = 0; i < accounts_count(venue->accounts); i++) {
		const struct accounts_entry *entry = accounts_get(venue->accounts, i);
		int account = broker_account_add(venue->broker, options->margin_mode);
		assert((size_t)account == i);
		if (decimal_is_zero(entry->balance))
			continue;
		if (broker_deposit(venue->broker, account, entry->balance, venue->server_ms, err) ==
			-1)
			return err_while(err, "account %s", entry->key);
	}
	return 0;
}

static int make_broker(
	struct venue *venue, const struct simulator_options *options, struct err *err)
{
	struct broker_settings settings = broker_settings_default();

	settings.seed = options->seed;
	/* A second start with the same seed must not give the ids of the first again. */
	settings.id_salt = (uint32_t)random_u64();
	settings.closed_max = CLOSED_ORDERS_KEPT;
	settings.ledger = on_event;
	settings.ledger_context = venue;
	venue->broker = broker_new(&settings);
	if (make_symbols(venue, err) == -1)
		return -1;
	return make_accounts(venue, options, err);
}

static int check_options(const struct simulator_options *options, struct err *err)
{
	if (options->speed_milli < 0 || options->speed_milli > INT64_C(1000000000))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the speed must be 0 to 1000000 market seconds per second");
	if (options->match_delay_min_ms < 0 || options->match_delay_max_ms > 60000 ||
		options->match_delay_min_ms > options->match_delay_max_ms)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the match delay must be 0 to 60000 ms, the least first");
	if (options->latency_ms < 0 || options->latency_ms > 60000)
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "the latency must be 0 to 60000 ms");
	if (options->ip_limit < 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the limit per address must be 0 (none) or more");
	return 0;
}

static void init_lock(struct venue *venue)
{
	pthread_condattr_t attributes;

	if (pthread_mutex_init(&venue->lock, NULL) != 0 ||
		pthread_condattr_init(&attributes) != 0 ||
		pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 ||
		pthread_cond_init(&venue->wake, &attributes) != 0)
		die("could not make a lock");
	(void)pthread_condattr_destroy(&attributes);
}

static bool loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]", 5) == 0 ||
	       strncmp(address, "localhost:", 10) == 0;
}

/* The first prices, so that no symbol is ever without one. */
static void first_prices(struct venue *venue);

int venue_new(const struct simulator_options *options, struct venue **ret, struct err *err)
{
	if (check_options(options, err) == -1)
		return -1;
	struct venue *venue = mem_zero(1, sizeof *venue);
	init_lock(venue);
	venue->clock = options->clock != NULL ? options->clock : clock_system();
	venue->server_ms = clock_utc_ms(venue->clock);
	venue->match_delay_min_ms = options->match_delay_min_ms;
	venue->match_delay_max_ms = options->match_delay_max_ms;
	venue->latency_ms = options->latency_ms;
	venue->account_limits = !options->no_account_limits;
	venue->admin = loopback(options->listen);
	venue->dice = options->seed;
	if (load_accounts(venue, options, err) == -1 ||
		load_instruments(venue, options, err) == -1 ||
		make_market(venue, options, err) == -1 ||
		ledger_new(options->ledger_file, &venue->ledger, err) == -1)
		goto fail;
	size_t accounts = accounts_count(venue->accounts);
	venue->records = mem_zero(accounts, sizeof venue->records[0]);
	venue->limits = limits_new(accounts, VENUE_ENDPOINTS_MAX, options->ip_limit);
	venue->faults = faults_new(options->seed);
	if (make_broker(venue, options, err) == -1)
		goto fail;
	first_prices(venue);
	*ret = venue;
	return 0;
fail:
	venue_free(&venue);
	return -1;
}

void venue_free(struct venue **venue)
{
	if (*venue == NULL)
		return;
	struct venue *gone = *venue;
	broker_free(&gone->broker);
	if (gone->records != NULL)
		for (size_t i = 0; i < accounts_count(gone->accounts); i++)
			records_done(&gone->records[i]);
	free(gone->records);
	ledger_free(&gone->ledger);
	limits_free(&gone->limits);
	faults_free(&gone->faults);
	market_free(&gone->market);
	for (size_t i = 0; i < MARKET_SYMBOLS_MAX; i++)
		candles_free(&gone->candles[i]);
	free(gone->instruments);
	accounts_free(&gone->accounts);
	(void)pthread_cond_destroy(&gone->wake);
	(void)pthread_mutex_destroy(&gone->lock);
	free(gone);
	*venue = NULL;
}

/* --- time ----------------------------------------------------------------------------------- */

int64_t venue_clock_ms(const struct venue *venue)
{
	return clock_utc_ms(venue->clock);
}

int64_t venue_market_ms(const struct venue *venue)
{
	return market_now_ms(venue->market, clock_mono_ms(venue->clock));
}

/* Nobody quotes here: a taker buys one tick above the last price and sells at it. */
static struct broker_price price_point(
	const struct venue *venue, size_t symbol, struct decimal last, struct decimal mark)
{
	const struct market_quote *quote = market_quote(venue->market, symbol);

	return (struct broker_price){.time_ms = venue->server_ms,
		.last = last,
		.mark = mark,
		.bid = last,
		.ask = decimal_add(last, venue->instruments[symbol].rules.tick_size),
		.period_ms = quote->minute_ms,
		.volume = quote->volume};
}

int venue_set_price(struct venue *venue, size_t symbol, struct decimal last, struct decimal mark,
	struct err *err)
{
	struct broker_price point = price_point(venue, symbol, last, mark);

	return broker_price(venue->broker, (int)symbol, &point, err);
}

/* A replayed price was checked when its file was loaded: the broker cannot refuse it. */
static void apply_quote(struct venue *venue, size_t symbol)
{
	const struct market_quote *quote = market_quote(venue->market, symbol);
	struct err err;

	if (venue_set_price(venue, symbol, quote->last, quote->mark, &err) == -1)
		die("the broker refused a replayed price: %s", err.message);
	if (quote->funding_now && broker_funding(venue->broker, (int)symbol, venue->server_ms,
					  quote->funding_rate, &err) == -1)
		die("the broker refused a funding payment: %s", err.message);
}

static void first_prices(struct venue *venue)
{
	for (size_t i = 0; i < venue->instrument_count; i++)
		apply_quote(venue, i);
}

void venue_advance(struct venue *venue)
{
	int64_t now_ms = clock_utc_ms(venue->clock);
	int64_t effect_ms;

	/* A wall clock that is set back must not take the orders with it. */
	venue->server_ms = now_ms > venue->server_ms ? now_ms : venue->server_ms;
	while (market_step(venue->market, clock_mono_ms(venue->clock)))
		for (size_t i = 0; i < venue->instrument_count; i++)
			apply_quote(venue, i);
	if (broker_due(venue->broker, &effect_ms) && effect_ms <= venue->server_ms)
		broker_step(venue->broker, venue->server_ms);
}

int64_t venue_idle_ms(const struct venue *venue, int64_t limit_ms)
{
	int64_t idle_ms = limit_ms;
	int64_t effect_ms;
	int64_t next_ms = market_next_mono_ms(venue->market);

	if (next_ms != INT64_MAX && next_ms - clock_mono_ms(venue->clock) < idle_ms)
		idle_ms = next_ms - clock_mono_ms(venue->clock);
	if (broker_due(venue->broker, &effect_ms) && effect_ms - venue->server_ms < idle_ms)
		idle_ms = effect_ms - venue->server_ms;
	return idle_ms < 1 ? 1 : idle_ms;
}

int64_t venue_effect_ms(struct venue *venue)
{
	uint64_t span = (uint64_t)(venue->match_delay_max_ms - venue->match_delay_min_ms) + 1;

	venue->dice = market_dice(venue->dice, 0, 0);
	(void)pthread_cond_signal(&venue->wake);
	return venue->server_ms + venue->match_delay_min_ms + (int64_t)(venue->dice % span);
}

/* --- names ---------------------------------------------------------------------------------- */

bool venue_symbol(const struct venue *venue, const char *name, size_t *ret)
{
	for (size_t i = 0; i < venue->instrument_count; i++) {
		if (strcmp(venue->instruments[i].rules.symbol, name) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

int64_t venue_uid(size_t account)
{
	return ACCOUNTS_UID_FIRST + (int64_t)account;
}
