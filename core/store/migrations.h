/*
 * migrations - the numbered scripts of schema/migrations, as the program carries them.
 *
 * The definition is written by cmake/embed.cmake at build time; only migrate reads it.
 */
#ifndef CORE_STORE_MIGRATIONS_H
#define CORE_STORE_MIGRATIONS_H

#include <stddef.h>

struct migration {
	int version;          /* 1, 2, 3, … without a gap */
	const char *name;     /* "0001_tables" */
	const char *checksum; /* SHA-256 of the text, lower-case hex */
	const char *text;
};

extern const struct migration migrations[];
extern const size_t migrations_count;

#endif
