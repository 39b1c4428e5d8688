#include "core/base/ident.h"
#include "decision/decision.h"
#include "strategies/units.h"

#include <string.h>

static struct decimal quantity_of(const struct strategy_input *input, int64_t lots)
{
	return decimal_trim(units_quantity_of(lots, &input->rules));
}

static struct decimal price_of(const struct strategy_input *input, int64_t ticks)
{
	return decimal_trim(units_price_of(ticks, &input->rules));
}

static void write_place(
	struct doc *doc, const struct strategy_input *input, const struct intent *intent)
{
	doc_text(doc, "purpose", purpose_text(intent->purpose));
	doc_text(doc, "side", side_text(intent->side));
	doc_text(doc, "leg", leg_text(input->leg));
	doc_text(doc, "type", order_type_text(intent->type));
	doc_decimal(doc, "quantity", quantity_of(input, intent->lots));
	if (intent->type == ORDER_LIMIT)
		doc_decimal(doc, "price", price_of(input, intent->price_ticks));
	if (intent->type == ORDER_STOP_MARKET) {
		doc_decimal(doc, "trigger_price", price_of(input, intent->trigger_ticks));
		doc_text(doc, "trigger_by", intent->trigger_by == TRIGGER_MARK ? "mark" : "last");
	} else {
		doc_text(doc, "time_in_force", time_in_force_text(intent->time_in_force));
	}
	doc_bool(doc, "reduce_only", intent->reduce_only);
}

static struct doc *write_intent(const struct strategy_input *input, const struct intent *intent)
{
	struct doc *doc = doc_object();

	switch (intent->kind) {
	case INTENT_CANCEL:
		doc_text(doc, "kind", "cancel");
		doc_int(doc, "order_id", intent->order_id);
		break;
	case INTENT_PLACE:
		doc_text(doc, "kind", "place");
		write_place(doc, input, intent);
		break;
	case INTENT_NOTIFY:
		doc_text(doc, "kind", "notify");
		doc_text(doc, "code", intent->code);
		break;
	case INTENT_LOCK:
		doc_text(doc, "kind", "lock");
		doc_text(doc, "code", intent->code);
		doc_int(doc, "until_ms", intent->until_ms);
		break;
	case INTENT_AMEND:
		doc_text(doc, "kind", "amend");
		doc_int(doc, "order_id", intent->order_id);
		doc_decimal(doc, "quantity", quantity_of(input, intent->lots));
		doc_decimal(doc, "price", price_of(input, intent->price_ticks));
		break;
	case INTENT_PAUSE:
		doc_text(doc, "kind", "pause");
		doc_text(doc, "code", intent->code);
		break;
	}
	return doc;
}

static const char *stop_action_text(enum stop_action action)
{
	return action == STOP_ACTION_CLOSE ? "close" : "close_and_pause";
}

/* Left out where the strategy has no opinion. */
static void put_stop(
	struct doc *parent, const struct strategy_input *input, const struct strategy_stop *stop)
{
	if (stop->protection == PROTECTION_KEEP)
		return;
	if (stop->protection == PROTECTION_NONE) {
		doc_null(parent, "stop");
		return;
	}
	struct doc *doc = doc_object();

	doc_decimal(doc, "trigger_price", price_of(input, stop->trigger_ticks));
	doc_text(doc, "trigger_by", stop->trigger_by == TRIGGER_MARK ? "mark" : "last");
	doc_text(doc, "action", stop_action_text(stop->action));
	doc_child(parent, "stop", doc);
}

static struct doc *write_reason(const struct reason *reason)
{
	struct doc *doc = doc_object();

	doc_text(doc, "gate", reason->gate);
	doc_bool(doc, "passed", reason->passed);
	doc_text(doc, "text", reason->text);
	return doc;
}

struct doc *decision_write_output(
	const struct decision_case *decision, const struct strategy_output *output)
{
	struct doc *doc = doc_object();
	struct doc *intents = doc_array();
	struct doc *reasons = doc_array();

	for (size_t i = 0; i < output->intent_count; i++)
		doc_push(intents, write_intent(&decision->input, &output->intents[i]));
	for (size_t i = 0; i < output->reason_count; i++)
		doc_push(reasons, write_reason(&output->reasons[i]));

	doc_text(doc, "status", output->status == DECISION_OK ? "ok" : "fault");
	doc_text(doc, "action", output->action);
	doc_child(doc, "intents", intents);
	doc_child(doc, "reasons", reasons);
	doc_child(doc, "state", decision_state_write(decision, output->state));
	put_stop(doc, &decision->input, &output->stop);
	if (output->entry_timeout_ms != 0)
		doc_int(doc, "entry_timeout_ms", output->entry_timeout_ms);
	if (output->follow_up_ms != 0)
		doc_int(doc, "follow_up_ms", output->follow_up_ms);
	else
		doc_null(doc, "follow_up_ms");
	return doc;
}

uint64_t decision_reasons_hash(const struct strategy_output *output)
{
	/* Which gates were asked and what they said; not the texts, whose prices always move. */
	char text[sizeof output->action +
		  STRATEGY_REASONS_MAX * (sizeof output->reasons[0].gate + 2)];
	size_t used = strlen(output->action);

	memcpy(text, output->action, used);
	for (size_t i = 0; i < output->reason_count; i++) {
		const struct reason *reason = &output->reasons[i];
		size_t size = strlen(reason->gate);

		text[used++] = reason->passed ? '+' : '-';
		memcpy(text + used, reason->gate, size);
		used += size;
	}
	return hash_bytes(text, used);
}
