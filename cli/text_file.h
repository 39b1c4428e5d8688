/*
 * text_file - a whole file that a person names, or standard input ("-"), bounded in size.
 */
#ifndef CLI_TEXT_FILE_H
#define CLI_TEXT_FILE_H

#include "core/io/field.h"

/* Parsed as JSON. The caller frees. Errors name the file; malformed text is ERR_INVALID. */
MUST_CHECK int text_file_read_json(
	const char *path, size_t bytes_max, struct field_document **ret, struct err *err);

#endif
