#include "core/base/ident.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

struct id_row {
	char because[48];
	struct order_key key;
	char id[CLIENT_ORDER_ID_SIZE];
};

/* The ids are on orders that rest at venues: these texts never change. */
ParameterizedTestParameters(ident, names_orders)
{
	static struct id_row rows[] = {
		{"all zeros", {{"00000000-0000-0000-0000-000000000000"}, 0, 0, IDENT_RUN},
			"000000000000000000000000000000000000"},
		{"all ones",
			{{"ffffffff-ffff-ffff-ffff-ffffffffffff"}, (1LL << 35) - 1,
				IDENT_SEQUENCE_MAX, IDENT_OPERATOR},
			"fzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"},
		{"the name space stands first",
			{{"00000000-0000-0000-0000-000000000000"}, 0, 0, IDENT_OPERATOR},
			"800000000000000000000000000000000000"},
		{"the last bit of the bot",
			{{"00000000-0000-0000-0000-000000000001"}, 0, 0, IDENT_RUN},
			"000000000000000000000000010000000000"},
		{"the second and the sequence",
			{{"00000000-0000-0000-0000-000000000000"}, 1, 1, IDENT_RUN},
			"000000000000000000000000000000001001"},
		{"a run of today",
			{{"730e45f1-5823-45a0-8cea-b1eec9d25643"}, 1700000000, 77, IDENT_OPERATOR},
			"bk1s2z2p138pg8stnhxv4x4nj31jn7w8002d"},
	};
	return cr_make_param_array(struct id_row, rows, sizeof rows / sizeof rows[0]);
}

static bool same_key(const struct order_key *a, const struct order_key *b)
{
	return strcmp(a->bot.text, b->bot.text) == 0 && a->scheduled_s == b->scheduled_s &&
	       a->sequence == b->sequence && a->space == b->space;
}

ParameterizedTest(struct id_row *row, ident, names_orders)
{
	char id[CLIENT_ORDER_ID_SIZE];
	client_order_id(&row->key, id);
	cr_expect(eq(str, id, row->id), "%s", row->because);

	struct order_key key;
	cr_assert(client_order_id_parse(row->id, &key), "%s", row->because);
	cr_expect(same_key(&key, &row->key), "%s", row->because);
}

static struct order_key random_key(void)
{
	struct order_key key = {
		.scheduled_s = (int64_t)(random_u64() % (1ULL << 35)),
		.sequence = (int32_t)(random_u64() % (IDENT_SEQUENCE_MAX + 1)),
		.space = random_u64() % 2 == 0 ? IDENT_RUN : IDENT_OPERATOR,
	};
	uuid_random(&key.bot);
	return key;
}

Test(ident, an_order_id_reads_back_in_any_case)
{
	for (int i = 0; i < 20000; i++) {
		struct order_key key = random_key();
		char id[CLIENT_ORDER_ID_SIZE];
		client_order_id(&key, id);
		cr_assert(eq(sz, strspn(id, "0123456789abcdefghjkmnpqrstvwxyz"), 36));

		for (char *at = id; *at != '\0'; at++)
			*at = random_u64() % 2 == 0 ? *at : (char)toupper(*at);
		struct order_key back;
		cr_assert(client_order_id_parse(id, &back));
		cr_assert(same_key(&key, &back));
	}
}

static int compare_ids(const void *a, const void *b)
{
	return strcasecmp(a, b);
}

/* One bot's neighbouring keys are where a badly cut field would show. */
Test(ident, no_two_keys_share_an_id_ignoring_case)
{
	enum { BOTS = 2, SECONDS = 40, SEQUENCES = 40, SPACES = 2 };
	static char ids[BOTS * SECONDS * SEQUENCES * SPACES][CLIENT_ORDER_ID_SIZE];
	struct order_key key;
	size_t count = 0;
	for (int bot = 0; bot < BOTS; bot++) {
		uuid_random(&key.bot);
		for (int i = 0; i < SECONDS * SEQUENCES; i++) {
			key.scheduled_s = 1795341840 + i / SEQUENCES;
			key.sequence = i % SEQUENCES;
			key.space = IDENT_RUN;
			client_order_id(&key, ids[count++]);
			key.space = IDENT_OPERATOR;
			client_order_id(&key, ids[count++]);
		}
	}

	cr_assert(eq(sz, count, sizeof ids / sizeof ids[0]));
	qsort(ids, count, sizeof ids[0], compare_ids);
	for (size_t i = 1; i < count; i++)
		cr_assert(ne(int, strcasecmp(ids[i - 1], ids[i]), 0));
}

