/*
 * output - what commands print: aligned tables for people, JSON for programs.
 *
 * The same rows serve both: a column's name is the header and the JSON key, its kind decides the
 * alignment and the JSON type. A NULL cell prints as "-" and null. Text that holds control
 * characters (names come from tenants) is printed with "?" in their place, so that a name cannot
 * drive a terminal. Everything goes to standard output; command_main reports what could not be
 * written.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct doc;
struct postgres_result;

enum output_kind {
	OUTPUT_TEXT,    /* left; a JSON string */
	OUTPUT_INT,     /* right; a JSON number; the cell must be an integer */
	OUTPUT_DECIMAL, /* right; a JSON string: an amount never becomes a double */
	OUTPUT_BOOL,    /* "yes" or "no"; the cell is "t", "true", "f" or "false" */
	OUTPUT_JSON,    /* only in --json, as the document that the cell holds */
};

struct output_column {
	const char *name;
	enum output_kind kind;
};

/* cells: rows × count texts, row by row. A table, or an array of objects. */
void output_table(const struct output_column *columns, size_t count, const char *const *cells,
	size_t rows, bool json);

/* As output_table, with the cells of a result whose columns are these, in this order. */
void output_result(const struct output_column *columns, size_t count,
	const struct postgres_result *result, bool json);

/* One row of a result as an object, to be put into a larger document. The caller owns it. */
struct doc *output_row_doc(const struct output_column *columns, size_t count,
	const struct postgres_result *result, size_t row);

/* One thing: a line per column, or one object. */
void output_record(
	const struct output_column *columns, size_t count, const char *const *cells, bool json);

/* A finished document, indented on a terminal and compact elsewhere. */
void output_doc(const struct doc *doc);

/* CSV (RFC 4180) with a header line; NULL cells are empty. */
void output_csv(
	const struct output_column *columns, size_t count, const char *const *cells, size_t rows);

#endif
