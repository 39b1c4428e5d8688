#include "cli/strategy_preview.h"

#include "cli/output.h"
#include "cli/strategy_market.h"
#include "cli/strategy_params.h"
#include "cli/text_file.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "decision/decision.h"
#include "strategies/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARAMS_BYTES_MAX (1U << 20)
#define COLUMNS 14
#define DEFAULT_BALANCE_E8 (10000 * E8)

const struct command_option strategy_preview_options[] = {
	{"preset", "NAME", "of the settings (the strategy's first)"},
	{"params", "FILE", "a JSON object of settings"},
	{"side", "SIDE", "long or short (long)"},
	{"leverage", "N", "1 to 125 (5)"},
	{"balance", "AMOUNT", "the wallet (allocated_balance, or 10000)"},
	STRATEGY_MARKET_OPTIONS,
	{0},
};

struct preview {
	const struct strategy *strategy;
	unsigned char params[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
	struct strategy_market market;
	struct strategy_setting setting;
	struct strategy_preview ladder;
	char *faults; /* JSON, NULL: none */
	char refused[256];
};

/* ---- what is asked for ---------------------------------------------------------------------- */

static int params_document(
	struct command_context *context, struct field_document **ret, struct err *err)
{
	const char *file = command_value(context, "params");
	const char *preset = command_value(context, "preset");
	CLEANUP(doc_free) struct doc *doc = doc_object();

	if (file != NULL && preset != NULL)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"give --preset or --params, not both: a file may name its preset");
	if (file != NULL)
		return text_file_read_json(file, PARAMS_BYTES_MAX, ret, err);
	if (preset != NULL)
		doc_text(doc, "preset", preset);
	CLEANUP(text_free) char *text = doc_dump(doc);
	return field_parse(text, strlen(text), ret, err);
}

static int read_side(struct command_context *context, enum side *ret, struct err *err)
{
	const char *text = command_value(context, "side");

	*ret = SIDE_BUY;
	if (text == NULL || strcmp(text, "long") == 0)
		return 0;
	if (strcmp(text, "short") != 0)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--side: expected long or short, got \"%.40s\"", text);
	*ret = SIDE_SELL;
	return 0;
}

static int read_balance(struct command_context *context, int64_t *ret_e8, struct err *err)
{
	const char *text = command_value(context, "balance");
	struct decimal balance;

	*ret_e8 = DEFAULT_BALANCE_E8;
	if (text == NULL)
		return 0;
	if (decimal_parse(text, &balance, err) == -1 ||
		units_money(balance, "balance", ret_e8, err) == -1)
		return err_while(err, "--balance");
	if (*ret_e8 <= 0)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "--balance: must be above zero");
	return 0;
}

/*
 * Settings whose parts contradict each other have no ladder; those whose ladder alone is refused
 * have one that can be shown.
 */
