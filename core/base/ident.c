#include "core/base/ident.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

/* Crockford's alphabet leaves out i, l, o and u, so that no two characters are taken for another.
 */
static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const char hex[] = "0123456789abcdef";

#define UUID_LENGTH 36
#define BOT_LENGTH 26 /* characters of 5 bits: 2 of the name space, 128 of the bot */
#define SECOND_LENGTH 7
#define SEQUENCE_LENGTH 3
#define SCHEDULED_S_MAX ((1LL << 35) - 1)

_Static_assert(
	BOT_LENGTH + SECOND_LENGTH + SEQUENCE_LENGTH + 1 == CLIENT_ORDER_ID_SIZE, "36 characters");

static char lower(char character)
{
	return character >= 'A' && character <= 'Z' ? (char)(character - 'A' + 'a') : character;
}

/* The character's place in digits, -1 if it is not one of them. */
static int digit_value(const char *digits, char character)
{
	const char *found = character == '\0' ? NULL : strchr(digits, lower(character));
	return found == NULL ? -1 : (int)(found - digits);
}

/* By arithmetic: a tick reads 100,000 uuids, and looking each digit up would show. */
static int hex_value(char character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	if (character >= 'a' && character <= 'f')
		return character - 'a' + 10;
	if (character >= 'A' && character <= 'F')
		return character - 'A' + 10;
	return -1;
}

static bool is_hyphen_place(size_t place)
{
	return place == 8 || place == 13 || place == 18 || place == 23;
}

static bool is_uuid(const char *text)
{
	for (size_t i = 0; i < UUID_LENGTH; i++) {
		bool fits = is_hyphen_place(i) ? text[i] == '-' : hex_value(text[i]) >= 0;
		if (!fits)
			return false;
	}
	return text[UUID_LENGTH] == '\0';
}

int uuid_parse(const char *text, struct uuid *ret, struct err *err)
{
	if (!is_uuid(text))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"not a uuid of 32 hexadecimal digits in five groups");
	for (size_t i = 0; i <= UUID_LENGTH; i++)
		ret->text[i] = lower(text[i]);
	return 0;
}

void uuid_bytes(const struct uuid *uuid, uint8_t ret_bytes[16])
{
	assert(is_uuid(uuid->text));

	size_t place = 0;
	for (size_t i = 0; i < 16; i++) {
		if (is_hyphen_place(place))
			place++;
		unsigned high = (unsigned)hex_value(uuid->text[place]);
		unsigned low = (unsigned)hex_value(uuid->text[place + 1]);
		ret_bytes[i] = (uint8_t)(high << 4 | low);
		place += 2;
	}
}

static void uuid_from_bytes(const uint8_t bytes[16], struct uuid *ret)
{
	size_t place = 0;
	for (size_t i = 0; i < 16; i++) {
		if (is_hyphen_place(place))
			ret->text[place++] = '-';
		ret->text[place++] = hex[bytes[i] >> 4];
		ret->text[place++] = hex[bytes[i] & 15];
	}
	ret->text[place] = '\0';
}

static void random_bytes(void *bytes, size_t size_bytes)
{
	ssize_t count;
	do {
		count = getrandom(bytes, size_bytes, 0);
	} while (count == -1 && errno == EINTR);
	/* Up to 256 bytes come whole (getrandom(2)). */
	if (count != (ssize_t)size_bytes)
		die("cannot read the kernel's random generator: %s", strerror(errno));
}

void uuid_random(struct uuid *ret)
{
	uint8_t bytes[16];
	random_bytes(bytes, sizeof bytes);
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* version 4 */
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80); /* variant 1, RFC 4122 */
	uuid_from_bytes(bytes, ret);
}

/* The value in count characters of base32, the most significant first. */
static void write_digits(unsigned __int128 value, int count, char *text)
{
	for (int i = count - 1; i >= 0; i--) {
		text[i] = alphabet[(unsigned)value & 31];
		value >>= 5;
	}
}

static bool read_digits(const char *text, int count, unsigned __int128 *ret_value)
{
	unsigned __int128 value = 0;
	for (int i = 0; i < count; i++) {
		int digit = digit_value(alphabet, text[i]);
		if (digit < 0)
			return false;
		value = value << 5 | (unsigned)digit;
	}
	*ret_value = value;
	return true;
}

/*
 * 26 characters hold 130 bits, two more than the widest integer: the first character is written
 * apart, the two bits of the name space above the bot's three highest; the rest is 125 bits.
 */
#define BOT_REST_BITS 125

void client_order_id(const struct order_key *key, char ret_text[CLIENT_ORDER_ID_SIZE])
{
	assert(key->space == IDENT_RUN || key->space == IDENT_OPERATOR);
	assert(key->scheduled_s >= 0 && key->scheduled_s <= SCHEDULED_S_MAX);
	assert(key->sequence >= 0 && key->sequence <= IDENT_SEQUENCE_MAX);

	uint8_t bytes[16];
	uuid_bytes(&key->bot, bytes);
	unsigned __int128 bot = 0;
	for (size_t i = 0; i < sizeof bytes; i++)
		bot = bot << 8 | bytes[i];

	ret_text[0] = alphabet[(unsigned)key->space << 3 | (unsigned)(bot >> BOT_REST_BITS)];
	write_digits(bot, BOT_LENGTH - 1, ret_text + 1);
	write_digits((uint64_t)key->scheduled_s, SECOND_LENGTH, ret_text + BOT_LENGTH);
	write_digits(
		(uint32_t)key->sequence, SEQUENCE_LENGTH, ret_text + BOT_LENGTH + SECOND_LENGTH);
	ret_text[CLIENT_ORDER_ID_SIZE - 1] = '\0';
}

bool client_order_id_parse(const char *text, struct order_key *ret_key)
{
	if (strnlen(text, CLIENT_ORDER_ID_SIZE) != CLIENT_ORDER_ID_SIZE - 1)
		return false;

	int first = digit_value(alphabet, text[0]);
	unsigned __int128 bot, second, sequence;
	if (first < 0 || !read_digits(text + 1, BOT_LENGTH - 1, &bot) ||
		!read_digits(text + BOT_LENGTH, SECOND_LENGTH, &second) ||
		!read_digits(text + BOT_LENGTH + SECOND_LENGTH, SEQUENCE_LENGTH, &sequence))
		return false;
	if (first >> 3 > IDENT_OPERATOR)
		return false;

	bot |= (unsigned __int128)(first & 7) << BOT_REST_BITS;
	uint8_t bytes[16];
	for (size_t i = sizeof bytes; i-- > 0; bot >>= 8)
		bytes[i] = (uint8_t)bot;
	uuid_from_bytes(bytes, &ret_key->bot);
	ret_key->scheduled_s = (int64_t)second;
	ret_key->sequence = (int32_t)sequence;
	ret_key->space = first >> 3 == 0 ? IDENT_RUN : IDENT_OPERATOR;
	return true;
}

uint64_t hash_bytes(const void *data, uint64_t size_bytes)
{
	const uint8_t *bytes = data;
	uint64_t hash = 0xcbf29ce484222325;
	for (uint64_t i = 0; i < size_bytes; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

uint64_t random_u64(void)
{
	uint64_t value;
	random_bytes(&value, sizeof value);
	return value;
}
