/* The ladder of strategy.md 3.1, and what a preview refuses. */
#include "strategies/martingale_check.h"
#include "strategies/martingale_preview.h"
#include "tests/strategies/scene.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdio.h>

static struct strategy_setting setting_of(const struct scene *scene)
{
	return (struct strategy_setting){
		.leverage = scene->input.leverage,
		.side = scene->input.side,
		.rules = &scene->input.rules,
		.price_ticks = SCENE_TICKS(60000),
		.balance_e8 = scene->input.account.wallet_e8,
	};
}

/* A market whose lots and ticks are too fine to be seen in a result. */
static void make_fine(struct scene *scene)
{
	scene->input.rules.tick_size = decimal_literal("0.00001");
	scene->input.rules.lot_size = decimal_literal("0.000000001");
	scene->input.rules.max_lots = 1LL << 50;
	scene->input.rules.max_market_lots = 1LL << 50;
	scene->input.rules.min_notional_e8 = 0;
}

static int64_t rounded(int64_t value, int64_t unit)
{
	return (value + unit / 2) / unit;
}

Test(martingale_preview, shows_the_ladder_of_the_book)
{
	static struct strategy_preview preview;
	static struct scene scene;
	static const int64_t deviations_bp[] = {0, 100, 220, 364, 537, 744, 993};

	scene_init(&scene, SIDE_BUY);
	make_fine(&scene);
	scene.params.initial_size_mode = SIZE_QUOTE;
	scene.params.size_basis = BASIS_NOTIONAL;
	scene.params.initial_size = 100 * E8;
	struct strategy_setting setting = setting_of(&scene);
	setting.price_ticks = 6000000000;
	martingale_preview(&scene.params, &setting, &preview);

	cr_assert(eq(sz, preview.rung_count, 7));
	for (size_t i = 0; i < 7; i++)
		cr_expect(eq(i64, rounded(preview.rungs[i].deviation_ppm, 100), deviations_bp[i]));
	const struct strategy_rung *last = &preview.rungs[6];
	cr_expect(eq(i64, rounded(last->total_notional_e8, E8 / 100), 137560), "total 1,375.60");
	cr_expect(eq(i64, rounded(60000 * E8 - last->average_e8, 60 * E8), 59), "5.9 %% below");
	cr_expect(eq(i64, rounded(last->break_even_ppm, 1000), 44), "4.4 %% bounce");
}

/* With the defaults: 41.3 % exposure, 8.25 % margin, liquidation 19.5 % below the average and
 * 15.9 % below the last rung, the stop 12.1 % and 8.2 % below them. */
Test(martingale_preview, shows_the_risk_of_the_defaults)
{
	static struct strategy_preview preview;
	static struct scene scene;
	struct strategy_fault faults[8];

	scene_init(&scene, SIDE_BUY);
	make_fine(&scene);
	struct strategy_setting setting = setting_of(&scene);
	setting.price_ticks = 6000000000;
	martingale_preview(&scene.params, &setting, &preview);

	const struct strategy_rung *last = &preview.rungs[6];
	int64_t average_ticks = last->average_e8 / 1000;
	cr_expect(eq(i64, rounded(last->exposure_ppm, 1000), 413));
	cr_expect(eq(i64, rounded(last->margin_ppm, 100), 825));
	cr_expect(eq(i64, rounded((average_ticks - last->liquidation_ticks) * 1000, average_ticks),
		195));
	cr_expect(eq(i64,
		rounded((last->price_ticks - last->liquidation_ticks) * 1000, last->price_ticks),
		159));
	cr_expect(eq(i64, rounded((average_ticks - last->stop_ticks) * 1000, average_ticks), 121));
	cr_expect(eq(i64, rounded((last->price_ticks - last->stop_ticks) * 1000, last->price_ticks),
		82));
	cr_expect(eq(i64, rounded(last->loss_at_stop_e8, E8), 500), "5 %% of the balance");
	cr_expect(eq(sz, martingale_check(&scene.params, &setting, faults, 8), 0));
}

/* The short's ladder is the mirror image, entry by entry. */
Test(martingale_preview, mirrors_a_short)
{
	static struct strategy_preview preview;
	static struct scene scene;

	scene_init(&scene, SIDE_SELL);
	struct strategy_setting setting = setting_of(&scene);
	martingale_preview(&scene.params, &setting, &preview);

	cr_assert(eq(sz, preview.rung_count, 7));
	for (size_t i = 1; i < 7; i++) {
		const struct strategy_rung *rung = &preview.rungs[i];

		cr_expect(gt(i64, rung->price_ticks, rung[-1].price_ticks));
		cr_expect(gt(i64, rung->average_e8, rung[-1].average_e8));
		cr_expect(lt(i64, rung->average_e8 / (E8 / 10), rung->price_ticks));
		cr_expect(gt(i64, rung->stop_ticks, rung->price_ticks));
		cr_expect(gt(i64, rung->liquidation_ticks, rung->stop_ticks));
		cr_expect(lt(i64, rung->take_profit_ticks, rung->average_e8 / (E8 / 10)));
	}
	cr_expect(eq(i64, preview.rungs[1].price_ticks, SCENE_TICKS(60600)));
	cr_expect(eq(i64, preview.rungs[2].price_ticks, SCENE_TICKS(61320)));
}