static int read_params(struct command_context *context, struct preview *preview, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;

	if (params_document(context, &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	return decision_params_read(preview->strategy, &root, preview->params, NULL, err);
}

static int read_all(struct command_context *context, int argc, char **argv, struct preview *ret,
	struct err *err)
{
	struct strategy_setting *setting = &ret->setting;

	if (strategy_params_find(argc, argv, &ret->strategy, err) == -1 ||
		command_int(context, "leverage", 1, 125, 5, &setting->leverage, err) == -1 ||
		read_side(context, &setting->side, err) == -1 ||
		read_balance(context, &setting->balance_e8, err) == -1 ||
		strategy_market_read(context, &ret->market, err) == -1 ||
		read_params(context, ret, err) == -1)
		return -1;
	setting->rules = &ret->market.rules;
	setting->price_ticks = ret->market.price_ticks;
	return 0;
}

/* ---- what is told --------------------------------------------------------------------------- */

static const struct output_column columns[COLUMNS] = {
	{"entry", OUTPUT_TEXT},
	{"price", OUTPUT_DECIMAL},
	{"away_pct", OUTPUT_DECIMAL},
	{"quantity", OUTPUT_DECIMAL},
	{"size", OUTPUT_DECIMAL},
	{"total", OUTPUT_DECIMAL},
	{"average", OUTPUT_DECIMAL},
	{"break_even_pct", OUTPUT_DECIMAL},
	{"exposure_pct", OUTPUT_DECIMAL},
	{"margin_pct", OUTPUT_DECIMAL},
	{"take_profit", OUTPUT_DECIMAL},
	{"stop", OUTPUT_DECIMAL},
	{"loss_at_stop", OUTPUT_DECIMAL},
	{"liquidation", OUTPUT_DECIMAL},
};

static char *amount(int64_t value_e8, int places)
{
	struct decimal value = decimal_round(decimal_scaled(value_e8, 8), places, ROUND_HALF_UP);

	return mem_text(DECIMAL_TEXT(value));
}

static char *percent(int64_t ppm)
{
	return mem_text(DECIMAL_TEXT(decimal_round(decimal_scaled(ppm, 4), 2, ROUND_HALF_UP)));
}

static char *price(const struct preview *preview, int64_t ticks)
{
	if (ticks == 0)
		return NULL;
	return mem_text(TEXT(units_price_of(ticks, &preview->market.rules)));
}

/* Averages are shown with one place more than the price has. */
static char *average(const struct preview *preview, int64_t value_e8)
{
	int places = preview->market.rules.tick_size.scale + 1;

	return amount(value_e8, places < 8 ? places : 8);
}

static void fill_row(const struct preview *preview, size_t index, char **cells)
{
	const struct strategy_rung *rung = &preview->ladder.rungs[index];
	const struct strategy_rules *rules = &preview->market.rules;
	size_t at = 0;

	cells[at++] = index == 0 ? mem_text("opening") : mem_format("add %zu", index);
	cells[at++] = price(preview, rung->price_ticks);
	cells[at++] = percent(rung->deviation_ppm);
	cells[at++] = mem_text(TEXT_LOTS(rules, rung->lots));
	cells[at++] = amount(rung->notional_e8, 2);
	cells[at++] = amount(rung->total_notional_e8, 2);
	cells[at++] = average(preview, rung->average_e8);
	cells[at++] = percent(rung->break_even_ppm);
	cells[at++] = percent(rung->exposure_ppm);
	cells[at++] = percent(rung->margin_ppm);
	cells[at++] = price(preview, rung->take_profit_ticks);
	cells[at++] = price(preview, rung->stop_ticks);
	cells[at++] = rung->stop_ticks == 0 ? NULL : amount(rung->loss_at_stop_e8, 2);
	cells[at++] = price(preview, rung->liquidation_ticks);
}

static char **make_cells(const struct preview *preview)
{
	char **cells = mem_zero(preview->ladder.rung_count * COLUMNS + 1, sizeof *cells);

	for (size_t i = 0; i < preview->ladder.rung_count; i++)
		fill_row(preview, i, &cells[i * COLUMNS]);
	return cells;
}

static struct doc *rungs_doc(const struct preview *preview, char *const *cells)
{
	struct doc *list = doc_array();

	for (size_t row = 0; row < preview->ladder.rung_count; row++) {
		struct doc *rung = doc_object();
		for (size_t i = 0; i < COLUMNS; i++)
			doc_text(rung, columns[i].name, cells[row * COLUMNS + i]);
		doc_push(list, rung);
	}
	return list;
}

static void print_json(const struct preview *preview, char *const *cells)
{
	CLEANUP(doc_free) struct doc *doc = doc_object();

	doc_text(doc, "strategy", preview->strategy->name);
	doc_child(doc, "params", decision_params_write(preview->strategy, preview->params));
	doc_text(doc, "side", preview->setting.side == SIDE_BUY ? "long" : "short");
	doc_int(doc, "leverage", preview->setting.leverage);
	doc_decimal(doc, "balance", decimal_trim(decimal_scaled(preview->setting.balance_e8, 8)));
	doc_child(doc, "entries", rungs_doc(preview, cells));
	doc_text(doc, "note", preview->ladder.note[0] == '\0' ? NULL : preview->ladder.note);
	doc_bool(doc, "refused", preview->faults != NULL);
	doc_json(doc, "faults", preview->faults == NULL ? "[]" : preview->faults);
	output_doc(doc);
}

static void print_summary(const struct preview *preview)
{
	const struct strategy_rung *last = &preview->ladder.rungs[preview->ladder.rung_count - 1];

	printf("\nWorst: %s %% of the balance as margin, exposure %s %%",
		TEXT(decimal_round(decimal_scaled(last->margin_ppm, 4), 2, ROUND_HALF_UP)),
		TEXT(decimal_round(decimal_scaled(last->exposure_ppm, 4), 2, ROUND_HALF_UP)));
	if (last->stop_ticks != 0)
		printf(", %s lost at the stop",
			TEXT(decimal_round(
				decimal_scaled(last->loss_at_stop_e8, 8), 2, ROUND_HALF_UP)));
	printf(".\n");
	if (preview->market.nominal)
		printf("Assumed: a price of 1, no minimums, 0.5 %% maintenance margin.\n");
	if (preview->ladder.note[0] != '\0')
		printf("Note: %s.\n", preview->ladder.note);
}

static void print(struct command_context *context, const struct preview *preview)
{
	char **cells = make_cells(preview);

	if (command_json(context)) {
		print_json(preview, cells);
	} else if (preview->ladder.rung_count == 0) {
		printf("%s.\n", preview->ladder.note[0] == '\0' ? "There is no ladder"
								: preview->ladder.note);
	} else {
		output_table(columns, COLUMNS, (const char *const *)cells,
			preview->ladder.rung_count, false);
		print_summary(preview);
	}
	for (size_t i = 0; i < preview->ladder.rung_count * COLUMNS; i++)
		text_free(&cells[i]);
	free(cells);
}

int strategy_preview_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(text_free) char *faults = NULL;
	struct preview *preview = mem_zero(1, sizeof *preview);
	int result = read_all(context, argc, argv, preview, err);

	if (result == 0) {
		struct err refused;
		bool fits = decision_check(preview->strategy, preview->params, &preview->setting,
				    &faults, &refused) == 0;
		preview->faults = faults;
		preview->strategy->preview(preview->params, &preview->setting, &preview->ladder);
		print(context, preview);
		if (!fits)
			result = err_set(err, ERR_REFUSED, ERR_RETRY_NEVER, "%s", refused.message);
	}
	free(preview);
	return result;
}
