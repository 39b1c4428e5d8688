// Trades with ccxt against the simulated exchange, as all three venues and in both position modes:
//   node trade.mjs URL LIMITED_URL ACCOUNT_SEEN < accounts
// URL serves without limits, LIMITED_URL with the venues' own; ACCOUNT_SEEN is the program that shows
// an account as our adapters see it. Accounts are KEY:SECRET lines, keys "VENUE-MODE".
// Prints a line per operation, then "N passed, N failed". The operations that were tried must be
// those of operations.txt, no more and no less.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import assert from 'node:assert/strict';
import { ccxt, venues, client, leg, closing, falling, ofStops, cancelling, marginMode, leverage } from './venues.mjs';

const [base, limited, accountSeen] = process.argv.slice(2);
const secrets = Object.fromEntries(readFileSync(0, 'utf8').trim().split('\n').map((line) => line.split(':')));
const SYMBOL = 'BTC/USDT:USDT';
const results = new Map();
const waiting = []; // for an adapter that is not built

async function admin(method, path, body, at = base) {
	const reply = await fetch(at + path, { method, body: body && JSON.stringify(body) });
	assert.equal(reply.status, 200, await reply.clone().text());
	return reply.json();
}

const price = (last) => admin('POST', '/sim/price', { symbol: 'BTCUSDT', last, mark: last });

async function operation(venue, mode, name, run) {
	const title = `${venue} ${mode} ${name}`;
	assert(!results.has(title), `${title} is there twice`);
	try {
		await run();
		results.set(title, null);
		console.log(`ok      ${title}`);
	} catch (error) {
		results.set(title, error);
		console.log(`FAILED  ${title}: ${error.constructor.name} ${error.message}`.slice(0, 900));
	}
}

// Acknowledged first, matched later: asks again until it is so.
async function eventually(read, wanted) {
	let last;
	for (let i = 0; i < 200; i++) {
		last = await read();
		if (wanted(last))
			return last;
		await pause(10);
	}
	assert.fail(`it never came about: ${JSON.stringify(last, (k, v) => (k === 'info' ? undefined : v)).slice(0, 400)}`);
}

async function refused(kind, run) {
	await assert.rejects(run, (error) => {
		assert(error instanceof kind, `${kind.name} was due, got ${error.constructor.name}: ${error.message}`);
		return true;
	});
}

const idParams = (id) => ({ clientOrderId: id });

async function byClientId(exchange, venue, id, params = {}) {
	if (venue === 'bybit') { // ccxt asks Bybit for one order through its lists
		const find = { orderLinkId: id };
		const open = await exchange.fetchOpenOrders(SYMBOL, undefined, undefined, find);
		if (open.length > 0)
			return open[0];
		const closed = await exchange.fetchClosedOrders(SYMBOL, undefined, undefined, find);
		const cancelled = await exchange.fetchCanceledOrders(SYMBOL, undefined, undefined, find);
		const found = [...closed, ...cancelled];
		if (found.length === 0)
			throw new ccxt.OrderNotFound(id);
		return found[0];
	}
	const names = venue === 'phemex' ? { clOrdID: id } : params.trigger ? { clientAlgoId: id } : { origClientOrderId: id };
	return exchange.fetchOrder(undefined, SYMBOL, { ...names, ...params });
}

async function position(exchange, side) {
	const held = await exchange.fetchPositions([SYMBOL]);
	return held.find((row) => row.side === side && row.contracts > 0);
}

// In effect, and not only acknowledged: by the ledger, which is not told by the API.
async function inEffect(key, id) {
	await eventually(async () => (await fetch(`${base}/sim/ledger?key=${key}`)).text(),
		(text) => text.split('\n').some((line) => line.includes('"event":"working"') && line.includes(`"${id}"`)));
}

const hasAdapter = (venue) => spawnSync(accountSeen, [base, venue, 'nobody'], { input: 'nothing\n' }).status !== 3;

function sameAccount(venue, mode, seen) {
	const text = execFileSync(accountSeen, [base, venue, `${venue}-${mode}`], {
		input: secrets[`${venue}-${mode}`] + '\n', encoding: 'utf8' });
	assert.deepEqual(seen, JSON.parse(text));
}

// Texts as the venue wrote them, without zeros at the end: no number of ours in between.
const trim = (text) => {
	const plain = String(text ?? '0');
	const cut = plain.includes('.') ? plain.replace(/0+$/, '').replace(/\.$/, '') : plain;
	return cut === '' || cut === '-0' ? '0' : cut;
};

