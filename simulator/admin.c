#include "simulator/admin.h"

#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/field.h"
#include "simulator/door.h"
#include "simulator/venue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEDGER_LIMIT_BYTES ((size_t)1 << 30)
#define ADVANCE_MAX_MS (INT64_C(366) * 86400 * 1000)
#define SPEED_MAX 1000000
#define DELAY_MAX_MS 600000

struct admin_call {
	struct venue *venue;
	const struct http_server_request *request;
	struct field body;
	struct doc *result;
	struct http_server_reply *reply; /* for the one route that does not answer JSON */
};

/* --- reading the body ----------------------------------------------------------------------- */

static int optional_int(const struct admin_call *call, const char *name, int64_t least,
	int64_t most, int64_t fallback, int64_t *ret, struct err *err)
{
	struct field field;

	*ret = fallback;
	if (field_get_optional(&call->body, name, &field, err) == -1)
		return -1;
	if (!field_present(&field))
		return 0;
	if (field_as_int(&field, ret, err) == -1)
		return -1;
	if (*ret < least || *ret > most)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"%s: must be %" PRId64 " to %" PRId64, name, least, most);
	return 0;
}

static int optional_text(const struct admin_call *call, const char *name, const char *fallback,
	const char **ret, struct err *err)
{
	struct field field;

	*ret = fallback;
	if (field_get_optional(&call->body, name, &field, err) == -1)
		return -1;
	return field_present(&field) ? field_as_text(&field, ret, err) : 0;
}

static int required_account(const struct admin_call *call, int *ret, struct err *err)
{
	const char *key;
	size_t account;

	if (field_text(&call->body, "key", &key, err) == -1)
		return -1;
	if (!accounts_find(call->venue->accounts, key, &account))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "key: there is no such account");
	*ret = (int)account;
	return 0;
}

static int required_symbol(const struct admin_call *call, size_t *ret, struct err *err)
{
	const char *name;

	if (field_text(&call->body, "symbol", &name, err) == -1)
		return -1;
	if (!venue_symbol(call->venue, name, ret))
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "symbol: there is no %.31s", name);
	return 0;
}

static int optional_leg(const struct admin_call *call, enum leg *ret, struct err *err)
{
	static const enum leg legs[] = {LEG_ONE_WAY, LEG_LONG, LEG_SHORT};
	int64_t index;

	if (optional_int(call, "positionIdx", 0, 2, 0, &index, err) == -1)
		return -1;
	*ret = legs[index];
	return 0;
}

/* --- clock and state ------------------------------------------------------------------------ */

static void put_clock(const struct venue *venue, struct doc *object)
{
	struct decimal speed = decimal_scaled(market_speed_milli(venue->market), 3);

	doc_int(object, "server_ms", venue->server_ms);
	doc_int(object, "market_ms", venue->market_ms);
	doc_int(object, "start_ms", market_start_ms(venue->market));
	doc_int(object, "end_ms", market_end_ms(venue->market));
	doc_decimal(object, "speed", decimal_trim(speed));
	doc_bool(object, "halted", market_halted(venue->market));
}

static int show_clock(struct admin_call *call, struct err *err)
{
	(void)err;
	put_clock(call->venue, call->result);
	return 0;
}

static int show_state(struct admin_call *call, struct err *err)
{
	const struct venue *venue = call->venue;
	struct doc *requests = doc_object();
	struct doc *symbols = doc_array();

	(void)err;
	put_clock(venue, call->result);
	doc_int(call->result, "accounts", (int64_t)accounts_count(venue->accounts));
	for (size_t i = 0; i < venue->instrument_count; i++)
		doc_push_text(symbols, venue->instruments[i].rules.symbol);
	doc_child(call->result, "symbols", symbols);
	doc_int(call->result, "ledger_lines", (int64_t)ledger_count(venue->ledger));
	doc_bool(call->result, "ledger_file_good", ledger_file_good(venue->ledger));
	door_requests(venue, requests);
	doc_child(call->result, "requests", requests);
	return 0;
}

