#include "simulator/ledger.h"

#include "core/base/cleanup.h"
#include "core/io/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_LIMIT_BYTES 4096

struct line {
	uint64_t sequence;
	int64_t uid;
	char *text; /* with its line end */
};

struct ledger {
	struct line *lines;
	size_t count, capacity;
	size_t written; /* lines that the file has, or had before it was given */
	FILE *file;     /* NULL: none, or given up */
	bool file_good;
};

struct ledger *ledger_new(void)
{
	struct ledger *ledger = mem_zero(1, sizeof *ledger);

	ledger->file_good = true;
	return ledger;
}

void ledger_free(struct ledger **ledger)
{
	if (*ledger == NULL)
		return;
	for (size_t i = 0; i < (*ledger)->count; i++)
		free((*ledger)->lines[i].text);
	free((*ledger)->lines);
	if ((*ledger)->file != NULL)
		(void)fclose((*ledger)->file);
	free(*ledger);
	*ledger = NULL;
}

/* Ids and symbols hold no character that JSON would escape: they were checked when they came. */
static void write_text(struct buffer *out, const char *name, const char *text)
{
	if (text[0] != '\0')
		buffer_format(out, ",\"%s\":\"%s\"", name, text);
}

static void write_amount(struct buffer *out, const char *name, struct decimal amount)
{
	buffer_format(out, ",\"%s\":\"%s\"", name, DECIMAL_TEXT(amount));
}

static void write_amount_set(struct buffer *out, const char *name, struct decimal amount)
{
	if (!decimal_is_zero(amount))
		write_amount(out, name, amount);
}

static void write_order(struct buffer *out, const struct order *order)
{
	write_text(out, "order_id", order->venue_order_id);
	write_text(out, "client_order_id", order->client_order_id);
	write_text(out, "side", side_text(order->side));
	write_text(out, "type", order_type_text(order->type));
	write_text(out, "status", order_status_text(order->status));
	write_amount(out, "quantity", order->quantity);
	write_amount_set(out, "price", order->price);
	write_amount_set(out, "trigger_price", order->trigger_price);
	write_amount(out, "filled", order->filled);
	write_amount(out, "filled_value", order->filled_value);
	buffer_format(out, ",\"reduce_only\":%s", order->reduce_only ? "true" : "false");
}

static void write_fill(struct buffer *out, const struct fill *fill, bool with_order)
{
	write_text(out, "exec_id", fill->exec_id);
	write_text(out, "fill_kind", fill_kind_text(fill->kind));
	if (!with_order) {
		write_text(out, "order_id", fill->venue_order_id);
		write_text(out, "side", side_text(fill->side));
	}
	write_amount(out, "exec_quantity", fill->quantity);
	write_amount(out, "exec_price", fill->price);
	write_amount(out, "closed_quantity", fill->closed_quantity);
	write_text(out, "liquidity", liquidity_text(fill->liquidity));
}

static void write_funding(struct buffer *out, const struct funding_payment *funding)
{
	write_text(out, "funding_id", funding->id);
	write_amount(out, "rate", funding->rate);
	write_amount(out, "quantity", funding->quantity);
}

static bool books_money(enum broker_event_kind kind)
{
	return kind == BROKER_EVENT_FILL || kind == BROKER_EVENT_FUNDING ||
	       kind == BROKER_EVENT_TRANSFER;
}

static void write_money(struct buffer *out, const struct broker_event *event)
{
	write_amount(out, "cash_flow", event->cash_flow);
	write_amount(out, "fee", event->fee);
	write_amount(out, "funding", event->paid);
	write_amount(out, "change", event->change);
	write_amount(out, "wallet", event->wallet);
	if (event->kind == BROKER_EVENT_FILL)
		write_amount(out, "size_after", event->size_after);
}

static void write_line(
	struct buffer *out, const struct broker_event *event, int64_t uid, int64_t market_ms)
{
	buffer_format(out,
		"{\"sequence\":%" PRIu64 ",\"event\":\"%s\",\"time_ms\":%" PRId64
		",\"market_ms\":%" PRId64 ",\"uid\":%" PRId64,
		event->sequence, broker_event_text(event->kind), event->time_ms, market_ms, uid);
	if (event->order != NULL)
		write_text(out, "symbol", event->order->symbol);
	else if (event->fill != NULL)
		write_text(out, "symbol", event->fill->symbol);
	else if (event->funding != NULL)
		write_text(out, "symbol", event->funding->symbol);
	if (event->symbol >= 0)
		write_text(out, "leg", leg_text(event->leg));
	write_text(out, "reason", broker_reason_text(event->reason));
	if (event->order != NULL)
		write_order(out, event->order);
	if (event->fill != NULL)
		write_fill(out, event->fill, event->order != NULL);
	if (event->funding != NULL)
		write_funding(out, event->funding);
	if (books_money(event->kind))
		write_money(out, event);
	buffer_text(out, "}\n");
}

