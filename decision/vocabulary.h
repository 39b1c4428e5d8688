/*
 * vocabulary - names of a snapshot that stand for numbers of a decision, read and written alike.
 */
#ifndef DECISION_VOCABULARY_H
#define DECISION_VOCABULARY_H

#include "strategies/strategy.h"

#define VOCABULARY_BLOCKS 5

extern const struct vocabulary_block {
	enum block block;
	const char *name;
} vocabulary_blocks[VOCABULARY_BLOCKS];

extern const struct vocabulary_indicator {
	const char *name;
	int places; /* 8: a price, 6: a ratio */
} vocabulary_indicators[INDICATOR_COUNT];

#endif
