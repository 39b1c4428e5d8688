/*
 * bot_settings - leverage and modes at the venue, as a bot's pair wants them (design.md 7).
 *
 * Only a start changes settings, and only where nobody can be hurt: a symbol's while it is flat,
 * without orders and claimed by no other bot; the account's margin mode while the whole account is.
 * Otherwise they must match already, or the start is refused. Every change has a journal row of the
 * operator's name space and passes T2.
 */
#ifndef CLI_BOT_SETTINGS_H
#define CLI_BOT_SETTINGS_H

#include "cli/bot_session.h"

struct doc;

/*
 * Makes the symbol of a pair match it; adds what was changed, one text each, to done. ERR_REFUSED
 * with the reason if it differs and may not be changed.
 */
MUST_CHECK int bot_settings_symbol(
	struct bot_session *session, size_t pair, struct doc *done, struct err *err);

/* Makes the account's margin mode match. */
MUST_CHECK int bot_settings_account(
	struct bot_session *session, enum margin_mode wanted, struct doc *done, struct err *err);

#endif
