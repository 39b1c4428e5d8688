#include "backtest/files.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "strategies/strategy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define E8_TEXT(amount_e8) DECIMAL_TEXT(decimal_trim(decimal_scaled(amount_e8, 8)))

struct sheet { /* a file being written beside its name */
	FILE *file;
	char *temporary;
	const char *path;
	const struct rules *rules;
};

static void sheet_done(struct sheet *sheet)
{
	if (sheet->file != NULL)
		(void)fclose(sheet->file);
	if (sheet->temporary != NULL)
		(void)unlink(sheet->temporary);
	text_free(&sheet->temporary);
}

static int failed(const struct sheet *sheet, struct err *err)
{
	return err_errno(err, errno, "could not write %s", sheet->path);
}

static int sheet_open(
	struct sheet *sheet, const char *path, const struct rules *rules, struct err *err)
{
	sheet->path = path;
	sheet->rules = rules;
	sheet->temporary = mem_format("%s.new", path);
	sheet->file = fopen(sheet->temporary, "we");
	return sheet->file == NULL ? failed(sheet, err) : 0;
}

static int sheet_finish(struct sheet *sheet, struct err *err)
{
	if (fflush(sheet->file) == EOF || ferror(sheet->file) ||
		rename(sheet->temporary, sheet->path) == -1)
		return failed(sheet, err);
	text_free(&sheet->temporary);
	return 0;
}

static const char *price_text(const struct sheet *sheet, int64_t ticks, char *text)
{
	struct decimal price = decimal_mul(decimal_from_int(ticks), sheet->rules->tick_size);

	return decimal_text(decimal_trim(price), text, DECIMAL_TEXT_SIZE);
}

static const char *quantity_text(const struct sheet *sheet, int64_t lots, char *text)
{
	struct decimal quantity = decimal_mul(decimal_from_int(lots), sheet->rules->lot_size);

	return decimal_text(decimal_trim(quantity), text, DECIMAL_TEXT_SIZE);
}

#define PRICE(sheet, ticks) price_text(sheet, ticks, (char[DECIMAL_TEXT_SIZE]){0})
#define QUANTITY(sheet, lots) quantity_text(sheet, lots, (char[DECIMAL_TEXT_SIZE]){0})
#define MOMENT(ms) clock_text(ms, (char[CLOCK_TEXT_SIZE]){0}, CLOCK_TEXT_SIZE)

static void write_fill(const struct sheet *sheet, const struct record_fill *fill)
{
	(void)fprintf(sheet->file, "%s,%s,%" PRId64 ",%s,%s,%s,%s,%s,%s,%s,,%s,%s,%" PRId64 ",%s\n",
		MOMENT(fill->at_ms), trade_action_text(fill->action), fill->order,
		fill->purpose == PURPOSE_FOREIGN ? "liquidation" : purpose_text(fill->purpose),
		side_text(fill->side), QUANTITY(sheet, fill->lots), PRICE(sheet, fill->ticks),
		liquidity_text(fill->liquidity), E8_TEXT(fill->fee_e8), E8_TEXT(fill->pnl_e8),
		QUANTITY(sheet, fill->lots_after), E8_TEXT(fill->average_e8), fill->cycle,
		E8_TEXT(fill->wallet_e8));
}

static void write_payment(const struct sheet *sheet, const struct record_payment *payment)
{
	(void)fprintf(sheet->file, "%s,FUNDING,,,,%s,,,,,%s,%s,,%" PRId64 ",%s\n",
		MOMENT(payment->at_ms), QUANTITY(sheet, payment->lots), E8_TEXT(payment->amount_e8),
		QUANTITY(sheet, payment->lots), payment->cycle, E8_TEXT(payment->wallet_e8));
}

int files_trades(
	const struct record *record, const struct rules *rules, const char *path, struct err *err)
{
	CLEANUP(sheet_done) struct sheet sheet = {0};
	size_t fill = 0, payment = 0;

	if (sheet_open(&sheet, path, rules, err) == -1)
		return -1;
	(void)fputs("time,event,order,purpose,side,quantity,price,liquidity,fee,pnl,funding,"
		    "quantity_after,average,cycle,wallet\n",
		sheet.file);
	while (fill < record->fill_count || payment < record->payment_count) {
		if (payment == record->payment_count ||
			(fill < record->fill_count &&
				record->fills[fill].sequence < record->payments[payment].sequence))
			write_fill(&sheet, &record->fills[fill++]);
		else
			write_payment(&sheet, &record->payments[payment++]);
	}
	return sheet_finish(&sheet, err);
}

int files_equity(
	const struct record *record, const struct rules *rules, const char *path, struct err *err)
{
	CLEANUP(sheet_done) struct sheet sheet = {0};

	if (sheet_open(&sheet, path, rules, err) == -1)
		return -1;
	(void)fputs(
		"time,high,low,close,equity,equity_low,equity_high,wallet,quantity\n", sheet.file);
	for (size_t i = 0; i < record->bucket_count; i++) {
		const struct record_bucket *bucket = &record->buckets[i];
		(void)fprintf(sheet.file, "%s,%s,%s,%s,%s,%s,%s,%s,%s\n", MOMENT(bucket->begin_ms),
			PRICE(&sheet, bucket->high), PRICE(&sheet, bucket->low),
			PRICE(&sheet, bucket->close), E8_TEXT(bucket->equity_e8),
			E8_TEXT(bucket->equity_low), E8_TEXT(bucket->equity_high),
			E8_TEXT(bucket->wallet_e8), QUANTITY(&sheet, bucket->lots_max));
	}
	return sheet_finish(&sheet, err);
}