const raw = {
	bybit: {
		balance: (info) => {
			const coin = info.result.list[0].coin[0];
			return { wallet: coin.walletBalance, available: info.result.list[0].totalAvailableBalance };
		},
		size: (info) => info.size, entry: (info) => info.avgPrice, mark: (info) => info.markPrice,
		liquidation: (info) => info.liqPrice || '0',
	},
	phemex: {
		balance: ({ data: { account } }) => ({ wallet: account.accountBalanceRv,
			available: ccxt.Precise.stringSub(account.accountBalanceRv, account.totalUsedBalanceRv) }),
		size: (info) => info.size, entry: (info) => info.avgEntryPriceRp, mark: (info) => info.markPriceRp,
		liquidation: (info) => info.liquidationPriceRp,
	},
	binance: {
		balance: (info) => ({ wallet: info.totalWalletBalance, available: info.availableBalance }),
		size: (info) => info.positionAmt.replace('-', ''), entry: (info) => info.entryPrice, mark: (info) => info.markPrice,
		liquidation: (info) => info.liquidationPrice,
	},
};

async function accountOf(exchange, venue) {
	const balance = await exchange.fetchBalance();
	const legs = (await exchange.fetchPositions([SYMBOL])).filter((row) => row.contracts > 0);
	const read = raw[venue];
	return {
		...Object.fromEntries(Object.entries(read.balance(balance.info)).map(([name, text]) => [name, trim(text)])),
		positions: legs.map((row) => ({
			side: row.side, quantity: trim(read.size(row.info)), entry: trim(read.entry(row.info)), mark: trim(read.mark(row.info)),
			liquidation: trim(read.liquidation(row.info)),
		})).sort((a, b) => a.side.localeCompare(b.side)),
	};
}

