"""Registers what `sandbox_seed.json` names, by the same commands as an administrator, so that the log shows it.

May be repeated and may be interrupted: staff and organisations are registered until every client is; afterwards nothing
is touched, since by then they may have been changed by whoever tries things out.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from casefile_api.cli.administration import administering
from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.embedded.data_directory import write_private
from casefile_api.oauth.client_keys import ClientPublicKey, new_client_key, read_public_key
from casefile_api.oauth.commands import NewClient, add_client, list_clients
from casefile_api.organisations.commands import load_organisations, load_staff
from casefile_api.organisations.schemas import OrganisationsFile, StaffFile
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER
from casefile_api.unattended import unattended

ALGORITHM = "ES256"


@dataclass(frozen=True)
class Seed:
    """What the file says."""

    organisations: OrganisationsFile
    staff: StaffFile
    clients: tuple[NewClient, ...]


def seed(settings: Settings, keys: Path) -> dict[str, Any]:
    """Register everybody; answers clients and staff as `sandbox.json` names them."""

    async def planted(content: Seed) -> dict[str, ClientPublicKey]:
        async with administering(settings) as database:
            return await plant(content, database, keys)

    content = read_seed()
    return description(content, asyncio.run(planted(content)))


def read_seed() -> Seed:
    """The seed that comes with the program."""
    content: dict[str, Any] = json.loads((files(__package__) / "sandbox_seed.json").read_text(encoding="utf-8"))
    return Seed(
        OrganisationsFile.model_validate_json(json.dumps({"organisations": content["organisations"]})),
        StaffFile.model_validate_json(json.dumps({"staff": content["staff"]})),
        tuple(NewClient.model_validate_json(json.dumps(client)) for client in content["clients"]),
    )


async def plant(seed: Seed, database: Database, keys: Path) -> dict[str, ClientPublicKey]:
    """Register everybody who is not; answers each client's key in force, whose private half is in `keys`."""
    clock = Clock()
    pairs = {client.client_id: key_of(client.client_id, keys) for client in seed.clients}
    async with database.session(WORKER) as session:
        registered = {client.client_id for client in await list_clients(session)}
    if not registered.issuperset(pairs):
        async with unattended(database, clock, "load_organisations") as act:
            await load_organisations(act, seed.organisations)
        async with unattended(database, clock, "load_staff") as act:
            await load_staff(act, seed.staff)
    for client in seed.clients:
        if client.client_id not in registered:
            async with unattended(database, clock, "add_client") as act:
                await add_client(act, client, pairs[client.client_id])
    return pairs


def key_of(client_id: str, keys: Path) -> ClientPublicKey:
    """The public half of a client's key; the pair is made at the first start and kept for its owner's eyes only."""
    path = keys / f"{client_id}.pem"
    if not path.exists():
        private, _ = new_client_key(ALGORITHM)
        write_private(path, private.decode("ascii"))
    public = load_pem_private_key(path.read_bytes(), None).public_key()
    return read_public_key(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def description(seed: Seed, keys: dict[str, ClientPublicKey]) -> dict[str, Any]:
    """Clients and staff as `sandbox.json` names them."""
    clients = [
        {
            "client_id": client.client_id,
            "organisation": client.organisation,
            "kid": keys[client.client_id].kid,
            "algorithm": str(keys[client.client_id].algorithm),
            "private_key_file": f"keys/{client.client_id}.pem",
            "scopes": sorted(client.scopes or ()),
            "assertable_roles": sorted(client.assertable_roles or ()),
        }
        for client in seed.clients
    ]
    staff = [
        {
            "organisation": person.organisation,
            "unit": person.unit,
            "staff_id": person.staff_id,
            "name": person.name,
            "roles": list(person.roles),
        }
        for person in seed.staff.staff
    ]
    return {"clients": clients, "staff": staff}
