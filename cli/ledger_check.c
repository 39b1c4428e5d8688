#include "cli/ledger_check.h"

#include "cli/comparison.h"
#include "cli/guarded.h"
#include "cli/output.h"
#include "cli/venue_session.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/doc.h"
#include "core/io/field.h"
#include "core/io/postgres.h"
#include "core/store/credential.h"
#include "core/store/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHILDREN_MAX 8
#define ROUNDS_MAX 3
#define ROUND_PAUSE_MS 1500
#define SKEW_MS 10000     /* a venue's clock against Postgres's */
#define PATIENCE_MS 60000 /* with a venue's rate limits */
#define WAIT_LEAST_MS 50

enum place_column { PLACE_CREDENTIAL, PLACE_SYMBOL, PLACE_ACCOUNT, PLACE_BOTS };

struct child_task { /* the child's part: every count-th credential, from index on */
	const struct ledger_check_options *options;
	const struct postgres_result *places;
	size_t index, count;
};

struct report { /* what a child hands back */
	struct doc *differences, *failures;
	int64_t places, fills, payments, orders, positions, waiting, foreign;
};

/* --- in the child --------------------------------------------------------------------------- */

/*
 * After a question that failed: true if it was the venue's limit, which is shared with the workers
 * and leaves us the rest, and the wait is over. Each question waits by itself, so that none is
 * asked twice.
 */
static bool may_ask_again(int64_t give_up_mono_ms, const struct err *failure)
{
	const struct clock *clock = clock_system();
	int64_t wait_ms = failure->retry_after_ms > WAIT_LEAST_MS ? failure->retry_after_ms
								  : WAIT_LEAST_MS;

	if (failure->code != ERR_RATE || clock_mono_ms(clock) + wait_ms > give_up_mono_ms)
		return false;
	clock_sleep_ms(clock, wait_ms);
	return true;
}

static int find_ended(struct venue_session *session, const char *symbol,
	const struct ledger *ledger, struct comparison_venue *venue, struct err *err)
{
	int64_t give_up_ms = clock_mono_ms(clock_system()) + PATIENCE_MS;
	const struct ledger_row **rows;
	size_t count;

	comparison_unlisted(ledger, &venue->open, session->arena, &rows, &count);
	venue->ended.items = ARENA_ARRAY(session->arena, struct order, count + 1);
	for (size_t i = 0; i < count; i++) {
		enum exchange_found found;
		struct order *order = &venue->ended.items[venue->ended.count];
		int result;
		do {
			result = session->venue->find_order(session->exchange, symbol,
				rows[i]->client_order_id, &found, order, err);
		} while (result == -1 && may_ask_again(give_up_ms, err));
		if (result == -1)
			return err_while(err, "could not ask about an order");
		if (found == EXCHANGE_FOUND)
			venue->ended.count++;
	}
	return 0;
}

/* The venue before the books: what a run books meanwhile is then in both. */
static int read_venue(struct venue_session *session, const char *symbol, int64_t from_ms,
	struct comparison_venue *ret, struct err *err)
{
	const struct exchange_adapter *venue = session->venue;
	struct exchange *exchange = session->exchange;
	int64_t give_up_ms = clock_mono_ms(clock_system()) + PATIENCE_MS;
	int result = 0;

	*ret = (struct comparison_venue){0};
	do {
		if (from_ms > 0)
			result = venue->fills(exchange, session->arena, symbol, from_ms - SKEW_MS,
				0, &ret->fills, err);
	} while (result == -1 && may_ask_again(give_up_ms, err));
	if (result == -1)
		return err_while(err, "could not read fills");
	do {
		if (from_ms > 0)
			result = venue->funding(exchange, session->arena, symbol, from_ms - SKEW_MS,
				0, &ret->payments, err);
	} while (result == -1 && may_ask_again(give_up_ms, err));
	if (result == -1)
		return err_while(err, "could not read funding");
	do {
		result = venue->open_orders(exchange, session->arena, symbol, &ret->open, err);
	} while (result == -1 && may_ask_again(give_up_ms, err));
	if (result == -1)
		return err_while(err, "could not read open orders");
	do {
		result = venue->account(exchange, symbol, &ret->account, err);
	} while (result == -1 && may_ask_again(give_up_ms, err));
	if (result == -1)
		return err_while(err, "could not read the account");
	return 0;
}

static int compare_once(struct venue_session *session, const struct ledger_key *key,
	struct comparison *ret, struct err *err)
{
	struct comparison_venue venue;
	struct ledger ledger;

