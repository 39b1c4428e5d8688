#include "backtest/figures.h"

#include "core/base/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define DAYS_OF_YEAR 365.0

static const struct figure_name names[FIGURES] = {
	[FIGURE_EQUITY_BEGIN] = {"equity_begin", "balance at the beginning", "what was deposited",
		FIGURE_MONEY},
	[FIGURE_EQUITY_END] = {"equity_end", "equity at the end",
		"wallet and what the open position is worth at the last price", FIGURE_MONEY},
	[FIGURE_TOTAL_RETURN] = {"total_return", "total return",
		"equity at the end / balance at the beginning - 1", FIGURE_PERCENT},
	[FIGURE_ANNUAL_RETURN] = {"annual_return", "annualised return",
		"(1 + total return) ^ (365 / days) - 1; none under 30 days; -100 % if liquidated",
		FIGURE_PERCENT},
	[FIGURE_MAX_DRAWDOWN] = {"max_drawdown", "deepest drawdown",
		"largest fall of equity from a peak, of that peak, open positions included",
		FIGURE_PERCENT},
	[FIGURE_DRAWDOWN_LENGTH] = {"drawdown_length", "its length",
		"from that peak until it was reached again to a thousandth, or the end",
		FIGURE_DURATION},
	[FIGURE_SHARPE] = {"sharpe", "Sharpe ratio",
		"mean / sample deviation of daily UTC equity returns x sqrt(365), no risk-free "
		"rate; none under 30 whole days",
		FIGURE_RATIO},
	[FIGURE_SORTINO] = {"sortino", "Sortino ratio",
		"the same mean / root of the mean square of the negative daily returns (others "
		"count 0) x sqrt(365)",
		FIGURE_RATIO},
	[FIGURE_CALMAR] = {"calmar", "Calmar ratio", "annualised return / deepest drawdown",
		FIGURE_RATIO},
	[FIGURE_WORST_DAY] = {"worst_day", "worst day",
		"lowest daily UTC equity return of the whole days", FIGURE_PERCENT},
	[FIGURE_WORST_DAY_AT] = {"worst_day_at", "on", "the day of it", FIGURE_DAY},
	[FIGURE_UNDERWATER] = {"underwater", "time under water",
		"share of the time in which equity stood more than 0.1 % below an earlier peak",
		FIGURE_PERCENT},
	[FIGURE_UNDERWATER_LONGEST] = {"underwater_longest", "longest time under water",
		"longest such time without a break", FIGURE_DURATION},
	[FIGURE_CYCLES] = {"cycles", "cycles", "times that a position was opened and closed whole",
		FIGURE_COUNT},
	[FIGURE_WIN_RATE] = {"win_rate", "won",
		"share of the cycles whose net result (PnL - fees + funding) was above 0",
		FIGURE_PERCENT},
	[FIGURE_PROFIT_FACTOR] = {"profit_factor", "profit factor",
		"net results above 0 / net results below 0, of cycles; none without a lost one",
		FIGURE_RATIO},
	[FIGURE_EXPECTANCY] = {"expectancy", "expectancy", "mean net result of a cycle",
		FIGURE_MONEY},
	[FIGURE_CYCLE_LENGTH] = {"cycle_length", "mean length of a cycle",
		"from its first fill to its last", FIGURE_DURATION},
	[FIGURE_CYCLE_LONGEST] = {"cycle_longest", "longest cycle", "the longest of these",
		FIGURE_DURATION},
	[FIGURE_ADDS_PER_CYCLE] = {"adds_per_cycle", "adds per cycle",
		"mean number of filled entry orders after the first", FIGURE_RATIO},
	[FIGURE_TIME_IN_MARKET] = {"time_in_market", "time in the market",
		"share of the time with a position", FIGURE_PERCENT},
	[FIGURE_MAX_EXPOSURE] = {"max_exposure", "largest exposure",
		"value of the position / wallet balance", FIGURE_RATIO},
	[FIGURE_MAX_MARGIN] = {"max_margin", "largest margin",
		"margin of the position / wallet balance", FIGURE_PERCENT},
	[FIGURE_LIQUIDATION_DISTANCE] = {"liquidation_distance", "nearest to liquidation",
		"smallest distance between price and liquidation price, of the price",
		FIGURE_PERCENT},
	[FIGURE_REALISED] = {"realised", "realised", "price PnL of what was closed", FIGURE_MONEY},
	[FIGURE_FEES] = {"fees", "fees", "paid", FIGURE_MONEY},
	[FIGURE_FUNDING] = {"funding", "funding", "received - paid", FIGURE_MONEY},
	[FIGURE_UNREALISED] = {"unrealised", "unrealised", "price PnL of what is open at the end",
		FIGURE_MONEY},
	[FIGURE_DECISIONS] = {"decisions", "decisions", "times that the strategy was asked",
		FIGURE_COUNT},
	[FIGURE_ORDERS] = {"orders", "orders sent", "placed or amended", FIGURE_COUNT},
	[FIGURE_REFUSED] = {"refused", "orders turned away",
		"by the venue's rules, for lack of margin, or as post-only that would have taken",
		FIGURE_COUNT},
	[FIGURE_FILLS] = {"fills", "fills", "executions, a liquidation among them", FIGURE_COUNT},
	[FIGURE_MAKER_SHARE] = {"maker_share", "of them as maker", "share of the fills",
		FIGURE_PERCENT},
};