/* Each loss of 5 % on margin at leverage 5 is 1 % of the price. */
Test(martingale_preview, follows_the_loss)
{
	static struct strategy_preview preview;
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene.params.add_model = ADD_LOSS_PROPORTIONAL;
	scene.params.initial_size = 20 * scene.params.initial_size;
	scene.params.max_adds = 3;
	struct strategy_setting setting = setting_of(&scene);
	martingale_preview(&scene.params, &setting, &preview);

	cr_assert(eq(sz, preview.rung_count, 4));
	cr_expect(eq(i64, preview.rungs[1].price_ticks, SCENE_TICKS(59400)));
	/* Notional 6,000 x loss 5 % x 1 = 300 at 59,400. */
	cr_expect(eq(i64, preview.rungs[0].lots, 100));
	cr_expect(eq(i64, preview.rungs[1].lots, 5));
	/* 1 % below the new average, 59,971.43. */
	cr_expect(eq(i64, preview.rungs[2].price_ticks, SCENE_TICKS(59371.7)));
	cr_expect(strstr(preview.note, "add_loss_trigger") != NULL);
}

struct refused {
	char because[56];
	int64_t balance, leverage;
	int64_t initial_size, max_adds, step, volume_mult;
	int64_t min_notional;
	char field[24]; /* "" : accepted */
	char message[64];
};

ParameterizedTestParameters(martingale_preview, refuses_a_ladder_that_cannot_be)
{
	static struct refused rows[] = {
		{"the defaults fit", 10000, 5, 600000, 6, 10000, 1300000, 5, "", ""},
		{"a lot is worth more than the opening", 100, 5, 600000, 6, 10000, 1300000, 5,
			"initial_size", "the opening would be 0, the venue's minimum is 0.001"},
		{"an opening below the venue's notional", 10000, 5, 600000, 6, 10000, 1300000, 500,
			"initial_size", "the opening would be worth 300"},
		{"a cap is reached by a late add", 10000, 5, 600000, 12, 2000, 2000000, 5,
			"max_notional_per_order", "max_notional_per_order leaves 2000"},
		{"more margin than the cap", 10000, 3, 5000000, 6, 10000, 1000000, 5,
			"max_margin_pct", "add 6 needs"},
		{"liquidation comes too near", 10000, 6, 600000, 6, 10000, 1300000, 5,
			"min_liq_distance", "after add 3 liquidation at"},
	};
	return cr_make_param_array(struct refused, rows, sizeof rows / sizeof rows[0]);
}

static const struct strategy_fault *fault_of(
	const struct strategy_fault *faults, size_t count, const char *field)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(faults[i].field, field) == 0)
			return &faults[i];
	}
	return NULL;
}

ParameterizedTest(struct refused *row, martingale_preview, refuses_a_ladder_that_cannot_be)
{
	static struct scene scene;
	struct strategy_fault faults[8] = {0};

	scene_init(&scene, SIDE_BUY);
	scene.input.leverage = row->leverage;
	scene.input.account.wallet_e8 = row->balance * E8;
	scene.input.rules.min_notional_e8 = row->min_notional * E8;
	scene.params.initial_size = row->initial_size;
	scene.params.max_adds = row->max_adds;
	scene.params.add_step = row->step;
	scene.params.add_volume_mult = row->volume_mult;
	struct strategy_setting setting = setting_of(&scene);
	size_t count = martingale_check(&scene.params, &setting, faults, 8);

	if (row->field[0] == '\0') {
		cr_expect(eq(sz, count, 0), "%s: %s", row->because, faults[0].message);
		return;
	}
	const struct strategy_fault *fault = fault_of(faults, count, row->field);
	cr_assert(fault != NULL, "%s: %s: %s", row->because, faults[0].field, faults[0].message);
	cr_expect(strstr(fault->message, row->message) != NULL, "%s", fault->message);
}

/* A stop of 10 % of the balance would never fire: only 8.25 % of it is at risk. */
Test(martingale_preview, refuses_a_stop_beyond_liquidation)
{
	static struct scene scene;
	struct strategy_fault faults[8] = {0};

	scene_init(&scene, SIDE_BUY);
	scene.params.stop_loss.items[0].value = 100000;
	struct strategy_setting setting = setting_of(&scene);
	size_t count = martingale_check(&scene.params, &setting, faults, 8);

	cr_assert(eq(sz, count, 1));
	cr_expect(strcmp(faults[0].field, "stop_loss.value") == 0);
	cr_expect(strcmp(faults[0].value, "0.1") == 0);
	scene.params.stop_loss.count = 0;
	cr_expect(eq(sz, martingale_check(&scene.params, &setting, faults, 8), 0));
}

Test(martingale_preview, tells_when_the_stop_comes_before_an_add)
{
	static struct strategy_preview preview;
	static struct scene scene;

	scene_init(&scene, SIDE_BUY);
	scene.params.stop_loss.items[0] = (struct stop_loss){
		STOP_PRICE_FROM_AVERAGE, 20000, STOP_ON_MARK, true};
	struct strategy_setting setting = setting_of(&scene);
	martingale_preview(&scene.params, &setting, &preview);
	cr_expect(strstr(preview.note, "after entry 3 the stop comes before the next add") != NULL,
		"%s", preview.note);
}
