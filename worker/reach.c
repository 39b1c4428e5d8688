#include "worker/reach.h"

#include "core/io/log.h"

/* Says a change of state once, whichever way it goes. */
static void note_state(bool *down, bool is_down, const char *what, const struct err *failure)
{
	if (is_down && !*down)
		log_failure(LOG_WARN, what, failure);
	else if (!is_down && *down)
		log_event(LOG_INFO, "answers again", LOG_TEXT("after", what));
	*down = is_down;
}

void reach_database(struct reach *reach, int result, const struct err *failure)
{
	note_state(&reach->database_down, result == -1, "Postgres is away, leases are not renewed",
		failure);
	reach->database_failed = reach->database_failed || result == -1;
}

void reach_queue(struct reach *reach, int result, const struct err *failure)
{
	note_state(
		&reach->queue_down, result == -1, "Redis is away, nothing is handed back", failure);
	reach->queue_failed = reach->queue_failed || result == -1;
}
