#include "scheduler/beat.h"

#include "core/base/cleanup.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "core/queue/queue.h"
#include "core/store/admission.h"
#include "scheduler/fairness.h"
#include "scheduler/owed.h"
#include "scheduler/schedule.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 10000      /* jobs taken from the own queue at a time */
#define FOLLOW_UP_MS 500 /* between two looks for follow-ups */
#define FOLLOW_UP_AHEAD_MS 250
#define FOLLOW_UPS_MAX 10000
#define CHANGED_MAX 1024 /* more changes than this between two ticks: a full reload */
#define PARTITIONS_MS 3600000
#define RATE_LEAST 200 /* jobs a second assumed before anything was measured */
/* No tick for so long was an outage: what is late by more than a second then is owed. */
#define OUTAGE_MS 5000
#define LATE_MS 1000

struct beat {
	struct beat_options options;
	struct schedule *schedule;
	struct fairness *fairness;
	struct owed *owed;
	int64_t now_ms;       /* of the tick under way */
	int64_t collected_ms; /* when what is due was last taken; 0: never since an outage */
	int64_t reload_at_ms, follow_up_at_ms, partitions_at_ms;
	bool catch_up; /* the load under way catches up */
	struct uuid changed[CHANGED_MAX];
	size_t changed_count;
	bool reload_wanted;
	bool rebuild_wanted;  /* Redis had lost its content, and that is not made good yet */
	int64_t fenced_epoch; /* Redis knows of this epoch; 0: of none of ours */
	/* How fast the streams empty: what was pushed, less what still waits. */
	int64_t pushed_since, waiting_before, measured_at_ms;
	double rate_per_s; /* a figure, not money */
};

struct beat *beat_new(const struct beat_options *options)
{
	struct beat *beat = mem_zero(1, sizeof *beat);

	beat->options = *options;
	beat->schedule = schedule_new();
	beat->fairness = fairness_new();
	beat->owed = owed_new();
	return beat;
}

void beat_free(struct beat **beat)
{
	if (*beat == NULL)
		return;
	schedule_free(&(*beat)->schedule);
	fairness_free(&(*beat)->fairness);
	owed_free(&(*beat)->owed);
	free(*beat);
	*beat = NULL;
}

int64_t beat_waiting(const struct beat *beat)
{
	return (int64_t)(fairness_count(beat->fairness) + owed_count(beat->owed));
}

int64_t beat_entries(const struct beat *beat)
{
	return (int64_t)schedule_count(beat->schedule);
}

/* ---- loading -------------------------------------------------------------------------------- */

static void put(void *context, const struct admission_bot *bot)
{
	struct beat *beat = context;

	(void)schedule_put(beat->schedule, bot, beat->now_ms, beat->catch_up);
}

static void forget(void *context, uint32_t entry)
{
	struct beat *beat = context;

	(void)fairness_forget(beat->fairness, entry);
	(void)owed_forget(beat->owed, entry);
}

static int reload(struct beat *beat, bool catch_up, struct err *err)
{
	int64_t changed;

	beat->catch_up = catch_up;
	schedule_reload_begin(beat->schedule);
	if (admission_load(beat->options.postgres, NULL, put, beat, err) == -1)
		return -1;
	schedule_reload_end(beat->schedule, forget, beat);
	beat->changed_count = 0;
	beat->reload_wanted = false;
	beat->reload_at_ms = beat->now_ms + beat->options.reload_ms;
	metrics_set(METRIC_ENTRIES, beat_entries(beat));
	return admission_record(beat->options.postgres, &changed, err);
}

static void count_missed(const char *reason, int64_t count)
{
	metrics_add(METRIC_TICKS, count, "missed");
	metrics_add(METRIC_MISSED, count, reason);
}

static struct fair_job job_of(
	struct beat *beat, uint32_t entry, int64_t slot_s, int64_t due_ms, bool follow_up)
{
	const struct schedule_entry *item = schedule_at(beat->schedule, entry);

	return (struct fair_job){
		.job = {.bot = item->bot.bot,
			.tenant = item->bot.tenant,
			.scheduled_s = slot_s,
			.priority = (enum priority)item->bot.priority,
			.due_ms = due_ms},
		.entry = entry,
		.tenant = item->tenant,
		.follow_up = follow_up,
	};
}

/* An older slot of the bot that still waits is left out: the latest only. */
static void push_job(struct beat *beat, const struct fair_job *job)
{
	bool waited = owed_forget(beat->owed, job->entry);

	if (!fairness_push(beat->fairness, job) || waited)
		count_missed("waiting", 1);
}

static void push_slot(
	struct beat *beat, uint32_t entry, int64_t slot_s, int64_t due_ms, bool follow_up)
{
	struct fair_job job = job_of(beat, entry, slot_s, due_ms, follow_up);

	push_job(beat, &job);
	owed_note(beat->owed, beat->now_ms, 1);
}