struct foreign_row {
	char because[48];
	char text[64];
};

ParameterizedTestParameters(ident, leaves_the_orders_of_others_alone)
{
	static struct foreign_row rows[] = {
		{"empty", ""},
		{"a uuid", "730e45f1-5823-45a0-8cea-b1eec9d25643"},
		{"one short", "bk1s2z2p138pg8stnhxv4x4nj31jn7w8002"},
		{"one long", "bk1s2z2p138pg8stnhxv4x4nj31jn7w8002dd"},
		{"a letter that is not in the alphabet", "bk1s2z2p138pg8stnhxv4x4nj31jn7w8002u"},
		{"o is not taken for 0", "bk1s2z2p138pg8stnhxv4x4nj31jn7w8oo2d"},
		{"l is not taken for 1", "bkls2z2p138pg8stnhxv4x4nj31jn7w8002d"},
		{"a name space that is not given out", "gk1s2z2p138pg8stnhxv4x4nj31jn7w8002d"},
	};
	return cr_make_param_array(struct foreign_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct foreign_row *row, ident, leaves_the_orders_of_others_alone)
{
	struct order_key key;
	cr_expect(not(client_order_id_parse(row->text, &key)), "%s", row->because);
}

struct uuid_row {
	char because[48];
	char text[48];
	char lower[48]; /* empty: refused */
};

ParameterizedTestParameters(ident, reads_uuids)
{
	static struct uuid_row rows[] = {
		{"lower case stays", "730e45f1-5823-45a0-8cea-b1eec9d25643",
			"730e45f1-5823-45a0-8cea-b1eec9d25643"},
		{"upper case becomes lower", "730E45F1-5823-45A0-8CEA-B1EEC9D25643",
			"730e45f1-5823-45a0-8cea-b1eec9d25643"},
		{"empty", "", ""},
		{"without hyphens", "730e45f1582345a08ceab1eec9d25643", ""},
		{"in braces", "{730e45f1-5823-45a0-8cea-b1eec9d25643}", ""},
		{"one digit short", "730e45f1-5823-45a0-8cea-b1eec9d2564", ""},
		{"one digit more", "730e45f1-5823-45a0-8cea-b1eec9d256431", ""},
		{"a hyphen misplaced", "730e45f-15823-45a0-8cea-b1eec9d25643", ""},
		{"no hexadecimal digit", "730e45g1-5823-45a0-8cea-b1eec9d25643", ""},
	};
	return cr_make_param_array(struct uuid_row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct uuid_row *row, ident, reads_uuids)
{
	struct uuid uuid = {""};
	struct err err = {.code = ERR_NONE};
	int result = uuid_parse(row->text, &uuid, &err);

	cr_expect(eq(int, result, row->lower[0] == '\0' ? -1 : 0), "%s", row->because);
	cr_expect(eq(int, err.code, result == -1 ? ERR_INVALID : ERR_NONE), "%s", row->because);
	cr_expect(eq(str, uuid.text, row->lower), "%s", row->because);
}

Test(ident, a_random_uuid_says_that_it_is_random)
{
	struct uuid a, b;
	uuid_random(&a);
	uuid_random(&b);

	cr_expect(eq(chr, a.text[14], '4'));
	cr_expect(ne(ptr, strchr("89ab", a.text[19]), NULL));
	cr_expect(ne(int, strcmp(a.text, b.text), 0));
}

Test(ident, the_bytes_of_a_uuid_stand_in_the_order_of_its_text)
{
	const struct uuid uuid = {"00010203-0405-0607-0809-0a0b0c0d0eff"};
	uint8_t bytes[16];
	uuid_bytes(&uuid, bytes);

	for (uint8_t i = 0; i < 15; i++)
		cr_expect(eq(u8, bytes[i], i));
	cr_expect(eq(u8, bytes[15], 0xff));
}

/* Vectors of the authors: http://www.isthe.com/chongo/tech/comp/fnv/ */
Test(ident, hashes_are_fnv_1a)
{
	cr_expect(eq(u64, hash_bytes("", 0), 0xcbf29ce484222325));
	cr_expect(eq(u64, hash_bytes("a", 1), 0xaf63dc4c8601ec8c));
	cr_expect(eq(u64, hash_bytes("foobar", 6), 0x85944171f73967e8));
}
