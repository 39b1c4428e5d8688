#include "exchanges/rate_limits.h"

#include "core/base/cleanup.h"
#include "core/base/ident.h"
#include "core/io/redis.h"
#include "exchanges/tally.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define EGRESS_LEASE_MS 200
#define GROUP_LEASE_MS 300
#define SELF_LEASE_MS 1000         /* without an answer of Redis */
#define SELF_MINUTE_LEASE_MS 10000 /* of a limit per minute: seven of them stay below it */
#define SELF_SHARE 16              /* what a process allows itself then: one part of so many */
#define PROTECTIVE_WAIT_MS 1000
#define EGRESS_WANT 16
#define GROUP_WANT 4
#define ACCOUNTS_MAX 8 /* a process has one run at a time; the others are memory of it */
#define NAME_SIZE 160

/*
 * The share of an account's limit that a bucket holds and refills. A venue counts the last
 * second, so burst + rate * (1 s + lease) must not pass the limit: 35 % + 50 % * 1.3 = 100 %.
 */
#define GROUP_RATE_PERCENT 50
#define GROUP_BURST_PERCENT 35
/* Of a limit per minute: 20 % + 75 % * 60.3 s / 60 s < 100 %. */
#define MINUTE_RATE_PERCENT 75
#define MINUTE_BURST_PERCENT 20

/* What a bucket keeps back from a request, in percent of its burst. */
static const int kept_percent[] = {
	[RATE_NEW_RISK] = 30,
	[RATE_READ] = 15,
	[RATE_PROTECTIVE] = 0,
};

struct lease {
	int64_t permits;
	int64_t until_mono_ms;
};

struct account_group {
	struct lease lease;
	int64_t closed_until_mono_ms;
	int64_t limit; /* as the venue's header says; 0: as the plan says */
};

struct limited_account {
	char key[RATE_LIMITS_KEY_SIZE];
	int64_t used_mono_ms;
	struct account_group groups[RATE_LIMITS_GROUPS_MAX];
};

struct rate_limits {
	struct redis *redis;
	const struct clock *clock;
	const struct rate_limits_plan *plan;
	char ban_name[NAME_SIZE];
	char egress_name[NAME_SIZE];
	struct lease egress;
	struct { /* as the newest reply told it, less what was spent since */
		int64_t limit, remaining;
		int64_t until_mono_ms;
	} told;
	int64_t banned_until_mono_ms;
	int64_t redis_down_until_mono_ms;
	struct limited_account accounts[ACCOUNTS_MAX];
};

/* One bucket that a permit is wanted of. Amounts in thousandths of a permit, as in Redis. */
struct ask {
	int key_index; /* of the script's KEYS */
	const char *name;
	int64_t rate_milli; /* per second */
	int64_t burst_milli;
	int64_t need; /* less than this helps nobody */
	int64_t want;
	int64_t lease_ms;
	int64_t self_ms; /* of a lease that the process gives itself */
	struct lease *into;
};

#define ASKS_MAX (RATE_LIMITS_GROUPS_MAX + 1)

struct asks {
	struct ask items[ASKS_MAX];
	size_t count;
};

/*
 * Every bucket is refilled by the time that passed, in Redis's own clock, and gives at most a
 * quarter of what is free above the common floor; a request with a lower floor gets one permit
 * out of the share that is kept. The answer: the ban's rest in ms, then a grant and a wait in ms
 * for each bucket.
 */
