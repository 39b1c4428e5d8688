#include "cli/text_file.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <string.h>

static int read_all(FILE *file, struct buffer *text, struct err *err)
{
	char block[16384];
	size_t got;

	while ((got = fread(block, 1, sizeof block, file)) > 0)
		buffer_add(text, block, got);
	if (ferror(file))
		return err_errno(err, errno, "could not read it");
	if (buffer_failed(text))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "larger than %zu bytes",
			text->limit_bytes);
	return 0;
}

static int parse(FILE *file, size_t bytes_max, struct field_document **ret, struct err *err)
{
	CLEANUP(buffer_done) struct buffer text;

	buffer_init(&text, bytes_max);
	if (read_all(file, &text, err) == -1)
		return -1;
	if (field_parse(text.data, text.size_bytes, ret, err) == -1) {
		err->code = ERR_INVALID;
		return -1;
	}
	return 0;
}

int text_file_read_json(
	const char *path, size_t bytes_max, struct field_document **ret, struct err *err)
{
	CLEANUP(file_close) FILE *opened = NULL;

	if (strcmp(path, "-") != 0) {
		opened = fopen(path, "re");
		if (opened == NULL)
			return err_errno(err, errno, "could not open %s", path);
	}
	if (parse(opened == NULL ? stdin : opened, bytes_max, ret, err) == -1)
		return err_while(err, "%s", path);
	return 0;
}
