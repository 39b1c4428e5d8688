#include "cli/backtest_setup.h"

#include "cli/moment.h"
#include "cli/text_file.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "decision/decision.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FILES_MAX 1200 /* a hundred years of months */
#define PARAMS_BYTES_MAX (1U << 20)
#define FUNDING_DEFAULT "0.0001"
#define SLIPPAGE_DEFAULT "2"

/* --- candles -------------------------------------------------------------------------------- */

static void tell_finding(const char *path, const struct csv_finding *finding)
{
	char moment[CLOCK_TEXT_SIZE];

	(void)clock_text(finding->at_ms, moment, sizeof moment);
	if (finding->kind == CSV_GAP)
		(void)fprintf(stderr,
			"%s line %zu: %" PRId64 " minutes are missing before %.16sZ\n", path,
			finding->line, finding->minutes, moment);
	else
		(void)fprintf(stderr, "%s line %zu: the minute %.16sZ stands there twice\n", path,
			finding->line, moment);
}

void backtest_setup_tell(const char *path, const struct csv_report *report)
{
	size_t all = report->gaps + report->duplicates;

	for (size_t i = 0; i < report->finding_count; i++)
		tell_finding(path, &report->findings[i]);
	if (all > report->finding_count)
		(void)fprintf(stderr, "%s: and %zu more\n", path, all - report->finding_count);
	if (report->gaps > 0)
		(void)fprintf(stderr,
			"%s: %zu gaps of %" PRId64 " minutes in all, the longest %" PRId64
			": nobody can trade in them\n",
			path, report->gaps, report->missing_minutes, report->longest_gap);
	if (report->turned)
		(void)fprintf(stderr, "%s: the newest row comes first, turned round\n", path);
}

static int open_one(
	const char *path, const struct csv_options *options, struct tape **ret, struct err *err)
{
	struct csv_report report;

	if (tape_is_file(path))
		return tape_open(path, ret, err);
	if (csv_read(path, options, ret, &report, err) == -1)
		return -1;
	backtest_setup_tell(path, &report);
	return 0;
}

struct tape_list {
	struct tape *items[FILES_MAX];
	size_t count;
};

static void tape_list_free(struct tape_list **list)
{
	for (size_t i = 0; i < (*list)->count; i++)
		tape_free(&(*list)->items[i]);
	free(*list);
}

int backtest_setup_tape(
	const char *files, const struct csv_options *options, struct tape **ret, struct err *err)
{
	CLEANUP(text_free) char *copy = mem_text(files);
	CLEANUP(tape_list_free) struct tape_list *list = mem_zero(1, sizeof *list);
	char *rest = copy;

	while (rest != NULL) {
		const char *path = strsep(&rest, ",");
		if (list->count == FILES_MAX)
			return err_set(
				err, ERR_USAGE, ERR_RETRY_NEVER, "more than %d files", FILES_MAX);
		if (open_one(path, options, &list->items[list->count], err) == -1)
			return -1;
		list->count++;
	}
	return tape_join(list->items, list->count, ret, err);
}

/* --- options -------------------------------------------------------------------------------- */

static int one_of(const struct command_context *context, const char *name, const char *first,
	const char *second, bool *ret_second, struct err *err)
{
	const char *text = command_value(context, name);

	*ret_second = text != NULL && strcmp(text, second) == 0;
	if (text == NULL || *ret_second || strcmp(text, first) == 0)
		return 0;
	return err_set(err, ERR_USAGE, ERR_RETRY_NEVER, "--%s must be %s or %s, got \"%.40s\"",
		name, first, second, text);
}

static int read_bot(
	const struct command_context *context, struct backtest_bot *bot, struct err *err)
{
	const char *strategy = command_value(context, "strategy");
	bool is_short, one_way, isolated;
	int64_t interval_s, resume_s;

	bot->strategy = strategy_find(strategy == NULL ? "martingale" : strategy);
	if (bot->strategy == NULL)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--strategy: unrecognized strategy \"%.40s\"", strategy);
	if (one_of(context, "side", "long", "short", &is_short, err) == -1 ||
		one_of(context, "position-mode", "hedge", "one_way", &one_way, err) == -1 ||
		one_of(context, "margin-mode", "cross", "isolated", &isolated, err) == -1 ||
		command_int(context, "leverage", 1, 125, 10, &bot->leverage, err) == -1 ||
		command_int(context, "interval", 10, 86400, 300, &interval_s, err) == -1 ||
		command_int(context, "ema-interval", 1, 10080, 1, &bot->ema_interval_min, err) ==
			-1 ||
		command_int(context, "resume-after", 0, 100000000, 0, &resume_s, err) == -1)
		return -1;
	bot->side = is_short ? SIDE_SELL : SIDE_BUY;
	bot->position_mode = one_way ? POSITION_ONE_WAY : POSITION_HEDGE;
	bot->margin_mode = isolated ? MARGIN_ISOLATED : MARGIN_CROSS;
	bot->mode = MODE_NORMAL;
	bot->auto_open = true;
	bot->interval_ms = interval_s * 1000;
	bot->resume_after_ms = resume_s * 1000;
	return 0;
}