	arena_reset(session->arena);
	if (ledger_read(session->postgres, key, session->arena, &ledger, err) == -1)
		return -1;
	if (read_venue(session, key->symbol, ledger.from_ms, &venue, err) == -1)
		return -1;
	if (ledger_read(session->postgres, key, session->arena, &ledger, err) == -1)
		return -1;
	if (find_ended(session, key->symbol, &ledger, &venue, err) == -1)
		return -1;
	comparison_make(&ledger, &venue, session->arena, ret);
	return 0;
}

static void add_differences(
	struct report *report, const struct ledger_key *key, const struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++) {
		const struct difference *item = &comparison->items[i];
		struct doc *doc = doc_object();
		doc_text(doc, "kind", difference_kind_text(item->kind));
		doc_text(doc, "bot", item->bot.text);
		doc_text(doc, "account", key->account_id);
		doc_text(doc, "symbol", key->symbol);
		doc_text(doc, "id", item->id);
		doc_text(doc, "detail", item->detail);
		doc_push(report->differences, doc);
	}
	report->places++;
	report->fills += (int64_t)comparison->fills;
	report->payments += (int64_t)comparison->payments;
	report->orders += (int64_t)comparison->orders;
	report->positions += (int64_t)comparison->positions;
	report->waiting += (int64_t)comparison->waiting;
	report->foreign += (int64_t)comparison->foreign;
}

static int compare_place(struct venue_session *session, const struct ledger_key *key,
	struct report *report, struct err *err)
{
	struct comparison comparison;

	for (int round = 1;; round++) {
		if (compare_once(session, key, &comparison, err) == -1)
			return -1;
		if (comparison.count == 0 || round == ROUNDS_MAX)
			break;
		clock_sleep_ms(clock_system(), ROUND_PAUSE_MS);
	}
	add_differences(report, key, &comparison);
	return 0;
}

static void add_failure(struct report *report, const struct postgres_result *places, size_t row,
	const struct err *failure)
{
	struct doc *doc = doc_object();

	doc_text(doc, "bots", postgres_text(places, row, PLACE_BOTS));
	doc_text(doc, "symbol", postgres_text(places, row, PLACE_SYMBOL));
	doc_text(doc, "error", failure->message);
	doc_push(report->failures, doc);
}

static int attach(struct venue_session *session, const struct child_task *task,
	const struct credential *credential, struct err *err)
{
	struct venue_session_key key = {
		.tenant = &credential->tenant,
		.credential = credential->id.text,
		.exchange = credential->exchange,
		.environment = credential->environment,
		.sealed = credential->sealed,
		.wrapped_private_key = credential->wrapped_private_key,
		.master_key_id = credential->master_key_id,
		.egresses = credential->egresses,
		.version_min = credential->version_min,
		.actor = task->options->actor,
		.purpose = "doctor --compare-ledger",
	};

	return venue_session_attach(session, &key, err);
}

/* The places from row on that share a credential; returns the row after them. */
static size_t compare_credential(
	const struct child_task *task, struct vault *vault, size_t row, struct report *report)
{
	const struct postgres_result *places = task->places;
	const char *id = postgres_text(places, row, PLACE_CREDENTIAL);
	CLEANUP(venue_session_done) struct venue_session session = {0};
	CLEANUP(credential_done) struct credential credential = {.sealed = NULL};
	struct err err = {0};
	int opened = venue_session_open(&session, task->options->config, vault, &err);

	if (opened == 0)
		opened = credential_find(session.postgres, id, &credential, &err);
	if (opened == 0)
		opened = attach(&session, task, &credential, &err);
	for (; row < postgres_rows(places) &&
		strcmp(postgres_text(places, row, PLACE_CREDENTIAL), id) == 0;
		row++) {
		struct ledger_key key = {
			.exchange = credential.exchange,
			.environment = credential.environment,
			.account_id = postgres_text(places, row, PLACE_ACCOUNT),
			.symbol = postgres_text(places, row, PLACE_SYMBOL),
		};
		if (opened == -1 || compare_place(&session, &key, report, &err) == -1)
			add_failure(report, places, row, &err);
	}
	return row;
}

static size_t skip_credential(const struct postgres_result *places, size_t row)
{
	size_t first = row;

	while (row < postgres_rows(places) &&
		strcmp(postgres_text(places, row, PLACE_CREDENTIAL),
			postgres_text(places, first, PLACE_CREDENTIAL)) == 0)
		row++;
	return row;
}

