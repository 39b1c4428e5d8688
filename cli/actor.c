#include "cli/actor.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

const char *actor_name(const struct command_context *context)
{
	static char name[128];
	const char *given = command_value(context, "actor");
	const struct passwd *user = getpwuid(geteuid());

	if (given != NULL && given[0] != '\0')
		(void)snprintf(name, sizeof name, "%s", given);
	else if (user != NULL)
		(void)snprintf(name, sizeof name, "os:%s", user->pw_name);
	else
		(void)snprintf(name, sizeof name, "os:%u", (unsigned)geteuid());
	return name;
}
