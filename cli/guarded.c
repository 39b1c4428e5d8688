#include "cli/guarded.h"

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/io/config.h"
#include "core/io/doc.h"
#include "core/io/http.h"
#include "core/io/postgres.h"
#include "core/vault/vault.h"
#include "worker/sandbox.h"
#include "worker/venues.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX (16U << 20)
#define READABLE_MAX 16

/* On the pipe: this, then the text. */
struct answer {
	int result;
	struct err err;
};

static int write_all(int fd, const void *data, size_t size_bytes)
{
	const char *at = data;

	while (size_bytes > 0) {
		ssize_t wrote = write(fd, at, size_bytes);
		if (wrote == -1 && errno == EINTR)
			continue;
		if (wrote == -1)
			return -1;
		at += wrote;
		size_bytes -= (size_t)wrote;
	}
	return 0;
}

static int open_ring(const struct guarded_task *task, struct vault **ret, struct err *err)
{
	const char *source = config_text(task->config, "vault.master_key_file");

	if (source[0] == '\0')
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"vault.master_key_file is not set: give it in the --config file or as "
			"BOTBEAT_VAULT_MASTER_KEY_FILE");
	if (vault_open(source, ret, err) == -1)
		return err_while(err, "could not open the master key ring");
	return 0;
}

struct readable { /* what the child reads to connect: passwords, certificates */
	char *paths[READABLE_MAX + 1];
	size_t count;
};

static void readable_add(void *context, const char *path)
{
	struct readable *readable = context;

	if (readable->count < READABLE_MAX)
		readable->paths[readable->count++] = mem_text(path);
}

static void readable_done(struct readable *readable)
{
	for (size_t i = 0; i < readable->count; i++)
		free(readable->paths[i]);
}

/* What the child does. The ring is read before the sandbox closes the file system. */
static int work(const struct guarded_task *task, struct doc **ret, struct err *err)
{
	CLEANUP(vault_free) struct vault *vault = NULL;
	CLEANUP(readable_done) struct readable readable = {0};
	struct sandbox_report report;
	struct sandbox_options options = {
		.memory_limit_bytes = config_int(task->config, "worker.memory_limit_mb") << 20,
		.files_limit = 256,
		.readable = (const char *const *)readable.paths,
	};

	postgres_each_file(config_text(task->config, "database.url"), readable_add, &readable);

	/* Before the first secret is read; sandbox_enter does it again. */
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		return err_errno(err, errno, "could not forbid core dumps");
	if (vault_init(err) == -1 || (task->ring && open_ring(task, &vault, err) == -1))
		return -1;
	if (sandbox_enter(&options, &report, err) == -1)
		return err_while(err, "could not enter the sandbox");
	return task->work(vault, task->context, ret, err);
}

__attribute__((noreturn)) static void child_main(const struct guarded_task *task, int fd)
{
	CLEANUP(doc_free) struct doc *doc = NULL;
	struct answer answer = {0};

	/* A child whose command died must not go on alone. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	answer.result = work(task, &doc, &answer.err);
	CLEANUP(text_free) char *text = doc == NULL ? mem_text("") : doc_dump(doc);
	int failed = write_all(fd, &answer, sizeof answer) == -1 ||
		     write_all(fd, text, strlen(text)) == -1;
	_exit(failed ? 1 : 0);
}

/* Once, before the fork and the sandbox; the children share it. */
static int prepare_venue(const struct config *config, struct err *err)
{
	const char *ca_file = config_text(config, "venue.ca_file");

	if (http_init(err) == -1)
		return -1;
	if (!venues_use_https(config))
		return 0;
	return http_trust(ca_file[0] == '\0' ? NULL : ca_file, err);
}

int guarded_start(const struct guarded_task *task, struct guarded *ret, struct err *err)
{
	int ends[2];

	if (task->venue && prepare_venue(task->config, err) == -1)
		return -1;
	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_errno(err, errno, "could not make a pipe");
	(void)fflush(stdout);
	pid_t pid = fork();
	if (pid == -1) {
		int saved = errno;
		(void)close(ends[0]);
		(void)close(ends[1]);
		return err_errno(err, saved, "could not fork");
	}
	if (pid == 0)
		child_main(task, ends[1]);
	(void)close(ends[1]);
	*ret = (struct guarded){.pid = pid, .fd = ends[0]};
	return 0;
}

static int read_answer(int fd, struct buffer *text, struct err *err)
{
	char block[16384];

	for (;;) {
		ssize_t got = read(fd, block, sizeof block);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return err_errno(err, errno, "could not read from the guarded child");
		if (got == 0)
			return 0;
		buffer_add(text, block, (size_t)got);
	}
}

static void reap(const struct guarded *guarded, int *ret_status)
{
	while (waitpid(guarded->pid, ret_status, 0) == -1 && errno == EINTR)
		;
}

static int died(int status, struct err *err)
{
	if (WIFSIGNALED(status))
		return err_set(err, ERR_SYSTEM, ERR_RETRY_ASK,
			"the guarded child was ended by signal %d", WTERMSIG(status));
	return err_set(err, ERR_SYSTEM, ERR_RETRY_ASK, "the guarded child ended without an answer");
}

int guarded_wait(struct guarded *guarded, char **ret_text, struct err *err)
{
	CLEANUP(buffer_done) struct buffer text;
	struct answer answer;
	int status = 0;

	buffer_init(&text, ANSWER_BYTES_MAX);
	int result = read_answer(guarded->fd, &text, err);
	(void)close(guarded->fd);
	reap(guarded, &status);
	if (result == -1)
		return -1;
	if (buffer_failed(&text) || text.size_bytes < sizeof answer)
		return died(status, err);
	memcpy(&answer, text.data, sizeof answer);
	if (answer.result == -1) {
		*err = answer.err;
		return -1;
	}
	*ret_text = mem_text(text.data + sizeof answer);
	return 0;
}

int guarded_run(const struct guarded_task *task, char **ret_text, struct err *err)
{
	struct guarded guarded;

	if (guarded_start(task, &guarded, err) == -1)
		return -1;
	return guarded_wait(&guarded, ret_text, err);
}