static int child_work(struct vault *vault, void *context, struct doc **ret, struct err *err)
{
	const struct child_task *task = context;
	struct report report = {.differences = doc_array(), .failures = doc_array()};
	size_t row = 0;
	(void)err;

	for (size_t number = 0; row < postgres_rows(task->places); number++)
		row = number % task->count == task->index
			      ? compare_credential(task, vault, row, &report)
			      : skip_credential(task->places, row);

	struct doc *doc = doc_object();
	doc_int(doc, "places", report.places);
	doc_int(doc, "fills", report.fills);
	doc_int(doc, "payments", report.payments);
	doc_int(doc, "orders", report.orders);
	doc_int(doc, "positions", report.positions);
	doc_int(doc, "waiting", report.waiting);
	doc_int(doc, "foreign", report.foreign);
	doc_child(doc, "differences", report.differences);
	doc_child(doc, "failures", report.failures);
	*ret = doc;
	return 0;
}

/* --- in the command ------------------------------------------------------------------------- */

struct text_place { /* where a member of a child's object goes */
	const char *name;
	char *to;
	size_t size_bytes;
};

static int copy_texts(
	const struct field *object, const struct text_place *places, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const char *text;
		if (field_text(object, places[i].name, &text, err) == -1)
			return -1;
		(void)snprintf(places[i].to, places[i].size_bytes, "%s", text);
	}
	return 0;
}

static int add_difference(struct ledger_check *check, const struct field *item, struct err *err)
{
	check->differences = mem_grow(
		check->differences, check->difference_count + 1, sizeof check->differences[0]);
	struct ledger_check_difference *to = &check->differences[check->difference_count++];
	const struct text_place places[] = {
		{"kind", to->kind, sizeof to->kind},
		{"bot", to->bot, sizeof to->bot},
		{"account", to->account, sizeof to->account},
		{"symbol", to->symbol, sizeof to->symbol},
		{"id", to->id, sizeof to->id},
		{"detail", to->detail, sizeof to->detail},
	};

	return copy_texts(item, places, sizeof places / sizeof places[0], err);
}

static int add_failed(struct ledger_check *check, const struct field *item, struct err *err)
{
	check->failures = mem_grow(
		check->failures, check->failure_count + 1, sizeof check->failures[0]);
	struct ledger_check_failure *to = &check->failures[check->failure_count++];
	const struct text_place places[] = {
		{"bots", to->bots, sizeof to->bots},
		{"symbol", to->symbol, sizeof to->symbol},
		{"error", to->error, sizeof to->error},
	};

	return copy_texts(item, places, sizeof places / sizeof places[0], err);
}

