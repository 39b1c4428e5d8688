#include "core/queue/payload.h"

#include <assert.h>
#include <string.h>

enum { /* where each part begins, from 0 */
	BOT_AT = 0,
	BOT_BYTES = 36,
	SLOT_AT = 37,
	SLOT_BYTES = 10,
	PRIORITY_AT = 48,
	DUE_AT = 50,
	DUE_BYTES = 13,
	TENANT_AT = 64,
};

static const char priorities[PRIORITY_COUNT + 1] = "hnl";

/* By hand: a tick writes 100,000 of these, and printf would take a third of its time. */
static void write_digits(int64_t value, char *to, int width)
{
	assert(value >= 0);
	for (int i = width - 1; i >= 0; i--, value /= 10)
		to[i] = (char)('0' + value % 10);
	assert(value == 0);
}

static bool read_digits(const char *from, int width, int64_t *ret)
{
	int64_t value = 0;

	for (int i = 0; i < width; i++) {
		if (from[i] < '0' || from[i] > '9')
			return false;
		value = value * 10 + (from[i] - '0');
	}
	*ret = value;
	return true;
}

void payload_slot(int64_t scheduled_s, char ret_text[PAYLOAD_SLOT_SIZE])
{
	write_digits(scheduled_s, ret_text, SLOT_BYTES);
	ret_text[SLOT_BYTES] = '\0';
}

void payload_write(const struct job *job, char ret_text[PAYLOAD_SIZE])
{
	assert((unsigned)job->priority < PRIORITY_COUNT);

	memset(ret_text, ' ', PAYLOAD_BYTES);
	ret_text[PAYLOAD_BYTES] = '\0';
	memcpy(ret_text + BOT_AT, job->bot.text, BOT_BYTES);
	write_digits(job->scheduled_s, ret_text + SLOT_AT, SLOT_BYTES);
	ret_text[PRIORITY_AT] = priorities[job->priority];
	write_digits(job->due_ms, ret_text + DUE_AT, DUE_BYTES);
	memcpy(ret_text + TENANT_AT, job->tenant.text, BOT_BYTES);
}

static bool read_uuid(const char *from, struct uuid *ret)
{
	char text[BOT_BYTES + 1];
	struct err ignored;

	memcpy(text, from, BOT_BYTES);
	text[BOT_BYTES] = '\0';
	return uuid_parse(text, ret, &ignored) == 0;
}

static bool spaces_stand(const char *text)
{
	return text[SLOT_AT - 1] == ' ' && text[PRIORITY_AT - 1] == ' ' &&
	       text[DUE_AT - 1] == ' ' && text[TENANT_AT - 1] == ' ';
}

static bool read_priority(char letter, enum priority *ret)
{
	const char *found = letter == '\0' ? NULL : strchr(priorities, letter);

	if (found == NULL)
		return false;
	*ret = (enum priority)(found - priorities);
	return true;
}

int payload_parse(const char *text, struct job *ret, struct err *err)
{
	struct job job = {0};

	if (strlen(text) != PAYLOAD_BYTES || !spaces_stand(text) ||
		!read_uuid(text + BOT_AT, &job.bot) ||
		!read_digits(text + SLOT_AT, SLOT_BYTES, &job.scheduled_s) ||
		!read_priority(text[PRIORITY_AT], &job.priority) ||
		!read_digits(text + DUE_AT, DUE_BYTES, &job.due_ms) ||
		!read_uuid(text + TENANT_AT, &job.tenant))
		return err_set(err, ERR_PROTOCOL, ERR_RETRY_NEVER,
			"the queue holds a job that cannot be read: \"%.110s\"", text);
	*ret = job;
	return 0;
}
