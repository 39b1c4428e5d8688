/*
 * policy - what the supervisor does about its children: pure, a table tests it.
 *
 * Waiting and doing are the supervisor's; here stands only the decision. A step takes one event and
 * what the scoreboard shows, and gives a list of actions. The first restart of a child is at once;
 * from the second death without a success the delay doubles, 2 s to 60 s; one success resets it.
 *
 *	state        an exit means            what ends it
 *	DOWN         (nobody is there)        restart_at_ms
 *	STARTING     death                    ready in time, else KILL
 *	READY        death, or a clean exit   hard timeout of its run: KILL
 *	LEAVING      wanted                   hard timeout, or the pool's grace time: KILL
 *
 * The keeper is the last to leave, also where runners are killed: it ends their leases and hands
 * their jobs back.
 */
#ifndef WORKER_POLICY_H
#define WORKER_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_RUNNERS_MAX 4096

enum child_state { CHILD_DOWN, CHILD_STARTING, CHILD_READY, CHILD_LEAVING };

/* How a child ended by itself. */
#define CHILD_EXIT_RECYCLED 0 /* enough runs or memory, or asked to leave: a new one at once */
#define CHILD_EXIT_NO_WORK 3  /* --drain: the queue is empty */
#define CHILD_EXIT_CONFIG 4   /* it cannot start: bad key file, wrong schema, port taken */

struct policy_child {
	enum child_state state;
	int64_t since_ms;      /* of this state */
	int64_t restart_at_ms; /* DOWN: when to fork */
	int64_t runs_at_start;
	unsigned deaths; /* in a row, without a run finished between */
	bool killed;     /* KILL was sent: one is enough */
	bool finished;   /* never to be forked again */
};

struct policy_options {
	unsigned runners;         /* slots 0 … runners - 1; the keeper is slot runners */
	int64_t hard_timeout_ms;  /* of one run */
	int64_t start_timeout_ms; /* fork to ready */
	int64_t grace_ms;         /* after TERM, for running runs */
	bool until_empty;         /* --drain: runners leave when there is no work */
};

struct policy {
	struct policy_options options;
	bool draining, stopping; /* TERM; second TERM, QUIT or grace over */
	int64_t drain_since_ms;
	unsigned reload_next; /* the child to be replaced next; runners + 1: none */
	bool served;          /* a runner has polled: the configuration was good once */
	bool kept;            /* the same of the keeper: it was ready once */
	bool failed;          /* a child said that it can never start */
	bool finished;        /* nobody is left and nobody is wanted */
	struct policy_child children[POLICY_RUNNERS_MAX + 1];
};

enum policy_event_kind {
	POLICY_TICK,
	POLICY_EXIT,
	POLICY_TERM,
	POLICY_QUIT,
	POLICY_RELOAD,
};

struct policy_event {
	enum policy_event_kind kind;
	unsigned slot;  /* EXIT */
	bool signalled; /* EXIT: by a signal, else exit_code */
	int exit_code;
};

struct policy_seen { /* one child on the scoreboard */
	bool ready;
	bool served;              /* it has asked the queue for work */
	int64_t runs;             /* finished since the segment was made */
	int64_t running_since_ms; /* 0: idle */
};

enum policy_action_kind { POLICY_FORK, POLICY_KILL, POLICY_ASK_TO_LEAVE };

struct policy_action {
	enum policy_action_kind kind;
	unsigned slot;
};

struct policy_actions {
	size_t count;
	struct policy_action items[2 * (POLICY_RUNNERS_MAX + 1)];
};

void policy_init(struct policy *policy, const struct policy_options *options, int64_t now_ms);

/* seen: one entry per child, keeper last. */
void policy_step(struct policy *policy, const struct policy_event *event,
	const struct policy_seen *seen, int64_t now_ms, struct policy_actions *ret);

/* A child that policy_step wanted could not be forked: it counts as a death. */
void policy_fork_failed(struct policy *policy, unsigned slot, int64_t now_ms);

/* When policy_step wants to be called again without an event; INT64_MAX: never. */
int64_t policy_deadline(const struct policy *policy, const struct policy_seen *seen);

/* The pause before the next fork after that many deaths in a row. */
int64_t policy_restart_delay_ms(unsigned deaths);

#endif
