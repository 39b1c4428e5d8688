#include "core/vault/ring.h"

#include "core/base/cleanup.h"
#include "core/vault/guard.h"
#include "core/vault/vault.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	KEYS_MAX = 16, /* two live during a rotation; old backups may want a few more */
	SOURCE_SIZE_MAX = 8 * 1024, /* the whole text, comments included */
};

_Static_assert(RING_KEY_BYTES == crypto_kdf_KEYBYTES, "a master key feeds crypto_kdf");

struct ring {
	size_t count;
	char ids[KEYS_MAX][VAULT_ID_SIZE];
	unsigned char (*keys)[RING_KEY_BYTES]; /* guarded, hidden between uses */
};

bool ring_id_valid(const char *id)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t length = strlen(id);

	return length > 0 && length < VAULT_ID_SIZE && strspn(id, allowed) == length;
}

/* One class for every failure of this room; nothing that an errno says is key material. */
static int fail(struct err *err, const char *what, const char *source)
{
	return err_set(err, ERR_VAULT, ERR_RETRY_NEVER, "%s %s: %s", what, source, strerror(errno));
}

static int refuse_mode(int fd, const char *path, struct err *err)
{
	struct stat stat;

	if (fstat(fd, &stat) == -1)
		return fail(err, "could not look at master key file", path);
	if (!S_ISREG(stat.st_mode))
		return err_set(
			err, ERR_VAULT, ERR_RETRY_NEVER, "master key file %s is not a file", path);
	if (stat.st_uid != geteuid())
		return err_set(err, ERR_VAULT, ERR_RETRY_NEVER,
			"master key file %s belongs to uid %u, not to us (%u)", path,
			(unsigned)stat.st_uid, (unsigned)geteuid());

	unsigned mode = (unsigned)stat.st_mode & 07777u;
	if (mode != 0600 && mode != 0400)
		return err_set(err, ERR_VAULT, ERR_RETRY_NEVER,
			"master key file %s has mode %04o; it must be 0600 or 0400", path, mode);
	return 0;
}

/* From the start where the descriptor allows it, so that several processes can read one memfd. */
static ssize_t read_some(int fd, char *to, size_t size_bytes, off_t offset)
{
	ssize_t got;

	do {
		got = pread(fd, to, size_bytes, offset);
		if (got == -1 && errno == ESPIPE)
			got = read(fd, to, size_bytes);
	} while (got == -1 && errno == EINTR);
	return got;
}

/* text holds SOURCE_SIZE_MAX + 1 bytes and is ended by NUL. */
static int read_all(int fd, const char *source, char *text, struct err *err)
{
	size_t size_bytes = 0;

	while (size_bytes <= SOURCE_SIZE_MAX) {
		ssize_t got = read_some(
			fd, text + size_bytes, SOURCE_SIZE_MAX + 1 - size_bytes, (off_t)size_bytes);
		if (got == -1)
			return fail(err, "could not read master keys from", source);
		if (got == 0)
			break;
		size_bytes += (size_t)got;
	}
	if (size_bytes > SOURCE_SIZE_MAX)
		return err_set(err, ERR_VAULT, ERR_RETRY_NEVER,
			"master keys in %s are longer than %d bytes", source, SOURCE_SIZE_MAX);
	if (memchr(text, '\0', size_bytes) != NULL)
		return err_set(
			err, ERR_VAULT, ERR_RETRY_NEVER, "master keys in %s are not text", source);
	text[size_bytes] = '\0';
	return 0;
}

static int read_fd(const char *source, char *text, struct err *err)
{
	char *end;

	errno = 0;
	long fd = strtol(source + 3, &end, 10);
	if (errno != 0 || end == source + 3 || *end != '\0' || fd < 0 || fd > 65535)
		return err_set(err, ERR_VAULT, ERR_RETRY_NEVER,
			"master key source \"%.40s\" is not fd:NUMBER", source);
	return read_all((int)fd, source, text, err);
}

static int read_file(const char *path, char *text, struct err *err)
{
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd == -1)
		return fail(err, "could not open master key file", path);
	if (refuse_mode(fd, path, err) == -1)
		return -1;
	return read_all(fd, path, text, err);
}

