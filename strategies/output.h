/*
 * output - fills in a strategy's answer: reasons, intents, the fault.
 *
 * Room is fixed (STRATEGY_REASONS_MAX, STRATEGY_INTENTS_MAX); asking for more is our own mistake
 * and ends the process. Texts that do not fit are cut.
 */
#ifndef STRATEGIES_OUTPUT_H
#define STRATEGIES_OUTPUT_H

#include "strategies/strategy.h"

/* An empty answer: no action, no intents. quiet: its reasons are left out. */
void output_init(struct strategy_output *output, bool quiet);

/* What people call the decision: "none", "open", "add", "reduce", "close", "manage". */
void output_action(struct strategy_output *output, const char *action);

/* One gate and what it said; returns passed, so that a gate is asked and recorded at once. */
__attribute__((format(printf, 4, 5))) bool output_reason(
	struct strategy_output *output, const char *gate, bool passed, const char *format, ...);

/* Appends a copy. */
void output_intent(struct strategy_output *output, struct intent intent);

/* How many more intents fit. */
size_t output_room(const struct strategy_output *output);

/* Takes back every intent that is not a CANCEL, and says why nothing else is safe; the stop that
 * stands stays as it is. */
void output_fault(struct strategy_output *output, const char *text);

#endif
