#include "cli/order_resolve.h"

#include "cli/bot_session.h"
#include "cli/guarded.h"
#include "core/base/cleanup.h"
#include "core/io/config.h"
#include "core/io/doc.h"
#include "core/io/field.h"
#include "core/io/postgres.h"
#include "core/store/resolution.h"
#include "worker/booking.h"
#include "worker/resolve.h"

#include <stdio.h>
#include <string.h>

#define ABSENT_GRACE_MS 30000 /* beyond the request's own expiry, design.md 7 */
#define EXECUTION "operator:"

struct task { /* the child's copy */
	const struct config *config;
	const struct journal_read_key *key;
	const struct order_resolve_word *word;
};

/* --- asking the venue ----------------------------------------------------------------------- */

static int ask(struct bot_session *session, struct err *err)
{
	if (session->options.vault == NULL)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"vault.master_key_file is not set on this host");
	if (bot_session_attach(session, err) == -1)
		return -1;
	/* A venue that does not answer leaves rows as they are, and says so here. */
	int64_t server_ms;
	if (exchange_server_ms(session->venue.exchange, &server_ms, err) == -1)
		return -1;
	return resolve_all(&session->work, err);
}

/* --- declaring ------------------------------------------------------------------------------ */

static int check_row(const struct row *row, const struct order_resolve_word *word, int64_t now_ms,
	struct err *err)
{
	if (row->state != JOURNAL_UNKNOWN)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"the order is %s, only an unknown one is resolved by word",
			journal_state_text(row->state));
	if (now_ms < row->expires_server_ms + ABSENT_GRACE_MS)
		return err_set(err, ERR_REFUSED, ERR_RETRY_LATER,
			"the venue may still accept the order: try again in %lld s",
			(long long)(row->expires_server_ms + ABSENT_GRACE_MS - now_ms) / 1000 + 1);
	if (word->absent && !decimal_is_zero(row->filled))
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"%s of the order are booked: it did reach the venue",
			DECIMAL_TEXT(row->filled));
	if (word->absent)
		return 0;
	if (row->kind != ROW_PLACE || row->pair < 0)
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"only an order of a pair can be filled: say --absent");
	struct decimal total = decimal_add(row->filled, word->quantity);
	if (!decimal_is_valid(total) || decimal_less(row->quantity, total))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"--filled: %s beyond the %s that are booked is more than the order's %s",
			DECIMAL_TEXT(word->quantity), DECIMAL_TEXT(row->filled),
			DECIMAL_TEXT(row->quantity));
	return 0;
}

static void book_absent(
	struct booking *booking, struct row *row, const struct order_resolve_word *word)
{
	booking_row(booking, row,
		&(struct row_change){.state = JOURNAL_ABSENT,
			.filled = row->filled,
			.filled_value = row->filled_value,
			.reason = word->reason});
}

static int book_filled(struct bot_session *session, struct booking *booking, struct row *row,
	const struct order_resolve_word *word, struct err *err)
{
	struct decimal filled = decimal_add(row->filled, word->quantity);
	struct fill fill = {
		.kind = FILL_TRADE,
		.side = row->side,
		.leg = row->leg,
		.quantity = word->quantity,
		.price = word->price,
		.fee = word->fee,
		.fee_currency = "USDT",
		.liquidity = LIQUIDITY_TAKER,
		.executed_ms = session->hold.now_ms,
	};

	(void)snprintf(fill.exec_id, sizeof fill.exec_id, EXECUTION "%.36s", row->client_order_id);
	(void)snprintf(
		fill.client_order_id, sizeof fill.client_order_id, "%s", row->client_order_id);
	(void)snprintf(fill.symbol, sizeof fill.symbol, "%s", row->symbol);
	if (booking_fill(booking, (size_t)row->pair, row, &fill, false, NULL, err) == -1)
		return -1;
	booking_row(booking, row,
		&(struct row_change){.state = decimal_equal(filled, row->quantity)
						      ? JOURNAL_FILLED
						      : JOURNAL_CANCELLED,
			.filled = filled,
			.filled_value = decimal_add(
				row->filled_value, decimal_mul(word->quantity, word->price)),
			.reason = word->reason});
	return 0;
}

static char *detail_text(const struct row *row, const struct order_resolve_word *word)
{
	CLEANUP(doc_free) struct doc *detail = doc_object();

	doc_text(detail, "bot_symbol", row->symbol);
	doc_bool(detail, "absent", word->absent);
	if (!word->absent) {
		doc_decimal(detail, "quantity", word->quantity);
		doc_decimal(detail, "price", word->price);
		doc_decimal(detail, "fee", word->fee);
	}
	return doc_dump(detail);
}

