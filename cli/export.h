/*
 * export - rows as a stream: CSV (RFC 4180) or one JSON array, to standard output or into a file.
 *
 * A file appears whole or not at all: it is written beside its name and renamed at the end. Amounts
 * stay text. Only one page of rows is in memory.
 */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include "cli/output.h"
#include "core/base/err.h"

#include <stddef.h>

struct export;
struct postgres_result;

enum export_format { EXPORT_CSV, EXPORT_JSON };

struct export_options {
	enum export_format format;
	const char *path;                    /* NULL: standard output */
	const struct output_column *columns; /* borrowed for the export's life */
	size_t count;
};

MUST_CHECK int export_open(
	const struct export_options *options, struct export **ret, struct err *err);

/* The first count columns of every row. */
MUST_CHECK int export_rows(
	struct export *export, const struct postgres_result *result, struct err *err);

/* Ends the text and gives the file its name. Without it export_free leaves nothing behind. */
MUST_CHECK int export_finish(struct export *export, struct err *err);
void export_free(struct export **export);

#endif
