#include "core/io/config.h"

#include "core/base/cleanup.h"
#include "core/io/http.h"
#include "core/io/http_server.h"
#include "core/io/log.h"
#include "core/io/metrics.h"
#include "core/io/postgres.h"
#include "core/io/redis.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PREFIX "BOTBEAT_"

enum kind { TEXT, INT, BOOL };

struct setting {
	const char *name;
	enum kind kind;
	const char *value_default;
	int64_t min, max;                                 /* INT */
	int (*check)(const char *value, struct err *err); /* TEXT that is not ""; NULL: any */
	const char *meaning;
};

static int check_redis_url(const char *value, struct err *err);
static int check_level(const char *value, struct err *err);
static int check_format(const char *value, struct err *err);

/* clang-format off */
static const struct setting settings[] = {
	{ "database.url", TEXT, "", 0, 0, postgres_check_url,
		"Postgres for everything but the two uses below; may be PgBouncer in transaction mode" },
	{ "database.direct_url", TEXT, "", 0, 0, postgres_check_url,
		"Postgres itself, for LISTEN and migrate; empty: database.url" },
	{ "database.connect_timeout_ms", INT, "5000", 100, 60000, NULL,
		"how long a connection to Postgres may take" },
	{ "database.statement_timeout_ms", INT, "10000", 100, 600000, NULL,
		"after this long without a reply a statement's connection is dropped" },

	{ "redis.url", TEXT, "", 0, 0, check_redis_url,
		"redis://[[user]:password@]host[:port][/db], rediss://... or unix:///path[?db=N]" },
	{ "redis.connect_timeout_ms", INT, "3000", 100, 60000, NULL,
		"how long a connection to Redis may take" },
	{ "redis.command_timeout_ms", INT, "3000", 100, 60000, NULL,
		"after this long without a reply a command's connection is dropped" },

	{ "log.level", TEXT, "info", 0, 0, check_level, "debug, info, warn or error" },
	{ "log.levels", TEXT, "", 0, 0, log_levels_check,
		"levels of single rooms of the code, ROOM=LEVEL with commas between: exchanges=debug" },
	{ "log.format", TEXT, "auto", 0, 0, check_format,
		"human, json, or auto: human on a terminal, json elsewhere" },

	{ "scheduler.lease_ms", INT, "5000", 500, 60000, NULL,
		"a scheduler that does not renew for this long no longer leads" },
	{ "scheduler.tick_ms", INT, "200", 10, 10000, NULL, "pause between two looks at what is due" },
	{ "scheduler.reload_s", INT, "60", 1, 86400, NULL,
		"all bots are read again this often, which repairs missed notifications" },
	{ "scheduler.stream_window_s", INT, "5", 1, 3600, NULL,
		"seconds of work that stand in the streams; the rest waits in the scheduler, fairly" },
	{ "scheduler.listen", TEXT, "", 0, 0, http_server_check_address,
		"address:port of /metrics, /health and /ready; empty: off" },
	{ "scheduler.metrics_listen", TEXT, "", 0, 0, http_server_check_address,
		"address:port of /metrics alone, which listen then has no more; empty: at listen" },

	{ "worker.runners", INT, "8", 1, 1024, NULL, "runs at once: forked runners" },
	{ "worker.listen", TEXT, "", 0, 0, http_server_check_address,
		"address:port of /metrics, /health and /ready; empty: off" },
	{ "worker.metrics_listen", TEXT, "", 0, 0, http_server_check_address,
		"address:port of /metrics alone, which listen then has no more; empty: at listen" },
	{ "worker.lease_ms", INT, "7500", 1000, 300000, NULL,
		"a run whose lease is not renewed for this long may be taken over" },
	{ "worker.soft_timeout_ms", INT, "45000", 1000, 3600000, NULL,
		"a run begins nothing new after this long" },
	{ "worker.hard_timeout_ms", INT, "60000", 1000, 3600000, NULL,
		"a runner is killed after this long on one run" },
	{ "worker.grace_ms", INT, "30000", 0, 3600000, NULL,
		"time for running runs to finish after TERM; the rest is handed back" },
	{ "worker.recycle_runs", INT, "10000", 1, 1000000000, NULL,
		"a runner is replaced after so many runs" },
	{ "worker.recycle_memory_mb", INT, "64", 8, 65536, NULL,
		"a runner is replaced when its own memory passes this" },
	{ "worker.memory_limit_mb", INT, "1024", 128, 1048576, NULL,
		"address space of a runner: beyond it allocations fail and it dies" },
	{ "worker.poison_kills", INT, "3", 1, 100, NULL,
		"a run that killed so many runners goes to the dead letters" },
	{ "worker.max_attempts", INT, "5", 1, 100, NULL,
		"tries of one slot, the first included" },
	{ "worker.retry_base_ms", INT, "1000", 1, 3600000, NULL,
		"ceiling of the first pause between two tries" },
	{ "worker.retry_cap_ms", INT, "60000", 1, 86400000, NULL,
		"ceiling of every pause between two tries" },

	{ "metrics.bots_max", INT, "0", 0, METRICS_BOTS_MAX, NULL,
		"bots with a series of their own in bot_executions_total; 0: none, no label bot_id" },

	{ "vault.master_key_file", TEXT, "", 0, 0, NULL,
		"the master key ring: a file of mode 0600 or 0400, or an inherited descriptor fd:N" },

	{ "venue.bybit_url", TEXT, "https://api.bybit.com", 0, 0, http_check_url,
		"Bybit, environment live" },
	{ "venue.bybit_testnet_url", TEXT, "https://api-testnet.bybit.com", 0, 0, http_check_url,
		"Bybit, environment testnet" },
	{ "venue.phemex_url", TEXT, "https://api.phemex.com", 0, 0, http_check_url,
		"Phemex, environment live" },
	{ "venue.phemex_testnet_url", TEXT, "https://testnet-api.phemex.com", 0, 0, http_check_url,
		"Phemex, environment testnet" },
	{ "venue.binance_url", TEXT, "https://fapi.binance.com", 0, 0, http_check_url,
		"Binance USD-M futures, environment live" },
	{ "venue.binance_testnet_url", TEXT, "https://demo-fapi.binance.com", 0, 0, http_check_url,
		"Binance USD-M futures, environment testnet" },
	{ "venue.binance_key_url", TEXT, "https://api.binance.com", 0, 0, http_check_url,
		"where Binance tells the rights of a live key, its spot host; empty: not asked" },
	{ "venue.binance_testnet_key_url", TEXT, "", 0, 0, http_check_url,
		"the same of a testnet key, which Binance itself tells nowhere" },
	{ "venue.ca_file", TEXT, "", 0, 0, NULL,
		"certificate authorities for venues, a PEM file; empty: the system's" },
	{ "venue.extra_hosts", TEXT, "", 0, 0, NULL,
		"hosts that endpoints may name beside those of the URLs above, separated by spaces" },
	{ "venue.egress", TEXT, "", 0, 0, NULL,
		"local address or interface from which venues are reached; empty: any" },
	{ "venue.connect_timeout_ms", INT, "3000", 100, 60000, NULL,
		"how long a connection to a venue may take" },
	{ "venue.total_timeout_ms", INT, "5000", 100, 60000, NULL,
		"how long a request to a venue may take in all" },
	{ "venue.requests_per_second", INT, "0", -1, 1000000, NULL,
		"of all hosts from one address; 0: the venue's own limit, -1: none (a simulator's)" },
	{ "venue.recv_window_ms", INT, "5000", 500, 5000, NULL,
		"a signed order dies at the venue after this long" },
	{ "venue.allow_unverified_venue", BOOL, "false", 0, 0, NULL,
		"let bots trade live on a venue that was never tried on its testnet" },
};
/* clang-format on */

