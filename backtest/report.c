#include "backtest/report.h"

#include "backtest/figures.h"
#include "backtest/page.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/doc.h"
#include "core/io/field.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CYCLES_SHOWN 500
#define MARKS_SHOWN 4000
#define TEXT_SIZE 200

const char *report_path_name(int path)
{
	return path == 0 ? "high first" : "low first";
}

/* --- texts ---------------------------------------------------------------------------------- */

static const char *price_text(const struct report *report, int64_t ticks, char *text)
{
	struct decimal tick = report->options->terms.rules.tick_size;

	return decimal_text(
		decimal_trim(decimal_mul(decimal_from_int(ticks), tick)), text, DECIMAL_TEXT_SIZE);
}

static const char *quantity_text(const struct report *report, int64_t lots, char *text)
{
	struct decimal lot = report->options->terms.rules.lot_size;

	return decimal_text(
		decimal_trim(decimal_mul(decimal_from_int(lots), lot)), text, DECIMAL_TEXT_SIZE);
}

static const char *money_text(int64_t amount_e8, int places, char *text)
{
	struct decimal rounded = decimal_round(decimal_scaled(amount_e8, 8), places, ROUND_HALF_UP);

	return decimal_text(rounded, text, DECIMAL_TEXT_SIZE);
}

#define PRICE(report, ticks) price_text(report, ticks, (char[DECIMAL_TEXT_SIZE]){0})
#define QUANTITY(report, lots) quantity_text(report, lots, (char[DECIMAL_TEXT_SIZE]){0})
#define MONEY(amount_e8) money_text(amount_e8, 2, (char[DECIMAL_TEXT_SIZE]){0})
#define MOMENT(ms) clock_text(ms, (char[CLOCK_TEXT_SIZE]){0}, CLOCK_TEXT_SIZE)

static void put_head(const struct report *report, int worse, struct doc *doc)
{
	const struct backtest_options *options = report->options;
	const struct backtest_result *result = &report->results[worse];
	char text[TEXT_SIZE], length[FIGURES_TEXT_SIZE];

	(void)snprintf(text, sizeof text, "%s %s, %s", options->terms.rules.symbol,
		options->bot.side == SIDE_BUY ? "long" : "short", options->bot.strategy->name);
	doc_text(doc, "title", text);
	(void)snprintf(text, sizeof text,
		"%.16sZ to %.16sZ (%s), %" PRId64 "x %s, a decision every %" PRId64 " s",
		MOMENT(result->begin_ms), MOMENT(result->end_ms),
		figures_duration(result->end_ms - result->begin_ms, length, sizeof length),
		options->bot.leverage, margin_mode_text(options->bot.margin_mode),
		options->bot.interval_ms / 1000);
	doc_text(doc, "subtitle", text);
}

static void warn(struct doc *warnings, int path, const char *format, const char *moment)
{
	char text[TEXT_SIZE];

	(void)snprintf(text, sizeof text, "%s: %s %.16s%s", report_path_name(path), format, moment,
		*moment == '\0' ? "" : "Z");
	doc_push_text(warnings, text);
}

static struct doc *warnings_of(const struct report *report)
{
	struct doc *warnings = doc_array();

	for (int path = 0; path < 2; path++) {
		const struct backtest_result *result = &report->results[path];
		if (result->liquidated_ms != 0)
			warn(warnings, path, "liquidated, and the run ends there:",
				MOMENT(result->liquidated_ms));
		if (result->paused_ms != 0)
			warn(warnings, path, "paused, and waits for a person since",
				MOMENT(result->paused_ms));
		if (result->counts.missing_minutes > 0)
			warn(warnings, path,
				"minutes are missing in the candles; nobody can trade in them", "");
	}
	return warnings;
}

static struct doc *paths_of(int worse)
{
	struct doc *paths = doc_array();

	for (int i = 0; i < 2; i++) {
		struct doc *path = doc_object();
		doc_text(path, "name", report_path_name(i == 0 ? worse : !worse));
		doc_push(paths, path);
	}
	return paths;
}

static struct doc *tiles_of(void)
{
	static const enum figure_id shown[] = {FIGURE_TOTAL_RETURN, FIGURE_ANNUAL_RETURN,
		FIGURE_MAX_DRAWDOWN, FIGURE_SHARPE, FIGURE_CYCLES, FIGURE_WIN_RATE,
		FIGURE_MAX_EXPOSURE, FIGURE_LIQUIDATION_DISTANCE};
	struct doc *tiles = doc_array();

	for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
		doc_push_text(tiles, figures_name(shown[i])->key);
	return tiles;
}

