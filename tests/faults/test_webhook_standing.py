"""An endpoint that begins to fail says so, one that recovers too; one that nobody answers for any more is ended."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import text

from casefile_api.tenancy import WORKER
from tests.outside.receiver import Receiver, status
from tests.telling import Endpoint, Telling, until

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def telling(database_url: str) -> AsyncIterator[Telling]:
    folder = Path(tempfile.mkdtemp(prefix="casefile-standing-"))
    telling = Telling(database_url, folder)
    yield telling
    await telling.database.close()
    shutil.rmtree(folder, ignore_errors=True)


async def standing(telling: Telling, endpoint: Endpoint) -> tuple[Any, ...]:
    asked = "select state, failing, last_error, failures > 0 from webhook_endpoint where id = :id"
    return tuple((await telling.rows(asked, id=endpoint.id))[0])


async def told(telling: Telling) -> list[str]:
    asked = "select convert_from(body, 'UTF8') from event where type like 'webhook_endpoint.%' order by recorded_at"
    return [row[0] for row in await telling.rows(asked)]


async def test_an_endpoint_that_begins_to_fail_says_why_and_says_when_it_is_well_again(telling: Telling) -> None:
    with Receiver() as receiver, Receiver() as other:
        receiver.always(status(503))
        endpoint = await telling.register(receiver.url, "case_file.*")
        await telling.register(other.url, "webhook_endpoint.*")
        async with telling.working():
            for _ in range(4):
                await telling.happen()
            began = (await until(other.events))[0]
            assert began["type"] == "webhook_endpoint.failing"
            assert (began["data"]["webhook_endpoint_id"], began["data"]["state"], began["data"]["reason"]) == (
                str(endpoint.id),
                "failing",
                "status",
            )
            assert await standing(telling, endpoint) == ("active", True, "status", True)
            receiver.always(status(204))
            await telling.advance(timedelta(hours=1))
            ended = (await until(lambda: other.events()[1:]))[0]
            await until(lambda: len(receiver.events()) == 4)
        assert (ended["type"], ended["data"]["state"]) == ("webhook_endpoint.recovered", "active")
        assert await standing(telling, endpoint) == ("active", False, None, False)
        assert len(await told(telling)) == 2, "each is said once"


async def test_what_a_killed_worker_left_unsaid_is_said_by_the_next(telling: Telling) -> None:
    with Receiver() as receiver:
        endpoint = await telling.register(receiver.url, "case_file.*")
        async with telling.database.session(WORKER) as session:
            left = "update webhook_endpoint set failures = 3, failing_since = created_at, last_error = 'timeout'"
            await session.execute(text(left))
            await session.commit()
        async with telling.working():
            await until(lambda: told(telling))
        assert '"reason":"timeout"' in (await told(telling))[0]
        assert await standing(telling, endpoint) == ("active", True, "timeout", True)


@pytest.mark.parametrize("lost", ["revoked_at = now()", "scopes = array['events:read']"])
async def test_an_endpoint_whose_client_is_revoked_or_may_not_manage_webhooks_hears_no_more(
    telling: Telling, owner_database_url: str, lost: str
) -> None:
    with psycopg.connect(owner_database_url, autocommit=True) as owner, Receiver() as receiver:
        owner.execute(
            "insert into organisation (id, kind, name, force_code, valid_from)"
            " values ('police-53', 'police', 'Test', '53', '2020-01-01') on conflict do nothing"
        )
        owner.execute(
            "insert into client"
            " (client_id, organisation, name, scopes, assertable_roles, certificate_bound, created_at)"
            " values ('test', 'police-53', 'Test', array['events:read', 'webhooks:manage'], '{}', false, now())"
        )
        endpoint = await telling.register(receiver.url, "case_file.*")
        async with telling.working():
            await telling.happen()
            await until(lambda: receiver.deliveries)
            owner.execute(f"update client set {lost} where client_id = 'test'")
            await until(lambda: _is_ended(telling, endpoint))
            await telling.happen()
        assert len(receiver.deliveries) == 1
        assert '"reason":"client_revoked"' in (await told(telling))[-1]


async def _is_ended(telling: Telling, endpoint: Endpoint) -> bool:
    return await telling.state(endpoint) == ("disabled", "client_revoked")
