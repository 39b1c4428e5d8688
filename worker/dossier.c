#include "worker/dossier.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Room for a run's own rows: three decisions of a pair, and the pieces of a split exit. */
#define ROWS_SPARE 160
#define ROWS_PER_PAIR (3 * STRATEGY_INTENTS_MAX)

static int copy_id(
	const struct field *object, const char *name, char *ret, size_t size, struct err *err)
{
	const char *text;
	if (field_text(object, name, &text, err) == -1)
		return -1;
	if (strlen(text) >= size)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER, "%s.%s is too long",
			object->path, name);
	(void)snprintf(ret, size, "%s", text);
	return 0;
}

/* Members that are null in the row where they have no meaning. */
static int optional_text(
	const struct field *object, const char *name, const char **ret, struct err *err)
{
	struct field member;
	*ret = "";
	if (field_get_optional(object, name, &member, err) == -1)
		return -1;
	return field_present(&member) ? field_as_text(&member, ret, err) : 0;
}

static int optional_int(const struct field *object, const char *name, int64_t *ret, struct err *err)
{
	struct field member;
	*ret = 0;
	if (field_get_optional(object, name, &member, err) == -1)
		return -1;
	return field_present(&member) ? field_as_int(&member, ret, err) : 0;
}

static int optional_decimal(
	const struct field *object, const char *name, struct decimal *ret, struct err *err)
{
	struct field member;
	*ret = DECIMAL_ZERO;
	if (field_get_optional(object, name, &member, err) == -1)
		return -1;
	return field_present(&member) ? field_as_decimal(&member, ret, err) : 0;
}

static int read_uuid(
	const struct field *object, const char *name, struct uuid *ret, struct err *err)
{
	const char *text;
	if (field_text(object, name, &text, err) == -1)
		return -1;
	return uuid_parse(text, ret, err);
}

static int read_bot(const struct field *root, struct dossier *dossier, struct err *err)
{
	struct field bot;
	const char *mode;
	if (field_get(root, "bot", &bot, err) == -1 ||
		read_uuid(&bot, "id", &dossier->bot, err) == -1 ||
		read_uuid(&bot, "tenant", &dossier->tenant, err) == -1 ||
		field_text(&bot, "name", &dossier->name, err) == -1 ||
		field_text(&bot, "exchange", &dossier->exchange_name, err) == -1 ||
		field_text(&bot, "environment", &dossier->environment_name, err) == -1 ||
		field_text(&bot, "strategy", &dossier->strategy_name, err) == -1 ||
		field_text(&bot, "mode", &mode, err) == -1 ||
		venue_name_parse(dossier->exchange_name, &dossier->venue, err) == -1 ||
		environment_parse(dossier->environment_name, &dossier->environment, err) == -1)
		return -1;
	if (strategy_mode_parse(mode, &dossier->mode) == -1)
		return err_set(
			err, ERR_PROTOCOL, ERR_RETRY_NEVER, "unrecognized mode \"%s\"", mode);
	return 0;
}

static int read_egresses(const struct field *credential, struct arena *arena,
	struct dossier *dossier, struct err *err)
{
	struct field list;
	if (field_get(credential, "egresses", &list, err) == -1 ||
		field_count(&list, &dossier->egress_count, err) == -1)
		return -1;
	dossier->egresses = ARENA_ARRAY(arena, const char *, dossier->egress_count + 1);
	for (size_t i = 0; i < dossier->egress_count; i++) {
		struct field item;
		if (field_item(&list, i, &item, err) == -1 ||
			field_as_text(&item, &dossier->egresses[i], err) == -1)
			return -1;
	}
	return 0;
}

static int read_route(const struct field *root, struct dossier *dossier, struct err *err)
{
	const char *tier;
	if (field_text(root, "tier", &tier, err) == -1 ||
		field_int(root, "pool_version", &dossier->pool_version, err) == -1)
		return -1;
	if (endpoint_tier_parse(tier, &dossier->tier) == -1)
		return err_set(
			err, ERR_PROTOCOL, ERR_RETRY_NEVER, "unrecognized tier \"%s\"", tier);
	return 0;
}