/* A figure whose sign says whether it is good news. */
static bool is_signed(enum figure_id id)
{
	switch ((int)id) {
	case FIGURE_TOTAL_RETURN:
	case FIGURE_ANNUAL_RETURN:
	case FIGURE_SHARPE:
	case FIGURE_SORTINO:
	case FIGURE_CALMAR:
	case FIGURE_EXPECTANCY:
	case FIGURE_REALISED:
	case FIGURE_FUNDING:
	case FIGURE_UNREALISED:
		return true;
	default:
		return false;
	}
}

static struct doc *figures_doc(const struct report *report, int worse)
{
	const struct figures both[2] = {
		figures_of(&report->results[worse]), figures_of(&report->results[!worse])};
	struct doc *list = doc_array();

	for (int id = 0; id < FIGURES; id++) {
		const struct figure_name *name = figures_name((enum figure_id)id);
		struct doc *figure = doc_object();
		struct doc *values = doc_array();
		char text[FIGURES_TEXT_SIZE];
		for (int i = 0; i < 2; i++)
			doc_push_text(values,
				figures_text(&both[i], (enum figure_id)id, text, sizeof text));
		doc_text(figure, "key", name->key);
		doc_text(figure, "label", name->label);
		doc_text(figure, "definition", name->definition);
		doc_bool(figure, "signed", is_signed((enum figure_id)id));
		doc_child(figure, "values", values);
		doc_push(list, figure);
	}
	return list;
}

static struct doc *cycle_doc(const struct report *report, const struct record_cycle *cycle)
{
	struct doc *cells = doc_array();
	char text[TEXT_SIZE];

	(void)snprintf(text, sizeof text, "%.16sZ", MOMENT(cycle->begin_ms));
	text[10] = ' ';
	doc_push_text(cells, text);
	doc_push_text(cells, figures_duration(cycle->end_ms - cycle->begin_ms, text, sizeof text));
	(void)snprintf(text, sizeof text, "%" PRId64, cycle->adds);
	doc_push_text(cells, text);
	doc_push_text(cells, QUANTITY(report, cycle->lots_max));
	doc_push_text(cells, MONEY(cycle->average_e8));
	doc_push_text(cells, MONEY(cycle->pnl_e8));
	doc_push_text(cells, MONEY(cycle->fees_e8));
	doc_push_text(cells, MONEY(cycle->funding_e8));
	doc_push_text(cells, MONEY(cycle->net_e8));
	doc_push_text(cells,
		cycle->ended_by == PURPOSE_FOREIGN ? "liquidation" : purpose_text(cycle->ended_by));
	return cells;
}

static void put_cycles(const struct report *report, struct doc *doc)
{
	const struct record *record = report->record;
	size_t shown = record->cycle_count < CYCLES_SHOWN ? record->cycle_count : CYCLES_SHOWN;
	struct doc *list = doc_array();

	for (size_t i = record->cycle_count; i > record->cycle_count - shown; i--)
		doc_push(list, cycle_doc(report, &record->cycles[i - 1]));
	doc_child(doc, "cycles", list);
	doc_int(doc, "cycles_left_out", (int64_t)(record->cycle_count - shown));
}

static struct doc *adds_of(const struct backtest_cycles *cycles)
{
	struct doc *list = doc_array();
	char text[32];

	for (int i = 0; i <= BACKTEST_ADDS_MAX; i++) {
		if (cycles->by_adds[i] == 0)
			continue;
		struct doc *pair = doc_array();
		(void)snprintf(text, sizeof text, "%d%s", i, i == BACKTEST_ADDS_MAX ? "+" : "");
		doc_push_text(pair, text);
		(void)snprintf(text, sizeof text, "%" PRId64, cycles->by_adds[i]);
		doc_push_text(pair, text);
		doc_push(list, pair);
	}
	return list;
}

