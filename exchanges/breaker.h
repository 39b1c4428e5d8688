/*
 * breaker - lets go of what does not answer, in all processes together.
 *
 * A breaker belongs to an endpoint, or to an egress address as its private calls see it. Closed, it
 * counts; when half of at least BREAKER_FAILURES requests of a window failed it opens, and requests
 * choose something else. After a while one process gets to try (half-open): what it finds closes
 * the breaker, or opens it for twice as long. The counts live in Redis; a process tells and asks at
 * most once a second, and at once after a failure.
 *
 * Without Redis, or while it does not answer, a process knows what it has seen itself.
 * Belongs to one process and thread; made after the fork.
 */
#ifndef EXCHANGES_BREAKER_H
#define EXCHANGES_BREAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clock;
struct redis;
struct breakers;

#define BREAKER_NAME_SIZE 96
#define BREAKERS_MAX 64
#define BREAKER_FAILURES 5
#define BREAKER_FIRST_MS 2000 /* open for so long at first */
#define BREAKER_MOST_MS 60000

/* scope: "bybit:testnet", in the name of the key. Everything borrowed, redis may be NULL. */
struct breakers *breakers_new(struct redis *redis, const struct clock *clock, const char *scope);
void breakers_free(struct breakers **breakers);

/* A handle of the one with this name, made at the first use; -1 if there are BREAKERS_MAX. */
int breaker_of(struct breakers *breakers, const char *name);

/* True: choose something else. Asks Redis if what is known is old. */
bool breaker_open(struct breakers *breakers, int breaker);

/*
 * True: it is this request's turn to try. Nobody else does until its outcome is told, or for some
 * seconds.
 */
bool breaker_probe(struct breakers *breakers, int breaker);

void breaker_succeeded(struct breakers *breakers, int breaker);
void breaker_failed(struct breakers *breakers, int breaker);
/* Opens it now, whatever was counted. */
void breaker_trip(struct breakers *breakers, int breaker);
/* Until it is tried again; 0: it is closed, or the try is due. */
int64_t breaker_wait_ms(const struct breakers *breakers, int breaker);

/* For who only looks (botbeat endpoint list): state as Redis has it now. */
struct breaker_state {
	bool open;
	int64_t wait_ms;             /* until it is tried again */
	int64_t successes, failures; /* of the window */
};
struct breaker_state breaker_look(struct breakers *breakers, int breaker);

#endif
