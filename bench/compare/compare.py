#!/usr/bin/python3
"""Measures Celery, Sidekiq and BullMQ on what script/bench measures of Botbeat: compare.py RESULTS

script/bench --compare calls it, with Postgres, Redis and the simulated exchange running. Each peer
is written the way its documentation recommends (celery_app.py, sidekiq_app.rb, bullmq/app.js).
Lines go to RESULTS as those of the other parts do: part, name, unit, median, lowest, highest,
samples, goal.

  tick      jobs for 100,000 bots into Redis: Celery's documented loop, the others' bulk calls
  queue     no-op jobs a second with two worker processes, and the start delay when idle
  cycle     one bot's cycle: 1 select, 2 secrets, 6 calls of the venue, 3 inserts
  memory    proportional set size of the busy worker, by concurrent bot
  recovery  from kill -9 of a whole worker to the next start of a job it held
"""

import atexit
import base64
import json
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.request

import nacl.public
import psycopg2
import redis

HERE = os.path.dirname(os.path.abspath(__file__))
TICK = 100000
LOOP = 10000  # of Celery's loop; it is linear, and takes most of a minute for them all
JOBS = {"Celery": 5000, "Sidekiq": 100000, "BullMQ": 50000}  # no-op ones of one sample
SAMPLES = 3
DELAYS = 500
HELD = 4
CELERY_RUNNERS, BULLMQ_CONCURRENCY = 16, 50
CYCLES_S = 8  # of one sample

environment = {
    name: os.environ["COMPARE_" + name.upper()]
    for name in ("redis_socket", "database", "database_url", "venue", "accounts")
}
settings = dict(
    environment, hold_s=600, celery_visibility_s=60, bullmq_lock_ms=5000, private_key=""
)
results = open(sys.argv[1], "a", encoding="ascii")
broker = redis.Redis(unix_socket_path=environment["redis_socket"], db=0)
bots = []
running = []
atexit.register(lambda: end(running))


def figure(part, name, unit, samples, goal=""):
    print(part, name, unit, statistics.median(samples), min(samples), max(samples), len(samples), goal,
          sep="\t", file=results, flush=True)


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---- processes --------------------------------------------------------------------------------


def start(command, **more):
    env = dict(os.environ, COMPARE_SETTINGS=json.dumps(settings), PYTHONPATH=HERE, **more)
    process = subprocess.Popen(command, env=env, cwd=HERE, stdout=subprocess.DEVNULL, start_new_session=True)
    running.append(process)
    return process


def output(command, **more):
    env = dict(os.environ, COMPARE_SETTINGS=json.dumps(settings), PYTHONPATH=HERE, **more)
    return subprocess.run(command, env=env, cwd=HERE, stdout=subprocess.PIPE, check=True, text=True).stdout


def end(processes):
    for process in list(processes):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        running.remove(process)


def tree(pid):
    found = [pid]
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/children" % (pid, task), encoding="ascii") as file:
            for child in file.read().split():
                found += tree(int(child))
    return found