static int parse_line(struct ring *ring, char *line, unsigned number, struct err *err)
{
	char *colon = strchr(line, ':');
	size_t size_bytes;

	if (colon == NULL)
		return err_set(err, ERR_VAULT, ERR_RETRY_NEVER,
			"master keys, line %u: not of the form ID:BASE64", number);
	*colon = '\0';
	/* The text before the colon may be a key whose line was mangled: it is not repeated. */
	if (!ring_id_valid(line))
		return err_set(err, ERR_VAULT, ERR_RETRY_NEVER,
			"master keys, line %u: the id is not 1 to %d of [A-Za-z0-9._-]", number,
			VAULT_ID_SIZE - 1);
	if (ring_has(ring, line))
		return err_set(err, ERR_VAULT, ERR_RETRY_NEVER,
			"master keys, line %u: the id stands there twice", number);
	if (ring->count == KEYS_MAX)
		return err_set(err, ERR_VAULT, ERR_RETRY_NEVER,
			"master keys, line %u: more than %d keys", number, KEYS_MAX);

	const char *text = colon + 1;
	if (sodium_base642bin(ring->keys[ring->count], RING_KEY_BYTES, text, strlen(text), NULL,
		    &size_bytes, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
		size_bytes != RING_KEY_BYTES)
		return err_set(err, ERR_VAULT, ERR_RETRY_NEVER,
			"master keys, line %u: the key is not %d bytes of base64", number,
			RING_KEY_BYTES);
	memcpy(ring->ids[ring->count++], line, strlen(line) + 1);
	return 0;
}

static int parse(struct ring *ring, char *text, const char *source, struct err *err)
{
	unsigned number = 0;

	for (char *line = text; line != NULL; number++) {
		char *end = strchr(line, '\n');
		char *next = end == NULL ? NULL : end + 1;
		if (end != NULL)
			*end = '\0';
		line[strcspn(line, "\r")] = '\0';
		if (*line != '\0' && *line != '#' && parse_line(ring, line, number + 1, err) == -1)
			return err_while(err, "cannot use %s", source);
		line = next;
	}
	if (ring->count == 0)
		return err_set(err, ERR_VAULT, ERR_RETRY_NEVER, "no master key in %s", source);
	return 0;
}

int ring_open(const char *source, struct ring **ret, struct err *err)
{
	CLEANUP(guard_free) char *text = guard_alloc(SOURCE_SIZE_MAX + 1);
	CLEANUP(ring_free) struct ring *ring = mem_zero(1, sizeof *ring);

	ring->keys = guard_alloc(sizeof *ring->keys * KEYS_MAX);
	if (strncmp(source, "fd:", 3) == 0) {
		if (read_fd(source, text, err) == -1)
			return -1;
	} else if (read_file(source, text, err) == -1) {
		return -1;
	}
	if (parse(ring, text, source, err) == -1)
		return -1;
	guard_hide(ring->keys);
	*ret = TAKE(ring);
	return 0;
}

void ring_free(struct ring **ring)
{
	if (*ring != NULL)
		guard_free(&(*ring)->keys);
	free(*ring);
	*ring = NULL;
}

const char *ring_current(const struct ring *ring)
{
	return ring->ids[0];
}

/* Ids are no secret: compared in plain. Returns count if there is none. */
static size_t find(const struct ring *ring, const char *id)
{
	size_t i = 0;

	while (i < ring->count && strcmp(ring->ids[i], id) != 0)
		i++;
	return i;
}

bool ring_has(const struct ring *ring, const char *id)
{
	return find(ring, id) < ring->count;
}

unsigned char *ring_derive(const struct ring *ring, const char *id, enum ring_purpose purpose)
{
	size_t i = find(ring, id);

	if (i == ring->count)
		return NULL;

	unsigned char *key = guard_alloc(RING_KEY_BYTES);
	guard_read(ring->keys);
	int derived = crypto_kdf_derive_from_key(
		key, RING_KEY_BYTES, (uint64_t)purpose, "botbeat1", ring->keys[i]);
	guard_hide(ring->keys);
	assert(derived == 0);
	return key;
}

/*
 * A forked child does not inherit the lock, but the ring is never written after it was read: the
 * child's pages are the parent's, which stay locked as long as the parent lives.
 */
bool ring_locked(const struct ring *ring)
{
	guard_read(ring->keys);
	bool locked = guard_lock(ring->keys, sizeof *ring->keys * KEYS_MAX);
	guard_hide(ring->keys);
	return locked;
}