#define SETTINGS (sizeof settings / sizeof settings[0])

enum source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_OPTION };

static const char *const source_names[] = {"default", "file", "environment", "option"};

struct config {
	struct value {
		char *text;
		int64_t number;
		bool flag;
		enum source source;
	} values[SETTINGS];
};

/* --- checks --------------------------------------------------------------------------------- */

static int check_redis_url(const char *value, struct err *err)
{
	CLEANUP(redis_free) struct redis *redis = NULL;

	return redis_new(value, 0, 0, &redis, err);
}

static int check_level(const char *value, struct err *err)
{
	enum log_level level;

	if (log_level_parse(value, &level) == 0)
		return 0;
	return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
		"expected debug, info, warn or error, got \"%.40s\"", value);
}

static int check_format(const char *value, struct err *err)
{
	if (strcmp(value, "auto") == 0 || strcmp(value, "human") == 0 || strcmp(value, "json") == 0)
		return 0;
	return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
		"expected auto, human or json, got \"%.40s\"", value);
}

static int parse_int(const struct setting *setting, const char *text, int64_t *ret, struct err *err)
{
	char *end = NULL;

	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || isspace((unsigned char)text[0]) ||
		number < setting->min || number > setting->max)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"expected an integer from %lld to %lld, got \"%.40s\"",
			(long long)setting->min, (long long)setting->max, text);
	*ret = number;
	return 0;
}

