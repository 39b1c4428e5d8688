#include "cli/sealing.h"

#include "cli/guarded.h"
#include "core/base/cleanup.h"
#include "core/io/doc.h"
#include "core/io/postgres.h"
#include "core/market/market.h"
#include "core/vault/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (4 << 20)
#define PARTS 6 /* of a line of many */

/* --- the clear text, in the child only ------------------------------------------------------ */

struct clear {
	char *text; /* a mapping of its own: locked where the host allows, wiped, unmapped */
	size_t size_bytes;
};

static void clear_done(struct clear *clear)
{
	if (clear->text == NULL)
		return;
	explicit_bzero(clear->text, FILE_BYTES_MAX + 1);
	(void)munmap(clear->text, FILE_BYTES_MAX + 1);
	clear->text = NULL;
}

static int clear_read(int fd, struct clear *ret, struct err *err)
{
	ssize_t got;

	ret->text = mmap(NULL, FILE_BYTES_MAX + 1, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ret->text == MAP_FAILED)
		die("out of memory for reading keys");
	(void)madvise(ret->text, FILE_BYTES_MAX + 1, MADV_DONTDUMP);
	while ((got = read(fd, ret->text + ret->size_bytes, FILE_BYTES_MAX - ret->size_bytes)) > 0)
		ret->size_bytes += (size_t)got;
	if (got == -1)
		return err_errno(err, errno, "could not read the keys");
	(void)mlock(ret->text, ret->size_bytes + 1);
	if (ret->size_bytes == FILE_BYTES_MAX)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"the keys are longer than %d bytes", FILE_BYTES_MAX);
	if (memchr(ret->text, '\0', ret->size_bytes) != NULL)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "the keys are not text");
	return 0;
}

/* --- the file -------------------------------------------------------------------------------- */

static int check_mode(const char *path, int fd, struct err *err)
{
	struct stat stat;

	if (fstat(fd, &stat) == -1)
		return err_errno(err, errno, "could not look at %s", path);
	unsigned mode = (unsigned)stat.st_mode & 07777U;
	if (stat.st_uid == geteuid() && (mode == 0600 || mode == 0400))
		return 0;
	return err_set(err, ERR_REFUSED, ERR_RETRY_NEVER,
		"%s holds secrets: it must be ours with mode 0600 or 0400; it belongs to uid %u "
		"and "
		"has mode %04o",
		path, (unsigned)stat.st_uid, mode);
}

static int open_keys(const char *path, int *ret_fd, struct err *err)
{
	bool is_input = strcmp(path, "-") == 0;
	int fd = is_input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd == -1)
		return err_errno(err, errno, "could not open %s", path);
	if (!is_input && check_mode(path, fd, err) == -1) {
		(void)close(fd);
		return -1;
	}
	*ret_fd = fd;
	return 0;
}

/* Runs work in a child that inherits the file at *fd. */
static int seal_in_child(const struct config *config, const char *path, int *fd, guarded_work *work,
	void *context, char **ret_text, struct err *err)
{
	struct guarded_task task = {.config = config, .work = work, .context = context};

	if (open_keys(path, fd, err) == -1)
		return -1;
	int result = guarded_run(&task, ret_text, err);
	(void)close(*fd);
	return result;
}

/* --- one key -------------------------------------------------------------------------------- */

struct one {
	int fd;
	const struct sealing_target *target;
};

static int seal_one(struct vault *vault, void *context, struct doc **ret, struct err *err)
{
	const struct one *one = context;
	const struct sealing_target *target = one->target;
	CLEANUP(clear_done) struct clear clear = {NULL, 0};
	CLEANUP(text_free) char *sealed = NULL;
	struct vault_binding binding = {
		.tenant = target->tenant,
		.credential = target->credential,
		.venue = target->exchange,
		.environment = target->environment,
	};
	(void)vault;

	if (clear_read(one->fd, &clear, err) == -1)
		return -1;
	while (clear.size_bytes > 0 && strchr("\r\n", clear.text[clear.size_bytes - 1]) != NULL)
		clear.text[--clear.size_bytes] = '\0';
	char *colon = strchr(clear.text, ':');
	if (colon == NULL)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "expected KEY:SECRET");
	*colon = '\0';
	if (vault_seal(target->public_key, &binding, target->version, clear.text, colon + 1,
		    &sealed, err) == -1)
		return -1;
	*ret = doc_object();
	doc_text(*ret, "sealed", sealed);
	return 0;
}

int sealing_one(const struct config *config, const char *path, const struct sealing_target *target,
	char **ret_sealed, struct err *err)
{
	struct one one = {.target = target};
	CLEANUP(text_free) char *text = NULL;
	CLEANUP(field_document_free) struct field_document *document = NULL;
	const char *sealed;

	if (seal_in_child(config, path, &one.fd, seal_one, &one, &text, err) == -1 ||
		field_parse(text, strlen(text), &document, err) == -1)
		return -1;
	struct field root = field_root(document);
	if (field_text(&root, "sealed", &sealed, err) == -1)
		return -1;
	*ret_sealed = mem_text(sealed);
	return 0;
}

/* --- many ----------------------------------------------------------------------------------- */

struct many {
	int fd;
	const struct postgres_result *tenants; /* id, name, public_key, key_version */
};

