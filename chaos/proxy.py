#!/usr/bin/env python3
"""proxy - the network of one host, which can be cut.

proxy.py CONTROL NAME=LISTEN=TARGET...: LISTEN and TARGET are unix:PATH or tcp:HOST:PORT. CONTROL is a
unix datagram socket that takes "NAME MODE"; the name "all" means every route.

  pass    bytes flow; what was held back by stall is delivered, as after a network's recovery
  stall   connections stay, and new ones are taken, but nothing arrives
  drip    one byte a second arrives
  refuse  connections are reset, and new ones too
  cut     every connection is reset once; new ones pass
"""

import asyncio
import os
import socket
import sys


class Route:
    def __init__(self, name, listen, target):
        self.name, self.listen, self.target = name, listen, target
        self.mode = "pass"
        self.flows = asyncio.Event()
        self.flows.set()
        self.writers = set()

    def set_mode(self, mode):
        self.mode = "pass" if mode == "cut" else mode
        if mode in ("cut", "refuse"):
            for writer in self.writers:
                writer.transport.abort()
        if mode == "stall":
            self.flows.clear()
        else:
            self.flows.set()

    async def connect(self):
        kind, _, place = self.target.partition(":")
        if kind == "unix":
            return await asyncio.open_unix_connection(place)
        host, _, port = place.rpartition(":")
        return await asyncio.open_connection(host, int(port))

    async def pump(self, reader, writer):
        while data := await reader.read(65536):
            await self.flows.wait()
            while self.mode == "drip" and data:
                writer.write(data[:1])
                data = data[1:]
                await asyncio.sleep(1)
            await self.flows.wait()
            writer.write(data)
            await writer.drain()

    async def serve(self, reader, writer):
        far = None
        self.writers.add(writer)
        try:
            await self.flows.wait()
            if self.mode == "refuse":
                return
            far_reader, far = await self.connect()
            self.writers.add(far)
            both = [asyncio.create_task(self.pump(reader, far)),
                    asyncio.create_task(self.pump(far_reader, writer))]
            # One side's end is the connection's: none of these protocols goes on half closed.
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        except OSError:
            pass # the target is away: the caller sees its connection end
        finally:
            for end in (writer, far):
                if end is not None:
                    self.writers.discard(end)
                    end.close()

    async def start(self):
        kind, _, place = self.listen.partition(":")
        if kind == "unix":
            if os.path.exists(place):
                os.unlink(place)
            await asyncio.start_unix_server(self.serve, place)
        else:
            host, _, port = place.rpartition(":")
            await asyncio.start_server(self.serve, host, int(port))


async def main(control, routes):
    routes = [Route(*text.split("=")) for text in routes]
    for route in routes:
        await route.start()
    if os.path.exists(control):
        os.unlink(control)
    orders = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    orders.bind(control)
    orders.setblocking(False)
    while True:
        text = await asyncio.get_running_loop().sock_recv(orders, 256)
        name, mode = text.decode().split()
        for route in routes:
            if name in (route.name, "all"):
                route.set_mode(mode)


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1], sys.argv[2:]))
    except KeyboardInterrupt:
        pass
