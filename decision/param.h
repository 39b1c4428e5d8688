/*
 * param - one setting of a strategy's table: stored, bounded, shown.
 *
 * base is the params struct, or the object that a member belongs to.
 */
#ifndef DECISION_PARAM_H
#define DECISION_PARAM_H

#include "strategies/strategy.h"

struct doc;

#define PARAM_BOUND_SIZE 160

/* Places of a decimal: 6 of a ratio, 8 of an amount. */
int param_places(enum param_kind kind);

/* Which of its names a text is; -1: none. */
int64_t param_index(const struct strategy_param *param, const char *text);

void param_store(const struct strategy_param *param, void *base, int64_t value);
int64_t param_load(const struct strategy_param *param, const void *base);

/* The item of a list, or an object (item 0). */
void *param_item(const struct strategy_param *param, void *base, size_t index);
const void *param_item_of(const struct strategy_param *param, const void *base, size_t index);

/* A constant of ours ("0.05", "true", a name) as stored; ends the process if it is none. */
int64_t param_of_text(const struct strategy_param *param, const char *text);

/* What it must keep, for people: "0 to 1, or null". */
void param_bound(const struct strategy_param *param, char text[PARAM_BOUND_SIZE]);

/* Adds its value to an object, as a user would write it. */
void param_write(const struct strategy_param *param, const void *base, struct doc *object);

/* The same as text ("0.006", "[]"); the caller frees. */
char *param_text(const struct strategy_param *param, const void *base);

#endif
