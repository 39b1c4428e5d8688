#include "scheduler/fairness.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/*
 * Nodes stand in one array and are named by index; lists are indexes. node_of maps the caller's
 * entry to its node. A tenant with waiting jobs stands once in its priority's ring.
 */
struct node {
	struct fair_job job;
	uint32_t next, previous; /* in the tenant's list; next also chains the free list */
};

struct lane { /* one tenant's jobs of one priority */
	uint32_t head, tail;
	uint32_t next, previous; /* in the ring of tenants; NONE: not in it */
	bool listed;
};

struct ring {
	uint32_t head, tail; /* tenants */
	size_t count;        /* jobs */
};

struct fairness {
	struct node *nodes;
	uint32_t node_count, node_capacity, free_node;
	uint32_t *node_of;
	uint32_t entry_capacity;
	struct lane *lanes[PRIORITY_COUNT];
	uint32_t tenant_capacity;
	struct ring rings[PRIORITY_COUNT];
	size_t count;
	unsigned turn; /* where the weighted cycle stands */
};

struct fairness *fairness_new(void)
{
	struct fairness *fairness = mem_zero(1, sizeof *fairness);

	fairness_clear(fairness);
	return fairness;
}

void fairness_free(struct fairness **fairness)
{
	if (*fairness == NULL)
		return;
	for (int priority = 0; priority < PRIORITY_COUNT; priority++)
		free((*fairness)->lanes[priority]);
	free((*fairness)->nodes);
	free((*fairness)->node_of);
	free(*fairness);
	*fairness = NULL;
}

void fairness_clear(struct fairness *fairness)
{
	fairness->node_count = 0;
	fairness->free_node = NONE;
	fairness->count = 0;
	for (uint32_t i = 0; i < fairness->entry_capacity; i++)
		fairness->node_of[i] = NONE;
	for (int priority = 0; priority < PRIORITY_COUNT; priority++) {
		fairness->rings[priority] = (struct ring){.head = NONE, .tail = NONE};
		for (uint32_t i = 0; i < fairness->tenant_capacity; i++)
			fairness->lanes[priority][i] = (struct lane){.head = NONE, .tail = NONE};
	}
}

static uint32_t grown(uint32_t capacity, uint32_t wanted)
{
	uint32_t size = capacity == 0 ? 64 : capacity;

	while (size <= wanted)
		size *= 2;
	return size;
}

static void make_room(struct fairness *fairness, const struct fair_job *job)
{
	if (job->entry >= fairness->entry_capacity) {
		uint32_t size = grown(fairness->entry_capacity, job->entry);
		fairness->node_of = mem_grow(fairness->node_of, size, sizeof fairness->node_of[0]);
		for (uint32_t i = fairness->entry_capacity; i < size; i++)
			fairness->node_of[i] = NONE;
		fairness->entry_capacity = size;
	}
	if (job->tenant < fairness->tenant_capacity)
		return;
	uint32_t size = grown(fairness->tenant_capacity, job->tenant);
	for (int priority = 0; priority < PRIORITY_COUNT; priority++) {
		struct lane *lanes = mem_grow(fairness->lanes[priority], size, sizeof *lanes);
		for (uint32_t i = fairness->tenant_capacity; i < size; i++)
			lanes[i] = (struct lane){.head = NONE, .tail = NONE};
		fairness->lanes[priority] = lanes;
	}
	fairness->tenant_capacity = size;
}

static uint32_t take_node(struct fairness *fairness)
{
	uint32_t index = fairness->free_node;

	if (index != NONE) {
		fairness->free_node = fairness->nodes[index].next;
		return index;
	}
	if (fairness->node_count == fairness->node_capacity) {
		fairness->node_capacity = grown(fairness->node_capacity, fairness->node_count);
		fairness->nodes = mem_grow(
			fairness->nodes, fairness->node_capacity, sizeof fairness->nodes[0]);
	}
	return fairness->node_count++;
}

static struct lane *lane_of(struct fairness *fairness, const struct fair_job *job)
{
	return &fairness->lanes[job->job.priority][job->tenant];
}

static void list_tenant(struct fairness *fairness, int priority, uint32_t tenant)
{
	struct ring *ring = &fairness->rings[priority];
	struct lane *lane = &fairness->lanes[priority][tenant];

	lane->next = NONE;
	lane->previous = ring->tail;
	lane->listed = true;
	if (ring->tail == NONE)
		ring->head = tenant;
	else
		fairness->lanes[priority][ring->tail].next = tenant;
	ring->tail = tenant;
}

