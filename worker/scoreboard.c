#include "worker/scoreboard.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define READ_TRIES 100

static const char *const phase_names[PHASE_COUNT] = {
	[PHASE_IDLE] = "idle",
	[PHASE_CLAIM] = "claim",
	[PHASE_RESOLVE] = "resolve",
	[PHASE_CREDENTIAL] = "credential",
	[PHASE_MARKET] = "market",
	[PHASE_DECIDE] = "decide",
	[PHASE_PLAN] = "plan",
	[PHASE_SEND] = "send",
	[PHASE_BOOK] = "book",
	[PHASE_CLOSE] = "close",
};

struct scoreboard *scoreboard_new(unsigned slots)
{
	size_t size = sizeof(struct scoreboard) + slots * sizeof(struct scoreboard_page);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("could not map the scoreboard of %u slots: %s", slots, strerror(errno));
	struct scoreboard *scoreboard = memory;
	scoreboard->slots = slots;
	return scoreboard;
}

/* Readers that see an odd or a changed sequence look again. */
static void write_run(struct scoreboard_page *page, const struct scoreboard_run *run)
{
	atomic_fetch_add_explicit(&page->sequence, 1, memory_order_acquire);
	atomic_thread_fence(memory_order_release);
	page->run = *run;
	atomic_fetch_add_explicit(&page->sequence, 1, memory_order_release);
}

void scoreboard_begin(struct scoreboard_page *page, const struct scoreboard_run *run)
{
	atomic_store(&page->lost_token, 0);
	atomic_store(&page->stopped_token, 0);
	write_run(page, run);
}

void scoreboard_token(struct scoreboard_page *page, int64_t token)
{
	struct scoreboard_run run = page->run;

	run.token = token;
	write_run(page, &run);
}

void scoreboard_phase(struct scoreboard_page *page, enum runner_phase phase)
{
	atomic_store_explicit(&page->phase, (int)phase, memory_order_relaxed);
}

void scoreboard_end(struct scoreboard_page *page)
{
	write_run(page, &(struct scoreboard_run){0});
	atomic_store(&page->phase, PHASE_IDLE);
	atomic_fetch_add(&page->runs, 1);
}

bool scoreboard_read(const struct scoreboard_page *page, struct scoreboard_run *ret)
{
	for (int tries = 0; tries < READ_TRIES; tries++) {
		uint32_t before = atomic_load_explicit(&page->sequence, memory_order_acquire);
		*ret = page->run;
		atomic_thread_fence(memory_order_acquire);
		uint32_t after = atomic_load_explicit(&page->sequence, memory_order_relaxed);
		if (before == after && before % 2 == 0)
			return ret->scheduled_s != 0;
		/* The writer may have lost its processor to us. */
		(void)sched_yield();
	}
	return false;
}

bool scoreboard_read_last(const struct scoreboard_page *page, struct scoreboard_run *ret)
{
	*ret = page->run;
	return ret->scheduled_s != 0;
}

void scoreboard_reset(struct scoreboard_page *page)
{
	page->run = (struct scoreboard_run){0};
	atomic_store(&page->sequence, 0);
	atomic_store(&page->phase, PHASE_IDLE);
	atomic_store(&page->ready, false);
	atomic_store(&page->drain, false);
	atomic_store(&page->served, false);
	atomic_store(&page->pid, 0);
	atomic_store(&page->lost_token, 0);
	atomic_store(&page->stopped_token, 0);
}

void scoreboard_consumer(
	const char *host, unsigned slot, uint32_t generation, char ret[CONSUMER_SIZE])
{
	(void)snprintf(ret, CONSUMER_SIZE, "%s/%u.%u", host, slot, generation);
}

bool scoreboard_bury(struct scoreboard *scoreboard, const struct scoreboard_obituary *obituary)
{
	for (int i = 0; i < SCOREBOARD_OBITUARIES; i++) {
		struct scoreboard_obituary *place = &scoreboard->obituaries[i];
		if (atomic_load(&place->full))
			continue;
		*place = *obituary;
		atomic_store(&place->full, true);
		return true;
	}
	return false;
}

bool scoreboard_obituary(
	const struct scoreboard *scoreboard, unsigned place, struct scoreboard_obituary *ret)
{
	if (!atomic_load(&scoreboard->obituaries[place].full))
		return false;
	*ret = scoreboard->obituaries[place];
	return true;
}

void scoreboard_settled(struct scoreboard *scoreboard, unsigned place)
{
	atomic_store(&scoreboard->obituaries[place].full, false);
}

const char *runner_phase_text(enum runner_phase phase)
{
	return phase_names[phase];
}
