#include "simulator/deed.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 20

enum part_type { PART_NUMBER = 1, PART_CHOICE, PART_FLAG, PART_AMOUNT, PART_TEXT };

struct part {
	enum part_type type; /* 0: no more */
	size_t offset;       /* of the field in struct deed */
	size_t limit;        /* CHOICE: how many values there are; TEXT: room, NUL included */
};

#define NUMBER(field)                                                                              \
	{                                                                                          \
		PART_NUMBER, offsetof(struct deed, field), 0                                       \
	}
#define CHOICE(field, last)                                                                        \
	{                                                                                          \
		PART_CHOICE, offsetof(struct deed, field), (size_t)(last) + 1                      \
	}
#define FLAG(field)                                                                                \
	{                                                                                          \
		PART_FLAG, offsetof(struct deed, field), 0                                         \
	}
#define AMOUNT(field)                                                                              \
	{                                                                                          \
		PART_AMOUNT, offsetof(struct deed, field), 0                                       \
	}
#define TEXT(field)                                                                                \
	{                                                                                          \
		PART_TEXT, offsetof(struct deed, field), sizeof((struct deed *)0)->field           \
	}

static const struct {
	char word[16];
	struct part parts[PARTS_MAX];
} kinds[DEED_KINDS] = {
	[DEED_OPEN] = {"open", {NUMBER(version), NUMBER(seed), NUMBER(salt), NUMBER(start_ms),
				       CHOICE(path, MARKET_PATH_LOW_FIRST), FLAG(mark_is_last)}},
	[DEED_SYMBOL] = {"symbol", {TEXT(name), NUMBER(fingerprint)}},
	[DEED_ACCOUNT] = {"account",
		{TEXT(name), AMOUNT(amount), CHOICE(margin_mode, MARGIN_CROSS)}},
	[DEED_CLOCK] = {"clock", {NUMBER(anchor_ms), NUMBER(speed_milli)}},
	[DEED_STEP] = {"step", {NUMBER(step)}},
	[DEED_DUE] = {"due", {{0}}},
	[DEED_PLACE] = {"place",
		{NUMBER(account), NUMBER(symbol), NUMBER(effect_ms), TEXT(request.client_order_id),
			CHOICE(request.side, SIDE_SELL), CHOICE(request.leg, LEG_ONE_WAY),
			CHOICE(request.type, ORDER_STOP_MARKET),
			CHOICE(request.time_in_force, TIF_POST_ONLY), AMOUNT(request.quantity),
			AMOUNT(request.price), AMOUNT(request.trigger_price),
			CHOICE(request.trigger_by, TRIGGER_MARK), FLAG(request.trigger_rising),
			FLAG(request.reduce_only), FLAG(request.close_on_trigger),
			FLAG(id_may_repeat)}},
	[DEED_AMEND] = {"amend",
		{NUMBER(account), TEXT(order_id), NUMBER(effect_ms), FLAG(amend.has_quantity),
			AMOUNT(amend.quantity), FLAG(amend.has_price), AMOUNT(amend.price),
			FLAG(amend.has_trigger_price), AMOUNT(amend.trigger_price)}},
	[DEED_CANCEL] = {"cancel", {NUMBER(account), TEXT(order_id), NUMBER(effect_ms)}},
	[DEED_LEVERAGE] = {"leverage",
		{NUMBER(account), NUMBER(symbol), AMOUNT(amount), AMOUNT(second)}},
	[DEED_POSITION_MODE] = {"position_mode",
		{NUMBER(account), NUMBER(symbol), CHOICE(position_mode, POSITION_ONE_WAY)}},
	[DEED_MARGIN_MODE] = {"margin_mode",
		{NUMBER(account), NUMBER(symbol), CHOICE(margin_mode, MARGIN_CROSS)}},
	[DEED_TRANSFER] = {"transfer", {NUMBER(account), AMOUNT(amount)}},
	[DEED_PRICE] = {"price", {NUMBER(symbol), AMOUNT(amount), AMOUNT(second)}},
	[DEED_FUNDING] = {"funding", {NUMBER(symbol), AMOUNT(amount)}},
	[DEED_FORCE] = {"force",
		{NUMBER(account), NUMBER(symbol), CHOICE(leg, LEG_ONE_WAY),
			CHOICE(fill_kind, FILL_SETTLEMENT), AMOUNT(amount), AMOUNT(second)}},
};

/* Every line begins with these, after its word. */
static const struct part stamps[] = {NUMBER(server_ms), NUMBER(market_ms)};

#define STAMPS (sizeof stamps / sizeof stamps[0])

static_assert(sizeof(enum leg) == sizeof(unsigned), "a choice is read and written as this");

/* --- writing -------------------------------------------------------------------------------- */

