/*
 * story - what every line about a run says, so that one search tells the run's story.
 *
 * Tenant, bot, run ("1c9e57aa/1764152340": bot and slot) and a W3C trace id. The trace id is
 * derived from bot and slot alone, so that all attempts of a slot, the obituary of a runner that
 * died of it, the run's row (run_history.trace_id) and its requests to the venue share one,
 * without anybody handing it on.
 */
#ifndef WORKER_STORY_H
#define WORKER_STORY_H

#include "core/base/ident.h"

#define STORY_TRACE_SIZE 33  /* 32 hex digits */
#define STORY_PARENT_SIZE 56 /* "00-<trace>-<attempt's span>-01" */

void story_trace(const struct uuid *bot, int64_t scheduled_s, char ret[STORY_TRACE_SIZE]);

/* The header traceparent; the span is the attempt's fencing token, which is above zero. */
void story_parent(
	const struct uuid *bot, int64_t scheduled_s, int64_t token, char ret[STORY_PARENT_SIZE]);

/* To all lines of this process until log_detach. */
void story_attach(const struct uuid *tenant, const struct uuid *bot, int64_t scheduled_s);

#endif
