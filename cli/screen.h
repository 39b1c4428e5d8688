/*
 * screen - a terminal that shows a glance, redrawn in place.
 *
 * Everything is cut to the terminal's size, which may change at any moment. Text from tenants is
 * drawn without its control characters. One per process; screen_close must run before the process
 * ends, or the terminal stays as it was left.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct glance;
struct screen;

/* ERR_SYSTEM if the terminal cannot do it (TERM is unset or not known). */
MUST_CHECK int screen_open(struct screen **ret, struct err *err);
void screen_close(struct screen **screen);

void screen_draw(struct screen *screen, const struct glance *glance);

/*
 * Waits until duration_ms have passed, a key was pressed or the size changed. *ret_quit: the person
 * wants to leave (q, Escape).
 */
void screen_wait(struct screen *screen, int64_t duration_ms, bool *ret_quit);

#endif
