#include "cli/key_master.h"

#include "cli/output.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/vault/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RING_BYTES_MAX (8 * 1024) /* as core/vault reads */

struct ring_text { /* the file as it will be; wiped */
	char data[RING_BYTES_MAX + 1];
	size_t size_bytes;
};

static void wipe(struct ring_text *text)
{
	explicit_bzero(text, sizeof *text);
}

static void line_free(char **line)
{
	if (*line != NULL)
		explicit_bzero(*line, strlen(*line));
	text_free(line);
}

static int add_text(struct ring_text *text, const char *more, size_t size_bytes, struct err *err)
{
	if (text->size_bytes + size_bytes > RING_BYTES_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the ring would be longer than %d bytes: take old keys out of it",
			RING_BYTES_MAX);
	memcpy(text->data + text->size_bytes, more, size_bytes);
	text->size_bytes += size_bytes;
	return 0;
}

/* The keys of the ring as it is, behind the new one. What vault_open refuses is refused here. */
static int add_old_keys(const char *path, const char *id, struct ring_text *text, struct err *err)
{
	CLEANUP(vault_free) struct vault *vault = NULL;
	CLEANUP(fd_close) int fd = -1;
	ssize_t got;

	if (vault_open(path, &vault, err) == -1)
		return -1;
	if (vault_has(vault, id))
		return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER, "%s holds a key \"%s\" already",
			path, id);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return err_errno(err, errno, "could not open %s", path);
	char block[512];
	while ((got = read(fd, block, sizeof block)) > 0)
		if (add_text(text, block, (size_t)got, err) == -1)
			break;
	int saved = errno;
	explicit_bzero(block, sizeof block);
	if (got == -1)
		return err_errno(err, saved, "could not read %s", path);
	return got == 0 ? 0 : -1;
}

static int write_all(int fd, const struct ring_text *text)
{
	size_t done = 0;

	while (done < text->size_bytes) {
		ssize_t wrote = write(fd, text->data + done, text->size_bytes - done);
		if (wrote == -1 && errno != EINTR)
			return -1;
		done += wrote > 0 ? (size_t)wrote : 0;
	}
	return fsync(fd);
}

/* Whole or not at all: a temporary file beside it, then a rename; a new file must not be there. */
static int replace(const char *path, bool is_new, const struct ring_text *text, struct err *err)
{
	CLEANUP(text_free) char *beside = mem_format("%s.new-%ld", path, (long)getpid());
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd == -1)
		return err_errno(err, errno, "could not make %s", beside);
	int failed = fchmod(fd, 0600) == -1 || write_all(fd, text) == -1;
	int saved = errno;
	failed = close(fd) == -1 || failed;
	if (!failed) {
		failed = is_new ? link(beside, path) == -1 : rename(beside, path) == -1;
		saved = errno;
	}
	if (failed || is_new)
		(void)unlink(beside);
	return failed ? err_errno(err, saved, "could not write %s", path) : 0;
}

static void default_id(char *id, size_t size)
{
	struct tm now;
	time_t seconds = time(NULL);

	(void)gmtime_r(&seconds, &now);
	(void)strftime(id, size, "master-%Y%m%d-%H%M%S", &now);
}

static void report(struct command_context *context, const char *path, const char *id, bool is_new)
{
	if (command_json(context)) {
		CLEANUP(doc_free) struct doc *doc = doc_object();
		doc_text(doc, "file", path);
		doc_text(doc, "id", id);
		doc_bool(doc, "created", is_new);
		output_doc(doc);
	} else if (is_new) {
		printf("made %s with master key %s; keep a copy where the database's backups are "
		       "not\n",
			path, id);
	} else {
		printf("master key %s now stands first in %s; give the file to every worker, then "
		       "run botbeat key rotate-master\n",
			id, path);
	}
}

int key_master_run(struct command_context *context, int argc, char **argv, struct err *err)
{
	CLEANUP(wipe) struct ring_text text = {.size_bytes = 0};
	CLEANUP(line_free) char *line = NULL;
	const char *path = argv[0];
	const char *id = command_value(context, "id");
	char made_id[VAULT_ID_SIZE];
	(void)argc;

	if (id == NULL) {
		default_id(made_id, sizeof made_id);
		id = made_id;
	}
	/* This process holds the new key in clear until it ends. */
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		return err_errno(err, errno, "could not forbid core dumps");
	if (vault_init(err) == -1)
		return -1;
	line = vault_new_master_line(id);
	if (line == NULL)
		return err_set(err, ERR_USAGE, ERR_RETRY_NEVER,
			"--id: expected 1 to %d of A-Z a-z 0-9 . _ -, got \"%.60s\"",
			VAULT_ID_SIZE - 1, id);

	bool is_new = access(path, F_OK) == -1 && errno == ENOENT;
	if (add_text(&text, line, strlen(line), err) == -1 || add_text(&text, "\n", 1, err) == -1)
		return -1;
	if (!is_new && add_old_keys(path, id, &text, err) == -1)
		return -1;
	if (replace(path, is_new, &text, err) == -1)
		return -1;
	report(context, path, id, is_new);
	return 0;
}
