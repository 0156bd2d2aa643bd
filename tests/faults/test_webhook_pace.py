"""How webhooks go side by side: an answer that is late holds up its own case only, and a receiver's limits hold."""

import asyncio
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import text

from casefile_api.identifiers import new_id
from casefile_api.tenancy import WORKER
from tests.outside.receiver import Receiver, hang, status
from tests.telling import Endpoint, Telling, until

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def telling(database_url: str) -> AsyncIterator[Telling]:
    folder = Path(tempfile.mkdtemp(prefix="casefile-telling-"))
    telling = Telling(database_url, folder)
    yield telling
    await telling.database.close()
    shutil.rmtree(folder, ignore_errors=True)


async def limit(telling: Telling, endpoint: Endpoint, at_once: int | None, per_second: int | None) -> None:
    """Set the limits of an endpoint."""
    async with telling.database.session(WORKER) as session:
        change = "update webhook_endpoint set max_at_once = :at_once, max_per_second = :per_second where id = :id"
        await session.execute(text(change), {"id": endpoint.id, "at_once": at_once, "per_second": per_second})
        await session.commit()


@dataclass
class Counting:
    """A receiver's behaviour that counts how many it has before it at a time."""

    before_it: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        with self.lock:
            self.before_it += 1
            self.most = max(self.most, self.before_it)
        time.sleep(0.05)
        with self.lock:
            self.before_it -= 1
        status(204)(handler)


async def test_a_late_answer_holds_up_its_own_case_and_the_limits_of_each_receiver_hold(telling: Telling) -> None:
    with Receiver() as late, Receiver() as one_by_one, Receiver() as unhurried:
        alone, usual = Counting(), Counting()
        one_by_one.always(alone)
        unhurried.always(usual)
        late.next(hang(14))
        await telling.register(late.url)
        await limit(telling, await telling.register(one_by_one.url), 1, None)
        await limit(telling, await telling.register(unhurried.url), None, 10)
        async with telling.working():
            held = new_id()
            first = await telling.happen(case=held)
            await until(lambda: late.deliveries)
            begun = time.time()
            behind = await telling.happen(case=held)
            others = [event for _ in range(11) for event in await telling.happen(case=new_id())]
            heard = {str(event) for event in others}
            await until(lambda: heard <= {one.message_id for one in late.deliveries})
            assert {one.message_id for one in late.deliveries} == heard | {str(first[0])}
            await until(lambda: len(one_by_one.deliveries) == len(unhurried.deliveries) == 13)
            assert unhurried.deliveries[-1].at - begun >= 1.0  # ten a second, and the first of them before
            assert (alone.most, usual.most > 0) == (1, True)
            assert [one.event["data"]["sequence"] for one in one_by_one.deliveries[:2]] == [1, 2]
        assert str(behind[0]) not in {one.message_id for one in late.deliveries}


async def test_what_waits_in_hand_is_not_sent_to_who_is_not_to_hear_of_it_any_more(
    telling: Telling, owner_database_url: str
) -> None:
    with Receiver() as receiver:
        await limit(telling, await telling.register(receiver.url), None, 2)
        cases = [new_id() for _ in range(6)]
        events = [str(event) for case in cases for event in await telling.happen(case=case)]
        async with telling.working():  # what is there when it begins is taken in hand together
            await until(lambda: receiver.deliveries)
            with psycopg.connect(owner_database_url, autocommit=True) as owner:
                owner.execute("update case_file set restricted = true, admitted = '{x}' where id = %s", (cases[4],))
            await until(lambda: events[5] in {one.message_id for one in receiver.deliveries})
    assert [one.message_id for one in receiver.deliveries] == [*events[:4], events[5]]


async def test_what_comes_while_another_of_its_case_fails_waits_for_it(telling: Telling) -> None:
    with Receiver() as receiver:
        receiver.next(hang(0.5, 500))
        await telling.register(receiver.url)
        async with telling.working():
            case = new_id()
            await telling.happen(case=case)
            await until(lambda: receiver.deliveries)
            for _ in range(6):
                await telling.happen(case=case)
                await asyncio.sleep(0.1)
            (other,) = await telling.happen()
            await until(lambda: str(other) in {one.message_id for one in receiver.deliveries})
            assert len(receiver.deliveries) == 2
            await until(lambda: len(receiver.events()) == 8)
        told = [one.event["data"]["sequence"] for one in receiver.deliveries if one.message_id != str(other)]
    assert told == [1, 1, 2, 3, 4, 5, 6, 7]