static int read_credential(
	const struct field *root, struct arena *arena, struct dossier *dossier, struct err *err)
{
	struct field credential;
	const char *status;
	if (field_get_optional(root, "credential", &credential, err) == -1)
		return -1;
	if (!field_present(&credential))
		return 0;
	dossier->has_credential = true;
	if (field_text(&credential, "id", &dossier->credential, err) == -1 ||
		field_text(&credential, "sealed", &dossier->sealed, err) == -1 ||
		optional_text(&credential, "wrapped", &dossier->wrapped, err) == -1 ||
		optional_text(&credential, "master_key_id", &dossier->master_key_id, err) == -1 ||
		optional_text(&credential, "account_id", &dossier->account_id, err) == -1 ||
		field_text(&credential, "status", &status, err) == -1 ||
		field_int(&credential, "version_min", &dossier->version_min, err) == -1 ||
		read_egresses(&credential, arena, dossier, err) == -1)
		return -1;
	dossier->credential_ok = strcmp(status, "ok") == 0 || strcmp(status, "unverified") == 0;
	return 0;
}

/* What is known of the leg beside its book. */
static int read_marks(const struct field *object, struct pair *pair, struct err *err)
{
	const char *hash;
	const char *ended_by;
	if (optional_int(object, "last_fill_ms", &pair->last_fill_ms, err) == -1 ||
		field_text(object, "cycle_ended_by", &ended_by, err) == -1 ||
		optional_int(object, "day_ms", &pair->day_ms, err) == -1 ||
		field_decimal(object, "day_net", &pair->day_net, err) == -1 ||
		field_int(object, "day_orders", &pair->day_orders, err) == -1 ||
		optional_int(object, "fills_from_ms", &pair->fills_from_ms, err) == -1 ||
		optional_int(object, "funding_from_ms", &pair->funding_from_ms, err) == -1 ||
		optional_int(object, "funding_seen_ms", &pair->funding_seen_ms, err) == -1 ||
		optional_int(object, "pnl_owed_ms", &pair->pnl_owed_ms, err) == -1 ||
		optional_int(object, "drift_since_ms", &pair->drift_since_ms, err) == -1 ||
		field_bool(object, "drift_confirmed", &pair->drift_confirmed, err) == -1 ||
		field_text(object, "reasons_hash", &hash, err) == -1)
		return -1;
	if (purpose_parse(ended_by, &pair->cycle_ended_by) == -1)
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER, "unrecognized purpose \"%s\"",
			ended_by);
	pair->reasons_hash = (uint64_t)strtoll(hash, NULL, 10);
	return 0;
}

static int read_book(const struct field *object, struct pair *pair, struct err *err)
{
	const char *held;
	struct book *book = &pair->book;
	if (field_text(object, "held", &held, err) == -1 ||
		side_parse(held, &book->held, err) == -1 ||
		field_decimal(object, "quantity", &book->quantity, err) == -1 ||
		field_decimal(object, "cost", &book->cost, err) == -1 ||
		field_int(object, "cycle", &book->cycle, err) == -1 ||
		field_decimal(object, "cycle_pnl", &book->cycle_pnl, err) == -1 ||
		field_decimal(object, "cycle_fees", &book->cycle_fees, err) == -1 ||
		field_decimal(object, "cycle_funding", &book->cycle_funding, err) == -1 ||
		optional_int(object, "cycle_started_ms", &book->cycle_started_ms, err) == -1 ||
		optional_int(object, "last_entry_ms", &book->last_entry_ms, err) == -1 ||
		optional_int(object, "cycle_ended_ms", &book->cycle_ended_ms, err) == -1 ||
		optional_decimal(object, "base_price", &book->base_price, err) == -1 ||
		optional_decimal(object, "last_add_price", &book->last_add_price, err) == -1 ||
		field_bool(object, "cycle_unpriced", &book->cycle_unpriced, err) == -1 ||
		field_int(object, "adds", &book->adds, err) == -1 ||
		copy_id(object, "entry_order_id", book->entry_order_id, sizeof book->entry_order_id,
			err) == -1)
		return -1;
	return read_marks(object, pair, err);
}

static int read_pair(const struct field *object, struct pair *pair, struct err *err)
{
	const char *side;
	const char *mode;
	if (read_uuid(object, "id", &pair->id, err) == -1 ||
		copy_id(object, "symbol", pair->symbol, sizeof pair->symbol, err) == -1 ||
		field_text(object, "side", &side, err) == -1 ||
		field_text(object, "position_mode", &mode, err) == -1 ||
		position_mode_parse(mode, &pair->position_mode, err) == -1 ||
		field_bool(object, "automatic_mode", &pair->automatic, err) == -1 ||
		field_bool(object, "active", &pair->active, err) == -1 ||
		field_bool(object, "claimed", &pair->claimed, err) == -1 ||
		field_int(object, "leverage", &pair->leverage, err) == -1 ||
		field_int(object, "ema_interval", &pair->ema_interval_min, err) == -1 ||
		field_get(object, "params", &pair->params, err) == -1 ||
		field_get(object, "state", &pair->state, err) == -1 ||
		field_int(object, "state_version", &pair->state_version, err) == -1)
		return -1;
	pair->side = strcmp(side, "long") == 0 ? SIDE_BUY : SIDE_SELL;
	pair->leg = pair->position_mode == POSITION_ONE_WAY ? LEG_ONE_WAY
		    : pair->side == SIDE_BUY                ? LEG_LONG
							    : LEG_SHORT;
	return read_book(object, pair, err);
}