/* The object as pairs of texts: "fee_maker" becomes "fee maker". */
static int assumptions_of(const struct report *report, struct doc *doc, struct err *err)
{
	CLEANUP(text_free) char *text = doc_dump(report->assumptions);
	CLEANUP(field_document_free) struct field_document *document = NULL;
	struct doc *list = doc_array();
	const char *name;

	doc_child(doc, "assumptions", list);
	if (field_parse(text, strlen(text), &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	for (size_t i = 0; (name = field_name_at(&root, i)) != NULL; i++) {
		CLEANUP(text_free) char *label = mem_text(name);
		struct doc *pair = doc_array();
		struct field value;
		doc_push(list, pair);
		if (field_get(&root, name, &value, err) == -1)
			return -1;
		for (char *c = label; *c != '\0'; c++)
			*c = *c == '_' ? ' ' : *c;
		doc_push_text(pair, label);
		CLEANUP(text_free) char *shown = field_dump(&value);
		size_t length = strlen(shown);
		bool quoted = length >= 2 && shown[0] == '"';
		if (quoted)
			shown[length - 1] = '\0';
		doc_push_text(pair, shown + quoted);
	}
	return 0;
}

static int texts_of(const struct report *report, int worse, struct doc **ret, struct err *err)
{
	CLEANUP(doc_free) struct doc *doc = doc_object();

	put_head(report, worse, doc);
	doc_child(doc, "paths", paths_of(worse));
	doc_child(doc, "warnings", warnings_of(report));
	doc_child(doc, "tiles", tiles_of());
	doc_child(doc, "figures", figures_doc(report, worse));
	put_cycles(report, doc);
	doc_child(doc, "adds", adds_of(&report->results[worse].cycles));
	doc_json(doc, "params", report->params);
	if (assumptions_of(report, doc, err) == -1)
		return -1;
	*ret = TAKE(doc);
	return 0;
}

/* --- pictures ------------------------------------------------------------------------------- */

static void write_buckets(const struct report *report, FILE *file)
{
	const struct record *record = report->record;

	(void)fputs(",\"buckets\":[", file);
	for (size_t i = 0; i < record->bucket_count; i++) {
		const struct record_bucket *bucket = &record->buckets[i];
		char value[DECIMAL_TEXT_SIZE];
		struct decimal price = decimal_mul(
			decimal_from_int(bucket->high), report->options->terms.rules.tick_size);
		struct decimal held = decimal_mul(
			decimal_from_int(bucket->lots_max), report->options->terms.rules.lot_size);
		struct decimal worth = decimal_mul_div(
			price, held, decimal_from_int(1), 2, ROUND_HALF_UP);
		(void)fprintf(file, "%s[%" PRId64 ",%s,%s,%s,%s,%s,%s,%s,%s]", i > 0 ? "," : "",
			bucket->begin_ms, PRICE(report, bucket->low), PRICE(report, bucket->high),
			PRICE(report, bucket->close), MONEY(bucket->equity_high),
			MONEY(bucket->equity_low), MONEY(bucket->equity_e8),
			MONEY(bucket->wallet_e8), decimal_text(worth, value, sizeof value));
	}
	(void)fputc(']', file);
}

/* 0: entry, 1: add, 2: exit. */
static int mark_kind(enum trade_action action)
{
	if (action == TRADE_OPENED)
		return 0;
	return action == TRADE_ADDED ? 1 : 2;
}

/* Of very many fills every so-many-th is drawn: more dots than pixels say nothing. */
static void write_marks(const struct report *report, FILE *file)
{
	const struct record *record = report->record;
	size_t every = record->fill_count / MARKS_SHOWN + 1;
	bool any = false;

	(void)fputs(",\"marks\":[", file);
	for (size_t i = 0; i < record->fill_count; i += every) {
		const struct record_fill *fill = &record->fills[i];
		(void)fprintf(file, "%s[%" PRId64 ",%d,%s]", any ? "," : "", fill->at_ms,
			mark_kind(fill->action), PRICE(report, fill->ticks));
		any = true;
	}
	(void)fputc(']', file);
}

/* JSON inside a script element: a "<" of a text could end the element. */
static void write_json(FILE *file, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '<')
			(void)fputs("\\u003c", file);
		else
			(void)fputc(text[i], file);
	}
}

static int write_page(const struct report *report, FILE *file, struct err *err)
{
	CLEANUP(doc_free) struct doc *texts = NULL;

	if (texts_of(report, backtest_worse(report->results), &texts, err) == -1)
		return -1;
	CLEANUP(text_free) char *json = doc_dump(texts);
	(void)fwrite(page_before, 1, page_before_bytes, file);
	write_json(file, json, strlen(json) - 1); /* without its closing brace */
	write_buckets(report, file);
	write_marks(report, file);
	(void)fputc('}', file);
	(void)fwrite(page_after, 1, page_after_bytes, file);
	return 0;
}

int report_write(const struct report *report, const char *path, struct err *err)
{
	CLEANUP(text_free) char *beside = mem_format("%s.new", path);
	FILE *file = fopen(beside, "we");

	if (file == NULL)
		return err_errno(err, errno, "could not write %s", path);
	int result = write_page(report, file, err);
	bool whole = fflush(file) == 0 && !ferror(file);
	int failed = errno;
	if (fclose(file) == EOF && whole) {
		failed = errno;
		whole = false;
	}
	if (result == 0 && whole && rename(beside, path) == 0)
		return 0;
	failed = result == 0 && whole ? errno : failed;
	(void)unlink(beside);
	return result == -1 ? -1 : err_errno(err, failed, "could not write %s", path);
}