/* One transaction: the row, its trade, the leg's book, the audit log, the bot given back. */
static int declare(struct bot_session *session, struct row *row,
	const struct order_resolve_word *word, struct err *err)
{
	struct postgres *postgres = session->venue.postgres;
	CLEANUP(booking_free) struct booking *booking = booking_new(&session->work);
	CLEANUP(text_free) char *detail = detail_text(row, word);
	struct resolution resolution = {
		.client_order_id = row->client_order_id,
		.actor = word->actor,
		.reason = word->reason,
		.detail = detail,
	};

	if (word->absent)
		book_absent(booking, row, word);
	else if (book_filled(session, booking, row, word, err) == -1)
		return -1;
	if (postgres_begin(postgres, err) == -1)
		return -1;
	if (booking_commit(booking, err) == -1 ||
		resolution_finish(postgres, &session->hold, &resolution, err) == -1) {
		postgres_rollback(postgres);
		return -1;
	}
	return postgres_commit(postgres, err);
}

/* --- in the child --------------------------------------------------------------------------- */

static struct doc *result_doc(const char *state, bool by_venue, bool asked, const char *note)
{
	struct doc *doc = doc_object();

	doc_text(doc, "state", state);
	doc_bool(doc, "by_venue", by_venue);
	doc_bool(doc, "venue_asked", asked);
	doc_text(doc, "note", note);
	return doc;
}

static int resolve(
	struct bot_session *session, const struct task *task, struct doc **ret, struct err *err)
{
	struct row *row = dossier_row(&session->work.dossier, task->key->client_order_id);
	struct err unasked = {.message = ""};

	if (row == NULL || (journal_state_final(row->state) && row->state != JOURNAL_ABSENT))
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
			"the order is final: there is nothing to resolve");
	/* An absent row of the last day is asked about again by every run: it needs no word. */
	if (row->state == JOURNAL_ABSENT)
		return err_set(
			err, ERR_REFUSED, ERR_RETRY_NEVER, "the order was declared absent already");
	bool asked = ask(session, &unasked) == 0;
	if (!asked && unasked.code == ERR_FENCED) {
		*err = unasked;
		return -1;
	}
	/* Found by the venue, or found absent by the rules: an answer is worth more than a word. */
	if (row->state != JOURNAL_UNKNOWN && journal_state_final(row->state)) {
		*ret = result_doc(journal_state_text(row->state), true, true, "");
		return 0;
	}
	if (check_row(row, task->word, session->hold.now_ms, err) == -1 ||
		declare(session, row, task->word, err) == -1)
		return -1;
	*ret = result_doc(journal_state_text(row->state), false, asked, unasked.message);
	return 0;
}

static int child_work(struct vault *vault, void *context, struct doc **ret, struct err *err)
{
	const struct task *task = context;
	CLEANUP(bot_session_done) struct bot_session session = {0};
	struct bot_session_options options = {
		.config = task->config,
		.vault = vault,
		.bot = &task->key->bot,
		.actor = task->word->actor,
		.purpose = "order.resolve",
	};

	if (bot_session_open(&session, &options, err) == -1)
		return -1;
	return resolve(&session, task, ret, err);
}

/* --- in the command ------------------------------------------------------------------------- */

static int read_result(const char *text, struct order_resolve_result *ret, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;
	const char *state;
	const char *note;

	if (field_parse(text, strlen(text), &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	if (field_text(&root, "state", &state, err) == -1 ||
		field_text(&root, "note", &note, err) == -1 ||
		field_bool(&root, "by_venue", &ret->by_venue, err) == -1 ||
		field_bool(&root, "venue_asked", &ret->venue_asked, err) == -1)
		return -1;
	(void)snprintf(ret->state, sizeof ret->state, "%s", state);
	(void)snprintf(ret->note, sizeof ret->note, "%s", note);
	return 0;
}

int order_resolve_run(const struct config *config, const struct journal_read_key *key,
	const struct order_resolve_word *word, struct order_resolve_result *ret, struct err *err)
{
	struct task task = {.config = config, .key = key, .word = word};
	struct guarded_task child = {
		.config = config,
		.ring = config_text(config, "vault.master_key_file")[0] != '\0',
		.work = child_work,
		.context = &task,
	};
	CLEANUP(text_free) char *text = NULL;

	if (guarded_run(&child, &text, err) == -1)
		return -1;
	return read_result(text, ret, err);
}
