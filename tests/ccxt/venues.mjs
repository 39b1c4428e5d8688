// How ccxt is told that the simulated exchange is Bybit, Phemex or Binance: by its own configuration,
// base URLs and options alone. Beside that, what the venues' hedge modes and stops want to be told.
import ccxt from 'ccxt';

const common = (base, key, secret, extra) => ({
	apiKey: key,
	secret,
	enableRateLimit: false,
	has: { fetchCurrencies: false },
	...(extra.api ? { urls: { api: extra.api(base) } } : {}),
	...(extra.transport ? { fetchImplementation: extra.transport(base) } : {}),
	options: { adjustForTimeDifference: false, ...extra.options },
});

const all = (names) => (base) => Object.fromEntries(names.map(([name, path]) => [name, base + path]));

const settings = {
	bybit: {
		make: (config) => new ccxt.bybit(config),
		api: all([['spot', ''], ['futures', ''], ['v2', ''], ['public', ''], ['private', '']]),
		options: { defaultType: 'swap', fetchMarkets: { types: ['linear'] } },
	},
	phemex: {
		make: (config) => new ccxt.phemex(config),
		api: all([['v1', '/v1'], ['v2', ''], ['public', '/exchange/public'], ['private', '']]),
		options: { defaultType: 'swap' },
	},
	// ccxt tells Binance's errors by the venue's own host name: the addresses stay, and its transport
	// leads them here.
	binance: {
		make: (config) => new ccxt.binanceusdm(config),
		transport: (base) => (url, options) => fetch(url.replace(/^https:\/\/[^/]+/, base), options),
		options: { defaultType: 'future', fetchMarkets: { types: ['linear'] } },
	},
};

export const venues = Object.keys(settings);

// A clock that is a minute late, as each venue's client would have it.
const late = {
	bybit: { timeDifference: 60000 },
	phemex: { 'x-phemex-request-expiry': -60 },
	binance: { timeDifference: 60000 },
};

export function client(venue, base, key, secret, isLate = false) {
	const { make, api, transport, options } = settings[venue];
	return make(common(base, key, secret, { api, transport, options: { ...options, ...(isLate ? late[venue] : {}) } }));
}

// The parameters that name a leg. In one-way mode there is none to name.
export function leg(venue, mode, side) {
	if (mode === 'one_way')
		return {};
	const long = side === 'long';
	return {
		bybit: { positionIdx: long ? 1 : 2 },
		phemex: { posSide: long ? 'Long' : 'Short' },
		binance: { positionSide: long ? 'LONG' : 'SHORT' },
	}[venue];
}

// What makes an order close only. Binance refuses the flag in hedge mode: there the leg says it.
export function closing(venue, mode) {
	return venue === 'binance' && mode === 'hedge' ? {} : { reduceOnly: true };
}

// A stop that sells when the price falls to it.
export function falling(venue, price) {
	return {
		bybit: { triggerPrice: price, triggerDirection: 'descending', triggerBy: 'LastPrice' },
		phemex: { triggerPrice: price, triggerDirection: 'descending', triggerType: 'ByLastPrice' },
		binance: { triggerPrice: price },
	}[venue];
}

// Where stops live in lists of their own.
export function ofStops(venue) {
	return venue === 'phemex' ? {} : { trigger: true };
}

export function cancelling(venue, mode, side) {
	return venue === 'phemex' ? leg(venue, mode, side) : {};
}

export function marginMode(venue, leverage) {
	return venue === 'phemex' ? { leverage } : {};
}

export function leverage(venue, mode, marginMode, value) {
	if (venue !== 'phemex')
		return [value, {}];
	return [marginMode === 'cross' ? -value : value, mode === 'hedge' ? { hedged: true } : {}];
}

export { ccxt };
