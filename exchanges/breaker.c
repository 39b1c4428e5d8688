#include "exchanges/breaker.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/redis.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_MS 10000
#define FAILED_PERCENT 50
#define PROBE_MS 10000 /* a try that tells nothing for so long is not under way any more */
#define FRESH_MS 1000  /* what is known is believed for so long */
#define NAME_SIZE 96
#define NUMBER_SIZE 24

struct breaker {
	char name[BREAKER_NAME_SIZE];
	int64_t successes, failures; /* not told yet */
	bool trips;                  /* to be told */
	bool open;                   /* as Redis said, or as seen by ourselves */
	int64_t until_mono_ms;       /* open: when it may be tried */
	int64_t doubled;             /* alone: times that it was opened in a row */
	int64_t window_mono_ms, window_successes, window_failures; /* likewise */
	int64_t told_successes, told_failures;                     /* of Redis's window */
};

struct breakers {
	struct redis *redis;
	const struct clock *clock;
	char key[NAME_SIZE];
	struct breaker items[BREAKERS_MAX];
	size_t count;
	int64_t asked_mono_ms; /* last answer; 0: never */
	int64_t down_until_mono_ms;
};

/*
 * KEYS 1: a hash, fields NAME:s :f (counts) :w (window's begin) :o (open until, 0 closed) :n (times
 * in a row) :p (a try is under way until).
 * ARGV 1-6: window, failures, percent, first, most, probe; then five a breaker: name, successes,
 * failures, trip, wants a try.
 * Answers four numbers a breaker: state (0 closed, 1 open, 2 open and the try is the caller's), ms
 * until it may be tried, successes and failures of the window.
 */
static struct redis_script tell_script = {
	.source =
		"local time = redis.call('TIME')\n"
		"local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
		"local window, least, percent = tonumber(ARGV[1]), tonumber(ARGV[2]), "
		"tonumber(ARGV[3])\n"
		"local first, most, probe = tonumber(ARGV[4]), tonumber(ARGV[5]), "
		"tonumber(ARGV[6])\n"
		"local answer = {}\n"
		"for i = 7, #ARGV, 5 do\n"
		"  local name = ARGV[i]\n"
		"  local s, f = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])\n"
		"  local trip, try = ARGV[i + 3] == '1', ARGV[i + 4] == '1'\n"
		"  local held = redis.call('HMGET', KEYS[1], name .. ':s', name .. ':f', name .. "
		"':w', name .. ':o', name .. ':n', name .. ':p')\n"
		"  local hs, hf, w = tonumber(held[1] or 0), tonumber(held[2] or 0), "
		"tonumber(held[3] or 0)\n"
		"  local o, n, p = tonumber(held[4] or 0), tonumber(held[5] or 0), "
		"tonumber(held[6] "
		"or 0)\n"
		"  if now - w >= window then hs, hf, w = 0, 0, now end\n"
		"  hs, hf = hs + s, hf + f\n"
		"  if o == 0 then\n"
		"    if trip or (hf >= least and hf * 100 >= percent * (hs + hf)) then\n"
		"      o, n, p = now + first, 1, 0\n"
		"    end\n"
		"  elseif s > 0 and not trip then\n"
		"    o, n, p, hs, hf, w = 0, 0, 0, 0, 0, now\n"
		"  elseif (f > 0 or trip) and now >= o then\n"
		"    n, p = n + 1, 0\n"
		"    o = now + math.min(most, first * 2 ^ (n - 1))\n"
		"  end\n"
		"  local state, wait = 0, 0\n"
		"  if o > 0 then\n"
		"    state, wait = 1, math.max(0, o - now)\n"
		"    if wait == 0 and p > now then wait = p - now end\n"
		"    if try and wait == 0 then state, p = 2, now + probe end\n"
		"  end\n"
		"  if s > 0 or f > 0 or trip or state == 2 then\n"
		"    redis.call('HSET', KEYS[1], name .. ':s', hs, name .. ':f', hf, name .. ':w', "
		"w, name .. ':o', o, name .. ':n', n, name .. ':p', p)\n"
		"    redis.call('PEXPIRE', KEYS[1], 3600000)\n"
		"  end\n"
		"  answer[#answer + 1] = state\n"
		"  answer[#answer + 1] = wait\n"
		"  answer[#answer + 1] = hs\n"
		"  answer[#answer + 1] = hf\n"
		"end\n"
		"return answer\n"};

