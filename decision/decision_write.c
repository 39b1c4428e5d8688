#include "decision/decision.h"

#include "decision/vocabulary.h"
#include "strategies/units.h"

#include <string.h>

static void put_fixed(struct doc *doc, const char *name, int64_t value, int places)
{
	doc_decimal(doc, name, decimal_trim(decimal_scaled(value, places)));
}

static void put_price(
	struct doc *doc, const char *name, int64_t ticks, const struct strategy_rules *rules)
{
	doc_decimal(doc, name, decimal_trim(units_price_of(ticks, rules)));
}

static void put_lots(
	struct doc *doc, const char *name, int64_t count, const struct strategy_rules *rules)
{
	doc_decimal(doc, name, decimal_trim(units_quantity_of(count, rules)));
}

static struct doc *write_blocks(uint32_t set)
{
	struct doc *doc = doc_array();

	for (size_t i = 0; i < VOCABULARY_BLOCKS; i++) {
		if (set & vocabulary_blocks[i].block)
			doc_push_text(doc, vocabulary_blocks[i].name);
	}
	return doc;
}

static struct doc *write_tiers(const struct strategy_rules *rules)
{
	struct doc *list = doc_array();

	for (size_t i = 0; i < rules->tier_count; i++) {
		const struct strategy_tier *tier = &rules->tiers[i];
		struct doc *doc = doc_object();

		put_fixed(doc, "limit", tier->limit_e8, 8);
		put_fixed(doc, "maintenance_rate", tier->maintenance_ppm, 6);
		put_fixed(doc, "deduction", tier->deduction_e8, 8);
		put_fixed(doc, "max_leverage", tier->max_leverage_ppm, 6);
		doc_push(list, doc);
	}
	return list;
}

static struct doc *write_rules(const struct strategy_rules *rules)
{
	struct doc *doc = doc_object();

	doc_decimal(doc, "tick_size", rules->tick_size);
	doc_decimal(doc, "lot_size", rules->lot_size);
	put_lots(doc, "min_quantity", rules->min_lots, rules);
	put_lots(doc, "max_quantity", rules->max_lots, rules);
	put_lots(doc, "max_market_quantity", rules->max_market_lots, rules);
	put_fixed(doc, "min_notional", rules->min_notional_e8, 8);
	put_fixed(doc, "maintenance_rate", rules->maintenance_ppm, 6);
	put_fixed(doc, "maker_fee", rules->maker_fee_ppm, 6);
	put_fixed(doc, "taker_fee", rules->taker_fee_ppm, 6);
	if (rules->tier_count > 0)
		doc_child(doc, "tiers", write_tiers(rules));
	doc_bool(doc, "trading", rules->trading);
	return doc;
}

static void put_ticker(struct doc *parent, const struct strategy_ticker *ticker,
	const struct strategy_rules *rules)
{
	static const struct strategy_ticker absent = {.age_ms = -1};

	if (memcmp(ticker, &absent, sizeof absent) == 0) {
		doc_null(parent, "ticker");
		return;
	}

	struct doc *doc = doc_object();

	put_price(doc, "bid", ticker->bid_ticks, rules);
	put_price(doc, "ask", ticker->ask_ticks, rules);
	put_price(doc, "last", ticker->last_ticks, rules);
	put_price(doc, "mark", ticker->mark_ticks, rules);
	put_fixed(doc, "funding_rate", ticker->funding_ppm, 6);
	doc_int(doc, "next_funding_ms", ticker->next_funding_ms);
	doc_int(doc, "age_ms", ticker->age_ms);
	doc_child(parent, "ticker", doc);
}

static struct doc *write_account(const struct strategy_account *account)
{
	struct doc *doc = doc_object();

	put_fixed(doc, "wallet", account->wallet_e8, 8);
	put_fixed(doc, "equity", account->equity_e8, 8);
	put_fixed(doc, "available", account->available_e8, 8);
	doc_int(doc, "active_symbols", account->active_symbols);
	put_fixed(doc, "account_notional", account->account_notional_e8, 8);
	put_fixed(doc, "account_margin", account->account_margin_e8, 8);
	doc_int(doc, "age_ms", account->age_ms);
	doc_text(doc, "position_mode", position_mode_text(account->position_mode));
	doc_text(doc, "margin_mode",
		account->margin_mode_known ? margin_mode_text(account->margin_mode) : NULL);
	doc_bool(doc, "settings_match", account->settings_match);
	return doc;
}

static void put_leg(struct doc *parent, const char *name, const struct strategy_leg *leg,
	const struct strategy_rules *rules)
{
	static const struct strategy_leg flat;

	if (memcmp(leg, &flat, sizeof flat) == 0) {
		doc_null(parent, name);
		return;
	}

	struct doc *doc = doc_object();
	put_lots(doc, "quantity", leg->lots, rules);
	put_fixed(doc, "average", leg->average_e8, 8);
	put_fixed(doc, "margin", leg->margin_e8, 8);
	put_fixed(doc, "maintenance_margin", leg->maintenance_e8, 8);
	put_fixed(doc, "unrealised", leg->unrealised_e8, 8);
	if (leg->liquidation_ticks != 0)
		put_price(doc, "liquidation", leg->liquidation_ticks, rules);
	else
		doc_null(doc, "liquidation");
	put_fixed(doc, "leverage", leg->leverage_ppm, 6);
	doc_child(parent, name, doc);
}

