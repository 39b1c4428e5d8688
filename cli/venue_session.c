#include "cli/venue_session.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/io/config.h"
#include "core/io/http.h"
#include "core/io/postgres.h"
#include "core/io/redis.h"
#include "core/store/audit.h"
#include "core/vault/vault.h"
#include "exchanges/pool.h"
#include "worker/venues.h"

#include <string.h>

#define PAUSE_LEAST_MS 50
#define EGRESSES_MAX (sizeof((struct venue_session *)NULL)->egress_names / sizeof(char *))
#define PAUSE_SPREAD_MS 200 /* those that met the limit together do not come back together */
#define ARENA_CHUNK_BYTES (64 << 10)
#define ARENA_LIMIT_BYTES (64 << 20)

static int open_redis(struct venue_session *session, struct err *err)
{
	const char *url = config_text(session->config, "redis.url");

	if (url[0] == '\0')
		return 0;
	return redis_new(url, config_int(session->config, "redis.connect_timeout_ms"),
		config_int(session->config, "redis.command_timeout_ms"), &session->redis, err);
}

struct http *venue_session_http(const struct config *config)
{
	const char *ca_file = config_text(config, "venue.ca_file");
	const char *egress = config_text(config, "venue.egress");

	return http_new(&(struct http_options){
		.user_agent = "botbeat",
		.connect_timeout_ms = config_int(config, "venue.connect_timeout_ms"),
		.total_timeout_ms = config_int(config, "venue.total_timeout_ms"),
		.ca_file = ca_file[0] == '\0' ? NULL : ca_file,
		.egress = egress[0] == '\0' ? NULL : egress,
	});
}

int venue_session_open(struct venue_session *session, const struct config *config,
	struct vault *vault, struct err *err)
{

	session->config = config;
	session->vault = vault;
	session->arena = arena_new(ARENA_CHUNK_BYTES, ARENA_LIMIT_BYTES);
	session->postgres = postgres_new(&(struct postgres_options){
		.url = config_text(config, "database.url"),
		.application = "botbeat operator",
		.connect_timeout_ms = config_int(config, "database.connect_timeout_ms"),
		.statement_timeout_ms = config_int(config, "database.statement_timeout_ms"),
	});
	if (open_redis(session, err) == -1)
		return -1;
	session->http = venue_session_http(config);
	session->venues = venues_new(config, session->http, session->redis);
	return 0;
}

void venue_session_done(struct venue_session *session)
{
	if (session->exchange != NULL)
		exchange_attach(session->exchange, NULL);
	vault_secret_free(&session->secret);
	if (session->venues != NULL)
		venues_note_usage(session->venues, session->postgres, true);
	text_free(&session->egresses);
	venues_free(&session->venues);
	http_free(&session->http);
	redis_free(&session->redis);
	postgres_free(&session->postgres);
	arena_free(&session->arena);
}

/* Each opening is written down before it happens. */
static int note_opening(
	struct venue_session *session, const struct venue_session_key *key, struct err *err)
{
	struct audit_entry entry = {
		.actor = key->actor,
		.tenant = key->tenant,
		.action = "credential.open",
		.object = key->credential,
		.reason = key->purpose,
	};

	return audit_add(session->postgres, &entry, err);
}

/* What an operator asks for is worth an open breaker: a start or a look is no herd. */
static void choose_route(struct venue_session *session, const char *egresses)
{
	struct pool_route route = {
		.tier = TIER_STANDARD, .egresses = session->egress_names, .at_risk = true};
	char *rest = NULL;

	session->egresses = mem_text(egresses == NULL ? "" : egresses);
	for (char *name = strtok_r(session->egresses, ",", &rest);
		name != NULL && route.egress_count < EGRESSES_MAX;
		name = strtok_r(NULL, ",", &rest))
		session->egress_names[route.egress_count++] = name;
	pool_route(session->exchange, &route);
}

int venue_session_attach(
	struct venue_session *session, const struct venue_session_key *key, struct err *err)
{
	struct vault_binding binding = {
		.tenant = key->tenant->text,
		.credential = key->credential,
		.venue = key->exchange,
		.environment = key->environment,
		.version_min = key->version_min,
	};
	enum venue_name venue;
	enum environment environment;

	if (venue_name_parse(key->exchange, &venue, err) == -1 ||
		environment_parse(key->environment, &environment, err) == -1 ||
		venues_pools(session->venues, session->postgres, -1, err) == -1 ||
		venues_get(session->venues, venue, environment, &session->exchange, err) == -1 ||
		note_opening(session, key, err) == -1)
		return -1;
	if (vault_open_credential(session->vault, key->master_key_id, key->wrapped_private_key,
		    key->sealed, &binding, &session->secret, err) == -1)
		return err_while(err, "could not open credential %s", key->credential);
	vault_secret_expose(session->secret);
	exchange_attach(session->exchange,
		&(struct exchange_credential){.key = vault_secret_key(session->secret),
			.secret = vault_secret_secret(session->secret)});
	session->venue = exchange_adapter(session->exchange);
	choose_route(session, key->egresses);
	return 0;
}

bool venue_session_wait(const struct err *failure, int64_t *patience_ms)
{
	int64_t pause_ms = failure->retry_after_ms > PAUSE_LEAST_MS ? failure->retry_after_ms
								    : PAUSE_LEAST_MS;

	pause_ms += (int64_t)(random_u64() % PAUSE_SPREAD_MS);
	if (failure->code != ERR_RATE || pause_ms > *patience_ms)
		return false;
	clock_sleep_ms(clock_system(), pause_ms);
	*patience_ms -= pause_ms;
	return true;
}