static int parse_speed(
	const struct admin_call *call, bool *ret_given, int64_t *ret, struct err *err)
{
	struct field field;
	struct decimal speed;

	*ret_given = false;
	if (field_get_optional(&call->body, "speed", &field, err) == -1)
		return -1;
	if (!field_present(&field))
		return 0;
	if (field_as_decimal(&field, &speed, err) == -1)
		return -1;
	if (decimal_sign(speed) < 0 || decimal_less(decimal_from_int(SPEED_MAX), speed) ||
		!decimal_to_fixed(speed, 3, ROUND_HALF_UP, ret))
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "speed: must be 0 to %d", SPEED_MAX);
	*ret_given = true;
	return 0;
}

static int set_clock(struct admin_call *call, struct err *err)
{
	struct venue *venue = call->venue;
	int64_t advance_ms, speed_milli;
	bool has_speed;

	if (optional_int(call, "advance_ms", 0, ADVANCE_MAX_MS, 0, &advance_ms, err) == -1 ||
		parse_speed(call, &has_speed, &speed_milli, err) == -1)
		return -1;
	desk_clock(venue, advance_ms, has_speed ? speed_milli : market_speed_milli(venue->market));
	venue_advance(venue);
	(void)pthread_cond_signal(&venue->wake);
	put_clock(venue, call->result);
	return 0;
}

/* --- the market and the user by hand -------------------------------------------------------- */

static int set_price(struct admin_call *call, struct err *err)
{
	struct decimal last, mark;
	size_t symbol;

	if (required_symbol(call, &symbol, err) == -1 ||
		field_decimal(&call->body, "last", &last, err) == -1 ||
		field_decimal(&call->body, "mark", &mark, err) == -1)
		return -1;
	return desk_price(call->venue, symbol, last, mark, err);
}

static int pay_funding(struct admin_call *call, struct err *err)
{
	struct decimal rate;
	size_t symbol;

	if (required_symbol(call, &symbol, err) == -1 ||
		field_decimal(&call->body, "rate", &rate, err) == -1)
		return -1;
	return desk_funding(call->venue, symbol, rate, err);
}

static int parse_trade(
	const struct admin_call *call, int *ret_account, struct order_request *ret, struct err *err)
{
	struct order_request request = {.type = ORDER_MARKET, .time_in_force = TIF_IOC};
	struct field reduce_only;
	const char *side;
	size_t symbol;

	if (required_account(call, ret_account, err) == -1 ||
		required_symbol(call, &symbol, err) == -1 ||
		field_text(&call->body, "side", &side, err) == -1 ||
		field_decimal(&call->body, "qty", &request.quantity, err) == -1 ||
		optional_leg(call, &request.leg, err) == -1 ||
		field_get_optional(&call->body, "reduceOnly", &reduce_only, err) == -1)
		return -1;
	if (field_present(&reduce_only) &&
		field_as_bool(&reduce_only, &request.reduce_only, err) == -1)
		return -1;
	if (strcmp(side, "Buy") != 0 && strcmp(side, "Sell") != 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "side: must be Buy or Sell");
	request.side = strcmp(side, "Buy") == 0 ? SIDE_BUY : SIDE_SELL;
	(void)snprintf(request.symbol, sizeof request.symbol, "%s",
		call->venue->instruments[symbol].rules.symbol);
	*ret = request;
	return 0;
}

static int trade_by_hand(struct admin_call *call, struct err *err)
{
	struct venue *venue = call->venue;
	struct order_request request;
	struct broker_order done;
	struct order order;
	int account;

	if (parse_trade(call, &account, &request, err) == -1 ||
		desk_place(venue, (size_t)account, &request, DESK_AT_ONCE, &order, err) == -1)
		return -1;
	doc_text(call->result, "orderId", order.venue_order_id);
	if (broker_order(venue->broker, account, order.venue_order_id, &done)) {
		doc_text(call->result, "status", order_status_text(done.order.status));
		doc_decimal(call->result, "filled", done.order.filled);
	}
	return 0;
}

static int force(struct admin_call *call, struct err *err)
{
	struct broker_forced forced = {.time_ms = 0};
	const char *kind;
	size_t symbol;

	if (required_account(call, &forced.account, err) == -1 ||
		required_symbol(call, &symbol, err) == -1 ||
		optional_leg(call, &forced.leg, err) == -1 ||
		field_decimal(&call->body, "qty", &forced.quantity, err) == -1 ||
		field_decimal(&call->body, "price", &forced.price, err) == -1 ||
		field_text(&call->body, "kind", &kind, err) == -1)
		return -1;
	if (strcmp(kind, "adl") != 0 && strcmp(kind, "settlement") != 0)
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "kind: must be adl or settlement");
	forced.kind = strcmp(kind, "adl") == 0 ? FILL_ADL : FILL_SETTLEMENT;
	forced.symbol = (int)symbol;
	return desk_force(call->venue, &forced, err);
}

