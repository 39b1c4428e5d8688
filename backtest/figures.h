/*
 * figures - what a run comes to, each figure with its name, unit and definition.
 *
 * One list serves the terminal, JSON, CSV, the report and the documentation. Ratios are doubles
 * made from whole numbers; amounts stay whole (1e-8). A figure that cannot be known is said to be
 * unknown rather than shown as something: nothing is annualised from less than 30 days.
 */
#ifndef BACKTEST_FIGURES_H
#define BACKTEST_FIGURES_H

#include "backtest/backtest.h"

#define FIGURES_DAYS_MIN 30
#define FIGURES_TEXT_SIZE 40

enum figure_kind {
	FIGURE_MONEY,    /* whole, 1e-8 of the quote coin */
	FIGURE_COUNT,    /* whole */
	FIGURE_DURATION, /* whole, ms */
	FIGURE_DAY,      /* whole, ms: a UTC date */
	FIGURE_PERCENT,  /* real, as a fraction */
	FIGURE_RATIO,    /* real */
};

enum figure_id {
	FIGURE_EQUITY_BEGIN,
	FIGURE_EQUITY_END,
	FIGURE_TOTAL_RETURN,
	FIGURE_ANNUAL_RETURN,
	FIGURE_MAX_DRAWDOWN,
	FIGURE_DRAWDOWN_LENGTH,
	FIGURE_SHARPE,
	FIGURE_SORTINO,
	FIGURE_CALMAR,
	FIGURE_WORST_DAY,
	FIGURE_WORST_DAY_AT,
	FIGURE_UNDERWATER,
	FIGURE_UNDERWATER_LONGEST,
	FIGURE_CYCLES,
	FIGURE_WIN_RATE,
	FIGURE_PROFIT_FACTOR,
	FIGURE_EXPECTANCY,
	FIGURE_CYCLE_LENGTH,
	FIGURE_CYCLE_LONGEST,
	FIGURE_ADDS_PER_CYCLE,
	FIGURE_TIME_IN_MARKET,
	FIGURE_MAX_EXPOSURE,
	FIGURE_MAX_MARGIN,
	FIGURE_LIQUIDATION_DISTANCE,
	FIGURE_REALISED,
	FIGURE_FEES,
	FIGURE_FUNDING,
	FIGURE_UNREALISED,
	FIGURE_DECISIONS,
	FIGURE_ORDERS,
	FIGURE_REFUSED,
	FIGURE_FILLS,
	FIGURE_MAKER_SHARE,
	FIGURES
};

struct figure_name {
	const char *key;        /* in JSON and CSV */
	const char *label;      /* for people */
	const char *definition; /* one line */
	enum figure_kind kind;
};

struct figure {
	bool known;
	int64_t whole;
	double real;
};

struct figures {
	struct figure all[FIGURES];
};

const struct figure_name *figures_name(enum figure_id id);

struct figures figures_of(const struct backtest_result *result);

/* "+12.34 %", "10,412.50", "3 d 4 h", "2022-01-24", "1.83"; "-" if it is not known. */
const char *figures_text(const struct figures *figures, enum figure_id id, char *text, size_t size);

/* A number without decoration for CSV ("0.1234", "10412.5", "273600000"); "" if not known. */
const char *figures_plain(
	const struct figures *figures, enum figure_id id, char *text, size_t size);

/* A length of time for people: "3 d 4 h", "17 min". */
const char *figures_duration(int64_t duration_ms, char *text, size_t size);

#endif
