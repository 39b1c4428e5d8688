#include "cli/export.h"

#include "cli/rows.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct export
{
	struct export_options options;
	FILE *file;
	char *temporary; /* NULL: standard output, or renamed */
	char *path;
	bool any; /* a row was written */
};

static int failed(const struct export *export, struct err *err)
{
	return err_errno(err, errno, "could not write %s",
		export->path == NULL ? "to standard output" : export->path);
}

static int open_file(struct export *export, const char *path, struct err *err)
{
	export->path = mem_text(path);
	export->temporary = mem_format("%s.XXXXXX", path);
	int fd = mkstemp(export->temporary);
	if (fd == -1) {
		text_free(&export->temporary);
		return failed(export, err);
	}
	export->file = fdopen(fd, "w");
	if (export->file == NULL) {
		(void)close(fd);
		return failed(export, err);
	}
	return 0;
}

/* --- CSV ------------------------------------------------------------------------------------ */

static void put_csv(FILE *file, const char *cell)
{
	if (strpbrk(cell, ",\"\r\n") == NULL) {
		(void)fputs(cell, file);
		return;
	}
	(void)fputc('"', file);
	for (; *cell != '\0'; cell++) {
		if (*cell == '"')
			(void)fputc('"', file);
		(void)fputc(*cell, file);
	}
	(void)fputc('"', file);
}

static void put_csv_header(struct export *export)
{
	for (size_t i = 0; i < export->options.count; i++)
		(void)fprintf(export->file, "%s%s", export->options.columns[i].name,
			i + 1 == export->options.count ? "\r\n" : ",");
}

static void put_csv_row(struct export *export, const struct postgres_result *result, size_t row)
{
	for (size_t i = 0; i < export->options.count; i++) {
		put_csv(export->file, postgres_text(result, row, i));
		(void)fputs(i + 1 == export->options.count ? "\r\n" : ",", export->file);
	}
}

/* --- JSON ----------------------------------------------------------------------------------- */

static void put_json_row(struct export *export, const struct postgres_result *result, size_t row)
{
	CLEANUP(doc_free)
	struct doc *doc = rows_object(export->options.columns, export->options.count, result, row);
	CLEANUP(text_free) char *text = doc_dump(doc);

	(void)fprintf(export->file, "%s%s", export->any ? ",\n" : "[\n", text);
}

/* --- both ----------------------------------------------------------------------------------- */

int export_open(const struct export_options *options, struct export **ret, struct err *err)
{
	CLEANUP(export_free) struct export *export = mem_zero(1, sizeof *export);

	export->options = *options;
	export->file = stdout;
	if (options->path != NULL && open_file(export, options->path, err) == -1)
		return -1;
	if (options->format == EXPORT_CSV)
		put_csv_header(export);
	*ret = TAKE(export);
	return 0;
}

int export_rows(struct export *export, const struct postgres_result *result, struct err *err)
{
	for (size_t row = 0; row < postgres_rows(result); row++) {
		if (export->options.format == EXPORT_CSV)
			put_csv_row(export, result, row);
		else
			put_json_row(export, result, row);
		export->any = true;
	}
	return ferror(export->file) ? failed(export, err) : 0;
}

int export_finish(struct export *export, struct err *err)
{
	if (export->options.format == EXPORT_JSON)
		(void)fputs(export->any ? "\n]\n" : "[]\n", export->file);
	if (fflush(export->file) == EOF || ferror(export->file))
		return failed(export, err);
	if (export->temporary == NULL)
		return 0;
	if (rename(export->temporary, export->path) == -1)
		return failed(export, err);
	text_free(&export->temporary);
	return 0;
}

void export_free(struct export **export)
{
	if (*export == NULL)
		return;
	if ((*export)->file != NULL && (*export)->file != stdout)
		(void)fclose((*export)->file);
	if ((*export)->temporary != NULL)
		(void)unlink((*export)->temporary);
	text_free(&(*export)->temporary);
	text_free(&(*export)->path);
	free(*export);
	*export = NULL;
}
