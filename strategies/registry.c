#include "strategies/martingale.h"
#include "strategies/strategy.h"

#include <string.h>

static const struct strategy *const strategies[] = {
	&martingale,
};

const struct strategy *strategy_at(size_t index)
{
	return index < sizeof strategies / sizeof strategies[0] ? strategies[index] : NULL;
}

const struct strategy *strategy_find(const char *name)
{
	for (size_t i = 0; strategy_at(i) != NULL; i++) {
		if (strcmp(strategy_at(i)->name, name) == 0)
			return strategy_at(i);
	}
	return NULL;
}