static int transfer(struct admin_call *call, bool in, struct err *err)
{
	struct decimal amount;
	int account;

	if (required_account(call, &account, err) == -1 ||
		field_decimal(&call->body, "amount", &amount, err) == -1)
		return -1;
	if (decimal_sign(amount) <= 0)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "amount: must be above 0");
	return desk_transfer(call->venue, (size_t)account, in ? amount : decimal_neg(amount), err);
}

static int deposit(struct admin_call *call, struct err *err)
{
	return transfer(call, true, err);
}

static int withdraw(struct admin_call *call, struct err *err)
{
	return transfer(call, false, err);
}

/* --- ledger --------------------------------------------------------------------------------- */

static int parse_ledger(
	const struct admin_call *call, int64_t *ret_uid, uint64_t *ret_from, struct err *err)
{
	char text[ACCOUNTS_KEY_SIZE];
	size_t account;

	*ret_uid = 0;
	*ret_from = 0;
	if (http_server_argument(call->request, "uid", text, sizeof text))
		*ret_uid = strtoll(text, NULL, 10);
	if (http_server_argument(call->request, "from", text, sizeof text))
		*ret_from = strtoull(text, NULL, 10);
	if (!http_server_argument(call->request, "key", text, sizeof text))
		return 0;
	if (!accounts_find(call->venue->accounts, text, &account))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "key: there is no such account");
	*ret_uid = venue_uid(account);
	return 0;
}

static int show_ledger(struct admin_call *call, struct err *err)
{
	struct buffer lines;
	uint64_t from;
	int64_t uid;

	if (parse_ledger(call, &uid, &from, err) == -1)
		return -1;
	buffer_init(&lines, LEDGER_LIMIT_BYTES);
	ledger_dump(call->venue->ledger, uid, from, &lines);
	if (buffer_failed(&lines)) {
		buffer_done(&lines);
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the ledger is too long for one answer; give uid or from");
	}
	call->reply->content_type = "application/x-ndjson";
	call->reply->body_size_bytes = lines.size_bytes;
	call->reply->body = mem_text(lines.data);
	buffer_done(&lines);
	return 0;
}

/* --- misbehaviour --------------------------------------------------------------------------- */

static int parse_rule_text(const struct admin_call *call, struct fault_rule *rule, struct err *err)
{
	const char *kind, *method, *path, *key, *message;

	if (field_text(&call->body, "kind", &kind, err) == -1 ||
		optional_text(call, "method", "", &method, err) == -1 ||
		optional_text(call, "path", "", &path, err) == -1 ||
		optional_text(call, "key", "", &key, err) == -1 ||
		optional_text(call, "message", "misbehaviour on order", &message, err) == -1)
		return -1;
	if (!faults_kind_parse(kind, &rule->kind))
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "kind: unrecognized \"%.40s\"", kind);
	if (strlen(method) >= sizeof rule->method || strlen(path) >= sizeof rule->path ||
		strlen(key) >= sizeof rule->key || strlen(message) >= sizeof rule->message)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"method, path, key or message is too long");
	(void)snprintf(rule->method, sizeof rule->method, "%s", method);
	(void)snprintf(rule->path, sizeof rule->path, "%s", path);
	(void)snprintf(rule->key, sizeof rule->key, "%s", key);
	(void)snprintf(rule->message, sizeof rule->message, "%s", message);
	return 0;
}

static int add_fault(struct admin_call *call, struct err *err)
{
	struct fault_rule rule = {.kind = FAULT_LATENCY};
	int64_t status, code;

	if (parse_rule_text(call, &rule, err) == -1 ||
		optional_int(call, "skip", 0, INT32_MAX, 0, &rule.skip, err) == -1 ||
		optional_int(call, "count", 0, INT32_MAX, 1, &rule.count, err) == -1 ||
		optional_int(call, "chance_ppm", 1, FAULTS_PPM, FAULTS_PPM, &rule.chance_ppm,
			err) == -1 ||
		optional_int(call, "delay_ms", 0, DELAY_MAX_MS, 0, &rule.delay_ms, err) == -1 ||
		optional_int(call, "status", 400, 599, 502, &status, err) == -1 ||
		optional_int(call, "code", -INT32_MAX, INT32_MAX, 10016, &code, err) == -1)
		return -1;
	rule.status = (int)status;
	rule.code = (int)code;
	if (!faults_add(call->venue->faults, &rule))
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER, "there are %d rules already",
			FAULTS_RULES_MAX);
	return 0;
}

