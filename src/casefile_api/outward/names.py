"""Looking up host names without ever waiting for a resolver that hangs.

The system's own look-up blocks its thread for as long as it likes, so each gets a thread of its own that nobody waits
for at the end of the process.
"""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress

from casefile_api.outward.addresses import Address, AddressRefused, Destination, Network, judge_address

LOOK_UPS_AT_ONCE = 64

_at_once = threading.BoundedSemaphore(LOOK_UPS_AT_ONCE)


async def look_up(host: str, port: int, seconds: float) -> list[Address]:
    """Return the addresses of a name, in the order of preference.

    Raises AddressRefused where the name is not known, or nobody answers in time.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Address]] = loop.create_future()

    def settle(found: list[Address]) -> None:
        if not answer.done():
            answer.set_result(found)

    def ask() -> None:
        found: list[Address] = []
        try:
            with suppress(OSError, UnicodeError):
                places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                found = list(dict.fromkeys(ipaddress.ip_address(str(place[4][0])) for place in places))
        finally:
            _at_once.release()
        with suppress(RuntimeError):  # the loop is closed: nobody wants the answer any more
            loop.call_soon_threadsafe(settle, found)

    if not _at_once.acquire(blocking=False):
        raise AddressRefused("name_unknown", "wait: too many host names are being looked up")
    threading.Thread(target=ask, name="name look-up", daemon=True).start()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            if found := await answer:
                return found
    raise AddressRefused("name_unknown", "give a host name that the domain name system knows")


async def resolve(destination: Destination, exempt: Sequence[Network], *, seconds: float) -> list[Address]:
    """Find the addresses to connect to; raises AddressRefused where any of the name's addresses is out of bounds.

    One bad address among good ones is refused too: it is how a name is made to lead inside by chance.
    """
    if destination.address is not None:
        judge_address(destination.address, exempt)
        return [destination.address]
    addresses = await look_up(destination.host, destination.port, seconds)
    for address in addresses:
        judge_address(address, exempt)
    return addresses
