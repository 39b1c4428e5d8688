#include "simulator/accounts.h"

#include "core/base/cleanup.h"
#include "simulator/lookup.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ACCOUNTS_MAX 200000
#define BALANCE_SCALE 8
#define BALANCE_MAX 1000000000
#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

struct accounts {
	struct accounts_entry **entries; /* each by itself: the lookup borrows their keys */
	size_t count, capacity;
	struct lookup by_key;
};

struct accounts *accounts_new(void)
{
	struct accounts *accounts = mem_zero(1, sizeof *accounts);

	return accounts;
}

void accounts_free(struct accounts **accounts)
{
	if (*accounts == NULL)
		return;
	for (size_t i = 0; i < (*accounts)->count; i++) {
		explicit_bzero((*accounts)->entries[i], sizeof *(*accounts)->entries[i]);
		free((*accounts)->entries[i]);
	}
	free((*accounts)->entries);
	lookup_done(&(*accounts)->by_key);
	free(*accounts);
	*accounts = NULL;
}

static bool word_valid(const char *text, size_t size)
{
	size_t length = strlen(text);

	return length >= 1 && length < size && strspn(text, WORD) == length;
}

static int check_entry(
	const struct accounts *accounts, const struct accounts_entry *entry, struct err *err)
{
	size_t index;

	if (!word_valid(entry->key, sizeof entry->key))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"key: expected 1 to 64 of A-Z, a-z, 0-9, _ and -");
	if (!word_valid(entry->secret, sizeof entry->secret))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"secret: expected 1 to 128 of A-Z, a-z, 0-9, _ and -");
	if (decimal_sign(entry->balance) < 0 ||
		decimal_less(decimal_from_int(BALANCE_MAX), entry->balance))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "balance: must be 0 to %d USDT",
			BALANCE_MAX);
	if (!decimal_equal(
		    entry->balance, decimal_round(entry->balance, BALANCE_SCALE, ROUND_DOWN)))
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "balance: at most 8 decimal places");
	if (accounts_find(accounts, entry->key, &index))
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "key \"%s\" is there twice", entry->key);
	if (accounts->count >= ACCOUNTS_MAX)
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "more than %d accounts", ACCOUNTS_MAX);
	return 0;
}

int accounts_add(struct accounts *accounts, const struct accounts_entry *entry, struct err *err)
{
	if (check_entry(accounts, entry, err) == -1)
		return -1;
	if (accounts->count == accounts->capacity) {
		accounts->capacity = accounts->capacity == 0 ? 64 : accounts->capacity * 2;
		accounts->entries = mem_grow(
			accounts->entries, accounts->capacity, sizeof accounts->entries[0]);
	}
	struct accounts_entry *copy = mem_alloc(sizeof *copy);
	*copy = *entry;
	lookup_put(&accounts->by_key, copy->key, accounts->count);
	accounts->entries[accounts->count++] = copy;
	return 0;
}

static int copy_word(char *to, size_t size, const char *from, const char *what, struct err *err)
{
	if (from == NULL)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"expected KEY:SECRET[:BALANCE], there is no %s", what);
	if (strlen(from) >= size)
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s: more than %zu characters",
			what, size - 1);
	(void)snprintf(to, size, "%s", from);
	return 0;
}

/* No part of the line stands in an error: it may be a secret in the wrong place. */
static int parse_line(
	char *line, struct decimal default_balance, struct accounts_entry *ret, struct err *err)
{
	char *rest = line;

	if (copy_word(ret->key, sizeof ret->key, strsep(&rest, ":"), "key", err) == -1 ||
		copy_word(ret->secret, sizeof ret->secret, strsep(&rest, ":"), "secret", err) == -1)
		return -1;
	ret->balance = default_balance;
	if (rest != NULL && decimal_parse(rest, &ret->balance, err) == -1)
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "balance: expected an amount of USDT");
	return 0;
}

static void line_wipe(char **line)
{
	if (*line != NULL)
		explicit_bzero(*line, strlen(*line));
	text_free(line);
}

static int load_lines(
	struct accounts *accounts, FILE *file, struct decimal default_balance, struct err *err)
{
	CLEANUP(line_wipe) char *line = NULL;
	size_t size = 0;

	for (size_t number = 1; getline(&line, &size, file) != -1; number++) {
		struct accounts_entry entry;
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (parse_line(line, default_balance, &entry, err) == -1 ||
			accounts_add(accounts, &entry, err) == -1)
			return err_while(err, "line %zu", number);
		explicit_bzero(&entry, sizeof entry);
	}
	if (ferror(file))
		return err_errno(err, errno, "could not read");
	return 0;
}

int accounts_load(struct accounts *accounts, const char *file, struct decimal default_balance,
	struct err *err)
{
	CLEANUP(file_close) FILE *stream = fopen(file, "re");
	struct stat status;

	if (stream == NULL || fstat(fileno(stream), &status) == -1) {
		(void)err_errno(err, errno, "could not open accounts file %s", file);
		err->code = ERR_CONFIG;
		return -1;
	}
	if ((status.st_mode & 077) != 0)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"accounts file %s holds secrets and is open to others (mode %03o); do: "
			"chmod "
			"600 %s",
			file, (unsigned)status.st_mode & 0777, file);
	if (load_lines(accounts, stream, default_balance, err) == -1)
		return err_while(err, "%s", file);
	return 0;
}

size_t accounts_count(const struct accounts *accounts)
{
	return accounts->count;
}

const struct accounts_entry *accounts_get(const struct accounts *accounts, size_t index)
{
	assert(index < accounts->count);
	return accounts->entries[index];
}

bool accounts_find(const struct accounts *accounts, const char *key, size_t *ret_index)
{
	return lookup_get(&accounts->by_key, key, ret_index);
}