static struct redis_script lease_script = {
	.source =
		"local time = redis.call('TIME')\n"
		"local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
		"local ban = redis.call('PTTL', KEYS[1])\n"
		"if ban > 0 then return {ban} end\n"
		"local answer = {0}\n"
		"for i = 1, #ARGV, 8 do\n"
		"  local key, name = KEYS[tonumber(ARGV[i])], ARGV[i + 1]\n"
		"  local rate, burst = tonumber(ARGV[i + 2]) / 1000, tonumber(ARGV[i + 3])\n"
		"  local floor, kept = tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])\n"
		"  local need, want = tonumber(ARGV[i + 6]), tonumber(ARGV[i + 7])\n"
		"  if need * 1000 + kept > burst then kept = math.max(0, burst - need * 1000) end\n"
		"  local held = redis.call('HMGET', key, name .. ':permits', name .. ':at')\n"
		"  local permits = burst\n"
		"  if held[1] then\n"
		"    local passed = math.max(0, now - tonumber(held[2]))\n"
		"    permits = math.min(burst, tonumber(held[1]) + passed * rate)\n"
		"  end\n"
		"  local free, grant, wait = permits - floor, 0, 0\n"
		"  if free >= need * 1000 then\n"
		"    grant = math.min(want, math.max(need, math.floor(free / 4000)))\n"
		"  elseif permits - kept >= need * 1000 then grant = need\n"
		"  else wait = math.ceil((kept + need * 1000 - permits) / rate) end\n"
		"  redis.call('HSET', key, name .. ':permits', permits - grant * 1000, name .. "
		"':at', now)\n"
		"  redis.call('PEXPIRE', key, 120000)\n"
		"  answer[#answer + 1] = grant\n"
		"  answer[#answer + 1] = wait\n"
		"end\n"
		"return answer\n"};

/* A longer ban that stands already is not shortened. */
static struct redis_script ban_script = {
	.source = "if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then\n"
		  "  redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])\n"
		  "end\n"
		  "return 0\n"};

/* Empties a bucket so far that its next permit comes when the venue opens again. */
static struct redis_script close_script = {
	.source = "local time = redis.call('TIME')\n"
		  "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
		  "redis.call('HSET', KEYS[1], ARGV[1] .. ':permits', 1000 - ARGV[2] * ARGV[3] / "
		  "1000,\n"
		  "  ARGV[1] .. ':at', now)\n"
		  "redis.call('PEXPIRE', KEYS[1], 120000)\n"
		  "return 0\n"};

static int64_t now_ms(const struct rate_limits *limits)
{
	return clock_mono_ms(limits->clock);
}

struct rate_limits *rate_limits_new(struct redis *redis, const struct clock *clock,
	const char *egress, const struct rate_limits_plan *plan)
{
	assert(plan->group_count <= RATE_LIMITS_GROUPS_MAX);

	struct rate_limits *limits = mem_zero(1, sizeof *limits);
	limits->redis = redis;
	limits->clock = clock;
	limits->plan = plan;
	(void)snprintf(
		limits->ban_name, sizeof limits->ban_name, "{bb}:l:%s:ban:%s", plan->venue, egress);
	(void)snprintf(limits->egress_name, sizeof limits->egress_name, "{bb}:l:%s:e:%s",
		plan->venue, egress);
	return limits;
}

void rate_limits_free(struct rate_limits **limits)
{
	free(*limits);
	*limits = NULL;
}

static int refuse(int64_t wait_ms, const char *what, struct err *err)
{
	(void)err_set(
		err, ERR_RATE, ERR_RETRY_THROTTLED, "%s for %lld ms", what, (long long)wait_ms);
	err->retry_after_ms = wait_ms;
	return -1;
}

int rate_limits_check_ban(struct rate_limits *limits, struct err *err)
{
	int64_t rest_ms = limits->banned_until_mono_ms - now_ms(limits);
	return rest_ms > 0 ? refuse(rest_ms, "the venue has banned this address", err) : 0;
}

/* The account's place here: its own, else the one that was not used for longest. */
static struct limited_account *account_of(struct rate_limits *limits, const char *key)
{
	struct limited_account *oldest = &limits->accounts[0];
	for (size_t i = 0; i < ACCOUNTS_MAX; i++) {
		struct limited_account *account = &limits->accounts[i];
		if (strcmp(account->key, key) == 0)
			return account;
		if (account->used_mono_ms < oldest->used_mono_ms)
			oldest = account;
	}
	memset(oldest, 0, sizeof *oldest);
	(void)snprintf(oldest->key, sizeof oldest->key, "%s", key);
	return oldest;
}

