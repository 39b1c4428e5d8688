#include "simulator/venue.h"

#include "core/base/clock.h"
#include "core/base/ident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSED_ORDERS_KEPT 1000000 /* per account: as good as all */
#define STATE_VERSION 1
#define IP_LIMIT_NORMAL 600 /* Bybit's; the other dialects' limits keep their proportion to it */

/* --- building ------------------------------------------------------------------------------- */

static void keep_id(struct venue *venue, const char *id)
{
	uint64_t number = broker_id_number(id);

	while (number >= venue->order_id_room) {
		venue->order_id_room = venue->order_id_room == 0 ? 1024 : venue->order_id_room * 2;
		venue->order_ids = mem_grow(
			venue->order_ids, venue->order_id_room, sizeof venue->order_ids[0]);
	}
	for (; venue->order_id_count <= number; venue->order_id_count++)
		venue->order_ids[venue->order_id_count][0] = '\0';
	(void)snprintf(venue->order_ids[number], sizeof venue->order_ids[number], "%s", id);
}

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
	if (event->kind == BROKER_EVENT_ACCEPTED)
		keep_id(venue, event->order->venue_order_id);
	ledger_append(venue->ledger, event, venue_uid(account), venue->market_ms);
	records_event(&venue->records[account], event, mark, leverage);
}

static int load_accounts(
	struct venue *venue, const struct simulator_options *options, struct err *err)
{
	venue->accounts = accounts_new();
	venue->given = accounts_new();
	for (size_t i = 0; i < options->account_count; i++)
		if (accounts_add(venue->given, &options->accounts[i], err) == -1)
			return err_while(err, "account %zu", i + 1);
	if (options->accounts_file != NULL && accounts_load(venue->given, options->accounts_file,
						      options->default_balance, err) == -1)
		return -1;
	if (accounts_count(venue->given) == 0)
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

static int make_market(struct venue *venue, const struct deed *open, struct err *err)
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
				  .start_ms = open->start_ms,
				  .speed_milli = 0, /* until its clock is set */
				  .seed = venue->seed,
				  .path = open->path,
				  .mark_is_last = open->mark_is_last},
		venue->mono_ms, &venue->market, err);
}

static void make_broker(struct venue *venue, uint32_t id_salt)
{
	struct broker_settings settings = broker_settings_default();

	settings.seed = venue->seed;
	settings.id_salt = id_salt;
	settings.symbols_max = (int)venue->instrument_count;
	settings.closed_max = CLOSED_ORDERS_KEPT;
	settings.ledger = on_event;
	settings.ledger_context = venue;
	venue->broker = broker_new(&settings);
}

/* A hash of every digit, so that a changed file is told and not replayed as another market. */
int64_t venue_fingerprint(const struct venue *venue, size_t symbol)
{
	const struct instrument *instrument = &venue->instruments[symbol];
	const struct candles *candles = venue->candles[symbol];
	uint64_t hash = hash_bytes(instrument->rules.symbol, strlen(instrument->rules.symbol));
	const struct decimal sizes[] = {instrument->rules.tick_size, instrument->rules.lot_size,
		instrument->funding_fixed ? instrument->funding_rate : decimal_from_int(1)};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		hash = market_dice(hash, (uint64_t)sizes[i].coefficient, (uint64_t)sizes[i].scale);
	for (size_t i = 0; i < candles->count; i++) {
		const struct candle *candle = &candles->items[i];
		hash = market_dice(
			hash, (uint64_t)candle->open_ms, (uint64_t)candle->open.coefficient);
		hash = market_dice(hash, (uint64_t)candle->high.coefficient,
			(uint64_t)candle->low.coefficient);
		hash = market_dice(hash, (uint64_t)candle->close.coefficient,
			(uint64_t)candle->volume.coefficient);
	}
	return (int64_t)hash;
}

int venue_admit(struct venue *venue, const char *key, struct err *err)
{
	size_t index;

	if (!accounts_find(venue->given, key, &index))
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"it has an account of key \"%s\", which is not among the accounts given",
			key);
	return accounts_add(venue->accounts, accounts_get(venue->given, index), err);
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

/* --- the first start, and the others -------------------------------------------------------- */

