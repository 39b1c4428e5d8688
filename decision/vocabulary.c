#include "decision/vocabulary.h"

const struct vocabulary_block vocabulary_blocks[VOCABULARY_BLOCKS] = {
	{BLOCK_EXITS_ONLY, "exits_only"},
	{BLOCK_UNKNOWN, "unknown"},
	{BLOCK_DRIFT, "drift"},
	{BLOCK_RETRIED, "retried"},
	{BLOCK_UNKNOWN_REDUCE, "unknown_reduce"},
};

const struct vocabulary_indicator vocabulary_indicators[INDICATOR_COUNT] = {
	[INDICATOR_EMA_FAST] = {"ema_fast", 8},
	[INDICATOR_EMA_SLOW] = {"ema_slow", 8},
	[INDICATOR_EMA_ENTRY] = {"ema_entry", 8},
	[INDICATOR_ATR] = {"atr", 8},
	[INDICATOR_ATR_BASELINE] = {"atr_baseline", 8},
	[INDICATOR_BB_WIDTH_PPM] = {"bb_width", 6},
	[INDICATOR_HV_PPM] = {"hv", 6},
	[INDICATOR_ROC5_PPM] = {"roc5", 6},
	[INDICATOR_ROC15_PPM] = {"roc15", 6},
	[INDICATOR_VOLUME_RATIO_PPM] = {"volume_ratio", 6},
	[INDICATOR_TREND] = {"trend", 8},
	[INDICATOR_FILTER_1] = {"filter_1", 8},
	[INDICATOR_FILTER_2] = {"filter_2", 8},
	[INDICATOR_FILTER_3] = {"filter_3", 8},
	[INDICATOR_FILTER_4] = {"filter_4", 8},
};
