#include "strategies/strategy.h"

#include <assert.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const modes[] = {
	[MODE_NORMAL] = "normal",
	[MODE_GRACEFUL_STOP] = "graceful_stop",
	[MODE_TP_ONLY] = "tp_only",
	[MODE_MANUAL] = "manual",
	[MODE_PANIC] = "panic",
	[MODE_HALTED] = "halted",
};

static const char *const purposes[] = {
	[PURPOSE_OPEN] = "open",
	[PURPOSE_ADD] = "add",
	[PURPOSE_REDUCE] = "reduce",
	[PURPOSE_CLOSE] = "close",
	[PURPOSE_TAKE_PROFIT] = "take_profit",
	[PURPOSE_STOP] = "stop",
	[PURPOSE_FOREIGN] = "foreign",
};

static int index_of(const char *const names[], size_t count, const char *text, size_t *ret_index)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret_index = i;
			return 0;
		}
	}
	return -1;
}

const char *strategy_mode_text(enum strategy_mode mode)
{
	assert((size_t)mode < COUNT(modes));
	return modes[mode];
}

int strategy_mode_parse(const char *text, enum strategy_mode *ret)
{
	size_t index = 0;

	if (index_of(modes, COUNT(modes), text, &index) == -1)
		return -1;
	*ret = (enum strategy_mode)index;
	return 0;
}

const char *purpose_text(enum purpose purpose)
{
	assert((size_t)purpose < COUNT(purposes));
	return purposes[purpose];
}

int purpose_parse(const char *text, enum purpose *ret)
{
	size_t index = 0;

	if (index_of(purposes, COUNT(purposes), text, &index) == -1)
		return -1;
	*ret = (enum purpose)index;
	return 0;
}

bool purpose_is_entry(enum purpose purpose)
{
	return purpose == PURPOSE_OPEN || purpose == PURPOSE_ADD;
}

const struct strategy_preset *strategy_preset(const struct strategy *strategy, const char *name)
{
	for (const struct strategy_preset *preset = strategy->presets; preset->name != NULL;
		preset++) {
		if (strcmp(preset->name, name) == 0)
			return preset;
	}
	return NULL;
}

const struct strategy_preset *strategy_preset_of(
	const struct strategy *strategy, const void *params)
{
	int64_t index = 0;

	memcpy(&index, params, sizeof index);
	for (int64_t i = 0; i <= index; i++)
		assert(strategy->presets[i].name != NULL);
	return &strategy->presets[index];
}
