"""A client that asks for much at once takes turns with the others; one that is alone is not held up."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from casefile_api.errors import TooManyRequests
from casefile_api.web.turns import ABOUT_SECONDS, MOST_WAITING, Turns


class Asking:
    """Requests of clients, each under way until it is told to end."""

    def __init__(self, together: int) -> None:
        self.clock = [100.0]
        self.turns = Turns(together, lambda: self.clock[0])
        self.begun: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.ends: dict[str, asyncio.Event] = {}

    async def ask(self, who: str, times: int = 1) -> None:
        for _ in range(times):
            name = f"{who} {sum(each.startswith(who) for each in self.ends) + 1}"
            self.ends[name] = asyncio.Event()
            self.tasks.append(asyncio.create_task(self._one(who, name), name=name))
        await self.settle()

    async def end(self, *names: str) -> None:
        for name in names:
            self.ends[name].set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def _one(self, who: str, name: str) -> None:
        async with self.turns.turn(who):
            self.begun.append(name)
            await self.ends[name].wait()


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    """Two turns each."""
    asking = Asking(2)
    yield asking
    for task in asking.tasks:
        task.cancel()
    await asyncio.gather(*asking.tasks, return_exceptions=True)


async def test_who_is_alone_is_not_held_up(asking: Asking) -> None:
    await asking.ask("busy")
    asking.clock[0] += ABOUT_SECONDS
    await asking.ask("busy", 50)

    assert len(asking.begun) == 51


async def test_a_burst_waits_in_line_and_another_client_goes_by(asking: Asking) -> None:
    await asking.ask("other")
    await asking.end("other 1")
    await asking.ask("busy", 50)
    assert asking.begun == ["other 1", "busy 1", "busy 2"]

    await asking.ask("other")
    assert asking.begun[-1] == "other 2"


async def test_who_waits_is_served_in_the_order_they_came(asking: Asking) -> None:
    await asking.ask("busy", 5)
    await asking.end("busy 2")
    await asking.end("busy 1", "busy 3")

    assert asking.begun == [f"busy {number}" for number in (1, 2, 3, 4, 5)]


async def test_who_gives_up_while_waiting_takes_no_turn(asking: Asking) -> None:
    await asking.ask("busy", 4)
    asking.tasks[2].cancel()
    await asking.settle()
    await asking.end("busy 1")

    assert asking.begun == ["busy 1", "busy 2", "busy 4"]


async def test_who_gives_up_in_the_moment_of_being_called_passes_the_turn_on(asking: Asking) -> None:
    await asking.ask("busy", 4)
    asking.ends["busy 1"].set()
    asking.tasks[0].add_done_callback(lambda _: asking.tasks[2].cancel())
    await asking.settle()
    await asking.end("busy 2", "busy 4")

    assert "busy 4" in asking.begun and asking.turns._lines == {}


async def test_a_line_has_an_end(asking: Asking) -> None:
    await asking.ask("busy", 2 + MOST_WAITING)

    with pytest.raises(TooManyRequests):
        async with asking.turns.turn("busy"):
            raise AssertionError("not reached")
    await asking.ask("other")
    assert asking.begun[-1] == "other 1"


async def test_a_turn_ends_also_with_a_fault(asking: Asking) -> None:
    for _ in range(5):
        with pytest.raises(ValueError, match="wrong"):
            async with asking.turns.turn("busy"):
                raise ValueError("wrong")
    await asking.ask("busy", 2)

    assert asking.begun == ["busy 1", "busy 2"]


async def test_who_is_not_known_yet_waits_for_others_of_the_address_also_where_nobody_else_asks(asking: Asking) -> None:
    asking.turns = Turns(1, lambda: asking.clock[0], most_waiting=5, always=True)
    await asking.ask("address")
    asking.clock[0] += ABOUT_SECONDS
    await asking.ask("address", 5)
    await asking.ask("another")
    assert asking.begun == ["address 1", "another 1"]

    with pytest.raises(TooManyRequests):
        async with asking.turns.turn("address"):
            raise AssertionError("not reached")
    await asking.end("address 1")
    assert asking.begun[-1] == "address 2"