const struct figure_name *figures_name(enum figure_id id)
{
	assert((size_t)id < FIGURES);
	return &names[id];
}

/* --- daily returns -------------------------------------------------------------------------- */

struct daily {
	size_t count;
	double mean, deviation, downside; /* deviation: sample; downside: against 0 */
	double worst;
	int64_t worst_ms;
};

static double day_return(const struct gauge *gauge, size_t day)
{
	int64_t before = day == 0 ? gauge->day_begin_e8 : gauge->days[day - 1].equity_e8;

	return before > 0 ? (double)gauge->days[day].equity_e8 / (double)before - 1 : 0;
}

static struct daily daily_of(const struct gauge *gauge)
{
	struct daily daily = {.count = gauge->day_count};
	double sum = 0, squares = 0, under = 0;

	for (size_t i = 0; i < daily.count; i++) {
		double gained = day_return(gauge, i);
		sum += gained;
		if (gained < 0)
			under += gained * gained;
		if (i == 0 || gained < daily.worst) {
			daily.worst = gained;
			daily.worst_ms = gauge->days[i].begin_ms;
		}
	}
	if (daily.count < 2)
		return daily;
	daily.mean = sum / (double)daily.count;
	for (size_t i = 0; i < daily.count; i++) {
		double apart = day_return(gauge, i) - daily.mean;
		squares += apart * apart;
	}
	daily.deviation = sqrt(squares / (double)(daily.count - 1));
	daily.downside = sqrt(under / (double)daily.count);
	return daily;
}

/* --- the figures ---------------------------------------------------------------------------- */

static struct figure whole(int64_t value)
{
	return (struct figure){.known = true, .whole = value};
}

static struct figure real(double value)
{
	return (struct figure){.known = isfinite(value) != 0, .real = value};
}

static struct figure share(int64_t part, int64_t all)
{
	return all > 0 ? real((double)part / (double)all) : (struct figure){0};
}

