/*
 * text - amounts of a decision as people read them, for reasons.
 *
 * Each gives a text without trailing zeros that lives to the end of the enclosing block.
 */
#ifndef STRATEGIES_TEXT_H
#define STRATEGIES_TEXT_H

#include "strategies/units.h"

#define TEXT(value) DECIMAL_TEXT(decimal_trim(value))
#define TEXT_E8(value) TEXT(decimal_scaled(value, 8))
#define TEXT_HUNDREDTHS(value) TEXT(decimal_scaled(value, 2))
#define TEXT_PPM_PERCENT(value) TEXT(decimal_scaled(value, 4))
#define TEXT_LOTS(rules, lots) TEXT(units_quantity_of(lots, rules))

#endif
