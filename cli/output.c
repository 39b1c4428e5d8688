#include "cli/output.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_true(const char *cell)
{
	return cell[0] == 't';
}

static const char *shown(const struct output_column *column, const char *cell)
{
	if (cell == NULL)
		return "-";
	if (column->kind == OUTPUT_BOOL)
		return is_true(cell) ? "yes" : "no";
	return cell;
}

/* Columns on the screen: a UTF-8 sequence counts as one. */
static size_t width(const char *text)
{
	size_t columns = 0;

	for (; *text != '\0'; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

static void print_plain(const char *text)
{
	for (; *text != '\0'; text++)
		putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static void print_spaces(size_t count)
{
	while (count-- > 0)
		putchar(' ');
}

static bool right_aligned(const struct output_column *column)
{
	return column->kind == OUTPUT_INT || column->kind == OUTPUT_DECIMAL;
}

static void print_cell(const struct output_column *column, const char *text, size_t wide, bool last)
{
	size_t padding = wide > width(text) ? wide - width(text) : 0;

	if (right_aligned(column))
		print_spaces(padding);
	print_plain(text);
	if (!right_aligned(column) && !last)
		print_spaces(padding);
	if (!last)
		print_spaces(2);
}

/* --- JSON ----------------------------------------------------------------------------------- */

static void add_member(struct doc *object, const struct output_column *column, const char *cell)
{
	if (cell == NULL) {
		doc_null(object, column->name);
		return;
	}
	switch (column->kind) {
	case OUTPUT_INT:
		doc_int(object, column->name, strtoll(cell, NULL, 10));
		break;
	case OUTPUT_BOOL:
		doc_bool(object, column->name, is_true(cell));
		break;
	case OUTPUT_JSON:
		doc_json(object, column->name, cell);
		break;
	case OUTPUT_TEXT:
	case OUTPUT_DECIMAL:
		doc_text(object, column->name, cell);
		break;
	}
}

static struct doc *row_object(
	const struct output_column *columns, size_t count, const char *const *cells)
{
	struct doc *object = doc_object();

	for (size_t i = 0; i < count; i++)
		add_member(object, &columns[i], cells[i]);
	return object;
}

static void print_json(
	const struct output_column *columns, size_t count, const char *const *cells, size_t rows)
{
	CLEANUP(doc_free) struct doc *array = doc_array();

	for (size_t row = 0; row < rows; row++)
		doc_push(array, row_object(columns, count, cells + row * count));
	output_doc(array);
}

void output_doc(const struct doc *doc)
{
	CLEANUP(text_free)
	char *text = isatty(STDOUT_FILENO) ? doc_dump_pretty(doc) : doc_dump(doc);

	puts(text);
}

/* --- tables --------------------------------------------------------------------------------- */

static size_t last_shown(const struct output_column *columns, size_t count)
{
	while (count > 0 && columns[count - 1].kind == OUTPUT_JSON)
		count--;
	return count;
}

static size_t column_width(const struct output_column *columns, size_t count,
	const char *const *cells, size_t rows, size_t column)
{
	size_t wide = width(columns[column].name);

	for (size_t row = 0; row < rows; row++) {
		size_t cell = width(shown(&columns[column], cells[row * count + column]));
		wide = cell > wide ? cell : wide;
	}
	return wide;
}

/* cells NULL: the header line. */
static void print_row(const struct output_column *columns, size_t count, const char *const *cells,
	const size_t *widths)
{
	size_t last = last_shown(columns, count);

	for (size_t i = 0; i < last; i++) {
		if (columns[i].kind == OUTPUT_JSON)
			continue;
		const char *text = cells == NULL ? columns[i].name : shown(&columns[i], cells[i]);
		print_cell(&columns[i], text, widths[i], i + 1 == last);
	}
	putchar('\n');
}

void output_table(const struct output_column *columns, size_t count, const char *const *cells,
	size_t rows, bool json)
{
	if (json) {
		print_json(columns, count, cells, rows);
		return;
	}

	size_t *widths = mem_zero(count, sizeof *widths);
	for (size_t i = 0; i < count; i++)
		widths[i] = column_width(columns, count, cells, rows, i);
	print_row(columns, count, NULL, widths);
	for (size_t row = 0; row < rows; row++)
		print_row(columns, count, cells + row * count, widths);
	free(widths);
}

void output_result(const struct output_column *columns, size_t count,
	const struct postgres_result *result, bool json)
{
	size_t rows = postgres_rows(result);
	const char **cells = mem_zero(rows * count + 1, sizeof *cells);

	for (size_t row = 0; row < rows; row++) {
		for (size_t i = 0; i < count; i++)
			cells[row * count + i] = postgres_is_null(result, row, i)
							 ? NULL
							 : postgres_text(result, row, i);
	}
	output_table(columns, count, cells, rows, json);
	free(cells);
}

struct doc *output_row_doc(const struct output_column *columns, size_t count,
	const struct postgres_result *result, size_t row)
{
	const char **cells = mem_zero(count, sizeof *cells);

	for (size_t i = 0; i < count; i++)
		cells[i] = postgres_is_null(result, row, i) ? NULL : postgres_text(result, row, i);
	struct doc *object = row_object(columns, count, cells);
	free(cells);
	return object;
}

void output_record(
	const struct output_column *columns, size_t count, const char *const *cells, bool json)
{
	size_t wide = 0;

	if (json) {
		CLEANUP(doc_free) struct doc *object = row_object(columns, count, cells);
		output_doc(object);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		size_t name = width(columns[i].name);
		wide = name > wide ? name : wide;
	}
	for (size_t i = 0; i < count; i++) {
		if (columns[i].kind == OUTPUT_JSON)
			continue;
		printf("%s", columns[i].name);
		print_spaces(wide - width(columns[i].name) + 2);
		print_plain(shown(&columns[i], cells[i]));
		putchar('\n');
	}
}

/* --- CSV ------------------------------------------------------------------------------------ */

static void print_csv_cell(const char *cell)
{
	if (cell == NULL)
		return;
	if (strpbrk(cell, ",\"\r\n") == NULL) {
		fputs(cell, stdout);
		return;
	}
	putchar('"');
	for (; *cell != '\0'; cell++) {
		if (*cell == '"')
			putchar('"');
		putchar(*cell);
	}
	putchar('"');
}

void output_csv(
	const struct output_column *columns, size_t count, const char *const *cells, size_t rows)
{
	for (size_t i = 0; i < count; i++)
		printf("%s%s", columns[i].name, i + 1 == count ? "\r\n" : ",");
	for (size_t row = 0; row < rows; row++) {
		for (size_t i = 0; i < count; i++) {
			print_csv_cell(cells[row * count + i]);
			fputs(i + 1 == count ? "\r\n" : ",", stdout);
		}
	}
}