static int show_faults(struct admin_call *call, struct err *err)
{
	struct doc *list = doc_array();

	(void)err;
	for (size_t i = 0; i < faults_count(call->venue->faults); i++) {
		const struct fault_rule *rule = faults_get(call->venue->faults, i);
		struct doc *row = doc_object();
		doc_text(row, "kind", faults_kind_text(rule->kind));
		doc_text(row, "method", rule->method);
		doc_text(row, "path", rule->path);
		doc_text(row, "key", rule->key);
		doc_int(row, "skip", rule->skip);
		doc_int(row, "count", rule->count);
		doc_int(row, "chance_ppm", rule->chance_ppm);
		doc_int(row, "delay_ms", rule->delay_ms);
		doc_int(row, "seen", rule->seen);
		doc_int(row, "spoilt", rule->spoilt);
		doc_push(list, row);
	}
	doc_child(call->result, "rules", list);
	return 0;
}

static int clear_faults(struct admin_call *call, struct err *err)
{
	(void)err;
	faults_clear(call->venue->faults);
	return 0;
}

/* --- routes --------------------------------------------------------------------------------- */

static const struct {
	char method[8];
	char path[16];
	int (*run)(struct admin_call *call, struct err *err);
} routes[] = {
	{"GET", "/sim/state", show_state},
	{"GET", "/sim/clock", show_clock},
	{"POST", "/sim/clock", set_clock},
	{"POST", "/sim/price", set_price},
	{"POST", "/sim/funding", pay_funding},
	{"POST", "/sim/trade", trade_by_hand},
	{"POST", "/sim/force", force},
	{"POST", "/sim/deposit", deposit},
	{"POST", "/sim/withdraw", withdraw},
	{"GET", "/sim/ledger", show_ledger},
	{"GET", "/sim/faults", show_faults},
	{"POST", "/sim/faults", add_fault},
	{"DELETE", "/sim/faults", clear_faults},
};

static int parse_body(struct admin_call *call, struct field_document **ret, struct err *err)
{
	if (strcmp(call->request->method, "POST") != 0)
		return 0;
	if (field_parse(call->request->body, call->request->body_size_bytes, ret, err) == -1)
		return -1;
	call->body = field_root(*ret);
	if (!field_is_object(&call->body))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "expected a JSON object");
	return 0;
}

static int dispatch(struct admin_call *call, struct err *err)
{
	CLEANUP(field_document_free) struct field_document *document = NULL;

	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		if (strcmp(routes[i].method, call->request->method) != 0 ||
			strcmp(routes[i].path, call->request->path) != 0)
			continue;
		if (parse_body(call, &document, err) == -1)
			return -1;
		return routes[i].run(call, err);
	}
	return err_set(err, ERR_NOT_FOUND, ERR_RETRY_NEVER, "there is no %s %s",
		call->request->method, call->request->path);
}

static void answer(struct admin_call *call, int result, const struct err *err)
{
	struct http_server_reply *reply = call->reply;

	reply->status = result == 0 ? 200 : err->code == ERR_NOT_FOUND ? 404 : 400;
	if (reply->body != NULL)
		return;
	if (result == -1)
		doc_text(call->result, "error", err->message);
	reply->content_type = "application/json";
	reply->body = doc_dump(call->result);
	reply->body_size_bytes = strlen(reply->body);
}

void admin_handle(struct venue *venue, const struct http_server_request *request,
	struct http_server_reply *reply)
{
	CLEANUP(doc_free) struct doc *result = doc_object();
	struct admin_call call = {
		.venue = venue, .request = request, .result = result, .reply = reply};
	struct err err;

	venue_enter(venue);
	int outcome = dispatch(&call, &err);
	reply->cut = !venue_leave(venue);
	answer(&call, outcome, &err);
}
