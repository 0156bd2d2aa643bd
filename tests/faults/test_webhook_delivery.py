"""Webhooks under trouble: receivers that fail, hang, move or are gone, and a worker that is killed."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from casefile_api.identifiers import new_id
from tests.outside.receiver import Receiver, drop, hang, redirect, status
from tests.telling import Telling, until

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def telling(database_url: str) -> AsyncIterator[Telling]:
    folder = Path(tempfile.mkdtemp(prefix="casefile-telling-"))
    telling = Telling(database_url, folder)
    yield telling
    await telling.database.close()
    shutil.rmtree(folder, ignore_errors=True)


async def test_an_event_arrives_signed_within_a_second_of_its_commit(telling: Telling) -> None:
    with Receiver() as receiver:
        endpoint = await telling.register(receiver.url)
        async with telling.working():
            await telling.happen()
            await until(lambda: receiver.deliveries)  # the worker has started
            taken: list[float] = []
            while len(taken) < 5 and not (taken and min(taken) < 1.0):  # others may have the processor
                committed = time.time()
                (event,) = await telling.happen()
                delivery = await until(partial(receiver.of, event))
                taken.append(delivery[0].at - committed)
        assert min(taken) < 1.0
        assert delivery[0].verify(endpoint.secret)["type"] == "case_file.version_added"


async def test_a_failed_delivery_is_retried_with_the_same_id_and_body(telling: Telling) -> None:
    with Receiver() as receiver:
        receiver.next(status(500, b"out of order"))
        endpoint = await telling.register(receiver.url)
        async with telling.working():
            (event,) = await telling.happen()
            await until(lambda: _all_delivered(telling))
        first, second = receiver.deliveries
        assert first.body == second.body
        assert first.message_id == second.message_id == str(event)
        assert second.verify(endpoint.secret)
        attempts = await telling.rows("select status, error, answer from webhook_attempt order by number")
    assert [tuple(attempt) for attempt in attempts] == [(500, "status", "out of order"), (204, None, "")]


@pytest.mark.parametrize("code", [204, 500])
async def test_what_is_asked_for_once_more_while_it_is_under_way_goes_again(telling: Telling, code: int) -> None:
    with Receiver() as receiver:
        receiver.next(hang(1, code))
        endpoint = await telling.register(receiver.url)
        async with telling.working():
            (event,) = await telling.happen()
            await until(lambda: receiver.deliveries)
            await telling.ask_again(endpoint, event)
            await until(lambda: len(receiver.deliveries) == 2)
            await until(lambda: _all_delivered(telling))
    assert {one.message_id for one in receiver.deliveries} == {str(event)}
    assert [tuple(row) for row in await telling.rows("select state, failures from webhook_delivery")] == [
        ("delivered", 0)
    ]


async def test_a_redirect_is_a_failure_and_is_not_followed(telling: Telling) -> None:
    with Receiver() as elsewhere, Receiver() as receiver:
        receiver.next(redirect(elsewhere.url))
        await telling.register(receiver.url)
        async with telling.working():
            await telling.happen()
            await until(lambda: _all_delivered(telling))
        assert elsewhere.deliveries == []
    (first, _) = await telling.rows("select status, error from webhook_attempt order by number")
    assert tuple(first) == (302, "redirect")


async def test_a_receiver_that_hangs_holds_up_nobody_else(telling: Telling) -> None:
    with Receiver() as hanging, Receiver() as prompt:
        hanging.always(hang(14))
        await telling.register(hanging.url)
        await telling.register(prompt.url)
        async with telling.working():
            await telling.happen(count=3)
            await until(lambda: hanging.deliveries)
            begun = time.time()
            await telling.happen(count=3)
            await until(lambda: len(prompt.deliveries) == 6)
        assert prompt.deliveries[-1].at - begun < 10  # the other hangs for longer


async def test_twenty_endpoints_are_each_told_everything_beside_some_that_are_dead(telling: Telling) -> None:
    with Receiver() as receiver, Receiver() as hanging:
        hanging.always(hang(20))
        endpoints = [await telling.register(f"{receiver.url}/{number}") for number in range(15)]
        for url in (hanging.url, hanging.url, "http://127.0.0.1:9/", "http://127.0.0.1:10/"):
            await telling.register(url)
        async with telling.working():
            events = []
            for _ in range(10):
                events += await telling.happen()
                await asyncio.sleep(0.1)
            wanted = {(f"/hooks/{number}", str(event)) for number in range(len(endpoints)) for event in events}
            await until(lambda: wanted <= {(one.path, one.message_id) for one in list(receiver.deliveries)})
    of_cases = [one for one in receiver.deliveries if one.event["type"].startswith("case_file.")]
    assert len(of_cases) == len(wanted)  # that the dead ones are failing is told besides


async def test_events_of_a_case_arrive_in_order_though_one_of_them_fails(telling: Telling) -> None:
    with Receiver() as receiver:
        receiver.next(status(204), status(503))
        await telling.register(receiver.url)
        async with telling.working():
            await telling.happen(case=new_id(), count=4)
            await until(lambda: len(receiver.events()) == 4)
            await until(lambda: len(receiver.deliveries) == 5)
        sequence = [event["data"]["sequence"] for event in receiver.events()]
    assert sequence == [1, 2, 3, 4]


async def test_a_pending_endpoint_proves_itself_and_then_hears_all_since_its_registration(telling: Telling) -> None:
    with Receiver() as receiver:
        receiver.next(status(500))
        endpoint = await telling.register(receiver.url, state="pending")
        async with telling.working():
            (event,) = await telling.happen()
            await until(lambda: receiver.of(event))
        types = [one.event["type"] for one in receiver.deliveries]
    assert types == ["webhook_endpoint.verification"] * 2 + ["case_file.version_added"]
    assert (await telling.state(endpoint))[0] == "active"


async def test_an_endpoint_that_is_gone_is_disabled_and_the_others_are_told(telling: Telling) -> None:
    with Receiver() as gone, Receiver() as other:
        gone.always(status(410))
        endpoint = await telling.register(gone.url, "case_file.*")
        await telling.register(other.url, "webhook_endpoint.*")
        async with telling.working():
            await telling.happen(count=2)
            told = await until(other.events)
    assert await telling.state(endpoint) == ("disabled", "gone")
    assert told[0]["type"] == "webhook_endpoint.disabled"
    assert told[0]["data"]["webhook_endpoint_id"] == str(endpoint.id)
    assert len(gone.deliveries) == 1


async def test_retries_go_by_working_time_and_five_days_of_failure_disable(telling: Telling) -> None:
    with Receiver() as receiver:
        receiver.next(status(503, Retry_After="3000"))  # in real time nothing comes for most of an hour
        receiver.always(drop)
        endpoint = await telling.register(receiver.url)
        async with telling.working():
            await telling.happen()
            await until(lambda: receiver.deliveries)
            await telling.advance(timedelta(hours=1))
            await until(lambda: len(receiver.deliveries) >= 2)
            assert (await telling.state(endpoint))[0] == "active"
            await telling.advance(timedelta(days=5))
            await until(lambda: _is_disabled(telling, endpoint.id))
    assert await telling.state(endpoint) == ("disabled", "failing")


async def _is_disabled(telling: Telling, endpoint_id: object) -> bool:
    query = "select 1 from webhook_endpoint where id = :id and state = 'disabled'"
    return bool(await telling.rows(query, id=endpoint_id))


async def test_a_receiver_that_comes_back_is_sent_everything_that_waited_in_order(telling: Telling) -> None:
    with Receiver() as receiver:
        receiver.always(status(503))
        await telling.register(receiver.url, "case_file.*")
        async with telling.working():
            cases = [new_id(), new_id()]
            for case in cases:
                await telling.happen(case=case, count=20)
            await until(lambda: len(receiver.deliveries) >= 3)
            receiver.deliveries.clear()
            receiver.always(status(204))
            await telling.advance(timedelta(hours=6))
            await until(lambda: len(receiver.events()) == 40)
        for case in cases:
            told = [one["data"] for one in receiver.events() if one["data"]["case_file_id"] == str(case)]
            assert [data["sequence"] for data in told] == list(range(1, 21))


async def test_retry_after_is_honoured(telling: Telling) -> None:
    with Receiver() as receiver:
        receiver.next(status(503, Retry_After="3600"))
        await telling.register(receiver.url)
        async with telling.working():
            await telling.happen()
            await until(lambda: receiver.deliveries)
            await telling.advance(timedelta(minutes=30))
            await asyncio.sleep(1.5)
            assert len(receiver.deliveries) == 1
            await telling.advance(timedelta(minutes=31))
            await until(lambda: len(receiver.deliveries) == 2)


async def test_a_worker_killed_in_the_middle_of_a_delivery_loses_nothing(telling: Telling) -> None:
    with Receiver() as receiver, telling.worker_process() as worker:
        receiver.always(hang(3))
        await telling.register(receiver.url)
        events = await telling.happen(count=2)
        await until(lambda: receiver.deliveries)
        worker.kill()
        receiver.always(status(204))
        worker.start()
        await until(lambda: {one["data"]["event_id"] for one in receiver.events()} == {str(event) for event in events})
        await until(lambda: _all_delivered(telling))


async def _all_delivered(telling: Telling) -> bool:
    states = [row.state for row in await telling.rows("select state from webhook_delivery")]
    return bool(states) and set(states) == {"delivered"}


async def test_an_endless_series_of_kills_loses_nothing_and_doubles_no_event(telling: Telling) -> None:
    with Receiver() as receiver, telling.worker_process() as worker:
        await telling.register(receiver.url)
        cases, told = [new_id() for _ in range(4)], 0
        for number in range(4):
            for case in cases:
                told += len(await telling.happen(case=case, count=3))
            await until(partial(_half_heard, receiver, told))
            await asyncio.sleep(0.07 * number)
            worker.kill()
            await telling.happen(case=cases[0])
            told += 1
            worker.start()
        await until(lambda: len(receiver.events()) == told)
    for case in cases:
        heard = [one["data"] for one in receiver.events() if one["data"]["case_file_id"] == str(case)]
        assert sorted(data["sequence"] for data in heard) == list(range(1, len(heard) + 1))
    fed = await telling.rows("select count(*) as total, count(distinct event_id) as events from event_position")
    assert tuple(fed[0]) == (told, told)


def _half_heard(receiver: Receiver, told: int) -> bool:
    return len(receiver.events()) >= told // 2


async def test_a_database_that_drops_every_connection_is_come_back_to(
    telling: Telling, owner_database_url: str
) -> None:
    with Receiver() as receiver:
        await telling.register(receiver.url)
        async with telling.working():
            await telling.happen()
            await until(lambda: receiver.deliveries)
            for _ in range(2):
                with psycopg.connect(owner_database_url, autocommit=True) as owner:
                    owner.execute(
                        "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where datname = current_database() and pid <> pg_backend_pid()"
                    )
                await asyncio.sleep(0.3)
            await telling.database.close()
            (event,) = await telling.happen()
            await until(lambda: receiver.of(event))


async def test_two_workers_share_the_telling_and_tell_each_thing_once(telling: Telling) -> None:
    with Receiver() as receiver, telling.worker_process():
        for _ in range(3):
            await telling.register(receiver.url)
        async with telling.working():
            await telling.happen(count=20)
            await until(lambda: len(receiver.deliveries) >= 60)
            await asyncio.sleep(0.5)
    assert len(receiver.deliveries) == 60


async def test_a_worker_stops_promptly_though_a_receiver_hangs(telling: Telling) -> None:
    with Receiver() as receiver, telling.worker_process() as worker:
        receiver.always(hang(12))
        await telling.register(receiver.url)
        await telling.happen()
        await until(lambda: receiver.deliveries)
        assert worker.stop() < 6.0  # the receiver would hold it for twelve
