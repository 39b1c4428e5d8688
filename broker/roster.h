/*
 * roster - the orders of all accounts: records, their ids, and the queue of what is asked.
 *
 * A venue order id is UUID-shaped text of (salt, place in the pool, number), so that finding an
 * order by it needs no table. Client ids go into a hash table and stay there for good, since a
 * venue that calls them "always unique" remembers more than its lists show.
 */
#ifndef BROKER_ROSTER_H
#define BROKER_ROSTER_H

#include "broker/model.h"

/* A zeroed record with number and index set, at the end of the slot's list. */
struct record *roster_add(struct broker *broker, struct slot *slot);

/* Takes a record back that roster_add just gave and that nobody saw. */
void roster_withdraw(struct broker *broker, struct record *record);

/* Moves final orders from the slot's list to the account's closed ring. */
void roster_sweep(struct broker *broker, struct slot *slot);

/* Puts the slot on, or takes it off, its symbol's list of active ones. */
void roster_activity(struct broker *broker, struct slot *slot);

/* Remembers the client id of the record's request; it must be new, or its order final. */
void roster_name(struct broker *broker, const struct record *record);
/* working_only: an id whose order is final, or dropped, counts as free. */
bool roster_named(
	const struct broker *broker, int account, const char *client_order_id, bool working_only);

/* By either id; NULL if unknown or dropped. */
struct record *roster_find(const struct broker *broker, int account, const char *id);

void roster_order_id(const struct broker *broker, const struct record *record,
	char ret_text[VENUE_ORDER_ID_SIZE]);

/* An id of the same shape for what has no record: executions, forced fills, payments. */
void roster_event_id(
	const struct broker *broker, uint64_t number, char ret_text[VENUE_ORDER_ID_SIZE]);

/* See broker_id_number. */
uint64_t roster_id_number(const char *id);

/* Queues a command for the record, after all that are due no later. */
struct command *roster_enqueue(
	struct broker *broker, enum command_kind kind, struct record *record, int64_t effect_ms);

/* Takes the first command off the queue if it is due; false if none is. */
bool roster_dequeue(struct broker *broker, int64_t time_ms, struct command *ret);

void roster_free(struct broker *broker);

#endif
