#include "core/io/log.h"

#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/io/log_filter.h"
#include "core/io/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 4096
/* Kept free for the end of a line: quote, brace, newline, and the mark of a cut. */
#define TAIL_SIZE 16
/* Columns of the human form; the event is padded so that fields of neighbouring lines align. */
#define ROOM_WIDTH 10
#define EVENT_WIDTH 40

struct line {
	char text[LINE_SIZE];
	size_t used;
	bool cut;
};

static struct {
	enum log_level level;
	bool json, note;
	char room[32];
	char tenant[64];
	char bot[64];
	char run[96];
	char trace[40];
	struct log_levels levels;
	_Atomic int64_t *raised_until_mono_ms;
} setup = {.level = LOG_INFO, .room = "botbeat"};

static _Atomic int64_t own_raise;
static struct log_repeats repeats;
static pthread_mutex_t repeats_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static void add_bytes(struct line *line, const char *text, size_t size_bytes)
{
	size_t room = LINE_SIZE - TAIL_SIZE - line->used;

	if (line->cut || size_bytes > room) {
		line->cut = true;
		return;
	}
	memcpy(line->text + line->used, text, size_bytes);
	line->used += size_bytes;
}

static void add_text(struct line *line, const char *text)
{
	add_bytes(line, text, strlen(text));
}

static void add_padded(struct line *line, const char *text, size_t width)
{
	static const char spaces[] = "                                        ";
	size_t length = strlen(text);

	add_bytes(line, text, length);
	if (length < width)
		add_bytes(line, spaces, width - length);
}

/* The end is always there: it has its own room. */
static void finish(struct line *line, const char *end)
{
	if (line->cut) {
		memcpy(line->text + line->used, "...", 3);
		line->used += 3;
	}
	size_t size_bytes = strlen(end);
	memcpy(line->text + line->used, end, size_bytes);
	line->used += size_bytes;
}

