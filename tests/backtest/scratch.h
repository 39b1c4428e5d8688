/*
 * scratch - files of a test in a folder of its own, and tapes made by hand.
 */
#ifndef TESTS_BACKTEST_SCRATCH_H
#define TESTS_BACKTEST_SCRATCH_H

#include "backtest/tape.h"
#include "core/base/cleanup.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char scratch_folder[64];

__attribute__((unused)) static void scratch_open(void)
{
	(void)snprintf(scratch_folder, sizeof scratch_folder, "/tmp/botbeat-tape-XXXXXX");
	cr_assert(mkdtemp(scratch_folder) != NULL);
}

__attribute__((unused)) static void scratch_close(void)
{
	CLEANUP(text_free) char *command = mem_format("rm -rf '%s'", scratch_folder);

	cr_assert(zero(int, system(command)));
}

/* The path of a file in the folder; lives to the next call. */
__attribute__((unused)) static const char *scratch_path(const char *name)
{
	static char path[160];

	(void)snprintf(path, sizeof path, "%s/%s", scratch_folder, name);
	return path;
}

__attribute__((unused)) static const char *scratch_write(const char *name, const char *text)
{
	const char *path = scratch_path(name);
	FILE *file = fopen(path, "w");

	cr_assert(file != NULL);
	(void)fputs(text, file);
	cr_assert(zero(int, fclose(file)));
	return path;
}

#endif
