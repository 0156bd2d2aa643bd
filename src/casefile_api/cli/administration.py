"""How commands change registrations: as the owner of the tables, which the service itself is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from casefile_api.access.caller import Caller
from casefile_api.cli import parts
from casefile_api.cli.failing import CommandFailed
from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.embedded.data_directory import write_private
from casefile_api.errors import DependencyUnavailable, Refusal
from casefile_api.oauth.client_keys import ClientPublicKey, new_client_key, read_public_key
from casefile_api.oauth.key_sets import read_key_set
from casefile_api.settings import Settings
from casefile_api.unattended import Act, unattended

Answer = TypeVar("Answer")


@asynccontextmanager
async def administering(settings: Settings) -> AsyncIterator[Database]:
    """The database of the settings, entered as its owner."""
    database = Database(settings.with_values(database_url=settings.owner_database_url), application="casefile-admin")
    try:
        yield database
    finally:
        await database.close()


@contextmanager
def kept_only_where_registered(file: Path | None) -> Iterator[None]:
    """Take a private key made for the occasion away again where its registration fails: it is nobody's key."""
    try:
        yield
    except BaseException:
        if file is not None:
            file.unlink(missing_ok=True)
        raise


def administer(action: str, change: Callable[[Act], Awaitable[Answer]]) -> Answer:
    """Make one change in one transaction, with its entry in the audit log; a refusal is an entry as well."""

    async def act_once(database: Database) -> Answer:
        async with refusals_recorded(database, action), unattended(database, Clock(), action) as act:
            return await change(act)

    return look(act_once)


def acting(action: str, token: Path, change: Callable[[Database, Caller], Awaitable[Answer]]) -> Answer:
    """Make a change in the name of the person whose access token is in a file."""
    from casefile_api.cli.principals import principal

    shown = token.read_text("utf-8").strip()

    async def act_once(database: Database) -> Answer:
        caller = await principal(database, Settings(), shown)
        async with refusals_recorded(database, action, caller):
            return await change(database, caller)

    return look(act_once)


@asynccontextmanager
async def refusals_recorded(database: Database, action: str, caller: Caller | None = None) -> AsyncIterator[None]:
    """Record that a command was refused, in a transaction of its own, and let the refusal go on."""
    try:
        yield
    except DependencyUnavailable:
        raise
    except Refusal as refusal:
        async with unattended(database, Clock(), action, caller=caller) as act:
            act.outcome = "refused"
            act.trail.details = {"refused": refusal.code}
        raise


def look(question: Callable[[Database], Awaitable[Answer]]) -> Answer:
    """Do something with the database of the settings, started for the occasion if it is an embedded one."""

    async def entered(settings: Settings) -> Answer:
        async with administering(settings) as database:
            return await question(database)

    with parts.database(Settings()) as settings:
        return asyncio.run(entered(settings))


def read_file(parse: Callable[[bytes], Answer], file: Path) -> Answer:
    """The content of an administrator's file; what is wrong with it is said by place, without repeating values."""
    try:
        return parse(file.read_bytes())
    except ValidationError as fault:
        places = [f"/{'/'.join(map(str, error['loc']))}: {error['msg']}" for error in fault.errors(include_input=False)]
        raise CommandFailed(f"{file} cannot be loaded: {'; '.join(places[:5])}.") from None


def keys_for(client_id: str, given: Path | None, private_file: Path | None, algorithm: str) -> list[ClientPublicKey]:
    """The public keys to register: those of a JWK set, or the one that `key_for` finds."""
    if given is not None and b'"keys"' in given.read_bytes():
        return list(read_key_set(given.read_bytes()))
    return [key_for(client_id, given, private_file, algorithm)]


def new_key_file(client_id: str, named: Path | None) -> Path:
    """Where the private half of a pair made here goes."""
    return named or Path(f"{client_id}.pem")


def key_for(client_id: str, given: Path | None, private_file: Path | None, algorithm: str) -> ClientPublicKey:
    """The public key to register: the client's own, or of a pair made here, whose private half goes into a file."""
    if given is not None:
        return read_public_key(given.read_bytes())
    target = new_key_file(client_id, private_file)
    if target.exists():
        raise CommandFailed(f"{target} is there already: name another --private-key-file, or give the --public-key.")
    private, public = new_client_key(algorithm)
    write_private(target, private.decode("ascii"))
    return public