static struct doc *write_cycle(const struct strategy_input *input)
{
	struct doc *doc = doc_object();

	doc_int(doc, "number", input->cycle);
	doc_int(doc, "adds", input->cycle_adds);
	doc_int(doc, "started_ms", input->cycle_started_ms);
	doc_int(doc, "last_fill_ms", input->last_fill_ms);
	put_price(doc, "base_price", input->cycle_base_ticks, &input->rules);
	put_price(doc, "last_add_price", input->last_add_ticks, &input->rules);
	doc_int(doc, "last_entry_ms", input->last_entry_ms);
	doc_int(doc, "ended_ms", input->cycle_ended_ms);
	doc_text(doc, "ended_by", purpose_text(input->cycle_ended_by));
	put_lots(doc, "entered", input->cycle_entered_lots, &input->rules);
	put_fixed(doc, "funding", input->cycle_funding_e8, 8);
	return doc;
}

static struct doc *write_order(
	const struct strategy_order *order, const struct strategy_rules *rules)
{
	struct doc *doc = doc_object();

	doc_int(doc, "id", order->id);
	doc_text(doc, "purpose", purpose_text(order->purpose));
	doc_text(doc, "side", side_text(order->side));
	doc_text(doc, "type", order_type_text(order->type));
	put_price(doc, "price", order->price_ticks, rules);
	put_price(doc, "trigger_price", order->trigger_ticks, rules);
	put_lots(doc, "quantity", order->lots, rules);
	put_lots(doc, "filled", order->filled_lots, rules);
	doc_bool(doc, "unknown", order->unknown);
	doc_int(doc, "created_ms", order->created_ms);
	return doc;
}

static struct doc *write_orders(const struct strategy_input *input)
{
	struct doc *doc = doc_array();

	for (size_t i = 0; i < input->order_count; i++)
		doc_push(doc, write_order(&input->orders[i], &input->rules));
	return doc;
}

/* As many as there are: none of a preset that does not tell them. */
static void put_closed(struct doc *parent, const struct indicators *values)
{
	struct doc *list = doc_array();
	size_t count = SERIES_WANT_MAX;

	while (count > 0 && values->closed_ms[count - 1] == 0)
		count--;
	for (size_t i = 0; i < count; i++)
		doc_push_int(list, values->closed_ms[i]);
	doc_child(parent, "closed_ms", list);
}

static struct doc *write_indicators(const struct indicators *values)
{
	struct doc *doc = doc_object();

	for (size_t i = 0; i < INDICATOR_COUNT; i++) {
		if (values->valid & (1U << i))
			put_fixed(doc, vocabulary_indicators[i].name, values->value[i],
				vocabulary_indicators[i].places);
	}
	doc_int(doc, "last_closed_ms", values->last_closed_ms);
	doc_int(doc, "candles_5m", (int64_t)values->candles_5m);
	put_closed(doc, values);
	return doc;
}

struct doc *decision_write(const struct decision_case *decision)
{
	const struct strategy_input *input = &decision->input;
	struct doc *doc = doc_object();

	doc_text(doc, "strategy", decision->strategy->name);
	doc_child(doc, "params", decision_params_write(decision->strategy, input->params));
	doc_child(doc, "state", decision_state_write(decision, decision->state));
	doc_int(doc, "now_ms", input->now_ms);
	doc_text(doc, "symbol", input->symbol);
	doc_text(doc, "side", input->side == SIDE_BUY ? "long" : "short");
	doc_text(doc, "leg", leg_text(input->leg));
	doc_text(doc, "mode", strategy_mode_text(input->mode));
	doc_bool(doc, "auto_open", input->auto_open);
	if (input->open_asked)
		doc_bool(doc, "open_asked", true);
	doc_child(doc, "blocks", write_blocks(input->blocks));
	doc_int(doc, "leverage", input->leverage);
	doc_child(doc, "rules", write_rules(&input->rules));
	put_ticker(doc, &input->ticker, &input->rules);
	doc_child(doc, "account", write_account(&input->account));
	put_leg(doc, "position", &input->leg_own, &input->rules);
	put_leg(doc, "opposite", &input->leg_opposite, &input->rules);
	doc_child(doc, "cycle", write_cycle(input));
	put_fixed(doc, "day_net", input->day_net_e8, 8);
	doc_int(doc, "day_orders", input->day_orders);
	doc_child(doc, "orders", write_orders(input));
	doc_child(doc, "indicators", write_indicators(&input->indicators));
	return doc;
}