/* Cuts a line into its parts; the last one is all the rest. */
static int cut(char *line, char *parts[PARTS])
{
	for (size_t i = 0; i < PARTS - 1; i++) {
		char *colon = strchr(line, ':');
		if (colon == NULL)
			return -1;
		*colon = '\0';
		parts[i] = line;
		line = colon + 1;
	}
	parts[PARTS - 1] = line;
	return 0;
}

static int find_tenant(const struct postgres_result *tenants, const char *name, size_t *ret_row)
{
	for (size_t row = 0; row < postgres_rows(tenants); row++) {
		if (strcmp(postgres_text(tenants, row, 1), name) != 0 &&
			strcmp(postgres_text(tenants, row, 0), name) != 0)
			continue;
		*ret_row = row;
		return 0;
	}
	return -1;
}

static int seal_line(const struct many *many, char *line, struct doc *list, struct err *err)
{
	char *parts[PARTS];
	CLEANUP(text_free) char *sealed = NULL;
	enum venue_name venue;
	enum environment environment;
	struct uuid id;
	size_t row;

	if (cut(line, parts) == -1)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"expected TENANT:NAME:EXCHANGE:ENVIRONMENT:KEY:SECRET");
	if (find_tenant(many->tenants, parts[0], &row) == -1)
		return err_set(err, ERR_NOT_FOUND, ERR_RETRY_NEVER,
			"there is no such tenant, or it has no key pair");
	if (venue_name_parse(parts[2], &venue, err) == -1 ||
		environment_parse(parts[3], &environment, err) == -1)
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "unrecognized exchange or environment");
	uuid_random(&id);
	struct vault_binding binding = {
		.tenant = postgres_text(many->tenants, row, 0),
		.credential = id.text,
		.venue = parts[2],
		.environment = parts[3],
	};
	if (vault_seal(postgres_text(many->tenants, row, 2), &binding, 1, parts[4], parts[5],
		    &sealed, err) == -1)
		return -1;
	struct doc *item = doc_object();
	doc_text(item, "id", id.text);
	doc_text(item, "tenant", binding.tenant);
	doc_text(item, "tenant_name", postgres_text(many->tenants, row, 1));
	doc_text(item, "name", parts[1]);
	doc_text(item, "exchange", parts[2]);
	doc_text(item, "environment", parts[3]);
	doc_text(item, "sealed", sealed);
	doc_int(item, "version", 1);
	doc_int(item, "key_version", postgres_int(many->tenants, row, 3));
	doc_push(list, item);
	return 0;
}

static int seal_many(struct vault *vault, void *context, struct doc **ret, struct err *err)
{
	const struct many *many = context;
	CLEANUP(clear_done) struct clear clear = {NULL, 0};
	CLEANUP(doc_free) struct doc *list = doc_array();
	unsigned number = 1;
	(void)vault;

	if (clear_read(many->fd, &clear, err) == -1)
		return -1;
	for (char *line = clear.text; line != NULL && *line != '\0'; number++) {
		char *end = strchr(line, '\n');
		if (end != NULL)
			*end = '\0';
		line[strcspn(line, "\r")] = '\0';
		if (*line != '\0' && *line != '#' && seal_line(many, line, list, err) == -1)
			return err_while(err, "line %u", number);
		line = end == NULL ? NULL : end + 1;
	}
	*ret = TAKE(list);
	return 0;
}

static int read_item(const struct field *object, struct sealing_item *ret, struct err *err)
{
	const char *id;
	const char *tenant;

	if (field_text(object, "id", &id, err) == -1 || uuid_parse(id, &ret->id, err) == -1 ||
		field_text(object, "tenant", &tenant, err) == -1 ||
		uuid_parse(tenant, &ret->tenant, err) == -1 ||
		field_text(object, "tenant_name", &ret->tenant_name, err) == -1 ||
		field_text(object, "name", &ret->name, err) == -1 ||
		field_text(object, "exchange", &ret->exchange, err) == -1 ||
		field_text(object, "environment", &ret->environment, err) == -1 ||
		field_text(object, "sealed", &ret->sealed, err) == -1 ||
		field_int(object, "version", &ret->version, err) == -1 ||
		field_int(object, "key_version", &ret->key_version, err) == -1)
		return -1;
	return 0;
}

static int read_items(const char *text, struct sealing_list *list, struct err *err)
{
	if (field_parse(text, strlen(text), &list->document, err) == -1)
		return -1;
	struct field root = field_root(list->document);
	if (field_count(&root, &list->count, err) == -1)
		return -1;
	list->items = mem_zero(list->count + 1, sizeof *list->items);
	for (size_t i = 0; i < list->count; i++) {
		struct field item;
		if (field_item(&root, i, &item, err) == -1 ||
			read_item(&item, &list->items[i], err) == -1)
			return -1;
	}
	return 0;
}

int sealing_many(const struct config *config, const char *path,
	const struct postgres_result *tenants, struct sealing_list *ret, struct err *err)
{
	struct many many = {.tenants = tenants};
	CLEANUP(text_free) char *text = NULL;
	struct sealing_list list = {0};

	if (seal_in_child(config, path, &many.fd, seal_many, &many, &text, err) == -1)
		return err_while(err, "%s", path);
	if (read_items(text, &list, err) == -1) {
		sealing_done(&list);
		return -1;
	}
	*ret = list;
	return 0;
}

void sealing_done(struct sealing_list *list)
{
	field_document_free(&list->document);
	free(list->items);
	list->items = NULL;
}
