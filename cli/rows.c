#include "cli/rows.h"

#include "core/base/err.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"

#include <stdlib.h>

static void add_cell(struct doc *object, const struct output_column *column,
	const struct postgres_result *result, size_t row, size_t index)
{
	if (postgres_is_null(result, row, index)) {
		doc_null(object, column->name);
		return;
	}
	switch (column->kind) {
	case OUTPUT_INT:
		doc_int(object, column->name, postgres_int(result, row, index));
		break;
	case OUTPUT_BOOL:
		doc_bool(object, column->name, postgres_bool(result, row, index));
		break;
	case OUTPUT_JSON:
		doc_json(object, column->name, postgres_text(result, row, index));
		break;
	case OUTPUT_TEXT:
	case OUTPUT_DECIMAL:
		doc_text(object, column->name, postgres_text(result, row, index));
		break;
	}
}

struct doc *rows_object(const struct output_column *columns, size_t count,
	const struct postgres_result *result, size_t row)
{
	struct doc *object = doc_object();

	for (size_t i = 0; i < count; i++)
		add_cell(object, &columns[i], result, row, i);
	return object;
}

struct doc *rows_doc(
	const struct output_column *columns, size_t count, const struct postgres_result *result)
{
	struct doc *array = doc_array();

	for (size_t row = 0; row < postgres_rows(result); row++)
		doc_push(array, rows_object(columns, count, result, row));
	return array;
}

void rows_print(const struct output_column *columns, size_t count,
	const struct postgres_result *result, size_t row)
{
	const char **cells = mem_zero(count, sizeof *cells);

	for (size_t i = 0; i < count; i++)
		cells[i] = postgres_is_null(result, row, i) ? NULL : postgres_text(result, row, i);
	output_record(columns, count, cells, false);
	free(cells);
}