static int read_params(struct command_context *context, const char *option,
	struct backtest_setup *setup, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	const char *path = command_value(context, option);
	const struct backtest_bot *bot = &setup->options.bot;

	if (path == NULL ? field_parse("{}", 2, &document, err) == -1
			 : text_file_read_json(path, PARAMS_BYTES_MAX, &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	if (!field_is_object(&root))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"--%s: expected an object of parameters", option);
	if (decision_params(bot->strategy, &root, bot->leverage, setup->params, NULL, err) == -1)
		return err_while(err, "%s", path == NULL ? "parameters" : path);
	setup->params_text = field_dump(&root);
	setup->options.bot.params = setup->params;
	return 0;
}

static int read_fees(
	const struct command_context *context, struct broker_fees *fees, struct err *err)
{
	const char *text = command_value(context, "fees");

	if (text == NULL)
		return 0;
	CLEANUP(text_free) char *maker = mem_text(text);
	char *taker = strchr(maker, ',');
	if (taker == NULL)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--fees: expected MAKER,TAKER such as 0.0002,0.00055, got \"%.40s\"", text);
	*taker++ = '\0';
	if (decimal_parse(maker, &fees->maker, err) == -1 ||
		decimal_parse(taker, &fees->taker, err) == -1) {
		err->code = ERR_USAGE;
		return err_while(err, "--fees");
	}
	return 0;
}

static int read_terms(
	const struct command_context *context, struct backtest_setup *setup, struct err *err)
{
	const char *symbol = command_value(context, "symbol");
	struct terms *terms = &setup->options.terms;
	struct decimal lot = DECIMAL_ZERO;

	if (symbol == NULL)
		symbol = setup->tape->symbol[0] != '\0' ? setup->tape->symbol : "BTCUSDT";
	if (!terms_symbol_valid(symbol))
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--symbol: expected 2 to 31 of A-Z, 0-9 and -, got \"%.40s\"", symbol);
	*terms = terms_default(symbol);
	if (moment_decimal(
		    context, "tick", "0.00000001", "1000000", &terms->rules.tick_size, err) == -1 ||
		moment_decimal(context, "lot", "0.00000001", "1000000", &lot, err) == -1 ||
		moment_decimal(context, "min-notional", "0", "1000000", &terms->rules.min_notional,
			err) == -1 ||
		read_fees(context, &terms->fees, err) == -1)
		return -1;
	if (!decimal_is_zero(lot))
		terms_set_lot(&terms->rules, lot);
	return 0;
}

static int read_market(
	const struct command_context *context, struct backtest_setup *setup, struct err *err)
{
	struct csv_options options = {0};
	const char *funding = command_value(context, "funding");

	setup->funding_text = funding == NULL ? FUNDING_DEFAULT : funding;
	if (command_require(context, "candles", &setup->candles, err) == -1 ||
		one_of(context, "volume", "base", "quote", &options.volume_in_quote, err) == -1 ||
		backtest_setup_tape(setup->candles, &options, &setup->tape, err) == -1 ||
		read_terms(context, setup, err) == -1 ||
		tape_fit(&setup->tape, setup->options.terms.rules.tick_size, err) == -1 ||
		funding_read(setup->funding_text, setup->options.terms.rules.funding_interval_ms,
			&setup->funding, err) == -1)
		return -1;
	setup->options.tape = setup->tape;
	setup->options.funding = &setup->funding;
	return 0;
}

static int read_rest(
	const struct command_context *context, struct backtest_options *options, struct err *err)
{
	struct decimal slippage = decimal_literal(SLIPPAGE_DEFAULT);
	int64_t ppm, seed;

	options->balance = decimal_from_int(10000);
	if (moment_decimal(
		    context, "balance", "0.00000001", "1000000000", &options->balance, err) == -1 ||
		moment_decimal(context, "slippage", "0", "1000", &slippage, err) == -1 ||
		moment_option(context, "from", &options->from_ms, err) == -1 ||
		moment_option(context, "to", &options->to_ms, err) == -1 ||
		command_int(context, "seed", 0, INT64_MAX, 1, &seed, err) == -1)
		return -1;
	if (!decimal_count(slippage, decimal_literal("0.01"), &ppm))
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--slippage: at most two places after the point");
	options->slippage_ppm = (int)ppm;
	options->seed = (uint64_t)seed;
	return 0;
}

int backtest_setup_read(struct command_context *context, const char *params_option,
	struct backtest_setup *ret, struct err *err)
{
	*ret = (struct backtest_setup){0};
	if (read_bot(context, &ret->options.bot, err) == -1 ||
		read_params(context, params_option, ret, err) == -1 ||
		read_rest(context, &ret->options, err) == -1 ||
		read_market(context, ret, err) == -1)
		return -1;
	return 0;
}

void backtest_setup_done(struct backtest_setup *setup)
{
	tape_free(&setup->tape);
	funding_done(&setup->funding);
	text_free(&setup->params_text);
}
