/*
 * bot_settings - leverage and modes at the venue, as a bot's pair wants them (design.md 7).
 *
 * Only a start changes settings, and only where nobody can be hurt: a symbol's while it is flat,
 * without orders and claimed by no other bot; what the venue keeps for the account (margin mode on
 * one venue, position mode on another: exchange_adapter) while the whole account is.
 * Otherwise they must match already, or the start is refused. Every change has a journal row of the
 * operator's name space and passes T2.
 */
#ifndef CLI_BOT_SETTINGS_H
#define CLI_BOT_SETTINGS_H

#include "cli/bot_session.h"

struct doc;

/*
 * Makes the symbol of a pair match it, in position mode and leverage; adds what was changed, one
 * text each, to done. ERR_REFUSED with the reason if it differs and may not be changed; a position
 * mode that the venue keeps for the whole account never is here.
 */
MUST_CHECK int bot_settings_symbol(
	struct bot_session *session, size_t pair, struct doc *done, struct err *err);

/*
 * Makes the margin mode match: the account's, or where the venue keeps it per symbol that of each
 * symbol that the bot trades.
 */
MUST_CHECK int bot_settings_margin_mode(
	struct bot_session *session, enum margin_mode wanted, struct doc *done, struct err *err);

/*
 * Makes the account's position mode match, where the venue keeps it for the whole account; nothing
 * is to be done elsewhere, bot_settings_symbol does it. ERR_REFUSED if a pair wants another one.
 */
MUST_CHECK int bot_settings_position_mode(
	struct bot_session *session, enum position_mode wanted, struct doc *done, struct err *err);

#endif