static int parse_bool(const char *text, bool *ret, struct err *err)
{
	static const char *const words[2][4] = {
		{"false", "no", "off", "0"}, {"true", "yes", "on", "1"}};

	for (int value = 0; value < 2; value++) {
		for (int i = 0; i < 4; i++) {
			if (strcasecmp(text, words[value][i]) == 0) {
				*ret = value == 1;
				return 0;
			}
		}
	}
	return err_set(
		err, ERR_CONFIG, ERR_RETRY_NEVER, "expected true or false, got \"%.40s\"", text);
}

/* --- passwords ------------------------------------------------------------------------------ */

struct span {
	size_t start;
	size_t end;
};

/* "://user:PASSWORD@": up to the last @ of the authority, since a password may hold one. */
static bool password_in_authority(const char *text, struct span *ret)
{
	const char *authority = strstr(text, "://");

	if (authority == NULL)
		return false;
	authority += 3;
	size_t length = strcspn(authority, "/?#");
	const char *colon = memchr(authority, ':', length);
	const char *at = NULL;
	for (size_t i = 0; i < length; i++) {
		if (authority[i] == '@')
			at = authority + i;
	}
	if (colon == NULL || at == NULL || colon > at || colon + 1 == at)
		return false;
	*ret = (struct span){(size_t)(colon + 1 - text), (size_t)(at - text)};
	return true;
}

/* "password=…", alone or as a parameter of a URL; a quoted value ends at its quote. */
static bool password_in_parameter(const char *text, struct span *ret)
{
	static const char name[] = "password";
	const char *found = strcasestr(text, name);

	while (found != NULL) {
		const char *value = found + sizeof name - 1;
		value += strspn(value, " ");
		if (*value == '=') {
			value++;
			value += strspn(value, " ");
			size_t length = *value == '\'' ? strlen(value) : strcspn(value, " &");
			*ret = (struct span){
				(size_t)(value - text), (size_t)(value - text) + length};
			return length > 0;
		}
		found = strcasestr(found + 1, name);
	}
	return false;
}

static bool find_password(const char *text, struct span *ret)
{
	return password_in_authority(text, ret) || password_in_parameter(text, ret);
}

/* Both forms can stand in one text, so masking goes on until none is left. */
static void mask(const char *text, char *masked, size_t size)
{
	char *copy = mem_text(text);
	struct span span;

	if (password_in_authority(copy, &span)) {
		char *shorter = mem_format("%.*s****%s", (int)span.start, copy, copy + span.end);
		free(copy);
		copy = shorter;
	}
	if (password_in_parameter(copy, &span)) {
		char *shorter = mem_format("%.*s****%s", (int)span.start, copy, copy + span.end);
		free(copy);
		copy = shorter;
	}
	(void)snprintf(masked, size, "%s", copy);
	free(copy);
}

/* --- setting values ------------------------------------------------------------------------- */

static const struct setting *find_setting(const char *name)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	}
	return NULL;
}