static int begin_symbols(struct venue *venue, struct err *err)
{
	for (size_t i = 0; i < venue->instrument_count; i++) {
		struct deed deed = {
			.kind = DEED_SYMBOL, .fingerprint = venue_fingerprint(venue, i)};
		(void)snprintf(
			deed.name, sizeof deed.name, "%s", venue->instruments[i].rules.symbol);
		if (desk_begin(venue, &deed, err) == -1)
			return err_while(err, "symbol %s", deed.name);
	}
	return 0;
}

/* Those that were given and are not there yet: all at the first start, new ones at others. */
static int begin_accounts(
	struct venue *venue, const struct simulator_options *options, struct err *err)
{
	for (size_t i = 0; i < accounts_count(venue->given); i++) {
		const struct accounts_entry *entry = accounts_get(venue->given, i);
		struct deed deed = {.kind = DEED_ACCOUNT,
			.amount = entry->balance,
			.margin_mode = options->margin_mode};
		size_t known;
		if (accounts_find(venue->accounts, entry->key, &known))
			continue;
		(void)snprintf(deed.name, sizeof deed.name, "%s", entry->key);
		if (desk_begin(venue, &deed, err) == -1)
			return err_while(err, "account %s", entry->key);
	}
	return 0;
}

static int begin(struct venue *venue, const struct simulator_options *options, struct err *err)
{
	struct deed open = {.kind = DEED_OPEN,
		.version = STATE_VERSION,
		.seed = (int64_t)options->seed,
		.start_ms = options->start_ms,
		.path = options->path,
		.mark_is_last = options->mark_is_last,
		/* A second start with the same seed must not give the ids of the first again. */
		.salt = (int64_t)(random_u64() & UINT32_MAX)};

	venue->seed = options->seed;
	if (make_market(venue, &open, err) == -1)
		return -1;
	open.start_ms = market_start_ms(venue->market);
	venue->market_ms = open.start_ms;
	make_broker(venue, (uint32_t)open.salt);
	struct deed clock = {.kind = DEED_CLOCK,
		.anchor_ms = open.start_ms,
		.speed_milli = options->speed_milli};
	struct deed prices = {.kind = DEED_STEP}; /* no symbol is ever without one */
	if (desk_begin(venue, &open, err) == -1 || begin_symbols(venue, err) == -1 ||
		desk_begin(venue, &prices, err) == -1)
		return -1;
	return desk_begin(venue, &clock, err);
}

/* The market's time went on while nobody was there; a wall clock set back does not take it back. */
static void catch_up(struct venue *venue, int64_t now_ms, int64_t now_mono_ms)
{
	int64_t present_ms = now_ms > venue->server_ms ? now_ms : venue->server_ms;

	venue->mono_ms = now_mono_ms - (present_ms - venue->server_ms);
	market_move_mono(venue->market, now_mono_ms - present_ms);
	venue_advance(venue);
}

static int restore(struct venue *venue, const struct deed *open, struct err *err)
{
	struct deed deed;
	bool found = true, complete = false;

	if (open->kind != DEED_OPEN || open->version != STATE_VERSION)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"it does not begin as a state of version %d", STATE_VERSION);
	venue->seed = (uint64_t)open->seed;
	if (make_market(venue, open, err) == -1)
		return -1;
	make_broker(venue, (uint32_t)open->salt);
	while (found) {
		if (journal_read(venue->journal, &deed, &found, err) == -1)
			return -1;
		if (found && desk_repeat(venue, &deed, err) == -1)
			return err_while(err, "line %zu", journal_line(venue->journal));
		complete |= found && deed.kind == DEED_CLOCK;
	}
	if (!complete)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"its beginning is incomplete, nothing was traded yet: remove the folder");
	return 0;
}

static int begin_or_restore(
	struct venue *venue, const struct simulator_options *options, struct err *err)
{
	int64_t now_ms = venue->server_ms;
	int64_t now_mono_ms = venue->mono_ms;
	struct deed open;
	bool found = false;

	if (options->state_folder != NULL &&
		(journal_open(options->state_folder, &venue->journal, err) == -1 ||
			journal_read(venue->journal, &open, &found, err) == -1))
		return -1;
	if (!found) {
		if (begin(venue, options, err) == -1)
			return -1;
	} else {
		venue->server_ms = INT64_MIN;
		if (restore(venue, &open, err) == -1)
			return err_while(
				err, "could not restore the state in %s", options->state_folder);
		catch_up(venue, now_ms, now_mono_ms);
	}
	return begin_accounts(venue, options, err);
}

