#include "simulator/call.h"

#include "core/base/buffer.h"
#include "core/io/sign.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNED_LIMIT_BYTES ((size_t)1 << 20)

/* --- refusing ------------------------------------------------------------------------------- */

int call_refuse(struct call *call, int code, const char *format, ...)
{
	va_list arguments;

	call->code = code;
	va_start(arguments, format);
	(void)vsnprintf(call->message, sizeof call->message, format, arguments);
	va_end(arguments);
	return -1;
}

bool call_refuse_broker(
	struct call *call, const struct call_refusal *rows, size_t count, const struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if ((int64_t)rows[i].refusal != err->venue_code)
			continue;
		(void)call_refuse(call, rows[i].code, "%s", rows[i].text);
		return true;
	}
	return false;
}

/* --- parameters ----------------------------------------------------------------------------- */

bool call_argument(const struct call *call, const char *name, char *text, size_t size)
{
	return http_server_argument(call->request, name, text, size) && text[0] != '\0';
}

static int hex_digit(char digit)
{
	const char *digits = "0123456789abcdef";
	const char *at = digit != '\0' ? strchr(digits, digit | 0x20) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* "%41+b" is "A b". False if it does not fit. */
static bool decode(const char *from, size_t size_bytes, char to[CALL_TEXT_SIZE])
{
	size_t length = 0;

	for (size_t i = 0; i < size_bytes; i++) {
		char letter = from[i] == '+' ? ' ' : from[i];
		if (letter == '%' && i + 2 < size_bytes && hex_digit(from[i + 1]) >= 0 &&
			hex_digit(from[i + 2]) >= 0) {
			letter = (char)(hex_digit(from[i + 1]) * 16 + hex_digit(from[i + 2]));
			i += 2;
		}
		if (length + 1 >= CALL_TEXT_SIZE || letter == '\0')
			return false;
		to[length++] = letter;
	}
	to[length] = '\0';
	return true;
}

static bool form_value(const char *form, const char *name, char text[CALL_TEXT_SIZE])
{
	size_t length = strlen(name);

	for (const char *at = form; *at != '\0';) {
		size_t size_bytes = strcspn(at, "&");
		if (size_bytes > length && strncmp(at, name, length) == 0 && at[length] == '=')
			return decode(at + length + 1, size_bytes - length - 1, text);
		at += size_bytes;
		at += *at == '&' ? 1 : 0;
	}
	return false;
}

/* Clients send 5, "5" and true alike: all become their text. */
static bool json_value(const struct field *body, const char *name, char text[CALL_TEXT_SIZE])
{
	struct field field = {0};
	const char *plain = NULL;
	struct err err;

	if (body->value == NULL || field_get_optional(body, name, &field, &err) == -1 ||
		!field_present(&field))
		return false;
	if (field_is_string(&field)) {
		if (field_as_text(&field, &plain, &err) == -1 || strlen(plain) >= CALL_TEXT_SIZE)
			return false;
		(void)snprintf(text, CALL_TEXT_SIZE, "%s", plain);
		return true;
	}
	char *dumped = field_dump(&field);
	(void)snprintf(text, CALL_TEXT_SIZE, "%s", dumped);
	free(dumped);
	return true;
}

bool call_param(const struct call *call, const char *name, char text[CALL_TEXT_SIZE])
{
	text[0] = '\0';
	return (http_server_argument(call->request, name, text, CALL_TEXT_SIZE) ||
		       (call->form && form_value(call->request->body, name, text)) ||
		       json_value(&call->body, name, text)) &&
	       text[0] != '\0';
}

static int refuse_parameter(struct call *call, const char *name)
{
	return call->dialect->refuse_parameter(call, name);
}

int call_param_decimal(struct call *call, const char *name, bool *ret_present, struct decimal *ret)
{
	char text[CALL_TEXT_SIZE];
	struct err err;

	*ret_present = false;
	if (!call_param(call, name, text))
		return 0;
	if (decimal_parse(text, ret, &err) == -1)
		return refuse_parameter(call, name);
	*ret_present = true;
	return 0;
}

bool call_parse_integer(const char *text, int64_t *ret)
{
	char *end = NULL;

	if (text[strspn(text, "-0123456789")] != '\0')
		return false;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		return false;
	*ret = value;
	return true;
}

int call_param_integer(struct call *call, const char *name, int64_t least, int64_t most,
	int64_t fallback, int64_t *ret)
{
	char text[CALL_TEXT_SIZE];
	int64_t value = fallback;

	if (call_param(call, name, text) &&
		(!call_parse_integer(text, &value) || value < least || value > most))
		return refuse_parameter(call, name);
	*ret = value;
	return 0;
}

int call_param_flag(struct call *call, const char *name, bool *ret)
{
	char text[CALL_TEXT_SIZE];

	*ret = false;
	if (!call_param(call, name, text))
		return 0;
	*ret = strcasecmp(text, "true") == 0;
	return *ret || strcasecmp(text, "false") == 0 ? 0 : refuse_parameter(call, name);
}

int call_param_word(
	struct call *call, const char *name, const char *const *words, int fallback, int *ret)
{
	char text[CALL_TEXT_SIZE];

	*ret = fallback;
	if (!call_param(call, name, text))
		return 0;
	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], text) == 0) {
			*ret = i;
			return 0;
		}
	}
	return refuse_parameter(call, name);
}

/* --- replies -------------------------------------------------------------------------------- */

void call_set_result(struct call *call, struct doc *result)
{
	doc_free(&call->result);
	call->result = result;
}

void call_put_integer(struct doc *object, const char *name, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRId64, value);
	doc_text(object, name, text);
}

void call_sign(const char *secret, const char *const *parts, char ret_hex[])
{
	struct buffer text;

	buffer_init(&text, SIGNED_LIMIT_BYTES);
	for (size_t i = 0; parts[i] != NULL; i++)
		buffer_text(&text, parts[i]);
	assert(!buffer_failed(&text)); /* headers and bodies are bounded by the server */
	sign_hmac_sha256(secret, strlen(secret), text.data, text.size_bytes, ret_hex);
	buffer_done(&text);
}

void call_add_header(struct http_server_reply *reply, const char *format, ...)
{
	size_t used = strlen(reply->headers);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(reply->headers + used, sizeof reply->headers - used, format, arguments);
	va_end(arguments);
}
