"""The same work as Celery's documentation recommends: prefork, ignored results, one connection per
child opened after the fork, late acknowledgement with a visibility timeout for what may be lost."""

import base64
import hashlib
import hmac
import json
import os
import time

import nacl.public
import psycopg2
import redis
import requests
from celery import Celery
from celery.signals import worker_process_init

SETTINGS = json.loads(os.environ["COMPARE_SETTINGS"])
RECV_WINDOW = "5000"

app = Celery("compare", broker="redis+socket://%s?virtual_host=1" % SETTINGS["redis_socket"])
app.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=int(os.environ.get("COMPARE_PREFETCH", "4")),
    broker_transport_options={"visibility_timeout": SETTINGS["celery_visibility_s"]},
    worker_hijack_root_logger=False,
)

connections = {}


@worker_process_init.connect
def connect(**_):
    connections["http"] = requests.Session()
    connections["redis"] = redis.Redis(unix_socket_path=SETTINGS["redis_socket"], db=0)
    connections["postgres"] = psycopg2.connect(SETTINGS["database"])
    private = nacl.public.PrivateKey(base64.b64decode(SETTINGS["private_key"]))
    connections["box"] = nacl.public.SealedBox(private)


@app.task
def noop(bot):
    pass


@app.task
def stamp(pushed_s):
    connections["redis"].rpush("compare:delays", time.time() - pushed_s)


@app.task(acks_late=True, reject_on_worker_lost=True)
def hold(name):
    connections["redis"].rpush("compare:held", json.dumps([name, time.time()]))
    time.sleep(SETTINGS["hold_s"])


def unseal(text):
    return connections["box"].decrypt(base64.b64decode(text)).decode()


def call(method, path, key, secret, query="", body=None):
    timestamp = str(int(time.time() * 1000))
    payload = query if method == "GET" else json.dumps(body)
    signature = hmac.new(
        secret.encode(), (timestamp + key + RECV_WINDOW + payload).encode(), hashlib.sha256
    ).hexdigest()
    reply = connections["http"].request(
        method,
        SETTINGS["venue"] + path + ("?" + query if query else ""),
        data=payload if method == "POST" else None,
        headers={
            "X-BAPI-API-KEY": key,
            "X-BAPI-TIMESTAMP": timestamp,
            "X-BAPI-RECV-WINDOW": RECV_WINDOW,
            "X-BAPI-SIGN": signature,
            "Content-Type": "application/json",
        },
        timeout=10,
    ).json()
    if reply["retCode"] != 0:
        raise RuntimeError("%s: %s" % (path, reply["retMsg"]))
    return reply["result"]


@app.task
def cycle(bot):
    postgres = connections["postgres"]
    with postgres, postgres.cursor() as cursor:
        cursor.execute(
            "select symbol, params, sealed_key, sealed_secret from compare_bots where id = %s", (bot,)
        )
        symbol, params, sealed_key, sealed_secret = cursor.fetchone()
    key, secret = unseal(sealed_key), unseal(sealed_secret)
    call("GET", "/v5/market/kline", key, secret, "category=linear&symbol=%s&interval=1&limit=200" % symbol)
    wallet = call("GET", "/v5/account/wallet-balance", key, secret, "accountType=UNIFIED&coin=USDT")
    call("GET", "/v5/position/list", key, secret, "category=linear&symbol=%s" % symbol)
    call("GET", "/v5/market/tickers", key, secret, "category=linear&symbol=%s" % symbol)
    call("POST", "/v5/order/cancel-all", key, secret, body={"category": "linear", "symbol": symbol})
    order = call(
        "POST",
        "/v5/order/create",
        key,
        secret,
        body={"category": "linear", "symbol": symbol, "side": "Buy", "orderType": "Limit",
              "qty": params["quantity"], "price": params["price"], "timeInForce": "GTC"},
    )
    with postgres, postgres.cursor() as cursor:
        cursor.execute("insert into compare_runs (bot, wallet) values (%s, %s)",
                       (bot, wallet["list"][0]["totalWalletBalance"]))
        cursor.execute("insert into compare_orders (bot, venue_id) values (%s, %s)", (bot, order["orderId"]))
        cursor.execute("insert into compare_usage (bot, calls) values (%s, 6)", (bot,))