static int read_kind(const char *text, enum row_kind *ret, struct err *err)
{
	static const char *const names[] = {[ROW_PLACE] = "place",
		[ROW_AMEND] = "amend",
		[ROW_CANCEL] = "cancel",
		[ROW_SETTING] = "setting"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		*ret = (enum row_kind)i;
		return 0;
	}
	return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER, "unrecognized row kind \"%s\"", text);
}

static int read_executions(
	const struct field *object, struct arena *arena, struct row *row, struct err *err)
{
	struct field list;
	if (field_get(object, "executions", &list, err) == -1 ||
		field_count(&list, &row->execution_count, err) == -1)
		return -1;
	row->executions = ARENA_ARRAY(arena, const char *, row->execution_count + 1);
	for (size_t i = 0; i < row->execution_count; i++) {
		struct field item;
		if (field_item(&list, i, &item, err) == -1 ||
			field_as_text(&item, &row->executions[i], err) == -1)
			return -1;
	}
	return 0;
}

static int row_pair(const struct dossier *dossier, const char *id)
{
	for (size_t i = 0; i < dossier->pair_count; i++)
		if (strcmp(dossier->pairs[i].id.text, id) == 0)
			return (int)i;
	return -1;
}

static int read_trigger_by(const struct field *object, struct row *row, struct err *err)
{
	const char *text;
	if (optional_text(object, "trigger_by", &text, err) == -1)
		return -1;
	row->trigger_by = strcmp(text, "mark") == 0 ? TRIGGER_MARK : TRIGGER_LAST;
	return 0;
}

/* What only a placed order has. */
static int read_order(const struct field *object, struct row *row, struct err *err)
{
	const char *purpose;
	const char *side;
	const char *type;
	if (field_text(object, "purpose", &purpose, err) == -1 ||
		field_text(object, "side", &side, err) == -1 ||
		side_parse(side, &row->side, err) == -1 ||
		field_text(object, "order_type", &type, err) == -1 ||
		order_type_parse(type, &row->type, err) == -1 ||
		field_decimal(object, "quantity", &row->quantity, err) == -1 ||
		optional_decimal(object, "value", &row->value, err) == -1 ||
		read_trigger_by(object, row, err) == -1)
		return -1;
	if (purpose_parse(purpose, &row->purpose) == -1)
		return err_set(
			err, ERR_PROTOCOL, ERR_RETRY_NEVER, "unrecognized purpose \"%s\"", purpose);
	return 0;
}

/* What an amendment asked for: the order's new quantity beside price or trigger. */
static int read_amendment(const struct field *object, struct row *row, struct err *err)
{
	const char *type;
	if (field_text(object, "order_type", &type, err) == -1 ||
		order_type_parse(type, &row->type, err) == -1 ||
		field_decimal(object, "quantity", &row->quantity, err) == -1)
		return -1;
	return 0;
}

