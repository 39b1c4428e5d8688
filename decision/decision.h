/*
 * decision - the JSON form of a decision: what a strategy saw, and what it said.
 *
 * One documented snapshot serves `botbeat decide`, the rows that explain a run, golden tests and
 * replay: decision_write of an input read by decision_read gives the same decision bit for bit.
 * Amounts are decimal strings in market units (not ticks); a snapshot carries candles, or ready
 * indicator values in their place. Unknown members are refused by name.
 * docs/snapshot.md describes the format.
 */
#ifndef DECISION_DECISION_H
#define DECISION_DECISION_H

#include "core/base/arena.h"
#include "core/io/doc.h"
#include "core/io/field.h"
#include "strategies/strategy.h"

struct decision_case {
	const struct strategy *strategy;
	struct strategy_input input; /* input.params points at params */
	unsigned char params[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
	unsigned char state[STRATEGY_STATE_SIZE] __attribute__((aligned(16)));
};

/* Reads a whole snapshot (with candles its indicators are computed here). */
MUST_CHECK int decision_read(const struct field *snapshot, struct arena *arena,
	struct decision_case *ret, struct err *err);

/* The member rules of a snapshot alone. */
MUST_CHECK int decision_rules_read(
	const struct field *object, struct strategy_rules *ret, struct err *err);

/* The same, for keeping: always ready indicator values. The caller owns the doc. */
struct doc *decision_write(const struct decision_case *decision);

/* Intents, action, reasons and new state. */
struct doc *decision_write_output(
	const struct decision_case *decision, const struct strategy_output *output);

/* The reasons alone, as one short text per gate, and a hash of them for "reason changed". */
uint64_t decision_reasons_hash(const struct strategy_output *output);

/*
 * Parameters: preset, then the given object's values over it. leverage, side and symbol are refused
 * here (they are columns of a pair). All faults are reported at once: ret_faults gets a JSON array
 * of {field, value, bound, message} when -1 is returned with ERR_INVALID (caller frees; may be
 * NULL).
 */
MUST_CHECK int decision_params(const struct strategy *strategy, const struct field *params,
	int64_t leverage, void *ret_params, char **ret_faults, struct err *err);

/* Its first half: names, types and ranges, nothing across fields. */
MUST_CHECK int decision_params_read(const struct strategy *strategy, const struct field *params,
	void *ret_params, char **ret_faults, struct err *err);

/* Its second half, the checks across fields, against a market and a balance that are known by now.
 */
MUST_CHECK int decision_check(const struct strategy *strategy, const void *params,
	const struct strategy_setting *setting, char **ret_faults, struct err *err);

/* All settings of the preset in force, as decision_params reads them. */
struct doc *decision_params_write(const struct strategy *strategy, const void *params);

/*
 * The settings of a preset as a JSON Schema (draft 2020-12): a form can be built from it. Decimals
 * are strings; their bounds stand in x-minimum and x-maximum, units in x-unit.
 */
struct doc *decision_schema(const struct strategy *strategy, const struct strategy_preset *preset);

/* The settings of a preset as a table for documents; the caller frees. */
char *decision_params_markdown(const struct strategy_preset *preset);

/*
 * Strategy state to and from its jsonb column, by the preset of the decision's params; an empty
 * object is the first state, and so is what another preset remembered.
 */
struct doc *decision_state_write(const struct decision_case *decision, const void *state);
MUST_CHECK int decision_state_read(
	struct decision_case *decision, const struct field *object, struct err *err);

#endif
