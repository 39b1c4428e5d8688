/*
 * simulator - an exchange on loopback that serves the APIs of three venues from recorded candles.
 *
 * Bybit V5 linear, Phemex USDT perpetuals and Binance USDⓈ-M futures, told apart by their paths,
 * over one broker: a key is the same account at each. A client of the real venue needs no change:
 * paths, signature, window, envelope, error codes, limits and headers are the venue's
 * (docs/simulator.md says what is modelled and what is not). Matching is the broker's; prices come
 * from files of one-minute candles.
 *
 * Two clocks. The server clock is real: the envelope's `time`, signatures, windows, rate limits,
 * and the times of orders, executions and book rows. The market clock runs at speed from the
 * start time: candles, funding times. Every reply carries both, for clients that want to know:
 *     X-Market-Time: 1641340800000       market time, UTC ms
 *     X-Market-Speed: 60               market ms per real ms, rounded up
 *     X-Market-Halted: 1               only once the files have ended
 *
 * Beside the venue's routes there are /sim/… routes for tests and operators: clock, hand trades,
 * misbehaviour, the ledger. They exist only where the server listens on a loopback address.
 *
 * A simulator is one object with its own threads; several may run in one process. start, stop and
 * port may be called from any one thread.
 */
#ifndef SIMULATOR_SIMULATOR_H
#define SIMULATOR_SIMULATOR_H

#include "simulator/accounts.h"
#include "simulator/instrument.h"
#include "simulator/market.h"

struct clock;
struct simulator;

struct simulator_options {  /* begin with simulator_options_default() */
	const char *listen; /* "127.0.0.1:0": the kernel picks the port */
	unsigned threads;   /* requests worked on at once */
	const char *tls_certificate_file, *tls_key_file; /* both or neither */

	const struct instrument *instruments; /* read at start; 1 to MARKET_SYMBOLS_MAX */
	size_t instrument_count;

	const char *accounts_file;             /* NULL: none */
	const struct accounts_entry *accounts; /* beside the file's */
	size_t account_count;
	struct decimal default_balance; /* USDT, of a line without one */
	enum margin_mode margin_mode;   /* of every new account */

	int64_t start_ms;      /* market time; 0: see market_new */
	int64_t speed_milli;   /* 1000: real time; 0: only POST /sim/clock moves it */
	uint64_t seed;         /* price paths, liquidity, delays, funding, misbehaviour */
	enum market_path path; /* inside each minute; drawn unless set */
	bool mark_is_last;     /* no smoothing, no offset: as a backtest has it */

	/* An acknowledged request takes effect after a real delay drawn from this range. */
	int64_t match_delay_min_ms, match_delay_max_ms;
	int64_t latency_ms; /* of every reply, once it is worked out */
	/*
	 * Of Bybit's requests per 5 s, all clients together; 600 is the venue's own. The other
	 * dialects' limits change in proportion. 0: none.
	 */
	int ip_limit;
	bool no_account_limits; /* true: the limits per account and endpoint are not enforced */

	const char *ledger_file; /* NULL: in memory only */
	/*
	 * Where everything is kept that is needed to go on after a crash: accounts, orders,
	 * positions, ledger, the market's clock and the dice. A folder with a state goes on from
	 * there; seed, start, speed, margin mode and balances are then the state's, and what was
	 * given must have the same symbols and at least the same accounts. NULL: nowhere.
	 */
	const char *state_folder;
	const struct clock *clock; /* NULL: the machine's */
};

/*
 * 127.0.0.1:0, 2 threads, balance 10,000, cross margin, speed 1, seed 1, match delay 2 to 8 ms, no
 * latency, 600 requests per 5 s.
 */
struct simulator_options simulator_options_default(void);

/*
 * Loads, opens its port and serves. The options may go away afterwards. Errors name the file and
 * line, the account, the address or the option. The caller ends it with simulator_stop.
 */
MUST_CHECK int simulator_start(
	const struct simulator_options *options, struct simulator **ret, struct err *err);
void simulator_stop(struct simulator **simulator);

int simulator_port(const struct simulator *simulator);
/* "http://127.0.0.1:8080" or https; valid while the simulator lives. */
const char *simulator_url(const struct simulator *simulator);

/* For a person who watches: where the market stands. */
struct simulator_state {
	int64_t market_ms, market_end_ms;
	bool halted;
	size_t accounts, symbols;
	size_t ledger_lines;
	int64_t requests;
	bool broken; /* the state can no longer be written: no request is answered */
	struct err failure;
};
void simulator_state(struct simulator *simulator, struct simulator_state *ret);

#endif