static int read_row(const struct field *object, struct arena *arena, const struct dossier *dossier,
	struct row *row, struct err *err)
{
	const char *pair;
	const char *kind;
	const char *state;
	const char *target;
	const char *leg;
	if (copy_id(object, "client_order_id", row->client_order_id, sizeof row->client_order_id,
		    err) == -1 ||
		copy_id(object, "symbol", row->symbol, sizeof row->symbol, err) == -1 ||
		optional_text(object, "pair", &pair, err) == -1 ||
		optional_text(object, "target", &target, err) == -1 ||
		field_text(object, "kind", &kind, err) == -1 ||
		read_kind(kind, &row->kind, err) == -1 ||
		field_text(object, "state", &state, err) == -1 ||
		field_text(object, "leg", &leg, err) == -1 ||
		leg_parse(leg, &row->leg, err) == -1 ||
		optional_decimal(object, "price", &row->price, err) == -1 ||
		optional_decimal(object, "trigger_price", &row->trigger_price, err) == -1 ||
		field_bool(object, "reduce_only", &row->reduce_only, err) == -1 ||
		field_decimal(object, "filled", &row->filled, err) == -1 ||
		field_decimal(object, "filled_value", &row->filled_value, err) == -1 ||
		optional_int(object, "expires_server_ms", &row->expires_server_ms, err) == -1 ||
		field_int(object, "created_ms", &row->created_ms, err) == -1 ||
		optional_int(object, "market_ms", &row->market_ms, err) == -1 ||
		field_int(object, "asked", &row->asked, err) == -1 ||
		optional_int(object, "absent_ms", &row->absent_ms, err) == -1 ||
		optional_int(object, "cycle", &row->cycle, err) == -1 ||
		read_executions(object, arena, row, err) == -1)
		return -1;
	if (journal_state_parse(state, &row->state) == -1)
		return err_set(
			err, ERR_PROTOCOL, ERR_RETRY_NEVER, "unrecognized row state \"%s\"", state);
	(void)snprintf(row->target, sizeof row->target, "%s", target);
	row->pair = row_pair(dossier, pair);
	return row->kind == ROW_PLACE   ? read_order(object, row, err)
	       : row->kind == ROW_AMEND ? read_amendment(object, row, err)
					: 0;
}

static int read_lists(
	const struct field *root, struct arena *arena, struct dossier *dossier, struct err *err)
{
	struct field list;
	struct field item;
	if (field_get(root, "pairs", &list, err) == -1 ||
		field_count(&list, &dossier->pair_count, err) == -1)
		return -1;
	dossier->pairs = ARENA_ARRAY(arena, struct pair, dossier->pair_count + 1);
	for (size_t i = 0; i < dossier->pair_count; i++)
		if (field_item(&list, i, &item, err) == -1 ||
			read_pair(&item, &dossier->pairs[i], err) == -1)
			return -1;

	if (field_get(root, "rows", &list, err) == -1 ||
		field_count(&list, &dossier->row_count, err) == -1)
		return -1;
	dossier->row_capacity = dossier->row_count + ROWS_SPARE +
				ROWS_PER_PAIR * dossier->pair_count;
	dossier->rows = ARENA_ARRAY(arena, struct row, dossier->row_capacity);
	for (size_t i = 0; i < dossier->row_count; i++)
		if (field_item(&list, i, &item, err) == -1 ||
			read_row(&item, arena, dossier, &dossier->rows[i], err) == -1)
			return -1;
	return 0;
}

int dossier_read(const char *document, struct arena *arena, struct dossier *ret, struct err *err)
{
	int64_t sequence;
	*ret = (struct dossier){.credential = "", .account_id = ""};
	if (field_parse(document, strlen(document), &ret->document, err) == -1)
		return err_while(err, "could not understand the bot's document");
	struct field root = field_root(ret->document);
	if (read_bot(&root, ret, err) == -1 || read_credential(&root, arena, ret, err) == -1 ||
		read_route(&root, ret, err) == -1 || read_lists(&root, arena, ret, err) == -1 ||
		field_int(&root, "next_sequence", &sequence, err) == -1 ||
		field_bool(&root, "may_have_sent", &ret->may_have_sent, err) == -1) {
		dossier_done(ret);
		return err_while(err, "could not understand the bot's document");
	}
	ret->next_sequence = (int32_t)sequence;
	return 0;
}

void dossier_done(struct dossier *dossier)
{
	field_document_free(&dossier->document);
}

struct row *dossier_row(struct dossier *dossier, const char *client_order_id)
{
	for (size_t i = 0; i < dossier->row_count; i++)
		if (strcasecmp(dossier->rows[i].client_order_id, client_order_id) == 0)
			return &dossier->rows[i];
	return NULL;
}

size_t dossier_room(const struct dossier *dossier)
{
	return dossier->row_capacity - dossier->row_count;
}

struct row *dossier_add_row(struct dossier *dossier)
{
	assert(dossier_room(dossier) > 0);
	return &dossier->rows[dossier->row_count++];
}

bool dossier_pair_at_risk(const struct dossier *dossier, size_t pair)
{
	if (!decimal_is_zero(dossier->pairs[pair].book.quantity))
		return true;
	for (size_t i = 0; i < dossier->row_count; i++)
		if (dossier->rows[i].pair == (int)pair &&
			!journal_state_final(dossier->rows[i].state))
			return true;
	return false;
}
