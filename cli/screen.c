#include "cli/screen.h"

#include "cli/glance.h"
#include "core/base/clock.h"
#include "core/io/postgres.h"

#include <inttypes.h>
#include <locale.h>
#include <ncurses.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES 512
#define KEY_ESCAPE 27
#define RUNNING_LINES 8 /* at most; trades take what is left */

struct screen {
	SCREEN *terminal;
	int line; /* the next to be drawn */
	bool coloured;
};

enum colour { COLOUR_PLAIN, COLOUR_GOOD, COLOUR_BAD, COLOUR_FAINT };

int screen_open(struct screen **ret, struct err *err)
{
	/* Names are UTF-8; nothing but the width of characters may depend on the locale. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	SCREEN *terminal = newterm(NULL, stdout, stdin);
	if (terminal == NULL)
		return err_set(err, ERR_SYSTEM, ERR_RETRY_NEVER,
			"cannot draw on this terminal: set TERM, or use --plain");

	struct screen *screen = mem_zero(1, sizeof *screen);
	screen->terminal = terminal;
	(void)cbreak();
	(void)noecho();
	(void)curs_set(0);
	(void)keypad(stdscr, TRUE);
	(void)set_escdelay(50);
	screen->coloured = has_colors();
	if (screen->coloured) {
		(void)start_color();
		(void)use_default_colors();
		(void)init_pair(COLOUR_GOOD, COLOR_GREEN, -1);
		(void)init_pair(COLOUR_BAD, COLOR_RED, -1);
		(void)init_pair(COLOUR_FAINT, COLOR_CYAN, -1);
	}
	*ret = screen;
	return 0;
}

void screen_close(struct screen **screen)
{
	if (*screen == NULL)
		return;
	(void)endwin();
	delscreen((*screen)->terminal);
	free(*screen);
	*screen = NULL;
}

/* --- drawing -------------------------------------------------------------------------------- */

static void make_plain(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

/* Returns the column behind the text. */
__attribute__((format(printf, 4, 5))) static int draw(
	struct screen *screen, int column, enum colour colour, const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list arguments;

	if (screen->line >= LINES || column >= COLS)
		return column;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	make_plain(text);
	if (screen->coloured)
		(void)attron(COLOR_PAIR(colour));
	/* Cut by bytes: a character of several may end early, which leaves a gap and no harm. */
	(void)mvaddnstr(screen->line, column, text, COLS - column);
	if (screen->coloured)
		(void)attroff(COLOR_PAIR(colour));
	return column + (int)strlen(text);
}

static void draw_title(struct screen *screen, const char *text)
{
	screen->line++;
	(void)attron(A_BOLD);
	(void)draw(screen, 0, COLOUR_FAINT, "%s", text);
	(void)attroff(A_BOLD);
	screen->line++;
}

static void draw_head(struct screen *screen, const struct glance *glance)
{
	const struct activity *activity = &glance->activity;
	char time[CLOCK_TEXT_SIZE];

	(void)clock_text(clock_utc_ms(clock_system()), time, sizeof time);
	(void)attron(A_BOLD);
	(void)draw(screen, 0, COLOUR_PLAIN, "botbeat  %.19sZ", time);
	(void)attroff(A_BOLD);
	if (glance->has_activity)
		(void)draw(screen, 32, activity->led ? COLOUR_GOOD : COLOUR_BAD,
			"leader %s (change %" PRId64 ")", activity->led ? activity->leader : "NONE",
			activity->epoch);
	screen->line++;
}

static void draw_queue(struct screen *screen, const struct glance *glance)
{
	const struct queue_depth *queue = &glance->queue;

	if (!glance->has_queue) {
		(void)draw(screen, 0, COLOUR_BAD, "queue    %s", glance->queue_err.message);
		screen->line++;
		return;
	}
	int column = draw(screen, 0, COLOUR_PLAIN,
		"queue    high %" PRId64 "  normal %" PRId64 "  low %" PRId64 "  pending %" PRId64
		"  retries %" PRId64,
		queue->waiting[PRIORITY_HIGH], queue->waiting[PRIORITY_NORMAL],
		queue->waiting[PRIORITY_LOW], queue->pending, queue->retries);
	column = draw(screen, column, queue->dead > 0 ? COLOUR_BAD : COLOUR_PLAIN,
		"  dead %" PRId64, queue->dead);
	(void)draw(screen, column, COLOUR_PLAIN, "  oldest %" PRId64 " ms", queue->oldest_ms);
	screen->line++;
}

static void draw_runs(struct screen *screen, const struct glance *glance)
{
	const struct activity *activity = &glance->activity;
	int64_t tenths = glance_runs_per_10s(glance);

	if (!glance->has_activity) {
		(void)draw(screen, 0, COLOUR_BAD, "database %s", glance->database_err.message);
		screen->line++;
		return;
	}
	int column = draw(screen, 0, COLOUR_PLAIN, "runs     %" PRId64 ".%" PRId64 "/s",
		tenths / 10, tenths % 10);
	column = draw(screen, column, activity->runs_failed > 0 ? COLOUR_BAD : COLOUR_PLAIN,
		"  failed %" PRId64, activity->runs_failed);
	(void)draw(screen, column, COLOUR_PLAIN,
		"  running %" PRId64 " of %" PRId64 " bots  p50 %" PRId64 " ms  p99 %" PRId64
		" ms  start delay p99 %" PRId64 " ms",
		activity->running, activity->bots, activity->run_p50_ms, activity->run_p99_ms,
		activity->delay_p99_ms);
	screen->line++;
	column = draw(screen, 0, COLOUR_PLAIN, "orders   open %" PRId64, activity->open_orders);
	column = draw(screen, column, activity->unknown_orders > 0 ? COLOUR_BAD : COLOUR_PLAIN,
		"  unknown %" PRId64, activity->unknown_orders);
	(void)draw(screen, column, COLOUR_PLAIN, "  trades %s  net %s USDT", glance_trades(glance),
		glance_net_pnl(glance));
	screen->line++;
}

static enum colour colour_of(const char *amount)
{
	return amount[0] == '-' ? COLOUR_BAD : COLOUR_GOOD;
}

static void draw_tenants(struct screen *screen, const struct postgres_result *tenants)
{
	size_t most = LINES > 40 ? 12 : 6;

	if (tenants == NULL || postgres_rows(tenants) == 0)
		return;
	draw_title(screen,
		"TENANT                  BOTS   OPEN   TRADES            FEES          NET PNL");
	for (size_t row = 0; row < postgres_rows(tenants) && row < most; row++) {
		(void)draw(screen, 0, COLOUR_PLAIN, "%-22.22s %5s  %5s  %7s  %14.14s",
			postgres_text(tenants, row, 0), postgres_text(tenants, row, 1),
			postgres_text(tenants, row, 2), postgres_text(tenants, row, 3),
			postgres_text(tenants, row, 4));
		(void)draw(screen, 62, colour_of(postgres_text(tenants, row, 6)), "%15.15s",
			postgres_text(tenants, row, 6));
		screen->line++;
	}
}

static void draw_running(struct screen *screen, const struct postgres_result *running)
{
	if (running == NULL || postgres_rows(running) == 0)
		return;
	draw_title(screen, "RUNNING                 TENANT           KIND   FOR       WORKER");
	for (size_t row = 0; row < postgres_rows(running) && row < RUNNING_LINES; row++) {
		(void)draw(screen, 0, COLOUR_PLAIN, "%-22.22s  %-15.15s  %-5s %6s ms  %s",
			postgres_text(running, row, 0), postgres_text(running, row, 1),
			postgres_text(running, row, 3), postgres_text(running, row, 4),
			postgres_text(running, row, 2));
		screen->line++;
	}
}

static void draw_trades(struct screen *screen, const struct postgres_result *trades)
{
	if (trades == NULL || postgres_rows(trades) == 0)
		return;
	draw_title(screen, "TRADES        BOT                     SYMBOL       LEG    ACTION       "
			   "QUANTITY        PRICE         NET");
	for (size_t row = 0; row < postgres_rows(trades) && screen->line < LINES; row++) {
		const char *time = postgres_text(trades, row, 0);
		const char *net = postgres_text(trades, row, 8);
		(void)draw(screen, 0, COLOUR_PLAIN,
			"%-12.12s  %-22.22s  %-11.11s  %-5s  %-8s %12.12s %12.12s",
			strlen(time) > 11 ? time + 11 : time, postgres_text(trades, row, 2),
			postgres_text(trades, row, 3), postgres_text(trades, row, 4),
			postgres_text(trades, row, 5), postgres_text(trades, row, 6),
			postgres_text(trades, row, 7));
		(void)draw(screen, 94, colour_of(net), "%12.12s", net);
		screen->line++;
	}
}

void screen_draw(struct screen *screen, const struct glance *glance)
{
	screen->line = 0;
	(void)erase();
	draw_head(screen, glance);
	draw_queue(screen, glance);
	draw_runs(screen, glance);
	draw_tenants(screen, glance->tenants);
	draw_running(screen, glance->running);
	draw_trades(screen, glance->trades);
	(void)refresh();
}

void screen_wait(struct screen *screen, int64_t duration_ms, bool *ret_quit)
{
	(void)screen;
	timeout((int)duration_ms);
	int key = getch();
	*ret_quit = key == 'q' || key == 'Q' || key == KEY_ESCAPE;
}