/* Length of the valid UTF-8 character at text, 0 if there is none (or a control character). */
static size_t plain_length(const unsigned char *text)
{
	if (text[0] >= 0x20 && text[0] < 0x7f)
		return 1;
	size_t length = text[0] >= 0xc2 && text[0] < 0xe0   ? 2
			: text[0] >= 0xe0 && text[0] < 0xf0 ? 3
			: text[0] >= 0xf0 && text[0] < 0xf5 ? 4
							    : 0;
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

/*
 * Text from outside can neither end the line nor forge a field, in both forms: control characters
 * and bytes that are no UTF-8 are written as \u00XX, quotes and backslashes are escaped.
 */
static void add_escaped(struct line *line, const char *text)
{
	for (const char *at = text; *at != '\0' && !line->cut;) {
		char escape[8];
		size_t length = plain_length((const unsigned char *)at);
		if (*at == '"' || *at == '\\') {
			(void)snprintf(escape, sizeof escape, "\\%c", *at);
			add_text(line, escape);
			at++;
		} else if (length > 0) {
			add_bytes(line, at, length);
			at += length;
		} else {
			(void)snprintf(escape, sizeof escape, "\\u%04x", (unsigned char)*at);
			add_text(line, escape);
			at++;
		}
	}
}

static void add_quoted(struct line *line, const char *text)
{
	add_text(line, "\"");
	add_escaped(line, text);
	add_text(line, "\"");
	/* The reader needs the closing quote even where the text, or the quote itself, was cut. */
	if (line->cut) {
		memcpy(line->text + line->used, "...\"", 4);
		line->used += 4;
	}
}

static void json_text(struct line *line, const char *name, const char *text)
{
	size_t before = line->used;

	if (line->cut)
		return;
	add_text(line, line->used > 1 ? ",\"" : "\"");
	add_text(line, name);
	add_text(line, "\":");
	/* A member that does not even begin is left out whole. */
	if (line->cut || line->used + 2 > LINE_SIZE - TAIL_SIZE) {
		line->cut = true;
		line->used = before;
		return;
	}
	if (text != NULL)
		add_quoted(line, text);
	else
		add_text(line, "null");
}

static void json_int(struct line *line, const char *name, int64_t value)
{
	char number[128];
	size_t before = line->used;

	if (line->cut)
		return;
	(void)snprintf(number, sizeof number, "%s\"%.64s\":%lld", line->used > 1 ? "," : "", name,
		(long long)value);
	add_text(line, number);
	if (line->cut)
		line->used = before;
}

static void human_text(struct line *line, const char *name, const char *text)
{
	add_text(line, " ");
	add_text(line, name);
	add_text(line, "=");
	if (text == NULL)
		add_text(line, "-");
	else if (text[0] == '\0' || strpbrk(text, " \t\n=\"") != NULL)
		add_quoted(line, text);
	else
		add_escaped(line, text);
}

static void human_int(struct line *line, const char *name, int64_t value)
{
	char number[32];

	(void)snprintf(number, sizeof number, "%lld", (long long)value);
	human_text(line, name, number);
}

static void add_one_text(struct line *line, const char *name, const char *text)
{
	if (setup.json)
		json_text(line, name, text);
	else
		human_text(line, name, text);
}

static void add_field(struct line *line, const struct log_field *field)
{
	switch (field->kind) {
	case LOG_KIND_TEXT:
		add_one_text(line, field->name, field->text);
		return;
	case LOG_KIND_DECIMAL:
		add_one_text(line, field->name,
			decimal_is_valid(field->decimal) ? DECIMAL_TEXT(field->decimal)
							 : "invalid");
		return;
	case LOG_KIND_INT:
		if (setup.json)
			json_int(line, field->name, field->number);
		else
			human_int(line, field->name, field->number);
		return;
	}
}

static void begin(struct line *line, const char *component, enum log_level level, const char *event)
{
	char time[CLOCK_TEXT_SIZE];

	if (setup.note) {
		add_text(line, "note: ");
		add_text(line, event);
		return;
	}
	clock_text(clock_utc_ms(clock_system()), time, sizeof time);
	if (setup.json) {
		add_text(line, "{");
		json_text(line, "time", time);
		json_text(line, "level", level_names[level]);
		json_text(line, "event", event);
		json_text(line, "room", setup.room);
		if (component[0] != '\0')
			json_text(line, "component", component);
		return;
	}
	/* A person at a terminal knows the day: "10:04:06.123". */
	add_bytes(line, time + 11, 12);
	add_text(line, " ");
	add_padded(line, level_names[level], 5);
	add_text(line, " ");
	add_padded(line, setup.room, ROOM_WIDTH);
	add_text(line, " ");
	add_padded(line, event, EVENT_WIDTH);
}

static void copy(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from != NULL ? from : "");
}

void log_setup(enum log_level level, enum log_format format, const char *speaker)
{
	setup.level = level;
	setup.json = format == LOG_JSON || (format == LOG_AUTO && isatty(STDERR_FILENO) != 1);
	setup.note = format == LOG_NOTE;
	log_room(speaker);
}

void log_room(const char *speaker)
{
	copy(setup.room, sizeof setup.room, speaker);
}

void log_level_set(enum log_level level)
{
	setup.level = level;
}

int log_levels_check(const char *text, struct err *err)
{
	struct log_levels ignored;

	return log_levels_of(text, &ignored, err);
}

int log_levels_set(const char *text, struct err *err)
{
	return log_levels_of(text, &setup.levels, err);
}

static _Atomic int64_t *raise_place(void)
{
	return setup.raised_until_mono_ms != NULL ? setup.raised_until_mono_ms : &own_raise;
}

void log_raise(int64_t duration_ms)
{
	atomic_store(raise_place(), clock_mono_ms(clock_system()) + duration_ms);
}

void log_raise_share(_Atomic int64_t *until_mono_ms)
{
	setup.raised_until_mono_ms = until_mono_ms;
}