static bool holds(const struct lease *lease, int64_t permits, int64_t now_mono_ms)
{
	return lease->permits >= permits && now_mono_ms < lease->until_mono_ms;
}

/* The account has a limit of its own for the group. */
static bool is_limited(const struct rate_limits *limits, size_t group)
{
	const struct rate_limits_group *planned = &limits->plan->groups[group];
	return planned->per_second > 0 || planned->per_minute > 0;
}

static int64_t group_limit(
	const struct rate_limits *limits, const struct limited_account *account, size_t group)
{
	const struct rate_limits_group *planned = &limits->plan->groups[group];
	int64_t told = account->groups[group].limit;
	if (told > 0)
		return told;
	return planned->per_minute > 0 ? planned->per_minute : planned->per_second;
}

static int64_t at_least(int64_t value, int64_t least)
{
	return value > least ? value : least;
}

static int64_t group_rate_milli(
	const struct rate_limits *limits, const struct limited_account *account, size_t group)
{
	int64_t limit = group_limit(limits, account, group);
	if (limits->plan->groups[group].per_minute > 0)
		return at_least(limit * MINUTE_RATE_PERCENT * 10 / 60, 1);
	return at_least(limit * GROUP_RATE_PERCENT / 100, 1) * 1000;
}

static int64_t group_burst_milli(
	const struct rate_limits *limits, const struct limited_account *account, size_t group)
{
	bool by_minute = limits->plan->groups[group].per_minute > 0;
	int64_t percent = by_minute ? MINUTE_BURST_PERCENT : GROUP_BURST_PERCENT;
	return at_least(group_limit(limits, account, group) * percent * 10, 1000);
}

static void ask_for_egress(struct rate_limits *limits, int64_t weight, struct asks *asks)
{
	const struct rate_limits_plan *plan = limits->plan;
	if (plan->egress_per_second == 0 || weight == 0 ||
		holds(&limits->egress, weight, now_ms(limits)))
		return;
	asks->items[asks->count++] = (struct ask){
		.key_index = 2,
		.name = "egress",
		.rate_milli = plan->egress_per_second * 1000,
		.burst_milli = plan->egress_burst * 1000,
		.need = weight,
		.want = at_least(EGRESS_WANT, weight),
		.lease_ms = EGRESS_LEASE_MS,
		.self_ms = SELF_LEASE_MS,
		.into = &limits->egress,
	};
}

/* The wanted group, and those that the rest of the run will need anyway. */
static void ask_for_groups(struct rate_limits *limits, struct limited_account *account,
	size_t wanted, struct asks *asks)
{
	if (!is_limited(limits, wanted) || holds(&account->groups[wanted].lease, 1, now_ms(limits)))
		return;
	for (size_t i = 0; i < limits->plan->group_count; i++) {
		const struct rate_limits_group *group = &limits->plan->groups[i];
		struct account_group *mine = &account->groups[i];
		bool useful = i == wanted || (group->common && limits->plan->groups[wanted].common);
		if (!useful || !is_limited(limits, i) || holds(&mine->lease, 1, now_ms(limits)))
			continue;
		asks->items[asks->count++] = (struct ask){
			.key_index = 3,
			.name = group->name,
			.rate_milli = group_rate_milli(limits, account, i),
			.burst_milli = group_burst_milli(limits, account, i),
			.need = 1,
			/* A slow bucket would lose too much by permits that nobody spends. */
			.want = group->per_minute > 0 ? 1 : GROUP_WANT,
			.lease_ms = GROUP_LEASE_MS,
			.self_ms = group->per_minute > 0 ? SELF_MINUTE_LEASE_MS : SELF_LEASE_MS,
			.into = &mine->lease,
		};
	}
}