def cpu_s(pids):
    ticks = 0
    for pid in pids:
        with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
            ticks += sum(int(field) for field in file.read().rpartition(")")[2].split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(pids):
    total = 0
    for pid in pids:
        with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
            total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total / 1024


# ---- the peers --------------------------------------------------------------------------------


class Celery:
    name, workers, slots = "Celery", 1, CELERY_RUNNERS

    def push(self, kind, count):
        loop = {
            "noop": "for i in range(%d): noop.delay('bot-%%d' %% i)" % count,
            "stamp": "for i in range(%d): stamp.delay(time.time()); time.sleep(0.005)" % count,
            "cycle": "for i in range(%d): cycle.delay(i %% %d + 1)" % (count, len(bots)),
            "hold": "for i in range(%d): hold.delay('held-%%d' %% i)" % count,
        }[kind]
        program = "import time\nfrom celery_app import *\napp.connection().ensure_connection()\n" \
            "began = time.perf_counter()\n%s\nprint(time.perf_counter() - began)" % loop
        return float(output(["/usr/bin/python3", "-c", program]))

    def start(self, kind):
        # Its documentation: many short tasks want a high prefetch, long ones a low one.
        runners = {"noop": 2, "stamp": 2, "cycle": CELERY_RUNNERS, "hold": HELD}[kind]
        prefetch = {"noop": "128", "stamp": "128", "cycle": "4", "hold": "1"}[kind]
        return [start(["/usr/bin/python3", "-m", "celery", "-A", "celery_app", "worker", "-c", str(runners), "-l", "ERROR",
                       "--without-gossip", "--without-mingle", "--without-heartbeat", "-O", "fair"],
                      COMPARE_PREFETCH=prefetch, C_FORCE_ROOT="1", PYTHONWARNINGS="ignore")]

    def left(self):
        client = redis.Redis(unix_socket_path=environment["redis_socket"], db=1)
        return client.llen("celery") + client.hlen("unacked")


class Sidekiq:
    name, workers, slots = "Sidekiq", 2, 10

    def push(self, kind, count):
        return float(output(["ruby", "sidekiq_app.rb", kind, str(count)]))

    def start(self, kind):
        count = 1 if kind == "hold" else 2
        return [start(["sidekiq", "-r", "./sidekiq_app.rb", "-c", "10", "-q", "default"]) for _ in range(count)]

    def left(self):
        client = redis.Redis(unix_socket_path=environment["redis_socket"], db=2)
        return client.llen("queue:default")


class BullMQ:
    name, workers, slots = "BullMQ", 2, BULLMQ_CONCURRENCY

    def push(self, kind, count):
        return float(output(["node", "bullmq/app.js", "push", kind, str(count)]).split()[-1])

    def start(self, kind):
        count = 1 if kind in ("hold", "cycle") else 2
        return [start(["node", "bullmq/app.js", "work", str(BULLMQ_CONCURRENCY)]) for _ in range(count)]

    def left(self):
        client = redis.Redis(unix_socket_path=environment["redis_socket"], db=3)
        return client.llen("bull:jobs:wait") + client.llen("bull:jobs:active")


# ---- what is measured -------------------------------------------------------------------------


def tick(peer):
    samples = []
    for _ in range(SAMPLES):
        broker.flushall()
        count = LOOP if peer.name == "Celery" else TICK
        samples.append(peer.push("noop", count) * TICK / count)
    figure("compare", "%s: tick of 100,000 bots" % peer.name, "s", samples)


def wait_for(what, condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("gave up waiting for %s" % what)
        time.sleep(0.02)


def rate(peer, jobs):
    """Of the middle eight tenths, so that neither start nor end of the workers counts."""
    broker.flushall()
    peer.push("noop", jobs)
    workers = peer.start("noop")
    wait_for("the first jobs", lambda: peer.left() <= jobs * 0.9)
    begun_s, begun = time.monotonic(), peer.left()
    wait_for("the last jobs", lambda: peer.left() <= jobs * 0.1)
    done = (begun - peer.left()) / (time.monotonic() - begun_s)
    end(workers)
    return done


def queue(peer):
    jobs = JOBS[peer.name]
    figure("compare", "%s: no-op jobs, 2 processes" % peer.name, "jobs/s", [rate(peer, jobs) for _ in range(SAMPLES)])
    broker.flushall()
    workers = peer.start("stamp")
    peer.push("stamp", 20)
    wait_for("a worker", lambda: broker.llen("compare:delays") == 20)
    broker.delete("compare:delays")
    peer.push("stamp", DELAYS)
    wait_for("stamps", lambda: broker.llen("compare:delays") == DELAYS)
    delays = sorted(float(delay) * 1000 for delay in broker.lrange("compare:delays", 0, -1))
    end(workers)
    figure("compare", "%s: start delay idle, p50" % peer.name, "ms", [delays[DELAYS // 2]])
    figure("compare", "%s: start delay idle, p99" % peer.name, "ms", [delays[DELAYS * 99 // 100]])


def cycles_done(postgres):
    with postgres, postgres.cursor() as cursor:
        cursor.execute("select count(*) from compare_runs")
        return cursor.fetchone()[0]


def cycle(peer, postgres):
    broker.flushall()
    workers = peer.start("cycle")
    began = cycles_done(postgres)
    peer.push("cycle", 2000 if peer.name == "Celery" else 10000)
    wait_for("cycles", lambda: cycles_done(postgres) >= began + 200)
    rates, cpus = [], []
    for _ in range(SAMPLES):
        pids = [pid for worker in workers for pid in tree(worker.pid)]
        done, spent_s, begun_s = cycles_done(postgres), cpu_s(pids), time.monotonic()
        time.sleep(CYCLES_S / 4)
        count = cycles_done(postgres) - done
        if count == 0:
            sys.exit("%s ran out of cycles" % peer.name)
        rates.append(count / (time.monotonic() - begun_s))
        cpus.append((cpu_s(pids) - spent_s) * 1000 / count)
    memory = memory_mb(pids) / peer.slots
    end(workers)
    figure("compare", "%s: bot cycles" % peer.name, "runs/s", rates)
    figure("compare", "%s: worker, per 1,000 cycles" % peer.name, "CPU s", cpus)
    figure("compare", "%s: memory by concurrent bot" % peer.name, "MB", [memory])


def recovery(peer):
    broker.flushall()
    first = peer.start("hold")
    peer.push("hold", HELD)
    wait_for("held jobs", lambda: broker.llen("compare:held") >= HELD)
    killed_s = time.time()
    end(first)
    second = peer.start("hold")
    wait_s = 30 if peer.name == "Sidekiq" else 420
    deadline = time.time() + wait_s
    while broker.llen("compare:held") == HELD and time.time() < deadline:
        time.sleep(0.05)
    again = [json.loads(line)[1] for line in broker.lrange("compare:held", HELD, -1)]
    end(second)
    if again:
        figure("compare", "%s: worker killed, its jobs start again" % peer.name, "s", [again[0] - killed_s])
    else:
        say("%s: a killed worker's jobs had not started again after %d s" % (peer.name, wait_s))


# ---- the tables that the cycle reads and writes -------------------------------------------------


def resting_price():
    """Of a buy that does not fill: one that moves the position would make every cycle another."""
    with urllib.request.urlopen(environment["venue"] + "/v5/market/tickers?category=linear&symbol=BTCUSDT") as reply:
        last = json.load(reply)["result"]["list"][0]["lastPrice"]
    return str(int(float(last) * 0.97))


def make_tables():
    postgres = psycopg2.connect(environment["database"])
    price = resting_price()
    private = nacl.public.PrivateKey.generate()
    settings["private_key"] = base64.b64encode(bytes(private)).decode()
    box = nacl.public.SealedBox(private.public_key)
    with postgres, postgres.cursor() as cursor:
        cursor.execute(
            "drop table if exists compare_bots, compare_runs, compare_orders, compare_usage;"
            "create table compare_bots (id integer primary key, symbol text not null, params jsonb not null,"
            " sealed_key text not null, sealed_secret text not null);"
            "create table compare_runs (id bigserial primary key, bot integer not null, wallet numeric not null,"
            " at timestamptz not null default now());"
            "create table compare_orders (id bigserial primary key, bot integer not null, venue_id text not null,"
            " at timestamptz not null default now());"
            "create table compare_usage (id bigserial primary key, bot integer not null, calls integer not null,"
            " at timestamptz not null default now())")
        with open(environment["accounts"], encoding="ascii") as file:
            for line in list(file)[:1000]:
                key, secret = line.strip().split(":")[:2]
                bots.append(key)
                sealed = [base64.b64encode(box.encrypt(text.encode())).decode() for text in (key, secret)]
                cursor.execute("insert into compare_bots values (%s, 'BTCUSDT', %s, %s, %s)", (
                    len(bots), json.dumps({"quantity": "0.001", "price": price}), *sealed))
    return postgres


def main():
    postgres = make_tables()
    for peer in (Celery(), Sidekiq(), BullMQ()):
        say("measuring: %s" % peer.name)
        tick(peer)
        queue(peer)
        if peer.name != "Sidekiq":
            cycle(peer, postgres)
        recovery(peer)
    broker.flushall()


main()