static void push_retry(void *context, const struct uuid *bot, int64_t slot_s, int64_t retry_ms)
{
	struct beat *beat = context;
	uint32_t entry;

	if (schedule_find(beat->schedule, bot, &entry) != NULL)
		push_slot(beat, entry, slot_s, retry_ms, false);
}

/* Everything anew: after taking the lead, and when Redis has lost its content. */
static int rebuild(struct beat *beat, struct err *err)
{
	fairness_clear(beat->fairness);
	owed_clear(beat->owed);
	beat->collected_ms = 0;
	beat->pushed_since = 0;
	beat->waiting_before = 0;
	if (reload(beat, true, err) == -1)
		return err_while(err, "could not rebuild the schedule");
	if (admission_retries(beat->options.postgres, push_retry, beat, err) == -1)
		return -1;
	beat->rebuild_wanted = false;
	return 0;
}

int beat_take_over(struct beat *beat, int64_t now_ms, struct err *err)
{
	bool fresh;

	beat->now_ms = now_ms;
	beat->follow_up_at_ms = 0;
	beat->fenced_epoch = 0;
	if (queue_prepare(beat->options.queue, &fresh, err) == -1)
		return -1;
	return rebuild(beat, err);
}

void beat_changed(struct beat *beat, const struct uuid *bot)
{
	if (beat->changed_count == CHANGED_MAX)
		beat->reload_wanted = true;
	else
		beat->changed[beat->changed_count++] = *bot;
}

static int reload_changed(struct beat *beat, struct err *err)
{
	int64_t changed;

	if (beat->reload_wanted || beat->now_ms >= beat->reload_at_ms)
		return reload(beat, false, err);
	if (beat->changed_count == 0)
		return 0;
	beat->catch_up = false;
	for (size_t i = 0; i < beat->changed_count; i++) {
		uint32_t entry;
		bool known = schedule_unsee(beat->schedule, &beat->changed[i], &entry);
		if (admission_load(beat->options.postgres, &beat->changed[i], put, beat, err) == -1)
			return -1;
		if (!known || schedule_at(beat->schedule, entry)->seen)
			continue;
		forget(beat, entry);
		schedule_drop(beat->schedule, entry);
	}
	beat->changed_count = 0;
	metrics_set(METRIC_ENTRIES, beat_entries(beat));
	return admission_record(beat->options.postgres, &changed, err);
}

/* ---- what is due ---------------------------------------------------------------------------- */

/* A stop run, or a look at what may have left, is owed to somebody who waits for it. */
static bool may_wait(const struct beat *beat, const struct schedule_entry *item, int64_t due_ms)
{
	return !beat->options.at_once && !item->bot.owed && beat->now_ms - due_ms > LATE_MS;
}

static void collect_due(struct beat *beat)
{
	bool outage = beat->now_ms - beat->collected_ms > OUTAGE_MS;
	uint32_t entry;
	int64_t slot_s;
	int64_t missed;

	while (schedule_take_due(beat->schedule, beat->now_ms, &entry, &slot_s, &missed)) {
		const struct schedule_entry *item = schedule_at(beat->schedule, entry);
		int64_t due_ms = due_at_ms(&item->due, slot_s);
		if (missed > 0)
			count_missed("overrun", missed);
		if (!outage || !may_wait(beat, item, due_ms)) {
			push_slot(beat, entry, slot_s, due_ms, false);
			continue;
		}
		struct fair_job job = job_of(beat, entry, slot_s, due_ms, false);
		owed_push(beat->owed, &job);
	}
	beat->collected_ms = beat->now_ms;
}

/* What of the owed slots this second has room for. */
static void release_owed(struct beat *beat)
{
	struct fair_job jobs[64];
	size_t count;

	while ((count = owed_take(beat->owed, beat->now_ms, schedule_mean_milli(beat->schedule),
			jobs, sizeof jobs / sizeof jobs[0])) > 0)
		for (size_t i = 0; i < count; i++)
			push_job(beat, &jobs[i]);
}

/* A follow-up is a slot like any other: the second it was asked for, or the next one that is free.
 */
static void push_follow_up(
	void *context, const struct uuid *bot, int64_t follow_up_ms, int64_t newest_slot_s)
{
	struct beat *beat = context;
	int64_t slot_s = beat->now_ms / 1000;
	uint32_t entry;

	if (slot_s <= newest_slot_s)
		slot_s = newest_slot_s + 1;
	if (schedule_find(beat->schedule, bot, &entry) != NULL)
		push_slot(beat, entry, slot_s,
			follow_up_ms > slot_s * 1000 ? follow_up_ms : slot_s * 1000, true);
}

static int collect_follow_ups(struct beat *beat, struct err *err)
{
	if (beat->now_ms < beat->follow_up_at_ms)
		return 0;
	beat->follow_up_at_ms = beat->now_ms + FOLLOW_UP_MS;
	return admission_follow_ups(beat->options.postgres, beat->now_ms + FOLLOW_UP_AHEAD_MS,
		FOLLOW_UPS_MAX, push_follow_up, beat, err);
}

/* ---- into the streams ----------------------------------------------------------------------- */

