/*
 * server_clock - what time it is at the venue.
 *
 * Keeps one offset (server minus our clock since boot) as the median of the last samples: a
 * single sample over-corrects when its way there and its way back differ. Pure: the caller brings
 * samples and our clock. A host's wall clock takes no part in it.
 */
#ifndef EXCHANGES_SERVER_CLOCK_H
#define EXCHANGES_SERVER_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVER_CLOCK_SAMPLES 9

struct server_clock { /* zero-initialised: knows nothing */
	struct {
		int64_t offset_ms;
		int64_t mono_ms; /* when it was taken */
	} samples[SERVER_CLOCK_SAMPLES];
	size_t count;
	size_t next;
};

/*
 * A reply that says server_ms, to a request that left at sent_mono_ms and took duration_ms. Half
 * of that is subtracted. A slow reply tells too little and is ignored: at worst half of it is
 * error, and a timestamp one second early is refused.
 */
void server_clock_add(
	struct server_clock *clock, int64_t server_ms, int64_t sent_mono_ms, int64_t duration_ms);

/* False: no sample, or none young enough to trust. */
bool server_clock_read(
	const struct server_clock *clock, int64_t now_mono_ms, int64_t *ret_server_ms);

/* True when the time endpoint should be asked again. */
bool server_clock_stale(const struct server_clock *clock, int64_t now_mono_ms);

/* After the venue refused a timestamp: what we believed was wrong. */
void server_clock_forget(struct server_clock *clock);

#endif
