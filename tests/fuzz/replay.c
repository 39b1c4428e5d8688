/*
 * replay - runs a fuzz target over the files of its corpus, and over every prefix of each: what a
 * connection that is cut leaves behind. An empty corpus is a failure, since it would prove nothing.
 */
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>

#define FILE_LIMIT_BYTES 65536

static void replay(const char *folder, const char *name)
{
	static uint8_t data[FILE_LIMIT_BYTES];
	CLEANUP(text_free) char *path = mem_format("%s/%s", folder, name);
	FILE *file = fopen(path, "re");

	if (file == NULL)
		die("could not open %s", path);
	size_t size = fread(data, 1, sizeof data, file);
	(void)fclose(file);
	for (size_t length = 0; length <= size; length++) {
		/* A copy of its own, so that a sanitizer sees each byte read beyond the end. */
		CLEANUP(text_free) char *copy = mem_alloc(length + 1);
		for (size_t i = 0; i < length; i++)
			copy[i] = (char)data[i];
		(void)LLVMFuzzerTestOneInput((const uint8_t *)copy, length);
	}
}

int main(int count, char **arguments)
{
	int files = 0;

	if (count != 2)
		die("usage: replay FOLDER");
	DIR *folder = opendir(arguments[1]);
	if (folder == NULL)
		die("could not open the corpus %s", arguments[1]);
	for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
		if (entry->d_name[0] == '.')
			continue;
		replay(arguments[1], entry->d_name);
		files++;
	}
	(void)closedir(folder);
	if (files == 0)
		die("the corpus %s is empty", arguments[1]);
	printf("%d files replayed\n", files);
	return 0;
}
