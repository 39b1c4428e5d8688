"""host - the hands: processes, Postgres, Redis, the exchange, the proxy and operators' commands.

script/chaos has started everything and plays init: it starts again what dies, and writes the process
ids to HOME/pids, a name and an id a line. A file HOME/hold/NAME keeps NAME down.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request


class Away(Exception):
    """What was asked is down, frozen or refuses; chaos expects that."""


class Host:
    def __init__(self, home, venue_port):
        self.home = pathlib.Path(home)
        self.venue = f"http://127.0.0.1:{venue_port}"

    # --- processes -------------------------------------------------------------------------------

    def pid(self, name):
        """Of a process that script/chaos started; 0 if it is down."""
        for line in (self.home / "pids").read_text().splitlines():
            word, number = line.split()
            if word == name and _alive(int(number)):
                return int(number)
        return 0

    def children(self, name):
        """A pool's (runners, keeper); the keeper is the one without a seccomp filter, 0 if there is none."""
        runners, keeper = [], 0
        for child in _children(self.pid(name)):
            if _status(child, "Seccomp") == "2":
                runners.append(child)
            else:
                keeper = child
        return runners, keeper

    def pool(self, name):
        """All processes of a pool, the supervisor first."""
        top = self.pid(name)
        return [top] + _children(top) if top else []

    def backends(self):
        """Postgres's children that serve clients."""
        return [pid for pid in _children(self.pid("postgres"))
                if b"botbeat" in _read(f"/proc/{pid}/cmdline")]

    def hold(self, name, held):
        path = self.home / "hold" / name
        if held:
            path.touch()
        else:
            path.unlink(missing_ok=True)

    # --- the parts -------------------------------------------------------------------------------

    def sql(self, query, timeout_s=1.5):
        """One value, from JSON; Away if Postgres does not answer."""
        command = ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1",
                   f"postgres:///botbeat?host={self.home}&user=postgres&connect_timeout=2", "-c", query]
        try:
            done = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False)
        except subprocess.TimeoutExpired as error:
            raise Away("Postgres does not answer") from error
        if done.returncode != 0:
            raise Away(done.stderr.decode().strip())
        text = done.stdout.decode().strip()
        return json.loads(text) if text else None

    def redis(self, *words):
        done = subprocess.run(["redis-cli", "-s", str(self.home / "r.sock"), *words],
                              capture_output=True, timeout=3, check=False)
        if done.returncode != 0:
            raise Away("Redis does not answer")
        return done.stdout.decode()

    def sim(self, method, path, body=None, timeout_s=3):
        """A request to the exchange's own routes; its answer as text."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.venue + path, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as reply:
                return reply.read().decode()
        except (OSError, ValueError) as error:
            raise Away(f"{method} {path}: {error}") from error

    def ledger(self, since=0):
        text = self.sim("GET", f"/sim/ledger?from={since}", timeout_s=30)
        return [json.loads(line) for line in text.splitlines()]

    def network(self, route, mode):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as control:
            control.sendto(f"{route} {mode}".encode(), str(self.home / "b" / "control"))

    def botbeat(self, *words, timeout_s=60):
        """An operator's command, with --json: (exit code, answer or None, standard error)."""
        command = [str(self.home / "botbeat"), *words, "--json", "--config", str(self.home / "admin.ini")]
        if os.geteuid() == 0: # the key ring belongs to the servers' user
            owner = os.stat(self.home / "admin.ini")
            command = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups", *command]
        try:
            done = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False, cwd=self.home)
        except subprocess.TimeoutExpired:
            return -1, None, "no answer"
        text = done.stdout.decode()
        try:
            answer = json.loads(text) if text.strip() else None
        except ValueError:
            answer = None
        return done.returncode, answer, done.stderr.decode().strip()


def now_ms():
    return time.time_ns() // 1000000


def send(pids, number):
    """A signal to those that still live; how many did."""
    count = 0
    for pid in pids:
        try:
            if pid > 0:
                os.kill(pid, number)
                count += 1
        except ProcessLookupError:
            pass
    return count


def stands_still(pid):
    return _status(pid, "State").startswith("T")


def freeze(pids):
    return send(pids, signal.SIGSTOP)


def thaw(pids):
    return send(pids, signal.SIGCONT)


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _alive(pid):
    return pid > 0 and _status(pid, "State")[:1] not in ("", "Z")


def _status(pid, member):
    for line in _read(f"/proc/{pid}/status").decode(errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name == member:
            return value.strip()
    return ""


def _children(pid):
    if pid <= 0:
        return []
    return [int(word) for word in _read(f"/proc/{pid}/task/{pid}/children").split()]