static void grant(const struct ask *ask, int64_t permits, int64_t now_mono_ms, int64_t lease_ms)
{
	ask->into->permits = permits;
	ask->into->until_mono_ms = now_mono_ms + lease_ms;
}

/* The others are leased because they will be needed soon. */
static bool is_needed(
	const struct rate_limits *limits, const struct ask *ask, const struct ask *wanted)
{
	return ask == wanted || ask->into == &limits->egress;
}

/* The process's own small allowance, renewed when its lease ends. */
static int64_t self_lease(struct rate_limits *limits, const struct asks *asks,
	const struct ask *wanted, int64_t parts)
{
	int64_t now = now_ms(limits);
	int64_t longest_ms = 0;
	for (size_t i = 0; i < asks->count; i++) {
		const struct ask *ask = &asks->items[i];
		if (ask->into->until_mono_ms <= now)
			grant(ask,
				at_least(ask->rate_milli * ask->self_ms / 1000000 / parts,
					ask->need),
				now, ask->self_ms);
		else if (is_needed(limits, ask, wanted)) /* spent before its time */
			longest_ms = at_least(ask->into->until_mono_ms - now, longest_ms);
	}
	return longest_ms;
}

#define TEXTS_PER_ASK 8
#define NUMBER_SIZE 24

static void write_ask(const struct ask *ask, enum rate_share share, const char **texts,
	char numbers[TEXTS_PER_ASK - 1][NUMBER_SIZE])
{
	int64_t floor = ask->burst_milli * kept_percent[RATE_NEW_RISK] / 100;
	int64_t kept = ask->burst_milli * kept_percent[share] / 100;
	const int64_t values[] = {ask->key_index, ask->rate_milli, ask->burst_milli, floor, kept,
		ask->need, ask->want};

	for (size_t i = 0; i < TEXTS_PER_ASK - 1; i++)
		(void)snprintf(numbers[i], NUMBER_SIZE, "%lld", (long long)values[i]);
	texts[0] = numbers[0];
	texts[1] = ask->name;
	for (size_t i = 2; i < TEXTS_PER_ASK; i++)
		texts[i] = numbers[i - 1];
}

static int send_asks(struct rate_limits *limits, const char *account_key, const struct asks *asks,
	enum rate_share share, struct redis_reply **ret, struct err *err)
{
	char group_name[NAME_SIZE];
	(void)snprintf(group_name, sizeof group_name, "{bb}:l:%s:k:%s", limits->plan->venue,
		account_key != NULL ? account_key : "public");

	const char *texts[3 + ASKS_MAX * TEXTS_PER_ASK] = {
		limits->ban_name, limits->egress_name, group_name};
	char numbers[ASKS_MAX][TEXTS_PER_ASK - 1][NUMBER_SIZE];
	for (size_t i = 0; i < asks->count; i++)
		write_ask(&asks->items[i], share, &texts[3 + i * TEXTS_PER_ASK], numbers[i]);
	return redis_eval(
		limits->redis, &lease_script, 3, 3 + asks->count * TEXTS_PER_ASK, texts, ret, err);
}

/* Returns how long to wait before asking again; 0: all were granted. */
static int64_t take_grants(struct rate_limits *limits, const struct asks *asks,
	const struct ask *wanted, const struct redis_reply *reply)
{
	int64_t now = now_ms(limits);
	int64_t ban_ms = redis_int(redis_item(reply, 0));
	if (ban_ms > 0) {
		limits->banned_until_mono_ms = now + ban_ms;
		tally_banned(limits->plan->venue, ban_ms);
		return ban_ms;
	}

	int64_t longest_ms = 0;
	for (size_t i = 0; i < asks->count; i++) {
		const struct ask *ask = &asks->items[i];
		int64_t permits = redis_int(redis_item(reply, 1 + 2 * i));
		int64_t wait_ms = redis_int(redis_item(reply, 2 + 2 * i));
		if (permits > 0)
			grant(ask, permits, now, ask->lease_ms);
		else if (is_needed(limits, ask, wanted))
			longest_ms = at_least(wait_ms, longest_ms);
	}
	return longest_ms;
}

