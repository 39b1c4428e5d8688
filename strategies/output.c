#include "strategies/output.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void output_init(struct strategy_output *output, bool quiet)
{
	/* Reasons are the most of it, and there are none. */
	if (quiet)
		memset(output, 0, offsetof(struct strategy_output, reasons));
	else
		memset(output, 0, sizeof *output);
	output->quiet = quiet;
	output_action(output, "none");
}

void output_action(struct strategy_output *output, const char *action)
{
	snprintf(output->action, sizeof output->action, "%s", action);
}

bool output_reason(
	struct strategy_output *output, const char *gate, bool passed, const char *format, ...)
{
	if (output->quiet)
		return passed;
	assert(output->reason_count < STRATEGY_REASONS_MAX);
	struct reason *reason = &output->reasons[output->reason_count++];
	va_list arguments;

	snprintf(reason->gate, sizeof reason->gate, "%s", gate);
	reason->passed = passed;
	va_start(arguments, format);
	vsnprintf(reason->text, sizeof reason->text, format, arguments);
	va_end(arguments);
	return passed;
}

void output_intent(struct strategy_output *output, struct intent intent)
{
	assert(output->intent_count < STRATEGY_INTENTS_MAX);
	output->intents[output->intent_count++] = intent;
}

size_t output_room(const struct strategy_output *output)
{
	return STRATEGY_INTENTS_MAX - output->intent_count;
}

void output_fault(struct strategy_output *output, const char *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < output->intent_count; i++) {
		if (output->intents[i].kind == INTENT_CANCEL)
			output->intents[kept++] = output->intents[i];
	}
	output->intent_count = kept;
	output->status = DECISION_FAULT;
	output->stop = (struct strategy_stop){.protection = PROTECTION_KEEP};
	output_action(output, "none");
	output_reason(output, "fault", false, "%s", text);
}