static int parse_value(
	const struct setting *setting, const char *text, struct value *value, struct err *err)
{
	switch (setting->kind) {
	case INT:
		return parse_int(setting, text, &value->number, err);
	case BOOL:
		return parse_bool(text, &value->flag, err);
	case TEXT:
		if (setting->check == NULL || text[0] == '\0')
			return 0;
		return setting->check(text, err);
	}
	return 0;
}

/* where: for the error, "botbeat.ini line 7". */
static int set_value(struct config *config, const char *name, const char *text, enum source source,
	const char *where, struct err *err)
{
	const struct setting *setting = find_setting(name);
	struct span password;

	if (setting == NULL)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"%s: unrecognized setting \"%.60s\"", where, name);

	struct value *value = &config->values[setting - settings];
	if (value->source == source && source == SOURCE_FILE)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"%s: %s is given twice, or its value spans two lines", where, name);
	/* The environment and the command line of a process can be read by others. */
	if (source >= SOURCE_ENVIRONMENT && find_password(text, &password))
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"%s: %s holds a password, which belongs into the config file", where, name);

	struct value parsed = {.source = source};
	if (parse_value(setting, text, &parsed, err) == -1)
		return err_while(err, "%s: %s", where, name);
	parsed.text = mem_text(text);
	free(value->text);
	*value = parsed;
	return 0;
}

static void set_defaults(struct config *config)
{
	struct err err;

	for (size_t i = 0; i < SETTINGS; i++) {
		if (set_value(config, settings[i].name, settings[i].value_default, SOURCE_DEFAULT,
			    "default", &err) == -1)
			die("%s", err.message);
	}
}

/* --- the file ------------------------------------------------------------------------------- */

struct reader {
	struct config *config;
	const char *path;
	FILE *file;
	int line;
	bool too_long;
	int failed_line; /* of the first setting that was refused; 0: none */
	struct err *err;
};

/* The library cuts longer lines silently and reads the rest as a line of its own. */
static char *read_line(char *text, int size, void *context)
{
	struct reader *reader = context;

	if (fgets(text, size, reader->file) == NULL)
		return NULL;
	reader->line++;
	if (strchr(text, '\n') == NULL && (int)strlen(text) == size - 1) {
		reader->too_long = true;
		return NULL;
	}
	return text;
}

static int on_setting(void *context, const char *section, const char *key, const char *text)
{
	struct reader *reader = context;

	if (reader->failed_line != 0)
		return 0;
	CLEANUP(text_free) char *where = mem_format("%s line %d", reader->path, reader->line);
	CLEANUP(text_free)
	char *name = section[0] != '\0' ? mem_format("%s.%s", section, key) : mem_text(key);
	if (set_value(reader->config, name, text, SOURCE_FILE, where, reader->err) == 0)
		return 1;
	reader->failed_line = reader->line;
	return 0;
}

static int read_file(struct config *config, const char *path, struct err *err)
{
	CLEANUP(file_close) FILE *file = fopen(path, "re");

	if (file == NULL) {
		err_errno(err, errno, "cannot read the configuration file %s", path);
		err->code = ERR_CONFIG;
		return -1;
	}

	struct reader reader = {.config = config, .path = path, .file = file, .err = err};
	int bad_line = ini_parse_stream(read_line, &reader, on_setting, &reader);
	/* The library reads on after a malformed line; the first error is the one to show. */
	if (reader.failed_line != 0 && bad_line == reader.failed_line)
		return -1;
	if (reader.too_long)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"%s line %d: the line is too long (at most 198 characters)", path,
			reader.line);
	if (ferror(file))
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"cannot read the configuration file %s", path);
	if (bad_line != 0)
		return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
			"%s line %d: expected [section] or key = value", path, bad_line);
	return 0;
}

/* --- the environment ------------------------------------------------------------------------ */

/* "database.url" as BOTBEAT_DATABASE_URL. */
static void environment_name(const char *name, char *text, size_t size)
{
	(void)snprintf(text, size, "%s%s", PREFIX, name);
	for (char *at = text; *at != '\0'; at++)
		*at = *at == '.' ? '_' : (char)toupper((unsigned char)*at);
}

