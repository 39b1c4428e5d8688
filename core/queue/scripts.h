/*
 * scripts - the Lua that changes the queue, inside core/queue only.
 *
 * Each script is one step that must happen whole or not at all. docs/queue.md lists keys and
 * arguments. Rules that hold for all of them:
 *
 *  - what adds comes before what removes: Redis refuses additions when its memory is full, judged
 *    at the script's start, and a refused script must not have removed anything;
 *  - a message is removed only by whoever finds it pending, so a step that runs twice, or beside
 *    another on the same message, does nothing the second time;
 *  - an undelivered message is never deleted: stream length minus pending is what waits;
 *  - time is Redis's own; a mark that lies further ahead than it can is taken for expired, so that
 *    a clock set back does not keep bots from running.
 */
#ifndef CORE_QUEUE_SCRIPTS_H
#define CORE_QUEUE_SCRIPTS_H

#include "core/io/redis.h"

extern struct redis_script scripts_prepare;
extern struct redis_script scripts_push;
extern struct redis_script scripts_next;
extern struct redis_script scripts_ack;
extern struct redis_script scripts_retry;
extern struct redis_script scripts_promote;
extern struct redis_script scripts_hand_back;
extern struct redis_script scripts_reclaim;
extern struct redis_script scripts_dead;
extern struct redis_script scripts_depth;

#endif
