#include "exchanges/prepared.h"

#include <string.h>

bool prepared_is(const struct exchange_request *request, const char *path)
{
	size_t end = strcspn(request->url, "?");
	size_t length = strlen(path);
	return end >= length && memcmp(request->url + end - length, path, length) == 0;
}

static bool parameter_of(const char *pairs, const char *name, char *ret, size_t size)
{
	size_t length = strlen(name);
	for (const char *at = pairs; at != NULL; at = strchr(at, '&')) {
		at += *at == '&' ? 1 : 0;
		if (strncmp(at, name, length) != 0 || at[length] != '=')
			continue;
		const char *value = at + length + 1;
		size_t value_size = strcspn(value, "&");
		if (value_size >= size)
			return false;
		memcpy(ret, value, value_size);
		ret[value_size] = '\0';
		return true;
	}
	return false;
}

bool prepared_parameter(
	const struct exchange_request *request, const char *name, char *ret, size_t size)
{
	const char *query = strchr(request->url, '?');
	if (query != NULL && parameter_of(query + 1, name, ret, size))
		return true;
	return request->body != NULL && parameter_of(request->body, name, ret, size);
}
