/*
 * payload - the text of a job in Redis, inside core/queue only.
 *
 * "BOT SLOT P DUE TENANT", every part of fixed width, so that a script takes a part by its place
 * and a person can read it in redis-cli:
 *
 *	1-36    bot, uuid in lower case
 *	38-47   slot, UTC second, ten digits
 *	49      priority: h, n, l
 *	51-63   due, milliseconds of Postgres's time, thirteen digits
 *	65-100  tenant, uuid in lower case
 */
#ifndef CORE_QUEUE_PAYLOAD_H
#define CORE_QUEUE_PAYLOAD_H

#include "core/queue/queue.h"

#define PAYLOAD_BYTES 100
#define PAYLOAD_SIZE (PAYLOAD_BYTES + 1)
#define PAYLOAD_SLOT_SIZE 11

/* The job's slot and due time must fit their widths (asserted): neither comes from outside. */
void payload_write(const struct job *job, char ret_text[PAYLOAD_SIZE]);

/* The slot as it stands in payloads and marks. */
void payload_slot(int64_t scheduled_s, char ret_text[PAYLOAD_SLOT_SIZE]);

/* ERR_PROTOCOL if text is no payload. message_id is left empty. */
MUST_CHECK int payload_parse(const char *text, struct job *ret, struct err *err);

#endif
