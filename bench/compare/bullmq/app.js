// The same work as BullMQ's documentation recommends: one process with a concurrency for what waits
// on the network, addBulk by a thousand, what is done is removed.
const { Queue, Worker } = require('bullmq');
const crypto = require('crypto');
const { Redis } = require('ioredis');
const { Pool } = require('pg');
const sodium = require('libsodium-wrappers');

const settings = JSON.parse(process.env.COMPARE_SETTINGS);
const connection = { path: settings.redis_socket, db: 3, maxRetriesPerRequest: null };
const kept = { removeOnComplete: true, removeOnFail: true };
const RECV_WINDOW = '5000';

async function push(kind, count) {
  const queue = new Queue('jobs', { connection });
  await queue.waitUntilReady();
  const began = process.hrtime.bigint();
  if (kind === 'stamp') {
    for (let i = 0; i < count; i++) {
      await queue.add('stamp', { pushed_ms: performance.timeOrigin + performance.now() }, kept);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } else {
    for (let i = 0; i < count; i += 1000) {
      const jobs = [];
      for (let k = i; k < Math.min(i + 1000, count); k++)
        jobs.push({ name: kind, data: { bot: k + 1 }, opts: kept });
      await queue.addBulk(jobs);
    }
  }
  console.log(Number(process.hrtime.bigint() - began) / 1e9);
  await queue.close();
}

async function call(method, path, key, secret, query, body) {
  const timestamp = String(Date.now());
  const payload = method === 'GET' ? query : JSON.stringify(body);
  const signature = crypto
    .createHmac('sha256', secret)
    .update(timestamp + key + RECV_WINDOW + payload)
    .digest('hex');
  const reply = await fetch(settings.venue + path + (query ? '?' + query : ''), {
    method,
    body: method === 'POST' ? payload : undefined,
    headers: {
      'X-BAPI-API-KEY': key,
      'X-BAPI-TIMESTAMP': timestamp,
      'X-BAPI-RECV-WINDOW': RECV_WINDOW,
      'X-BAPI-SIGN': signature,
      'Content-Type': 'application/json',
    },
  });
  const answer = await reply.json();
  if (answer.retCode !== 0) throw new Error(`${path}: ${answer.retMsg}`);
  return answer.result;
}

async function cycle(bot, pool, keys) {
  const config = (
    await pool.query('select symbol, params, sealed_key, sealed_secret from compare_bots where id = $1', [bot])
  ).rows[0];
  const unseal = (text) =>
    sodium.to_string(
      sodium.crypto_box_seal_open(Buffer.from(text, 'base64'), keys.publicKey, keys.privateKey)
    );
  const key = unseal(config.sealed_key);
  const secret = unseal(config.sealed_secret);
  const symbol = config.symbol;
  await call('GET', '/v5/market/kline', key, secret, `category=linear&symbol=${symbol}&interval=1&limit=200`);
  const wallet = await call('GET', '/v5/account/wallet-balance', key, secret, 'accountType=UNIFIED&coin=USDT');
  await call('GET', '/v5/position/list', key, secret, `category=linear&symbol=${symbol}`);
  await call('GET', '/v5/market/tickers', key, secret, `category=linear&symbol=${symbol}`);
  await call('POST', '/v5/order/cancel-all', key, secret, '', { category: 'linear', symbol });
  const order = await call('POST', '/v5/order/create', key, secret, '', {
    category: 'linear', symbol, side: 'Buy', orderType: 'Limit', qty: config.params.quantity,
    price: config.params.price, timeInForce: 'GTC',
  });
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('insert into compare_runs (bot, wallet) values ($1, $2)', [
      bot, wallet.list[0].totalWalletBalance]);
    await client.query('insert into compare_orders (bot, venue_id) values ($1, $2)', [bot, order.orderId]);
    await client.query('insert into compare_usage (bot, calls) values ($1, 6)', [bot]);
    await client.query('commit');
  } finally {
    client.release();
  }
}

async function work(concurrency) {
  await sodium.ready;
  const redis = new Redis({ path: settings.redis_socket, db: 0 });
  const pool = new Pool({ connectionString: settings.database_url, max: 10 });
  const privateKey = Buffer.from(settings.private_key, 'base64');
  const keys = { privateKey, publicKey: sodium.crypto_scalarmult_base(privateKey) };
  const perform = async (job) => {
    if (job.name === 'stamp')
      await redis.rpush('compare:delays', (performance.timeOrigin + performance.now() - job.data.pushed_ms) / 1000);
    else if (job.name === 'cycle') await cycle(job.data.bot, pool, keys);
    else if (job.name === 'hold') {
      await redis.rpush('compare:held', JSON.stringify([`held-${job.data.bot}`, Date.now() / 1000]));
      await new Promise((resolve) => setTimeout(resolve, settings.hold_s * 1000));
    }
  };
  const worker = new Worker('jobs', perform, {
    connection,
    concurrency,
    lockDuration: settings.bullmq_lock_ms,
    stalledInterval: settings.bullmq_lock_ms,
  });
  worker.on('failed', (job, error) => console.error(error.message));
}

const [role, kind, count] = process.argv.slice(2);
if (role === 'push') push(kind, Number(count)).then(() => process.exit(0));
else work(Number(kind));
