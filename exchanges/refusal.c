#include "exchanges/refusal.h"

#include <string.h>

static const struct refusal_row *find(
	const struct refusal_table *table, int64_t code, const char *text)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct refusal_row *row = &table->rows[i];
		if (row->code == code &&
			(row->words == NULL || strcasestr(text, row->words) != NULL))
			return row;
	}
	return NULL;
}

enum err_retry refusal_unclear(enum call_kind kind)
{
	return kind == CALL_READ ? ERR_RETRY_LATER : ERR_RETRY_ASK;
}

int refusal_throttled(int64_t wait_ms, struct err *err)
{
	err->code = ERR_RATE;
	err->retry = ERR_RETRY_THROTTLED;
	err->retry_after_ms = wait_ms;
	return -1;
}

/* Sets class and retry word of *err, which has its text. */
static int as(struct err *err, enum err_code code, enum err_retry retry)
{
	err->code = code;
	err->retry = retry;
	return -1;
}

static int limited(const struct refusal_table *table, const struct call_status *status,
	enum call_limited by, enum call_limited *ret_limited, struct err *err)
{
	int64_t wait_ms = status->retry_after_ms;
	*ret_limited = by;
	return refusal_throttled(wait_ms > 0 ? wait_ms : table->rate_wait_ms, err);
}

static int classify(const struct refusal_table *table, enum refusal_class class,
	const struct call_status *status, enum call_limited *ret_limited, struct err *err)
{
	switch (class) {
	case REFUSAL_RETRY:
		return as(err, ERR_NETWORK, ERR_RETRY_LATER);
	case REFUSAL_RATE:
		return limited(table, status, LIMITED_ACCOUNT, ret_limited, err);
	case REFUSAL_RATE_ADDRESS:
		return limited(table, status, LIMITED_ADDRESS, ret_limited, err);
	case REFUSAL_CLOCK:
		return as(err, ERR_CLOCK, ERR_RETRY_LATER);
	case REFUSAL_AUTH:
		return as(err, ERR_AUTH, ERR_RETRY_NEVER);
	case REFUSAL_MARGIN:
		return as(err, ERR_MARGIN, ERR_RETRY_NEVER);
	case REFUSAL_FILTER:
		return as(err, ERR_FILTER, ERR_RETRY_NEVER);
	case REFUSAL_FLAT:
		return as(err, ERR_FLAT, ERR_RETRY_NEVER);
	case REFUSAL_DUPLICATE:
		return as(err, ERR_DUPLICATE, ERR_RETRY_NEVER);
	case REFUSAL_NO_ORDER:
		return as(err, ERR_NO_ORDER, ERR_RETRY_NEVER);
	case REFUSAL_NO_CHANGE:
		return status->kind == CALL_SETTING ? 0 : as(err, ERR_NO_CHANGE, ERR_RETRY_NEVER);
	case REFUSAL_BUG:
		return as(err, ERR_BUG, ERR_RETRY_NEVER);
	case REFUSAL_UNKNOWN:
		return as(err, ERR_NETWORK, refusal_unclear(status->kind));
	case REFUSAL_MAINTENANCE:
		return as(err, ERR_MAINTENANCE, ERR_RETRY_LATER);
	}
	return as(err, ERR_PROTOCOL, refusal_unclear(status->kind));
}

const char *refusal_printable(
	const char *text, size_t size_bytes, char ret_words[REFUSAL_WORDS_SIZE])
{
	size_t length = 0;
	for (size_t i = 0; i < size_bytes && text[i] != '\0' && length < REFUSAL_WORDS_SIZE - 1;
		i++) {
		char letter = text[i];
		ret_words[length++] = letter >= ' ' && letter <= '~' ? letter : ' ';
	}
	ret_words[length] = '\0';
	return ret_words;
}

int refusal_code(const struct refusal_table *table, const struct call_status *status, int64_t code,
	const char *text, enum call_limited *ret_limited, struct err *err)
{
	*ret_limited = LIMITED_NOBODY;
	if (code == 0)
		return 0;

	char words[REFUSAL_WORDS_SIZE];
	(void)err_set(err, ERR_PROTOCOL, refusal_unclear(status->kind), "%s %lld: %s", table->venue,
		(long long)code, refusal_printable(text, strlen(text), words));
	err->venue_code = code;

	/* What the table does not know keeps this class: an order of it is looked up. */
	const struct refusal_row *row = find(table, code, text);
	return row == NULL ? -1 : classify(table, row->class, status, ret_limited, err);
}
