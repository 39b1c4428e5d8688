/*
 * rows - results of queries as JSON members, where a command prints more than one list.
 *
 * Columns are those of output.h; a result's columns are these, in this order.
 */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include "cli/output.h"

#include <stddef.h>

struct doc;
struct postgres_result;

/* An array of objects. */
struct doc *rows_doc(
	const struct output_column *columns, size_t count, const struct postgres_result *result);

/* One object of one row. */
struct doc *rows_object(const struct output_column *columns, size_t count,
	const struct postgres_result *result, size_t row);

/* One row for people: a line per column (output_record). */
void rows_print(const struct output_column *columns, size_t count,
	const struct postgres_result *result, size_t row);

#endif