static void figure_returns(const struct backtest_result *result, struct figure *all)
{
	const struct gauge *gauge = &result->gauge;
	double days = (double)(result->end_ms - result->begin_ms) / (double)DAY_MS;
	double grown = (double)gauge->equity_e8 / (double)gauge->begin_e8;
	bool long_enough = days >= FIGURES_DAYS_MIN;

	all[FIGURE_EQUITY_BEGIN] = whole(gauge->begin_e8);
	all[FIGURE_EQUITY_END] = whole(gauge->equity_e8);
	all[FIGURE_TOTAL_RETURN] = real(grown - 1);
	if (result->liquidated_ms != 0 || grown <= 0)
		all[FIGURE_ANNUAL_RETURN] = real(-1);
	else if (long_enough)
		all[FIGURE_ANNUAL_RETURN] = real(pow(grown, DAYS_OF_YEAR / days) - 1);
	all[FIGURE_MAX_DRAWDOWN] = real(gauge->drawdown);
	all[FIGURE_DRAWDOWN_LENGTH] = whole(gauge->drawdown_ms);
	if (long_enough && gauge->drawdown > 0)
		all[FIGURE_CALMAR] = real(all[FIGURE_ANNUAL_RETURN].real / gauge->drawdown);
	all[FIGURE_UNDERWATER] = share(gauge->underwater_ms, result->end_ms - result->begin_ms);
	all[FIGURE_UNDERWATER_LONGEST] = whole(gauge->underwater_longest_ms);
}

static void figure_days(const struct backtest_result *result, struct figure *all)
{
	struct daily daily = daily_of(&result->gauge);

	if (daily.count > 0) {
		all[FIGURE_WORST_DAY] = real(daily.worst);
		all[FIGURE_WORST_DAY_AT] = whole(daily.worst_ms);
	}
	if (daily.count < FIGURES_DAYS_MIN)
		return;
	if (daily.deviation > 0)
		all[FIGURE_SHARPE] = real(daily.mean / daily.deviation * sqrt(DAYS_OF_YEAR));
	if (daily.downside > 0)
		all[FIGURE_SORTINO] = real(daily.mean / daily.downside * sqrt(DAYS_OF_YEAR));
}

static int64_t adds_of(const struct backtest_cycles *cycles)
{
	int64_t adds = 0;

	for (int64_t i = 0; i <= BACKTEST_ADDS_MAX; i++)
		adds += i * cycles->by_adds[i];
	return adds;
}

static void figure_cycles(const struct backtest_result *result, struct figure *all)
{
	const struct backtest_cycles *cycles = &result->cycles;

	all[FIGURE_CYCLES] = whole(cycles->count);
	if (cycles->lost_e8 > 0)
		all[FIGURE_PROFIT_FACTOR] = share(cycles->gained_e8, cycles->lost_e8);
	if (cycles->count == 0)
		return;
	all[FIGURE_WIN_RATE] = share(cycles->won, cycles->count);
	all[FIGURE_EXPECTANCY] = whole(
		llround((double)(cycles->gained_e8 - cycles->lost_e8) / (double)cycles->count));
	all[FIGURE_CYCLE_LENGTH] = whole(cycles->length_ms / cycles->count);
	all[FIGURE_CYCLE_LONGEST] = whole(cycles->longest_ms);
	all[FIGURE_ADDS_PER_CYCLE] = share(adds_of(cycles), cycles->count);
}

static void figure_risk(const struct backtest_result *result, struct figure *all)
{
	const struct gauge *gauge = &result->gauge;

	all[FIGURE_TIME_IN_MARKET] = share(gauge->held_ms, result->end_ms - result->begin_ms);
	all[FIGURE_MAX_EXPOSURE] = real(gauge->exposure);
	all[FIGURE_MAX_MARGIN] = real(gauge->margin);
	if (gauge->distance_known)
		all[FIGURE_LIQUIDATION_DISTANCE] = real(gauge->distance);
}

