#include "exchanges/legs.h"

#include "exchanges/reply.h"

int legs_add(struct legs *legs, const struct field *row, const char *name,
	const struct position *position, struct err *err)
{
	if (legs->seen[position->leg])
		return reply_fault(row, name, err, "a second %s leg", leg_text(position->leg));
	legs->seen[position->leg] = true;
	legs->slots[position->leg] = *position;
	return 0;
}

int legs_check_side(const struct field *row, const struct position *position, struct err *err)
{
	bool matches = position->leg == LEG_ONE_WAY ||
		       (position->leg == LEG_LONG) == (position->side == SIDE_BUY);
	if (matches)
		return 0;
	return reply_fault(row, "side", err, "a %s leg that is held by a %s",
		leg_text(position->leg), side_text(position->side));
}

int legs_arrange(
	const struct legs *legs, const struct field *list, struct account *ret, struct err *err)
{
	const bool *seen = legs->seen;
	bool hedged = seen[LEG_LONG] && seen[LEG_SHORT] && !seen[LEG_ONE_WAY];
	bool one_way = seen[LEG_ONE_WAY] && !seen[LEG_LONG] && !seen[LEG_SHORT];
	if (!hedged && !one_way)
		return reply_fault(
			list, NULL, err, "neither one one-way row nor one row of each leg");

	ret->position_mode = hedged ? POSITION_HEDGE : POSITION_ONE_WAY;
	ret->position_count = hedged ? 2 : 1;
	ret->positions[0] = legs->slots[hedged ? LEG_LONG : LEG_ONE_WAY];
	if (hedged)
		ret->positions[1] = legs->slots[LEG_SHORT];
	return 0;
}