async function trade(venue, mode) {
	const key = `${venue}-${mode}`;
	const exchange = client(venue, base, key, secrets[key]);
	const op = (name, run) => operation(venue, mode, name, run);
	const id = (name) => `${name}-${mode.slice(0, 3)}-${venue}`;
	const create = (type, side, amount, at, params) => exchange.createOrder(SYMBOL, type, side, amount, at, params);
	const long = leg(venue, mode, 'long');
	const short = leg(venue, mode, 'short');

	await price('40000');
	await op('load_markets', async () => {
		const markets = await exchange.loadMarkets();
		assert.equal(markets[SYMBOL].precision.price, 0.1);
		assert.equal(markets[SYMBOL].precision.amount, 0.001);
		assert.equal(markets[SYMBOL].active, true);
	});
	await op('balance', async () => {
		const balance = await exchange.fetchBalance();
		assert.equal(balance.USDT.total, 100000);
		assert.equal(balance.USDT.free, 100000);
	});
	await op('ticker', async () => assert.equal((await exchange.fetchTicker(SYMBOL)).last, 40000));
	await op('candles', async () => {
		const candles = await exchange.fetchOHLCV(SYMBOL, '5m', undefined, 100);
		assert.equal(candles.length, 100);
		for (const [at, open, high, low, close, volume] of candles)
			assert(at % 300000 === 0 && high >= open && high >= close && low <= open && low <= close && volume > 0);
		const times = candles.map(([at]) => at);
		assert.deepEqual(times, [...times].sort((a, b) => a - b));
	});
	await op('candles_since', async () => {
		const all = await exchange.fetchOHLCV(SYMBOL, '1h', undefined, 50);
		const since = await exchange.fetchOHLCV(SYMBOL, '1h', all[10][0], 5);
		assert.deepEqual(since.map(([at]) => at), all.slice(10, 15).map(([at]) => at));
	});
	await op('set_position_mode', async () => {
		try {
			await exchange.setPositionMode(mode === 'hedge', SYMBOL);
		} catch (error) { // to be in it already is an error of one kind or another
			if (mode === 'hedge' || !/110025|-4059|not modified|No need/.test(error.message))
				throw error;
		}
	});
	await op('set_margin_mode_isolated', async () => {
		await exchange.setMarginMode('isolated', SYMBOL, { ...marginMode(venue, '10'),
			...(venue === 'phemex' && mode === 'hedge' ? { longLeverageRr: '10', shortLeverageRr: '10', leverageRr: undefined } : {}) });
	});
	await op('set_margin_mode_cross', async () => {
		await exchange.setMarginMode('cross', SYMBOL, { ...marginMode(venue, '10'),
			...(venue === 'phemex' && mode === 'hedge' ? { longLeverageRr: '-10', shortLeverageRr: '-10', leverageRr: undefined } : {}) });
	});
	await op('set_leverage', async () => {
		const [value, params] = leverage(venue, mode, 'cross', 20);
		await exchange.setLeverage(value, SYMBOL, params);
	});

	await op('market_order', async () => {
		await create('market', 'buy', 0.1, undefined, { ...long, ...idParams(id('open')) });
		const held = await eventually(() => position(exchange, 'long'), (row) => row !== undefined);
		assert.equal(held.contracts, 0.1);
		assert.equal(held.entryPrice, 40000.1);
	});
	await op('positions', async () => {
		const held = await position(exchange, 'long');
		if (venue === 'binance') // its positions do not tell it
			assert.equal((await exchange.fetchLeverages([SYMBOL]))[SYMBOL].longLeverage, 20);
		else
			assert.equal(held.leverage, 20);
		assert.equal(held.markPrice, 40000);
		assert.equal(held.notional, 4000);
		assert(held.liquidationPrice === undefined || held.liquidationPrice < 40000);
	});
	await op('find_by_client_id', async () => {
		const order = await eventually(() => byClientId(exchange, venue, id('open')), (row) => row.status === 'closed');
		assert.equal(order.clientOrderId, id('open'));
		assert.equal(order.filled, 0.1);
		assert.equal(order.side, 'buy');
	});
	await op('limit_order', async () => {
		const placed = await create('limit', 'buy', 0.01, 39000.5, { ...long, ...idParams(id('rest')) });
		const open = await eventually(() => exchange.fetchOpenOrders(SYMBOL), (rows) => rows.some((row) => row.clientOrderId === id('rest')));
		const order = open.find((row) => row.clientOrderId === id('rest'));
		assert.equal(order.id, placed.id);
		assert.equal(order.price, 39000.5);
		assert.equal(order.amount, 0.01);
		assert.equal(order.status, 'open');
	});
	await op('cancel', async () => {
		const order = (await exchange.fetchOpenOrders(SYMBOL)).find((row) => row.clientOrderId === id('rest'));
		await exchange.cancelOrder(order.id, SYMBOL, cancelling(venue, mode, 'long'));
		const gone = await eventually(() => byClientId(exchange, venue, id('rest')), (row) => row.status !== 'open');
		assert.equal(gone.status, 'canceled');
		assert.equal(gone.filled, 0);
	});
	await op('post_only', async () => {
		await create('limit', 'buy', 0.01, 39500, { ...long, ...idParams(id('maker')), postOnly: true,
			...(venue === 'phemex' ? { timeInForce: 'PostOnly' } : {}) });
		await inEffect(key, id('maker'));
		assert.equal((await byClientId(exchange, venue, id('maker'))).postOnly, true);
		await price('39400');
		await eventually(() => byClientId(exchange, venue, id('maker')), (row) => row.status === 'closed');
		await price('40000');
	});
	await op('post_only_that_would_take', async () => {
		const crossing = () => create('limit', 'buy', 0.01, 41000, { ...long, ...idParams(id('taker')), postOnly: true,
			...(venue === 'phemex' ? { timeInForce: 'PostOnly' } : {}) });
		if (venue === 'binance') // refused at once; the others accept it, then cancel it
			return refused(ccxt.InvalidOrder, crossing);
		await crossing();
		const order = await eventually(() => byClientId(exchange, venue, id('taker')), (row) => row.status === 'canceled');
		assert.equal(order.filled, 0);
	});
	await op('reduce_only', async () => {
		await create('market', 'sell', 0.06, undefined, { ...long, ...closing(venue, mode), ...idParams(id('less')) });
		await eventually(() => position(exchange, 'long'), (row) => row?.contracts === 0.05);
	});
	if (mode === 'hedge')
		await op('second_leg', async () => {
			await create('market', 'sell', 0.02, undefined, { ...short, ...idParams(id('short')) });
			const held = await eventually(() => position(exchange, 'short'), (row) => row !== undefined);
			assert.equal(held.contracts, 0.02);
			assert.equal((await position(exchange, 'long')).contracts, 0.05);
		});
	if (hasAdapter(venue))
		await op('same_account_as_adapters', async () => sameAccount(venue, mode, await accountOf(exchange, venue)));
	else
		waiting.push(`${venue} ${mode} same_account_as_adapters`);

	await op('stop_order', async () => {
		await create('market', 'sell', 0.05, undefined,
			{ ...long, ...closing(venue, mode), ...falling(venue, 38000), ...idParams(id('stop')) });
		const waiting = await eventually(() => exchange.fetchOpenOrders(SYMBOL, undefined, undefined, ofStops(venue)),
			(rows) => rows.some((row) => row.clientOrderId === id('stop')));
		const stop = waiting.find((row) => row.clientOrderId === id('stop'));
		assert.equal(stop.triggerPrice, 38000);
		assert.equal(stop.side, 'sell');
	});
	await op('cancel_stop', async () => {
		const waiting = await exchange.fetchOpenOrders(SYMBOL, undefined, undefined, ofStops(venue));
		const stop = waiting.find((row) => row.clientOrderId === id('stop'));
		await exchange.cancelOrder(stop.id, SYMBOL, { ...ofStops(venue), ...cancelling(venue, mode, 'long') });
		await eventually(() => exchange.fetchOpenOrders(SYMBOL, undefined, undefined, ofStops(venue)),
			(rows) => !rows.some((row) => row.clientOrderId === id('stop')));
	});
	await op('stop_fires', async () => {
		await create('market', 'sell', 0.05, undefined,
			{ ...long, ...closing(venue, mode), ...falling(venue, 38500), ...idParams(id('fire')) });
		await inEffect(key, id('fire'));
		await price('38400');
		await eventually(() => position(exchange, 'long'), (row) => row === undefined);
		await price('40000');
	});
	await op('my_trades', async () => {
		const trades = await exchange.fetchMyTrades(SYMBOL);
		assert.equal(trades.length, mode === 'hedge' ? 5 : 4);
		const first = trades[0];
		assert.equal(first.amount, 0.1);
		assert.equal(first.price, 40000.1);
		assert.equal(first.side, 'buy');
		assert.equal(first.fee.cost, 2.2000055);
		assert.equal(first.fee.currency, 'USDT');
		assert.equal(new Set(trades.map((row) => row.id)).size, trades.length);
	});
	await op('cancel_all', async () => {
		for (const name of ['x', 'y'])
			await create('limit', 'buy', 0.01, 30000, { ...long, ...idParams(id(name)) });
		await eventually(() => exchange.fetchOpenOrders(SYMBOL), (rows) => rows.length === 2);
		await exchange.cancelAllOrders(SYMBOL);
		await eventually(() => exchange.fetchOpenOrders(SYMBOL), (rows) => rows.length === 0);
	});

	await op('insufficient_funds', () => refused(ccxt.InsufficientFunds, () => create('limit', 'buy', 200, 39000, { ...long })));
	await op('order_not_found', () => refused(ccxt.OrderNotFound,
		() => exchange.cancelOrder(venue === 'binance' ? '987654321' : '00000000-0000-0000-0000-000000000001', SYMBOL, cancelling(venue, mode, 'long'))));
	await op('duplicate_client_id', async () => {
		const twice = () => create('limit', 'buy', 0.01, 30000, { ...long, ...idParams(id('twice')) });
		await twice();
		await refused(ccxt.InvalidOrder, twice); // DuplicateOrderId, or what ccxt calls it for this venue
		await exchange.cancelAllOrders(SYMBOL);
	});
	await op('bad_symbol', async () => {
		const market = exchange.market(SYMBOL);
		exchange.markets_by_id.NONEUSDT = [{ ...market, id: 'NONEUSDT', symbol: 'NONE/USDT:USDT' }];
		exchange.markets['NONE/USDT:USDT'] = exchange.markets_by_id.NONEUSDT[0];
		await refused(venue === 'bybit' ? ccxt.BadRequest : ccxt.BadSymbol, () => exchange.fetchTicker('NONE/USDT:USDT'));
	});
	await op('invalid_timestamp', () => refused(venue === 'phemex' ? ccxt.AuthenticationError : ccxt.InvalidNonce,
		() => client(venue, base, key, secrets[key], true).fetchBalance()));
	await op('bad_signature', () => refused(ccxt.AuthenticationError,
		() => client(venue, base, key, 'not-the-secret').fetchBalance()));
	await op('unknown_key', () => refused(ccxt.AuthenticationError,
		() => client(venue, base, 'nobody', 'at-all').fetchBalance()));
	await op('rate_limit', async () => {
		const hasty = client(venue, limited, key, secrets[key]);
		await refused(venue === 'binance' ? ccxt.DDoSProtection : ccxt.RateLimitExceeded, async () => {
			await hasty.loadMarkets();
			for (let burst = 0; burst < 20; burst++)
				await Promise.all(Array.from({ length: 60 }, () => hasty.fetchPositions([SYMBOL])));
		});
	});
}

for (const venue of venues)
	for (const mode of ['one_way', 'hedge'])
		await trade(venue, mode);

const listed = readFileSync(new URL('operations.txt', import.meta.url), 'utf8').trim().split('\n');
const tried = [...results.keys()];
const missing = listed.filter((title) => !results.has(title) && !waiting.includes(title));
const unlisted = tried.filter((title) => !listed.includes(title));
for (const title of waiting)
	console.log(`waits   ${title}: there is no adapter of ours yet`);
for (const title of missing)
	console.log(`FAILED  ${title}: it is in operations.txt and was not tried`);
for (const title of unlisted)
	console.log(`FAILED  ${title}: it is not in operations.txt`);
const wrong = tried.filter((title) => results.get(title) !== null || unlisted.includes(title)).length;
const failed = wrong + missing.length;
console.log(`${tried.length - wrong} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
