#include "simulator/journal.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define GATHER_LIMIT_BYTES ((size_t)1 << 30)
#define GATHER_BYTES 65536 /* written once so much is there: a long way through the files */

struct journal {
	char *path;
	int fd; /* appends */
	FILE *reader;
	char *line;
	size_t line_room;
	size_t number;    /* of the line read last */
	off_t good_bytes; /* the size up to the end of the last whole line */
	struct buffer gathered;
	bool failed;
	struct err failure;
};

static int unusable(struct err *err, const char *what, const char *path)
{
	err_errno(err, errno, "could not %s %s", what, path);
	err->code = ERR_CONFIG;
	return -1;
}

static int open_file(struct journal *journal, struct err *err)
{
	journal->fd = open(journal->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (journal->fd == -1)
		return unusable(err, "open", journal->path);
	if (flock(journal->fd, LOCK_EX | LOCK_NB) == -1)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"%s is in use by another simulated exchange", journal->path);
	journal->reader = fopen(journal->path, "re");
	return journal->reader != NULL ? 0 : unusable(err, "read", journal->path);
}

int journal_open(const char *folder, struct journal **ret, struct err *err)
{
	CLEANUP(journal_free) struct journal *journal = mem_zero(1, sizeof *journal);

	journal->fd = -1;
	journal->path = mem_format("%s/journal", folder);
	buffer_init(&journal->gathered, GATHER_LIMIT_BYTES);
	if (mkdir(folder, 0700) == -1 && errno != EEXIST)
		return unusable(err, "make folder", folder);
	if (open_file(journal, err) == -1)
		return -1;
	*ret = TAKE(journal);
	return 0;
}

void journal_free(struct journal **journal)
{
	if (*journal == NULL)
		return;
	file_close(&(*journal)->reader);
	fd_close(&(*journal)->fd);
	buffer_done(&(*journal)->gathered);
	free((*journal)->line);
	free((*journal)->path);
	free(*journal);
	*journal = NULL;
}

/* The end of the file, or a line that a crash tore. */
static int end_reading(struct journal *journal, bool *ret_found, struct err *err)
{
	*ret_found = false;
	if (ferror(journal->reader))
		return unusable(err, "read", journal->path);
	file_close(&journal->reader);
	return ftruncate(journal->fd, journal->good_bytes) == 0
		       ? 0
		       : unusable(err, "cut the torn line off", journal->path);
}

int journal_read(struct journal *journal, struct deed *ret, bool *ret_found, struct err *err)
{
	ssize_t size_bytes = getline(&journal->line, &journal->line_room, journal->reader);

	if (size_bytes <= 0 || journal->line[size_bytes - 1] != '\n')
		return end_reading(journal, ret_found, err);
	journal->line[size_bytes - 1] = '\0';
	journal->number++;
	if (deed_parse(journal->line, ret, err) == -1) {
		err->code = ERR_CONFIG;
		return err_while(err, "%s line %zu", journal->path, journal->number);
	}
	journal->good_bytes += size_bytes;
	*ret_found = true;
	return 0;
}

size_t journal_line(const struct journal *journal)
{
	return journal->number;
}

static int write_all(int fd, const char *text, size_t size_bytes)
{
	while (size_bytes > 0) {
		ssize_t written = write(fd, text, size_bytes);
		if (written == -1 && errno == EINTR)
			continue;
		if (written == -1)
			return -1;
		text += written;
		size_bytes -= (size_t)written;
	}
	return 0;
}

static void write_gathered(struct journal *journal)
{
	struct buffer *gathered = &journal->gathered;

	if (!journal->failed && gathered->size_bytes > 0 &&
		write_all(journal->fd, gathered->data, gathered->size_bytes) == -1) {
		journal->failed = true;
		(void)err_errno(&journal->failure, errno, "could not write %s", journal->path);
	}
	buffer_clear(gathered);
}

int journal_flush(struct journal *journal, struct err *err)
{
	write_gathered(journal);
	if (!journal->failed)
		return 0;
	*err = journal->failure;
	return -1;
}

void journal_add(struct journal *journal, const struct deed *deed)
{
	deed_write(deed, &journal->gathered);
	if (journal->gathered.size_bytes >= GATHER_BYTES)
		write_gathered(journal);
}