void ledger_append(
	struct ledger *ledger, const struct broker_event *event, int64_t uid, int64_t market_ms)
{
	struct buffer text;

	buffer_init(&text, LINE_LIMIT_BYTES);
	write_line(&text, event, uid, market_ms);
	if (buffer_failed(&text))
		die("a ledger line is longer than %d bytes", LINE_LIMIT_BYTES);
	if (ledger->count == ledger->capacity) {
		ledger->capacity = ledger->capacity == 0 ? 1024 : ledger->capacity * 2;
		ledger->lines = mem_grow(ledger->lines, ledger->capacity, sizeof ledger->lines[0]);
	}
	char *kept = mem_text(text.data); /* the buffer's own memory is larger */
	ledger->lines[ledger->count++] = (struct line){
		.sequence = event->sequence, .uid = uid, .text = kept};
	buffer_done(&text);
}

/* --- the file ------------------------------------------------------------------------------- */

static int unusable(struct err *err, const char *what, const char *file)
{
	(void)err_errno(err, errno, "could not %s ledger file %s", what, file);
	err->code = ERR_CONFIG;
	return -1;
}

/* Compares the file's lines with ours; *ret_good_bytes ends with the last whole one. */
static int compare_lines(struct ledger *ledger, FILE *stream, const char *file,
	off_t *ret_good_bytes, struct err *err)
{
	CLEANUP(text_free) char *text = NULL;
	size_t room = 0;
	ssize_t size_bytes;

	*ret_good_bytes = 0;
	for (size_t i = 0; (size_bytes = getline(&text, &room, stream)) > 0; i++) {
		if (text[size_bytes - 1] != '\n')
			break;
		if (i >= ledger->count || strcmp(text, ledger->lines[i].text) != 0)
			return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
				"ledger file %s line %zu is not of this exchange's state; give "
				"another file",
				file, i + 1);
		*ret_good_bytes += size_bytes;
		ledger->written = i + 1;
	}
	return 0;
}

/* There need not be such a file yet. */
static int resume(struct ledger *ledger, const char *file, struct err *err)
{
	CLEANUP(file_close) FILE *stream = fopen(file, "re");
	off_t good_bytes;

	ledger->written = 0;
	if (stream == NULL)
		return errno == ENOENT ? 0 : unusable(err, "read", file);
	if (compare_lines(ledger, stream, file, &good_bytes, err) == -1)
		return -1;
	return truncate(file, good_bytes) == 0 ? 0 : unusable(err, "cut a torn line off", file);
}

int ledger_to_file(struct ledger *ledger, const char *file, bool continues, struct err *err)
{
	if (continues && resume(ledger, file, err) == -1)
		return -1;
	ledger->file = fopen(file, "ae");
	if (ledger->file == NULL)
		return unusable(err, "open", file);
	ledger_flush(ledger);
	return 0;
}

static bool write_lines(struct ledger *ledger)
{
	for (; ledger->written < ledger->count; ledger->written++)
		if (fputs(ledger->lines[ledger->written].text, ledger->file) == EOF)
			return false;
	return fflush(ledger->file) == 0;
}

void ledger_flush(struct ledger *ledger)
{
	if (ledger->file == NULL || ledger->written == ledger->count || write_lines(ledger))
		return;
	log_event(LOG_WARN, "could not write the ledger file, going on without it",
		LOG_TEXT("error", strerror(errno)));
	ledger->file_good = false;
	(void)fclose(ledger->file);
	ledger->file = NULL;
}

/* --- reading -------------------------------------------------------------------------------- */

void ledger_dump(const struct ledger *ledger, int64_t uid, uint64_t from, struct buffer *out)
{
	for (size_t i = 0; i < ledger->count; i++) {
		const struct line *line = &ledger->lines[i];
		if (line->sequence >= from && (uid == 0 || line->uid == uid))
			buffer_text(out, line->text);
	}
}

size_t ledger_count(const struct ledger *ledger)
{
	return ledger->count;
}

bool ledger_file_good(const struct ledger *ledger)
{
	return ledger->file_good;
}