/* Leases what is missing. Returns how long to wait before asking again; 0: go on. */
static int64_t lease(struct rate_limits *limits, struct limited_account *account, size_t group,
	enum rate_share share, int64_t weight)
{
	struct asks asks = {.count = 0};
	const struct ask *wanted = NULL;
	ask_for_egress(limits, weight, &asks);
	if (account != NULL)
		ask_for_groups(limits, account, group, &asks);
	for (size_t i = 0; i < asks.count; i++)
		if (account != NULL && asks.items[i].into == &account->groups[group].lease)
			wanted = &asks.items[i];
	if (asks.count == 0)
		return 0;

	if (limits->redis == NULL)
		return self_lease(limits, &asks, wanted, 1);
	if (now_ms(limits) < limits->redis_down_until_mono_ms)
		return self_lease(limits, &asks, wanted, SELF_SHARE);

	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err ignored; /* a limiter that cannot be asked must not take the exits */
	const char *account_key = account != NULL ? account->key : NULL;
	if (send_asks(limits, account_key, &asks, share, &reply, &ignored) == -1) {
		limits->redis_down_until_mono_ms = now_ms(limits) + SELF_LEASE_MS;
		return self_lease(limits, &asks, wanted, SELF_SHARE);
	}
	return take_grants(limits, &asks, wanted, reply);
}

static bool spend(struct rate_limits *limits, struct account_group *group, int64_t weight)
{
	int64_t now = now_ms(limits);
	bool counts_egress = limits->plan->egress_per_second > 0 && weight > 0;
	if (counts_egress && !holds(&limits->egress, weight, now))
		return false;
	if (group != NULL && !holds(&group->lease, 1, now))
		return false;

	if (counts_egress) {
		limits->egress.permits -= weight;
		limits->told.remaining -= weight;
	}
	if (group != NULL)
		group->lease.permits--;
	return true;
}

static int64_t closed_ms(const struct rate_limits *limits, const struct account_group *group)
{
	return group == NULL ? 0 : at_least(group->closed_until_mono_ms - now_ms(limits), 0);
}

/* How long the address must wait by what the venue itself has counted. */
static int64_t told_ms(const struct rate_limits *limits, enum rate_share share, int64_t weight)
{
	int64_t rest_ms = limits->told.until_mono_ms - now_ms(limits);
	int64_t kept = limits->told.limit * kept_percent[share] / 100;
	return rest_ms > 0 && weight > 0 && limits->told.remaining - weight < kept ? rest_ms : 0;
}

/* One attempt: 0 taken, else how long to wait. */
static int64_t attempt(struct rate_limits *limits, struct limited_account *account, size_t group,
	enum rate_share share, int64_t weight)
{
	struct account_group *mine = account != NULL && is_limited(limits, group)
					     ? &account->groups[group]
					     : NULL;
	int64_t wait_ms = at_least(closed_ms(limits, mine), told_ms(limits, share, weight));
	if (wait_ms > 0)
		return wait_ms;
	if (spend(limits, mine, weight))
		return 0;
	wait_ms = lease(limits, account, group, share, weight);
	if (wait_ms > 0)
		return wait_ms;
	return spend(limits, mine, weight) ? 0 : 1;
}