int venue_new(const struct simulator_options *options, struct venue **ret, struct err *err)
{
	if (check_options(options, err) == -1)
		return -1;
	struct venue *venue = mem_zero(1, sizeof *venue);
	init_lock(venue);
	venue->clock = options->clock != NULL ? options->clock : clock_system();
	venue->server_ms = clock_utc_ms(venue->clock);
	venue->mono_ms = clock_mono_ms(venue->clock);
	venue->match_delay_min_ms = options->match_delay_min_ms;
	venue->match_delay_max_ms = options->match_delay_max_ms;
	venue->latency_ms = options->latency_ms;
	venue->account_limits = !options->no_account_limits;
	venue->admin = loopback(options->listen);
	venue->ledger = ledger_new();
	if (load_accounts(venue, options, err) == -1 || load_instruments(venue, options, err) == -1)
		goto fail;
	size_t accounts = accounts_count(venue->given);
	venue->records = mem_zero(accounts, sizeof venue->records[0]);
	venue->limits = limits_new(
		accounts, options->ip_limit * INT64_C(1000000) / IP_LIMIT_NORMAL);
	venue->faults = faults_new(options->seed);
	if (begin_or_restore(venue, options, err) == -1)
		goto fail;
	accounts_free(&venue->given);
	if (options->ledger_file != NULL && ledger_to_file(venue->ledger, options->ledger_file,
						    options->state_folder != NULL, err) == -1)
		goto fail;
	venue_advance(venue);
	if (!venue_keep(venue)) {
		*err = venue->failure;
		goto fail;
	}
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
	free(gone->order_ids);
	free(gone->rates);
	ledger_free(&gone->ledger);
	limits_free(&gone->limits);
	faults_free(&gone->faults);
	market_free(&gone->market);
	for (size_t i = 0; i < MARKET_SYMBOLS_MAX; i++)
		candles_free(&gone->candles[i]);
	free(gone->instruments);
	accounts_free(&gone->accounts);
	accounts_free(&gone->given);
	journal_free(&gone->journal);
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

static void set_time(struct venue *venue, int64_t server_ms, int64_t mono_ms)
{
	/* A wall clock that is set back must not take the orders with it. */
	venue->server_ms = server_ms > venue->server_ms ? server_ms : venue->server_ms;
	venue->mono_ms = mono_ms > venue->mono_ms ? mono_ms : venue->mono_ms;
	venue->market_ms = market_now_ms(venue->market, venue->mono_ms);
}

/*
 * The next thing that is due by now: a step of the market, or an effect of what was asked.
 * Whichever comes first, at its own time; a step before an effect of the same moment.
 */
static bool advance_once(struct venue *venue, int64_t now_ms, int64_t now_mono_ms)
{
	int64_t step_mono_ms = market_next_mono_ms(venue->market);
	bool step_due = step_mono_ms <= now_mono_ms;
	int64_t step_ms = step_due ? now_ms - (now_mono_ms - step_mono_ms) : INT64_MAX;
	int64_t effect_ms;
	bool effect_due = broker_due(venue->broker, &effect_ms) && effect_ms <= now_ms;

	if (!step_due && !effect_due)
		return false;
	if (effect_due && effect_ms < step_ms) {
		set_time(venue, effect_ms, now_mono_ms - (now_ms - effect_ms));
		desk_due(venue);
	} else {
		set_time(venue, step_ms, step_mono_ms);
		desk_step(venue);
	}
	return true;
}

void venue_advance(struct venue *venue)
{
	int64_t now_ms = clock_utc_ms(venue->clock);
	int64_t now_mono_ms = clock_mono_ms(venue->clock);

	if (now_ms < venue->server_ms)
		now_ms = venue->server_ms;
	while (advance_once(venue, now_ms, now_mono_ms)) {
	}
	set_time(venue, now_ms, now_mono_ms);
}

bool venue_keep(struct venue *venue)
{
	if (!venue->broken && venue->journal != NULL)
		venue->broken = journal_flush(venue->journal, &venue->failure) == -1;
	if (!venue->broken)
		ledger_flush(venue->ledger);
	return !venue->broken;
}

void venue_enter(struct venue *venue)
{
	(void)pthread_mutex_lock(&venue->lock);
	venue_advance(venue);
}

bool venue_leave(struct venue *venue)
{
	bool kept = venue_keep(venue);

	(void)pthread_mutex_unlock(&venue->lock);
	return kept;
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
