/*
 * json - what field and doc share of the JSON library; for core/io only.
 *
 * It keeps one answer each to "how is text written" and "how is text read", so that a document
 * that was read and written again is the same document.
 */
#ifndef CORE_IO_JSON_H
#define CORE_IO_JSON_H

#include <jansson.h>

/* Real numbers keep all 17 digits: an indicator that was written must be read as the same. */
#define JSON_WRITE_COMPACT (JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17))
#define JSON_WRITE_PRETTY (JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17))
#define JSON_READ (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY)

#endif