static int take(struct rate_limits *limits, const char *key, size_t group, enum rate_share share,
	int64_t weight, struct err *err)
{
	assert(key == NULL || group < limits->plan->group_count);
	assert(weight >= 0);

	struct limited_account *account = key != NULL ? account_of(limits, key) : NULL;
	if (account != NULL)
		account->used_mono_ms = now_ms(limits);
	if (weight > limits->plan->egress_burst)
		weight = limits->plan->egress_burst;

	int64_t patience_ms = share == RATE_PROTECTIVE ? PROTECTIVE_WAIT_MS : 0;
	for (;;) {
		if (rate_limits_check_ban(limits, err) == -1)
			return -1;
		int64_t wait_ms = attempt(limits, account, group, share, weight);
		if (wait_ms == 0)
			return 0;
		if (rate_limits_check_ban(limits, err) == -1)
			return -1;
		if (wait_ms > patience_ms)
			return refuse(
				wait_ms, "our share of the venue's rate limit is used up", err);
		clock_sleep_ms(limits->clock, wait_ms);
		patience_ms -= wait_ms;
	}
}

int rate_limits_take(struct rate_limits *limits, const char *key, size_t group,
	enum rate_share share, int64_t weight, struct err *err)
{
	if (take(limits, key, group, share, weight, err) == 0)
		return 0;
	tally_refused(limits->plan->venue);
	return -1;
}

/* Redis is told if it can be; this process knows anyway. */
static void tell(struct rate_limits *limits, struct redis_script *script, size_t count,
	const char *const *texts)
{
	if (limits->redis == NULL)
		return;
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	struct err ignored;
	if (redis_eval(limits->redis, script, 1, count, texts, &reply, &ignored) == -1)
		limits->redis_down_until_mono_ms = now_ms(limits) + SELF_LEASE_MS;
}

void rate_limits_ban(struct rate_limits *limits, int64_t duration_ms)
{
	limits->banned_until_mono_ms = at_least(
		now_ms(limits) + duration_ms, limits->banned_until_mono_ms);
	limits->egress.permits = 0;
	tally_banned(limits->plan->venue, duration_ms);

	char duration[NUMBER_SIZE];
	(void)snprintf(duration, sizeof duration, "%lld", (long long)duration_ms);
	tell(limits, &ban_script, 2, (const char *[]){limits->ban_name, duration});
}

void rate_limits_close(struct rate_limits *limits, const char *key, size_t group, int64_t wait_ms)
{
	assert(group < limits->plan->group_count);

	struct limited_account *account = account_of(limits, key);
	account->used_mono_ms = now_ms(limits);
	account->groups[group].lease.permits = 0;
	account->groups[group].closed_until_mono_ms = now_ms(limits) + wait_ms;

	char name[NAME_SIZE], rate[NUMBER_SIZE], wait[NUMBER_SIZE];
	(void)snprintf(name, sizeof name, "{bb}:l:%s:k:%s", limits->plan->venue, key);
	(void)snprintf(
		rate, sizeof rate, "%lld", (long long)group_rate_milli(limits, account, group));
	(void)snprintf(wait, sizeof wait, "%lld", (long long)wait_ms);
	tell(limits, &close_script, 4,
		(const char *[]){name, limits->plan->groups[group].name, rate, wait});
}

void rate_limits_observe(struct rate_limits *limits, const char *key, size_t group, int64_t limit,
	int64_t remaining, int64_t reset_ms)
{
	assert(group < limits->plan->group_count);

	struct limited_account *account = account_of(limits, key);
	struct account_group *mine = &account->groups[group];
	account->used_mono_ms = now_ms(limits);
	mine->limit = limit;
	tally_remaining(limits->plan->venue, remaining);
	if (mine->lease.permits > remaining)
		mine->lease.permits = at_least(remaining, 0);
	if (remaining <= 0 && reset_ms > 0)
		mine->closed_until_mono_ms = now_ms(limits) + reset_ms;
}

void rate_limits_observe_address(
	struct rate_limits *limits, int64_t limit, int64_t remaining, int64_t reset_ms)
{
	if (limits->plan->egress_per_second == 0)
		return;
	limits->told.limit = limit;
	limits->told.remaining = remaining;
	limits->told.until_mono_ms = now_ms(limits) + reset_ms;
}