struct breakers *breakers_new(struct redis *redis, const struct clock *clock, const char *scope)
{
	struct breakers *breakers = mem_zero(1, sizeof *breakers);

	breakers->redis = redis;
	breakers->clock = clock;
	(void)snprintf(breakers->key, sizeof breakers->key, "{bb}:b:%s", scope);
	return breakers;
}

void breakers_free(struct breakers **breakers)
{
	free(*breakers);
	*breakers = NULL;
}

int breaker_of(struct breakers *breakers, const char *name)
{
	for (size_t i = 0; i < breakers->count; i++)
		if (strcmp(breakers->items[i].name, name) == 0)
			return (int)i;
	if (breakers->count == BREAKERS_MAX || strlen(name) >= BREAKER_NAME_SIZE)
		return -1;
	(void)snprintf(breakers->items[breakers->count].name, BREAKER_NAME_SIZE, "%s", name);
	return (int)breakers->count++;
}

/* ---- alone ------------------------------------------------------------------------------ */

static void open_alone(struct breaker *breaker, int64_t now_ms)
{
	int64_t wait_ms = BREAKER_FIRST_MS;

	for (int64_t i = 0; i < breaker->doubled && wait_ms < BREAKER_MOST_MS; i++)
		wait_ms *= 2;
	breaker->doubled++;
	breaker->open = true;
	breaker->until_mono_ms = now_ms + (wait_ms < BREAKER_MOST_MS ? wait_ms : BREAKER_MOST_MS);
	breaker->window_successes = 0;
	breaker->window_failures = 0;
}

/* What the script does, by what this process has seen. */
static void settle_alone(struct breaker *breaker, int64_t now_ms)
{
	int64_t successes = breaker->successes;
	int64_t failures = breaker->failures;

	if (now_ms - breaker->window_mono_ms >= WINDOW_MS) {
		breaker->window_mono_ms = now_ms;
		breaker->window_successes = 0;
		breaker->window_failures = 0;
	}
	breaker->window_successes += successes;
	breaker->window_failures += failures;
	int64_t all = breaker->window_successes + breaker->window_failures;
	bool many = breaker->window_failures >= BREAKER_FAILURES &&
		    breaker->window_failures * 100 >= FAILED_PERCENT * all;
	if (breaker->open && successes > 0 && !breaker->trips) {
		breaker->open = false;
		breaker->doubled = 0;
	} else if (breaker->open
			   ? (failures > 0 || breaker->trips) && now_ms >= breaker->until_mono_ms
			   : breaker->trips || many) {
		open_alone(breaker, now_ms);
	}
	breaker->successes = 0;
	breaker->failures = 0;
	breaker->trips = false;
}

/* ---- together --------------------------------------------------------------------------- */

#define SETTINGS 6
#define TEXTS_EACH 5
#define NUMBERS_EACH 4

static void write_arguments(const struct breakers *breakers, int tries, const char **texts,
	char numbers[SETTINGS + BREAKERS_MAX * 2][NUMBER_SIZE])
{
	static const int settings[SETTINGS] = {WINDOW_MS, BREAKER_FAILURES, FAILED_PERCENT,
		BREAKER_FIRST_MS, BREAKER_MOST_MS, PROBE_MS};
	size_t used = 0;

	texts[0] = breakers->key;
	for (size_t i = 0; i < SETTINGS; i++, used++) {
		(void)snprintf(numbers[used], NUMBER_SIZE, "%d", settings[i]);
		texts[1 + i] = numbers[used];
	}
	for (size_t i = 0; i < breakers->count; i++, used += 2) {
		const struct breaker *breaker = &breakers->items[i];
		const char **at = texts + 1 + SETTINGS + i * TEXTS_EACH;
		(void)snprintf(numbers[used], NUMBER_SIZE, "%lld", (long long)breaker->successes);
		(void)snprintf(
			numbers[used + 1], NUMBER_SIZE, "%lld", (long long)breaker->failures);
		at[0] = breaker->name;
		at[1] = numbers[used];
		at[2] = numbers[used + 1];
		at[3] = breaker->trips ? "1" : "0";
		at[4] = (int)i == tries ? "1" : "0";
	}
}