/* How many jobs the streams may still take: a few seconds of what the runners do. */
static int room_in_streams(struct beat *beat, int64_t *ret_room, struct err *err)
{
	struct queue_depth depth;
	int64_t waiting = 0;
	int64_t elapsed_ms = beat->now_ms - beat->measured_at_ms;

	if (queue_depth(beat->options.queue, &depth, err) == -1)
		return -1;
	for (int priority = 0; priority < PRIORITY_COUNT; priority++)
		waiting += depth.waiting[priority];
	if (beat->measured_at_ms != 0 && elapsed_ms > 0) {
		double done = (double)(beat->waiting_before + beat->pushed_since - waiting);
		double rate = (done < 0 ? 0 : done) * 1000.0 / (double)elapsed_ms;
		beat->rate_per_s += 0.2 * (rate - beat->rate_per_s);
	}
	beat->waiting_before = waiting;
	beat->pushed_since = 0;
	beat->measured_at_ms = beat->now_ms;

	double most = (beat->rate_per_s > RATE_LEAST ? beat->rate_per_s : RATE_LEAST) *
		      (double)beat->options.stream_window_s;
	*ret_room = most > (double)waiting ? (int64_t)(most - (double)waiting) : 0;
	return 0;
}

static int push_batch(
	struct beat *beat, int64_t epoch, size_t most, int64_t *pushed, struct err *err)
{
	static struct fair_job taken[BATCH];
	static struct job jobs[BATCH];
	static bool went_in[BATCH];
	size_t count = fairness_pop(beat->fairness, taken, most < BATCH ? most : BATCH);

	for (size_t i = 0; i < count; i++)
		jobs[i] = taken[i].job;
	if (queue_push(beat->options.queue, jobs, count, epoch, went_in, err) == -1) {
		for (size_t i = count; i > 0; i--)
			fairness_return(beat->fairness, &taken[i - 1]);
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (!went_in[i]) {
			metrics_add(METRIC_TICKS, taken[i].follow_up ? 0 : 1, "skipped");
			continue;
		}
		metrics_add(METRIC_TICKS, 1, "enqueued");
		metrics_observe(METRIC_TICK_DELAY, beat->now_ms - jobs[i].due_ms);
		beat->pushed_since++;
		(*pushed)++;
	}
	return 0;
}

static int top_up(struct beat *beat, int64_t epoch, int64_t *ret_pushed, struct err *err)
{
	int64_t room;

	*ret_pushed = 0;
	if (fairness_count(beat->fairness) == 0)
		return 0;
	if (room_in_streams(beat, &room, err) == -1)
		return -1;
	while (*ret_pushed < room && fairness_count(beat->fairness) > 0)
		if (push_batch(beat, epoch, (size_t)(room - *ret_pushed), ret_pushed, err) == -1)
			return -1;
	return 0;
}

/* ---- a tick --------------------------------------------------------------------------------- */

static int keep_partitions(struct beat *beat, struct err *err)
{
	if (beat->now_ms < beat->partitions_at_ms)
		return 0;
	beat->partitions_at_ms = beat->now_ms + PARTITIONS_MS;
	return admission_partitions(beat->options.postgres, err);
}

/* A leader of before must not push from the moment that we lead, not from our first job on. */
static int raise_fence(struct beat *beat, int64_t epoch, struct err *err)
{
	if (beat->fenced_epoch == epoch)
		return 0;
	if (queue_push(beat->options.queue, NULL, 0, epoch, NULL, err) == -1)
		return -1;
	beat->fenced_epoch = epoch;
	return 0;
}

int beat_tick(
	struct beat *beat, int64_t epoch, int64_t now_ms, int64_t *ret_pushed, struct err *err)
{
	bool fresh;

	beat->now_ms = now_ms;
	if (queue_prepare(beat->options.queue, &fresh, err) == -1)
		return -1;
	if (fresh) {
		log_event(LOG_WARN, "Redis had lost its content, the streams are made anew");
		beat->rebuild_wanted = true;
		beat->fenced_epoch = 0;
	}
	if (raise_fence(beat, epoch, err) == -1 ||
		(beat->rebuild_wanted && rebuild(beat, err) == -1))
		return -1;
	if (reload_changed(beat, err) == -1 || collect_follow_ups(beat, err) == -1 ||
		keep_partitions(beat, err) == -1)
		return -1;
	collect_due(beat);
	release_owed(beat);
	return top_up(beat, epoch, ret_pushed, err);
}

int64_t beat_wait_ms(const struct beat *beat, int64_t now_ms, int64_t most_ms)
{
	int64_t wait_ms = schedule_next_ms(beat->schedule) - now_ms;

	if (fairness_count(beat->fairness) > 0 || beat->changed_count > 0)
		return most_ms < 50 ? most_ms : 50;
	if (owed_count(beat->owed) > 0 && wait_ms > 1000 - now_ms % 1000)
		wait_ms = 1000 - now_ms % 1000;
	return wait_ms < 0 ? 0 : wait_ms < most_ms ? wait_ms : most_ms;
}
