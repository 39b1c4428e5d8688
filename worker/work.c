#include "worker/work.h"

#include "core/io/log.h"
#include "worker/sabotage.h"

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

	if (atomic_load(&page->lost_token) == work->claim.token && !sabotage(SABOTAGE_FENCE))
		return err_set(err, ERR_FENCED, ERR_RETRY_NEVER, "the run's lease was lost");
	if (atomic_load(&page->stopped_token) == work->claim.token &&
		strcmp(work->claim.kind, "slot") == 0 && !sabotage(SABOTAGE_STOP_CHECK))
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

int64_t work_market_ms(const struct work *work, int64_t server_ms)
{
	int64_t market_ms;
	struct err err;

	if (work->exchange == NULL) /* an operator's word about a venue that cannot be reached */
		return server_ms;
	if (exchange_market_ms(work->exchange, server_ms, &market_ms, &err) == 0)
		return market_ms;
	log_failure(LOG_DEBUG, "the market's clock is not known, taking the server's", &err);
	return server_ms;
}

int64_t work_market_now_ms(const struct work *work)
{
	int64_t server_ms;
	struct err err;

	/* Without the venue's clock Postgres's is the nearest to it. */
	if (exchange_server_ms(work->exchange, &server_ms, &err) == -1)
		return work_now_ms(work);
	return work_market_ms(work, server_ms);
}

int64_t work_real_ms(const struct work *work, int64_t market_ms)
{
	int64_t speed = exchange_market_speed(work->exchange);

	return speed > 1 ? market_ms / speed : market_ms;
}

struct journal_run work_journal(const struct work *work)
{
	return (struct journal_run){.bot = &work->dossier.bot, .token = work->claim.token};
}