static void unlist_tenant(struct fairness *fairness, int priority, uint32_t tenant)
{
	struct ring *ring = &fairness->rings[priority];
	struct lane *lane = &fairness->lanes[priority][tenant];

	if (lane->previous == NONE)
		ring->head = lane->next;
	else
		fairness->lanes[priority][lane->previous].next = lane->next;
	if (lane->next == NONE)
		ring->tail = lane->previous;
	else
		fairness->lanes[priority][lane->next].previous = lane->previous;
	lane->listed = false;
}

static void insert(struct fairness *fairness, const struct fair_job *job, bool at_head)
{
	make_room(fairness, job);
	uint32_t index = take_node(fairness);
	struct node *node = &fairness->nodes[index];
	struct lane *lane = lane_of(fairness, job);

	node->job = *job;
	node->next = at_head ? lane->head : NONE;
	node->previous = at_head ? NONE : lane->tail;
	if (node->next != NONE)
		fairness->nodes[node->next].previous = index;
	else
		lane->tail = index;
	if (node->previous != NONE)
		fairness->nodes[node->previous].next = index;
	else
		lane->head = index;
	fairness->node_of[job->entry] = index;
	fairness->rings[job->job.priority].count++;
	fairness->count++;
	if (!lane->listed)
		list_tenant(fairness, (int)job->job.priority, job->tenant);
}

static void withdraw(struct fairness *fairness, uint32_t index)
{
	struct node *node = &fairness->nodes[index];
	struct lane *lane = lane_of(fairness, &node->job);

	if (node->previous == NONE)
		lane->head = node->next;
	else
		fairness->nodes[node->previous].next = node->next;
	if (node->next == NONE)
		lane->tail = node->previous;
	else
		fairness->nodes[node->next].previous = node->previous;
	if (lane->head == NONE)
		unlist_tenant(fairness, (int)node->job.job.priority, node->job.tenant);
	fairness->node_of[node->job.entry] = NONE;
	fairness->rings[node->job.job.priority].count--;
	fairness->count--;
	node->next = fairness->free_node;
	fairness->free_node = index;
}

bool fairness_push(struct fairness *fairness, const struct fair_job *job)
{
	make_room(fairness, job);
	uint32_t index = fairness->node_of[job->entry];

	if (index != NONE) {
		fairness->nodes[index].job.job.scheduled_s = job->job.scheduled_s;
		fairness->nodes[index].job.job.due_ms = job->job.due_ms;
		return false;
	}
	insert(fairness, job, false);
	return true;
}

void fairness_return(struct fairness *fairness, const struct fair_job *job)
{
	make_room(fairness, job);
	if (fairness->node_of[job->entry] == NONE)
		insert(fairness, job, true);
}

bool fairness_forget(struct fairness *fairness, uint32_t entry)
{
	if (entry >= fairness->entry_capacity || fairness->node_of[entry] == NONE)
		return false;
	withdraw(fairness, fairness->node_of[entry]);
	return true;
}

/* 8 high, 4 normal, 1 low in 13 turns, interleaved; an empty ring's turn goes to the next. */
static int next_priority(struct fairness *fairness)
{
	static const char turns[] = "0010100101002";
	int wanted = turns[fairness->turn] - '0';

	fairness->turn = (fairness->turn + 1) % (sizeof turns - 1);
	for (int i = 0; i < PRIORITY_COUNT; i++) {
		int priority = (wanted + i) % PRIORITY_COUNT;
		if (fairness->rings[priority].count > 0)
			return priority;
	}
	return -1;
}

/* The first tenant's oldest job; the tenant then goes to the end of the round. */
static void pop_one(struct fairness *fairness, int priority, struct fair_job *ret)
{
	uint32_t tenant = fairness->rings[priority].head;
	uint32_t index = fairness->lanes[priority][tenant].head;

	*ret = fairness->nodes[index].job;
	withdraw(fairness, index);
	if (fairness->lanes[priority][tenant].listed) {
		unlist_tenant(fairness, priority, tenant);
		list_tenant(fairness, priority, tenant);
	}
}

size_t fairness_pop(struct fairness *fairness, struct fair_job *ret, size_t count)
{
	size_t taken = 0;

	while (taken < count && fairness->count > 0) {
		int priority = next_priority(fairness);
		assert(priority >= 0);
		pop_one(fairness, priority, &ret[taken++]);
	}
	return taken;
}

size_t fairness_count(const struct fairness *fairness)
{
	return fairness->count;
}
