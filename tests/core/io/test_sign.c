#include "core/io/sign.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

/* Criterion's str and ptr are not const, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#define FAKE_SECRET "fakeSecret9876543210zyxw"
#define BYBIT_PREFIX "1700000000000fakeKey0123456789ABCDEF5000"

struct row {
	char because[64];
	char secret[72];
	char text[400];
	char digest[SIGN_HEX_SIZE];
};

/* The worked examples of the venues, each computed with another tool. */
ParameterizedTestParameters(sign, hmac_agrees_with_the_venues)
{
	static struct row rows[] = {
		{"Bybit GET", FAKE_SECRET,
			BYBIT_PREFIX "category=linear&symbol=BTCUSDT&orderLinkId=bb-7f3a-29a1c-1",
			"2eb7aebd2e302ead75677e4f896d0f8646fcfc26b6941e3983345c3597f6844f"},
		{"Bybit POST", FAKE_SECRET,
			BYBIT_PREFIX
			"{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\","
			"\"orderType\":\"Limit\",\"qty\":\"0.010\",\"price\":\"49000.1\","
			"\"timeInForce\":\"GTC\",\"positionIdx\":0,"
			"\"orderLinkId\":\"bb-7f3a-29a1c-1\"}",
			"f378cec5ebacc219b39455c9b1c1e0705062f634b7d64fc313f7ff1ddb6b8b7a"},
		{"Phemex GET", FAKE_SECRET,
			"/api-data/g-futures/orders/by-order-id"
			"symbol=BTCUSDT&clOrdID=bb-7f3a-29a1c-11700000060",
			"2bc8216fe6efaebd03e9dadbfbbec04b078db938227efa15facfc5c2dfef5045"},
		{"Binance's own published pair",
			"2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9",
			"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
			"&recvWindow=5000&timestamp=1591702613943",
			"3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"},
		{"Binance GET", FAKE_SECRET,
			"symbol=BTCUSDT&origClientOrderId=bb-7f3a-29a1c-1&recvWindow=5000"
			"&timestamp=1700000000000",
			"337838e7b963d2546b6f4364e5aaa4f3ca395b0e00e886f125f31deecbc55a38"},
	};
	return cr_make_param_array(struct row, rows, sizeof rows / sizeof rows[0]);
}

ParameterizedTest(struct row *row, sign, hmac_agrees_with_the_venues)
{
	char hex[SIGN_HEX_SIZE];

	sign_hmac_sha256(row->secret, strlen(row->secret), row->text, strlen(row->text), hex);
	cr_expect(eq(str, hex, row->digest), "%s", row->because);
}

Test(sign, hashes_agree_with_the_standards)
{
	char sha256[SIGN_HEX_SIZE];
	char sha1[41];
	char empty_key[SIGN_HEX_SIZE];

	sign_sha256("abc", 3, sha256);
	sign_sha1("abc", 3, sha1);
	sign_hmac_sha256("", 0, "", 0, empty_key);
	cr_expect(eq(
		str, sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	cr_expect(eq(str, sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"));
	cr_expect(eq(str, empty_key,
		"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"));
}