bool log_room_wants(const char *room, enum log_level level)
{
	if (level >= log_level_in(&setup.levels, room, setup.level))
		return true;
	int64_t until_ms = atomic_load_explicit(raise_place(), memory_order_relaxed);
	return until_ms != 0 && clock_mono_ms(clock_system()) < until_ms;
}

int log_level_parse(const char *text, enum log_level *ret)
{
	for (unsigned i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*ret = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

void log_attach(const char *tenant, const char *bot, const char *run, const char *trace)
{
	copy(setup.tenant, sizeof setup.tenant, tenant);
	copy(setup.bot, sizeof setup.bot, bot);
	copy(setup.run, sizeof setup.run, run);
	copy(setup.trace, sizeof setup.trace, trace);
}

void log_detach(void)
{
	log_attach(NULL, NULL, NULL, NULL);
}

static void add_attached(struct line *line)
{
	if (setup.tenant[0] != '\0')
		add_one_text(line, "tenant", setup.tenant);
	if (setup.bot[0] != '\0')
		add_one_text(line, "bot", setup.bot);
	if (setup.run[0] != '\0')
		add_one_text(line, "run", setup.run);
	if (setup.trace[0] != '\0')
		add_one_text(line, "trace_id", setup.trace);
}

static void write_line(struct line *line)
{
	if (setup.json)
		line->cut = false; /* said inside the text that was cut; the object stays whole */
	finish(line, setup.json ? "}\n" : "\n");
	/* One write, so that lines of several processes do not mix. Nobody to tell if it fails. */
	if (write(STDERR_FILENO, line->text, line->used) == -1)
		return;
}

/* What was left out of an event that does not come again. */
static void tell_rest(int64_t now_mono_ms)
{
	const char *event;
	unsigned suppressed;

	while (log_repeat_due(&repeats, now_mono_ms, &event, &suppressed)) {
		struct line line = {.used = 0};
		begin(&line, "", LOG_INFO, event);
		add_field(&line, &LOG_INT("repeated", suppressed));
		write_line(&line);
	}
}

/* Debug lines were asked for, and a command's notes are read by who typed it: all are written. */
static bool is_allowed(enum log_level level, const char *event, const struct log_field *fields,
	unsigned count, unsigned *ret_suppressed)
{
	*ret_suppressed = 0;
	if (level == LOG_DEBUG || setup.note)
		return true;
	int64_t now_mono_ms = clock_mono_ms(clock_system());
	pthread_mutex_lock(&repeats_lock);
	tell_rest(now_mono_ms);
	bool allowed = log_repeat_allow(
		&repeats, log_repeat_key(event, fields, count), event, now_mono_ms, ret_suppressed);
	pthread_mutex_unlock(&repeats_lock);
	return allowed;
}

void log_fields(const char *room, enum log_level level, const char *event,
	const struct log_field *fields, unsigned count)
{
	unsigned suppressed;

	if (!log_room_wants(room, level))
		return;
	metrics_add(METRIC_LOG_LINES, 1, level_names[level]);
	if (!is_allowed(level, event, fields, count, &suppressed)) {
		metrics_add(METRIC_LOG_SUPPRESSED, 1);
		return;
	}

	struct line line = {.used = 0};
	begin(&line, room, level, event);
	add_attached(&line);
	for (unsigned i = 0; i < count; i++)
		add_field(&line, &fields[i]);
	if (suppressed > 0)
		add_field(&line, &LOG_INT("repeated", suppressed));
	write_line(&line);
}

void log_failure_of(
	const char *room, enum log_level level, const char *event, const struct err *failure)
{
	const struct log_field fields[] = {
		LOG_TEXT("class", err_code_name(failure->code)),
		LOG_TEXT("retry", err_retry_name(failure->retry)),
		LOG_TEXT("reason", failure->message),
	};

	log_fields(room, level, event, fields, sizeof fields / sizeof fields[0]);
}