static int add_all(struct ledger_check *check, const struct field *root, const char *name,
	int (*add)(struct ledger_check *, const struct field *, struct err *), struct err *err)
{
	struct field array;
	struct field item;
	size_t count;

	if (field_get(root, name, &array, err) == -1 || field_count(&array, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (field_item(&array, i, &item, err) == -1 || add(check, &item, err) == -1)
			return -1;
	return 0;
}

static int add_number(const struct field *root, const char *name, int64_t *sum, struct err *err)
{
	int64_t value;

	if (field_int(root, name, &value, err) == -1)
		return -1;
	*sum += value;
	return 0;
}

static int merge(const char *text, struct ledger_check *check, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;

	if (field_parse(text, strlen(text), &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	if (add_number(&root, "places", &check->places, err) == -1 ||
		add_number(&root, "fills", &check->fills, err) == -1 ||
		add_number(&root, "payments", &check->payments, err) == -1 ||
		add_number(&root, "orders", &check->orders, err) == -1 ||
		add_number(&root, "positions", &check->positions, err) == -1 ||
		add_number(&root, "waiting", &check->waiting, err) == -1 ||
		add_number(&root, "foreign", &check->foreign, err) == -1)
		return -1;
	if (add_all(check, &root, "differences", add_difference, err) == -1)
		return -1;
	return add_all(check, &root, "failures", add_failed, err);
}

static size_t count_credentials(const struct postgres_result *places)
{
	size_t count = 0;

	for (size_t row = 0; row < postgres_rows(places); count++)
		row = skip_credential(places, row);
	return count;
}

/* All children are waited for, whatever one of them says; the first failure is the result. */
static int wait_all(
	struct guarded *children, size_t count, struct ledger_check *check, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < count; i++) {
		CLEANUP(text_free) char *text = NULL;
		struct err failure;
		if (guarded_wait(&children[i], &text, &failure) == 0 &&
			merge(text, check, &failure) == 0)
			continue;
		if (result == 0)
			*err = failure;
		result = -1;
	}
	return result;
}

static int run_children(const struct ledger_check_options *options,
	const struct postgres_result *places, struct ledger_check *check, struct err *err)
{
	struct guarded children[CHILDREN_MAX];
	size_t credentials = count_credentials(places);
	size_t count = credentials < CHILDREN_MAX ? credentials : CHILDREN_MAX;

	for (size_t i = 0; i < count; i++) {
		struct child_task part = {
			.options = options, .places = places, .index = i, .count = count};
		struct guarded_task task = {.config = options->config,
			.ring = true,
			.work = child_work,
			.context = &part};
		if (guarded_start(&task, &children[i], err) == -1) {
			struct err ignored;
			(void)wait_all(children, i, check, &ignored);
			return -1;
		}
	}
	return wait_all(children, count, check, err);
}

int ledger_check_run(
	const struct ledger_check_options *options, struct ledger_check *ret, struct err *err)
{
	CLEANUP(postgres_result_free) struct postgres_result *places = NULL;

	*ret = (struct ledger_check){0};
	if (ledger_places(options->postgres, options->bot, &places, err) == 0 &&
		run_children(options, places, ret, err) == 0)
		return 0;
	ledger_check_done(ret);
	return -1;
}

void ledger_check_done(struct ledger_check *check)
{
	free(check->differences);
	free(check->failures);
	*check = (struct ledger_check){0};
}

/* --- printing ------------------------------------------------------------------------------- */

static struct doc *differences_doc(const struct ledger_check *check)
{
	struct doc *list = doc_array();

	for (size_t i = 0; i < check->difference_count; i++) {
		const struct ledger_check_difference *item = &check->differences[i];
		struct doc *doc = doc_object();
		doc_text(doc, "kind", item->kind);
		doc_text(doc, "bot", item->bot[0] == '\0' ? NULL : item->bot);
		doc_text(doc, "account", item->account);
		doc_text(doc, "symbol", item->symbol);
		doc_text(doc, "id", item->id);
		doc_text(doc, "detail", item->detail);
		doc_push(list, doc);
	}
	return list;
}

static struct doc *failures_doc(const struct ledger_check *check)
{
	struct doc *list = doc_array();

	for (size_t i = 0; i < check->failure_count; i++) {
		struct doc *doc = doc_object();
		doc_text(doc, "bots", check->failures[i].bots);
		doc_text(doc, "symbol", check->failures[i].symbol);
		doc_text(doc, "error", check->failures[i].error);
		doc_push(list, doc);
	}
	return list;
}

static void print_json(const struct ledger_check *check)
{
	CLEANUP(doc_free) struct doc *doc = doc_object();

	doc_int(doc, "differences", (int64_t)check->difference_count);
	doc_int(doc, "failures", (int64_t)check->failure_count);
	doc_int(doc, "places", check->places);
	doc_int(doc, "fills", check->fills);
	doc_int(doc, "funding_payments", check->payments);
	doc_int(doc, "orders", check->orders);
	doc_int(doc, "positions", check->positions);
	doc_int(doc, "waiting", check->waiting);
	doc_int(doc, "foreign_fills", check->foreign);
	doc_child(doc, "list", differences_doc(check));
	doc_child(doc, "failed", failures_doc(check));
	output_doc(doc);
}

static void print_differences(const struct ledger_check *check)
{
	static const struct output_column columns[] = {
		{"kind", OUTPUT_TEXT},
		{"bot", OUTPUT_TEXT},
		{"symbol", OUTPUT_TEXT},
		{"id", OUTPUT_TEXT},
		{"detail", OUTPUT_TEXT},
	};
	enum { COLUMNS = sizeof columns / sizeof columns[0] };

	if (check->difference_count == 0)
		return;
	const char **cells = mem_zero(check->difference_count * COLUMNS, sizeof *cells);
	for (size_t i = 0; i < check->difference_count; i++) {
		const struct ledger_check_difference *item = &check->differences[i];
		const char *const row[COLUMNS] = {item->kind,
			item->bot[0] == '\0' ? NULL : item->bot, item->symbol, item->id,
			item->detail};
		memcpy(cells + i * COLUMNS, row, sizeof row);
	}
	output_table(columns, COLUMNS, cells, check->difference_count, false);
	free(cells);
}

void ledger_check_print(const struct ledger_check *check, bool json)
{
	if (json) {
		print_json(check);
		return;
	}
	print_differences(check);
	for (size_t i = 0; i < check->failure_count; i++)
		printf("not compared: %s %s: %s\n", check->failures[i].bots,
			check->failures[i].symbol, check->failures[i].error);
	printf("%zu differences in %" PRId64 " places: %" PRId64 " fills, %" PRId64
	       " funding payments, %" PRId64 " open orders, %" PRId64 " positions; %" PRId64
	       " wait for the next run, %" PRId64 " are not ours\n",
		check->difference_count, check->places, check->fills, check->payments,
		check->orders, check->positions, check->waiting, check->foreign);
}
