"""seam - arms the places of a run at which its runner kills or stops itself; chaos/seam.c reads it."""

import mmap
import struct

ARMS = 16
ARM = struct.Struct("<24sii")

# In the order in which a run with an order passes them.
PLACES = ("claimed", "planning", "planned", "signed", "sending", "sent", "booking", "booked",
          "closing", "closed")


def create(path):
    with open(path, "wb") as file:
        file.write(bytes(ARMS * ARM.size))


class Seam:
    def __init__(self, path):
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), ARMS * ARM.size)

    def arm(self, place, signal, times=1):
        """The next run to come to the place; what was armed there before is forgotten."""
        at = PLACES.index(place) * ARM.size
        self.memory[at:at + ARM.size] = ARM.pack(place.encode(), times, signal)

    def disarm(self, place):
        """True if a run had come by."""
        at = PLACES.index(place) * ARM.size
        _, times, _ = ARM.unpack(self.memory[at:at + ARM.size])
        self.memory[at:at + ARM.size] = bytes(ARM.size)
        return times <= 0