static int read_environment(struct config *config, struct err *err)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		char variable[96];
		environment_name(settings[i].name, variable, sizeof variable);
		const char *text = getenv(variable);
		if (text != NULL && set_value(config, settings[i].name, text, SOURCE_ENVIRONMENT,
					    variable, err) == -1)
			return -1;
	}
	return 0;
}

/* True for a variable in one of our sections that names no setting: a slip of the pen. */
static bool is_stray(const char *variable, size_t length)
{
	bool in_section = false;

	for (size_t i = 0; i < SETTINGS; i++) {
		char name[96];
		environment_name(settings[i].name, name, sizeof name);
		if (strlen(name) == length && strncmp(name, variable, length) == 0)
			return false;
		size_t section = strlen(PREFIX) + strcspn(settings[i].name, ".") + 1;
		in_section = in_section || strncmp(name, variable, section) == 0;
	}
	return in_section;
}

static int refuse_strays(struct err *err)
{
	extern char **environ;

	for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
		size_t length = strcspn(*entry, "=");
		if (strncmp(*entry, PREFIX, strlen(PREFIX)) == 0 && is_stray(*entry, length))
			return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER,
				"unrecognized environment variable %.*s",
				length < 80 ? (int)length : 80, *entry);
	}
	return 0;
}

/* --- loading -------------------------------------------------------------------------------- */

static int check_order(
	const struct config *config, const char *smaller, const char *larger, struct err *err)
{
	if (config_int(config, smaller) <= config_int(config, larger))
		return 0;
	return err_set(err, ERR_CONFIG, ERR_RETRY_NEVER, "%s (%lld) is above %s (%lld)", smaller,
		(long long)config_int(config, smaller), larger,
		(long long)config_int(config, larger));
}

/* What no single setting can say. */
static int check_together(const struct config *config, struct err *err)
{
	if (check_order(config, "worker.soft_timeout_ms", "worker.hard_timeout_ms", err) == -1)
		return -1;
	if (check_order(config, "worker.retry_base_ms", "worker.retry_cap_ms", err) == -1)
		return -1;
	return check_order(config, "scheduler.tick_ms", "scheduler.lease_ms", err);
}

int config_load(const char *file, const struct config_override *overrides, size_t count,
	struct config **ret, struct err *err)
{
	CLEANUP(config_free) struct config *config = mem_zero(1, sizeof *config);

	set_defaults(config);
	if (file != NULL && read_file(config, file, err) == -1)
		return -1;
	if (read_environment(config, err) == -1 || refuse_strays(err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (set_value(config, overrides[i].name, overrides[i].value, SOURCE_OPTION,
			    "option", err) == -1)
			return -1;
	}
	if (check_together(config, err) == -1)
		return -1;
	*ret = TAKE(config);
	return 0;
}

void config_free(struct config **config)
{
	if (*config == NULL)
		return;
	for (size_t i = 0; i < SETTINGS; i++) {
		char *text = (*config)->values[i].text;
		if (text != NULL)
			explicit_bzero(text, strlen(text));
		free(text);
	}
	free(*config);
	*config = NULL;
}

static const struct value *value_of(const struct config *config, const char *name, enum kind kind)
{
	const struct setting *setting = find_setting(name);

	if (setting == NULL || setting->kind != kind)
		die("no setting %s of that type", name);
	return &config->values[setting - settings];
}

const char *config_text(const struct config *config, const char *name)
{
	return value_of(config, name, TEXT)->text;
}

int64_t config_int(const struct config *config, const char *name)
{
	return value_of(config, name, INT)->number;
}

bool config_bool(const struct config *config, const char *name)
{
	return value_of(config, name, BOOL)->flag;
}

bool config_entry(const struct config *config, size_t index, struct config_entry *ret)
{
	if (index >= SETTINGS)
		return false;

	struct config_entry entry = {.name = settings[index].name,
		.source = source_names[config->values[index].source],
		.meaning = settings[index].meaning};
	mask(config->values[index].text, entry.value, sizeof entry.value);
	*ret = entry;
	return true;
}