static void write_text(struct buffer *out, const char *text)
{
	assert(text[strcspn(text, "\t\n")] == '\0'); /* ids and names were checked when they came */
	buffer_format(out, "\t%s", text);
}

static void write_part(const struct deed *deed, const struct part *part, struct buffer *out)
{
	const char *at = (const char *)deed + part->offset;
	int64_t number;
	unsigned choice;
	bool flag;
	struct decimal amount;

	switch (part->type) {
	case PART_NUMBER:
		memcpy(&number, at, sizeof number);
		buffer_format(out, "\t%" PRId64, number);
		break;
	case PART_CHOICE:
		memcpy(&choice, at, sizeof choice);
		buffer_format(out, "\t%u", choice);
		break;
	case PART_FLAG:
		memcpy(&flag, at, sizeof flag);
		buffer_format(out, "\t%d", flag ? 1 : 0);
		break;
	case PART_AMOUNT:
		memcpy(&amount, at, sizeof amount);
		buffer_format(out, "\t%s", DECIMAL_TEXT(amount));
		break;
	case PART_TEXT:
		write_text(out, at);
		break;
	}
}

void deed_write(const struct deed *deed, struct buffer *out)
{
	const struct part *parts = kinds[deed->kind].parts;

	buffer_text(out, kinds[deed->kind].word);
	for (size_t i = 0; i < STAMPS; i++)
		write_part(deed, &stamps[i], out);
	for (size_t i = 0; i < PARTS_MAX && parts[i].type != 0; i++)
		write_part(deed, &parts[i], out);
	buffer_text(out, "\n");
}

/* --- reading -------------------------------------------------------------------------------- */

static int invalid(struct err *err, const char *what, const char *text)
{
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "\"%.40s\" is not %s", text, what);
}

static int parse_number(const char *text, int64_t *ret, struct err *err)
{
	char *end = NULL;

	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		return invalid(err, "an integer", text);
	*ret = value;
	return 0;
}

static int parse_choice(const char *text, size_t count, unsigned *ret, struct err *err)
{
	int64_t value = 0;

	if (parse_number(text, &value, err) == -1)
		return -1;
	if (value < 0 || value >= (int64_t)count)
		return invalid(err, "a choice that there is", text);
	*ret = (unsigned)value;
	return 0;
}

static int parse_part(const char *text, const struct part *part, struct deed *deed, struct err *err)
{
	char *at = (char *)deed + part->offset;
	int64_t number = 0;
	unsigned choice = 0;
	struct decimal amount = DECIMAL_ZERO;
	bool flag;

	switch (part->type) {
	case PART_NUMBER:
		if (parse_number(text, &number, err) == -1)
			return -1;
		memcpy(at, &number, sizeof number);
		return 0;
	case PART_CHOICE:
		if (parse_choice(text, part->limit, &choice, err) == -1)
			return -1;
		memcpy(at, &choice, sizeof choice);
		return 0;
	case PART_FLAG:
		if (parse_choice(text, 2, &choice, err) == -1)
			return -1;
		flag = choice == 1;
		memcpy(at, &flag, sizeof flag);
		return 0;
	case PART_AMOUNT:
		if (decimal_parse(text, &amount, err) == -1)
			return -1;
		memcpy(at, &amount, sizeof amount);
		return 0;
	case PART_TEXT:
		if (strlen(text) >= part->limit)
			return invalid(err, "short enough", text);
		memcpy(at, text, strlen(text) + 1);
		return 0;
	}
	return 0;
}

static int find_kind(const char *word, enum deed_kind *ret, struct err *err)
{
	for (size_t i = 0; i < DEED_KINDS; i++) {
		if (strcmp(kinds[i].word, word) == 0) {
			*ret = (enum deed_kind)i;
			return 0;
		}
	}
	return invalid(err, "a deed that there is", word);
}

static int parse_parts(
	char **rest, const struct part *parts, size_t count, struct deed *deed, struct err *err)
{
	for (size_t i = 0; i < count && parts[i].type != 0; i++) {
		const char *text = strsep(rest, "\t");
		if (text == NULL)
			return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "the line is too short");
		if (parse_part(text, &parts[i], deed, err) == -1)
			return err_while(err, "part %zu", i + 1);
	}
	return 0;
}

int deed_parse(char *line, struct deed *ret, struct err *err)
{
	struct deed deed = {0};
	char *rest = line;
	const char *word = strsep(&rest, "\t");

	if (find_kind(word, &deed.kind, err) == -1 ||
		parse_parts(&rest, stamps, STAMPS, &deed, err) == -1 ||
		parse_parts(&rest, kinds[deed.kind].parts, PARTS_MAX, &deed, err) == -1)
		return -1;
	if (rest != NULL)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "the line is too long");
	*ret = deed;
	return 0;
}
