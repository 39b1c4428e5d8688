#include "worker/work.h"

#include <string.h>

int64_t work_now_ms(const struct work *work)
{
	return work->claim.now_ms + clock_mono_ms(work->context->clock) - work->claimed_mono_ms;
}

void work_phase(struct work *work, enum runner_phase phase)
{
	int64_t now_ms = clock_mono_ms(work->context->clock);

	work->phase_ms[work->phase] += now_ms - work->phase_since_ms;
	work->phase = phase;
	work->phase_since_ms = now_ms;
	scoreboard_phase(work->context->page, phase);
	atomic_store(&work->context->page->heartbeat_mono_ms, now_ms);
}

int work_may_go_on(const struct work *work, struct err *err)
{
	const struct scoreboard_page *page = work->context->page;

	if (atomic_load(&page->lost_token) == work->claim.token)
		return err_set(err, ERR_FENCED, ERR_RETRY_NEVER, "the run's lease was lost");
	if (atomic_load(&page->stopped_token) == work->claim.token &&
		strcmp(work->claim.kind, "slot") == 0)
		return err_set(err, ERR_STOPPED, ERR_RETRY_NEVER, "the bot was stopped");
	if (clock_mono_ms(work->context->clock) >= work->deadline_mono_ms)
		return err_set(err, ERR_TIMEOUT, ERR_RETRY_LATER,
			"the run passed its soft timeout of %lld ms",
			(long long)work->context->soft_timeout_ms);
	return 0;
}

void work_follow_up(struct work *work, int64_t at_ms)
{
	if (work->follow_up_ms == 0 || at_ms < work->follow_up_ms)
		work->follow_up_ms = at_ms;
}

struct journal_run work_journal(const struct work *work)
{
	return (struct journal_run){.bot = &work->dossier.bot, .token = work->claim.token};
}
