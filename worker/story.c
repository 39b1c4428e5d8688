#include "worker/story.h"

#include "core/io/log.h"
#include "core/io/sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The view run_history computes the same. */
void story_trace(const struct uuid *bot, int64_t scheduled_s, char ret[STORY_TRACE_SIZE])
{
	char key[64];
	char hex[SIGN_HEX_SIZE];

	(void)snprintf(key, sizeof key, "%.36s/%" PRId64, bot->text, scheduled_s);
	sign_sha256(key, strlen(key), hex);
	(void)snprintf(ret, STORY_TRACE_SIZE, "%.32s", hex);
}

void story_parent(
	const struct uuid *bot, int64_t scheduled_s, int64_t token, char ret[STORY_PARENT_SIZE])
{
	char trace[STORY_TRACE_SIZE];

	story_trace(bot, scheduled_s, trace);
	(void)snprintf(ret, STORY_PARENT_SIZE, "00-%s-%016" PRIx64 "-01", trace, (uint64_t)token);
}

void story_attach(const struct uuid *tenant, const struct uuid *bot, int64_t scheduled_s)
{
	struct uuid whose = *tenant, which = *bot;
	char trace[STORY_TRACE_SIZE];
	char run[64];

	/* A page that its runner left torn may lack the end. */
	whose.text[sizeof whose.text - 1] = '\0';
	which.text[sizeof which.text - 1] = '\0';
	story_trace(&which, scheduled_s, trace);
	(void)snprintf(run, sizeof run, "%.8s/%" PRId64, which.text, scheduled_s);
	log_attach(whose.text, which.text, run, trace);
}