/* True if the try of `tries` (-1: none is wanted) is ours. */
static bool take_answer(struct breakers *breakers, int tries, const struct redis_reply *reply)
{
	int64_t now_ms = clock_mono_ms(breakers->clock);
	bool ours = false;

	for (size_t i = 0; i < breakers->count; i++) {
		struct breaker *breaker = &breakers->items[i];
		const size_t at = i * NUMBERS_EACH;
		int64_t state = redis_int(redis_item(reply, at));
		breaker->open = state != 0;
		breaker->until_mono_ms = now_ms + redis_int(redis_item(reply, at + 1));
		breaker->told_successes = redis_int(redis_item(reply, at + 2));
		breaker->told_failures = redis_int(redis_item(reply, at + 3));
		breaker->successes = 0;
		breaker->failures = 0;
		breaker->trips = false;
		ours = ours || ((int)i == tries && state == 2);
	}
	breakers->asked_mono_ms = now_ms;
	return ours;
}

/* Each process tries by itself. */
static bool settle_all_alone(struct breakers *breakers, int tries)
{
	int64_t now_ms = clock_mono_ms(breakers->clock);

	for (size_t i = 0; i < breakers->count; i++)
		settle_alone(&breakers->items[i], now_ms);
	if (tries == -1 || !breakers->items[tries].open ||
		now_ms < breakers->items[tries].until_mono_ms)
		return false;
	breakers->items[tries].until_mono_ms = now_ms + PROBE_MS;
	return true;
}

static bool exchange_counts(struct breakers *breakers, int tries)
{
	const char *texts[1 + SETTINGS + BREAKERS_MAX * TEXTS_EACH];
	char numbers[SETTINGS + BREAKERS_MAX * 2][NUMBER_SIZE];
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err ignored; /* what cannot be asked must not take the exits */

	if (breakers->redis == NULL ||
		clock_mono_ms(breakers->clock) < breakers->down_until_mono_ms)
		return settle_all_alone(breakers, tries);
	write_arguments(breakers, tries, texts, numbers);
	if (redis_eval(breakers->redis, &tell_script, 1,
		    1 + SETTINGS + breakers->count * TEXTS_EACH, texts, &reply, &ignored) == 0 &&
		redis_size(reply) == breakers->count * NUMBERS_EACH)
		return take_answer(breakers, tries, reply);
	breakers->down_until_mono_ms = clock_mono_ms(breakers->clock) + FRESH_MS;
	return settle_all_alone(breakers, tries);
}

static struct breaker *item(struct breakers *breakers, int breaker)
{
	assert(breaker >= 0 && (size_t)breaker < breakers->count);
	return &breakers->items[breaker];
}

bool breaker_open(struct breakers *breakers, int breaker)
{
	int64_t now_ms = clock_mono_ms(breakers->clock);

	if (breakers->asked_mono_ms == 0 || now_ms - breakers->asked_mono_ms >= FRESH_MS) {
		(void)exchange_counts(breakers, -1);
		breakers->asked_mono_ms = now_ms;
	}
	return item(breakers, breaker)->open;
}

bool breaker_probe(struct breakers *breakers, int breaker)
{
	const struct breaker *it = item(breakers, breaker);

	if (!it->open || clock_mono_ms(breakers->clock) < it->until_mono_ms)
		return false;
	return exchange_counts(breakers, breaker);
}

void breaker_succeeded(struct breakers *breakers, int breaker)
{
	item(breakers, breaker)->successes++;
	/* Others wait for this one. */
	if (item(breakers, breaker)->open)
		(void)exchange_counts(breakers, -1);
}

void breaker_failed(struct breakers *breakers, int breaker)
{
	item(breakers, breaker)->failures++;
	(void)exchange_counts(breakers, -1);
}

void breaker_trip(struct breakers *breakers, int breaker)
{
	item(breakers, breaker)->trips = true;
	(void)exchange_counts(breakers, -1);
}

int64_t breaker_wait_ms(const struct breakers *breakers, int breaker)
{
	const struct breaker *it = &breakers->items[breaker];
	int64_t wait_ms = it->until_mono_ms - clock_mono_ms(breakers->clock);

	return it->open && wait_ms > 0 ? wait_ms : 0;
}

struct breaker_state breaker_look(struct breakers *breakers, int breaker)
{
	(void)exchange_counts(breakers, -1);
	const struct breaker *it = item(breakers, breaker);
	return (struct breaker_state){
		.open = it->open,
		.wait_ms = breaker_wait_ms(breakers, breaker),
		.successes = it->told_successes,
		.failures = it->told_failures,
	};
}
