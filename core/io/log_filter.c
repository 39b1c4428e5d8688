#include "core/io/log_filter.h"

#include "core/base/ident.h"

#include <stdio.h>
#include <string.h>

/* ---- levels ---------------------------------------------------------------------------------- */

static bool is_room(const char *name, size_t length)
{
	static const char rooms[] = " " BOTBEAT_ROOMS " ";
	char wanted[40];

	if (length == 0 || length + 3 > sizeof wanted)
		return false;
	(void)snprintf(wanted, sizeof wanted, " %.*s ", (int)length, name);
	return strstr(rooms, wanted) != NULL;
}

static int read_pair(const char *pair, size_t length, struct log_levels *levels, struct err *err)
{
	const char *equals = memchr(pair, '=', length);
	size_t name = equals == NULL ? length : (size_t)(equals - pair);
	char level[8] = "";

	if (equals == NULL || length - name - 1 >= sizeof level)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"expected ROOM=LEVEL, got \"%.*s\"", (int)length, pair);
	if (!is_room(pair, name))
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"unrecognized room \"%.*s\": they are %s", (int)name, pair, BOTBEAT_ROOMS);
	(void)snprintf(level, sizeof level, "%.*s", (int)(length - name - 1), equals + 1);
	if (levels->count == LOG_FILTER_ROOMS)
		return err_set(
			err, ERR_CONFIG, ERR_RETRY_NEVER, "more than %d rooms", LOG_FILTER_ROOMS);
	if (log_level_parse(level, &levels->items[levels->count].level) == -1)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"expected debug, info, warn or error, got \"%s\"", level);
	(void)snprintf(levels->items[levels->count].room, sizeof levels->items[0].room, "%.*s",
		(int)name, pair);
	levels->count++;
	return 0;
}

int log_levels_of(const char *text, struct log_levels *ret, struct err *err)
{
	struct log_levels levels = {0};

	while (*text != '\0') {
		size_t length = strcspn(text, ",");
		if (read_pair(text, length, &levels, err) == -1)
			return -1;
		text += length + (text[length] == ',' ? 1 : 0);
	}
	*ret = levels;
	return 0;
}

enum log_level log_level_in(const struct log_levels *levels, const char *room, enum log_level all)
{
	for (unsigned i = 0; i < levels->count; i++)
		if (strcmp(levels->items[i].room, room) == 0)
			return levels->items[i].level;
	return all;
}

/* ---- repeats --------------------------------------------------------------------------------- */

uint64_t log_repeat_key(const char *event, const struct log_field *fields, unsigned count)
{
	uint64_t key = hash_bytes(event, strlen(event));

	for (unsigned i = 0; i < count; i++)
		if (fields[i].kind == LOG_KIND_TEXT && fields[i].text != NULL)
			key = key * 1099511628211U ^
			      hash_bytes(fields[i].text, strlen(fields[i].text));
	return key | 1;
}

/* The key's place, else a free one, else the one that began first. */
static unsigned place_of(const struct log_repeats *repeats, uint64_t key)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < LOG_FILTER_PLACES; i++) {
		if (repeats->places[i].key == key)
			return i;
		if (repeats->places[i].began_mono_ms < repeats->places[oldest].began_mono_ms)
			oldest = i;
	}
	return oldest;
}

bool log_repeat_allow(struct log_repeats *repeats, uint64_t key, const char *event,
	int64_t now_mono_ms, unsigned *ret_suppressed)
{
	unsigned place = place_of(repeats, key);
	bool known = repeats->places[place].key == key;

	*ret_suppressed = 0;
	if (known && now_mono_ms - repeats->places[place].began_mono_ms < LOG_FILTER_WINDOW_MS) {
		bool may = repeats->places[place].written < LOG_FILTER_BURST;
		if (may)
			repeats->places[place].written++;
		else
			repeats->places[place].suppressed++;
		return may;
	}
	if (known)
		*ret_suppressed = repeats->places[place].suppressed;
	repeats->places[place].key = key;
	repeats->places[place].event = event;
	repeats->places[place].began_mono_ms = now_mono_ms;
	repeats->places[place].written = 1;
	repeats->places[place].suppressed = 0;
	return true;
}

bool log_repeat_due(struct log_repeats *repeats, int64_t now_mono_ms, const char **ret_event,
	unsigned *ret_suppressed)
{
	for (unsigned i = 0; i < LOG_FILTER_PLACES; i++) {
		if (repeats->places[i].suppressed == 0 ||
			now_mono_ms - repeats->places[i].began_mono_ms < LOG_FILTER_WINDOW_MS)
			continue;
		*ret_event = repeats->places[i].event;
		*ret_suppressed = repeats->places[i].suppressed;
		repeats->places[i].suppressed = 0;
		return true;
	}
	return false;
}
