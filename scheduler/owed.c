#include "scheduler/owed.h"

#include "core/base/cleanup.h"

#include <stdlib.h>

/*
 * All in all a second may have this share of the mean. Phases are a hash: of 10,000 bots at 300 s
 * the fullest second has about 1.5 times the mean by itself, and takes ten owed ones all the same.
 */
#define SECOND_PERCENT 175
/* A small fleet's herd hurts nobody, and should not wait. */
#define SECOND_LEAST 10

struct owed {
	struct fairness *jobs;
	int64_t second;         /* that the counts are of */
	int64_t regular, spent; /* in it */
};

struct owed *owed_new(void)
{
	struct owed *owed = mem_zero(1, sizeof *owed);

	owed->jobs = fairness_new();
	return owed;
}

void owed_free(struct owed **owed)
{
	if (*owed == NULL)
		return;
	fairness_free(&(*owed)->jobs);
	free(*owed);
	*owed = NULL;
}

void owed_push(struct owed *owed, const struct fair_job *job)
{
	(void)fairness_forget(owed->jobs, job->entry);
	fairness_return(owed->jobs, job); /* at the head of its tenant: the newest first */
}

bool owed_forget(struct owed *owed, uint32_t entry)
{
	return fairness_forget(owed->jobs, entry);
}

static void turn_to(struct owed *owed, int64_t now_ms)
{
	if (owed->second == now_ms / 1000)
		return;
	owed->second = now_ms / 1000;
	owed->regular = 0;
	owed->spent = 0;
}

void owed_note(struct owed *owed, int64_t now_ms, int64_t count)
{
	turn_to(owed, now_ms);
	owed->regular += count;
}

int64_t owed_allowance(int64_t mean_milli, int64_t regular)
{
	int64_t rest = mean_milli * SECOND_PERCENT / 100 / 1000 - regular;

	return rest > SECOND_LEAST ? rest : SECOND_LEAST;
}

size_t owed_take(
	struct owed *owed, int64_t now_ms, int64_t mean_milli, struct fair_job *ret, size_t count)
{
	turn_to(owed, now_ms);
	int64_t left = owed_allowance(mean_milli, owed->regular) - owed->spent;

	if (left <= 0)
		return 0;
	size_t taken = fairness_pop(owed->jobs, ret, (size_t)left < count ? (size_t)left : count);
	owed->spent += (int64_t)taken;
	return taken;
}

size_t owed_count(const struct owed *owed)
{
	return fairness_count(owed->jobs);
}

void owed_clear(struct owed *owed)
{
	fairness_clear(owed->jobs);
}