static void figure_money(const struct backtest_result *result, struct figure *all)
{
	const struct backtest_counts *counts = &result->counts;

	all[FIGURE_REALISED] = whole(result->realised_e8);
	all[FIGURE_FEES] = whole(result->fees_e8);
	all[FIGURE_FUNDING] = whole(result->funding_e8);
	all[FIGURE_UNREALISED] = whole(result->unrealised_e8);
	all[FIGURE_DECISIONS] = whole(counts->decisions);
	all[FIGURE_ORDERS] = whole(counts->orders);
	all[FIGURE_REFUSED] = whole(counts->refused);
	all[FIGURE_FILLS] = whole(counts->fills);
	all[FIGURE_MAKER_SHARE] = share(counts->maker_fills, counts->fills);
}

struct figures figures_of(const struct backtest_result *result)
{
	struct figures figures = {0};

	figure_returns(result, figures.all);
	figure_days(result, figures.all);
	figure_cycles(result, figures.all);
	figure_risk(result, figures.all);
	figure_money(result, figures.all);
	return figures;
}

/* --- texts ---------------------------------------------------------------------------------- */

const char *figures_duration(int64_t duration_ms, char *text, size_t size)
{
	int64_t minutes = duration_ms / 60000;

	if (minutes >= 2 * 1440)
		(void)snprintf(text, size, "%" PRId64 " d %" PRId64 " h", minutes / 1440,
			minutes % 1440 / 60);
	else if (minutes >= 120)
		(void)snprintf(
			text, size, "%" PRId64 " h %" PRId64 " min", minutes / 60, minutes % 60);
	else
		(void)snprintf(text, size, "%" PRId64 " min", minutes);
	return text;
}

/* "-1234567.8" cents become "-12,345.68". */
static void money_text(int64_t amount_e8, char *text, size_t size)
{
	char plain[DECIMAL_TEXT_SIZE];
	struct decimal cents = decimal_round(decimal_scaled(amount_e8, 8), 2, ROUND_HALF_UP);
	size_t out = 0;

	(void)decimal_text(cents, plain, sizeof plain);
	size_t point = strcspn(plain, ".");
	for (size_t i = 0; plain[i] != '\0' && out + 2 < size; i++) {
		bool group = i < point && i > 0 && plain[i - 1] != '-' && (point - i) % 3 == 0;
		if (group)
			text[out++] = ',';
		text[out++] = plain[i];
	}
	text[out] = '\0';
}

const char *figures_text(const struct figures *figures, enum figure_id id, char *text, size_t size)
{
	const struct figure *figure = &figures->all[id];
	char moment[CLOCK_TEXT_SIZE];

	(void)snprintf(text, size, "-");
	if (!figure->known)
		return text;
	switch (names[id].kind) {
	case FIGURE_MONEY:
		money_text(figure->whole, text, size);
		break;
	case FIGURE_COUNT:
		(void)snprintf(text, size, "%" PRId64, figure->whole);
		break;
	case FIGURE_DURATION:
		(void)figures_duration(figure->whole, text, size);
		break;
	case FIGURE_DAY:
		(void)snprintf(
			text, size, "%.10s", clock_text(figure->whole, moment, sizeof moment));
		break;
	case FIGURE_PERCENT:
		(void)snprintf(text, size, "%.2f %%", figure->real * 100);
		break;
	case FIGURE_RATIO:
		(void)snprintf(text, size, "%.2f", figure->real);
		break;
	}
	return text;
}

const char *figures_plain(const struct figures *figures, enum figure_id id, char *text, size_t size)
{
	const struct figure *figure = &figures->all[id];

	text[0] = '\0';
	if (!figure->known)
		return text;
	switch (names[id].kind) {
	case FIGURE_MONEY:
		(void)snprintf(text, size, "%s",
			DECIMAL_TEXT(decimal_trim(decimal_scaled(figure->whole, 8))));
		break;
	case FIGURE_COUNT:
	case FIGURE_DURATION:
	case FIGURE_DAY:
		(void)snprintf(text, size, "%" PRId64, figure->whole);
		break;
	case FIGURE_PERCENT:
	case FIGURE_RATIO:
		(void)snprintf(text, size, "%.6f", figure->real);
		break;
	}
	return text;
}
