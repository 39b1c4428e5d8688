/* bot - adds, shows, changes, starts and stops bots. */
#include "cli/bot_add.h"
#include "cli/bot_adopt.h"
#include "cli/bot_edit.h"
#include "cli/bot_show.h"
#include "cli/bot_start.h"
#include "cli/bot_stop.h"
#include "cli/commands.h"

static const struct command actions[] = {
	{
		.name = "add",
		.operands = "[TENANT NAME]",
		.operands_max = 2,
		.summary = "Add a bot, stopped",
		.details =
			"A file may hold many bots; they are added in one transaction. Its form:\n"
			"[{\"tenant\", \"name\", \"exchange\", \"environment\", \"credential\",\n"
			"  \"interval_seconds\", \"pairs\": [{\"symbol\", \"side\", "
			"\"automatic_mode\",\n  \"leverage\", \"ema_interval\", "
			"\"position_mode\", \"params\": {\"preset\", …}}]}]",
		.options = bot_add_options,
		.run = bot_add_run,
	},
	{
		.name = "list",
		.operands = "[TENANT]",
		.operands_max = 1,
		.summary = "List bots, and why they do not trade",
		.run = bot_show_list,
	},
	{
		.name = "show",
		.operands = "BOT",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Show one bot: pairs, positions, open rows, last runs",
		.run = bot_show_run,
	},
	{
		.name = "edit",
		.operands = "BOT",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Change a bot: shows the difference, then asks",
		.details = "Leverage at the venue changes with the next bot start; until then it "
			   "blocks\nentries, never exits. A leg is removed while it is flat and "
			   "without orders; one\nthat traded stays in the books, inactive. An "
			   "added one is claimed and set up by\nthe next bot start, and checked "
			   "as bot add checks.",
		.options = bot_edit_options,
		.asks = true,
		.run = bot_edit_run,
	},
	{
		.name = "start",
		.operands = "BOT …",
		.operands_max = COMMAND_ANY_NUMBER,
		.summary = "Start bots: claim their legs, check everything, run at once",
		.details =
			"BOT is an id, a NAME, or TENANT/NAME. Leverage and position mode are set "
			"while\nthe symbol is flat, without orders and claimed by no other bot; "
			"otherwise they\nmust match already. What a venue keeps for the whole "
			"account (Bybit: margin\nmode, Binance: position mode) changes by "
			"--set-account-mode only, while the\naccount is flat, without orders and "
			"traded by no other bot.",
		.options = bot_start_options,
		.run = bot_start_run,
	},
	{
		.name = "pause",
		.operands = "BOT …",
		.operands_max = COMMAND_ANY_NUMBER,
		.summary = "Pause bots: entries are cancelled, exits go on",
		.options = bot_stop_pause_options,
		.run = bot_stop_pause_run,
	},
	{
		.name = "stop",
		.operands = "BOT …",
		.operands_max = COMMAND_ANY_NUMBER,
		.summary = "Stop bots: entries are cancelled, nothing more is decided",
		.details =
			"Stop and take-profit orders at the venue stay. Answers when nothing of "
			"before\ncan be executed any more and the entries are cancelled, and names "
			"what is left.",
		.options = bot_stop_options,
		.run = bot_stop_run,
	},
	{
		.name = "adopt",
		.operands = "BOT",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "End a drift: book the venue's positions as the bot's",
		.details = "Books only the difference, as one adjustment with PnL 0. Nothing is "
			   "traded.",
		.options = bot_adopt_options,
		.asks = true,
		.run = bot_adopt_run,
	},
	{
		.name = "release",
		.operands = "BOT",
		.operands_min = 1,
		.operands_max = 1,
		.summary = "Give up the legs of a stopped bot",
		.details = "Legs that are flat are given up by themselves when the bot is stopped.",
		.options = bot_adopt_options,
		.asks = true,
		.run = bot_adopt_release_run,
	},
	{0},
};

const struct command bot_command = {
	.name = "bot",
	.summary = "Add, show, change, start and stop bots",
	.actions = actions,
};
