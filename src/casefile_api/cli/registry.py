"""`clients`, `organisations`, `staff`: who is registered. Every change is an entry of the audit log."""

from __future__ import annotations

import sys
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

clients = typer.Typer(
    no_args_is_help=True, help="Systems that may get tokens: add, list, give a new key, let in no more."
)
organisations = typer.Typer(no_args_is_help=True, help="Police forces, CPS Areas, oversight bodies and their units.")
staff = typer.Typer(no_args_is_help=True, help="The people whom tokens may name.")

ClientId = Annotated[str, typer.Argument(help="Id of the client, for example force-53-rms.")]
PublicKey = Annotated[
    Path | None,
    typer.Option(
        "--public-key", help="The client's public key (PEM, JWK, JWK set). Without: a pair is made.", exists=True
    ),
]
PrivateKeyFile = Annotated[
    Path | None,
    typer.Option("--private-key-file", help="Where the private half of a pair made here goes; without: CLIENT_ID.pem."),
]


class Algorithm(StrEnum):
    """What the pair is for."""

    ES256 = "ES256"
    PS256 = "PS256"
    EDDSA = "EdDSA"


@clients.command(name="add")
def add(  # noqa: PLR0913 - its options
    client_id: ClientId,
    organisation: Annotated[str, typer.Option(help="Organisation it belongs to, for example police-53.")],
    name: Annotated[str, typer.Option(help="What it is, in words.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="A scope it may ask for; repeat. Without: all its organisation may have.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="A staff role it may assert; repeat. Without: all of its organisation's.")
    ] = None,
    public_key: PublicKey = None,
    private_key_file: PrivateKeyFile = None,
    algorithm: Annotated[Algorithm, typer.Option(help="For a pair made here.")] = Algorithm.ES256,
    jwks_uri: Annotated[
        str | None, typer.Option("--jwks-uri", help="Where the client publishes its keys itself, instead of a key.")
    ] = None,
    certificate_bound: Annotated[
        bool, typer.Option("--certificate-bound", help="Bind its tokens to its TLS certificate (RFC 8705).")
    ] = False,
) -> None:
    """Let in a system: it may get tokens by signing with its key (private_key_jwt).

    Example: casefile-api clients add force-53-rms --organisation police-53 --name "Record system" --public-key rms.pem
    """
    from casefile_api.cli.administration import administer, kept_only_where_registered, keys_for, new_key_file
    from casefile_api.oauth.commands import NewClient, add_client
    from casefile_api.settings import Settings
    from casefile_api.unattended import Act

    wanted = NewClient(
        client_id=client_id,
        organisation=organisation,
        name=name,
        scopes=frozenset(scope) if scope else None,
        assertable_roles=frozenset(role) if role else None,
        jwks_uri=jwks_uri,
        certificate_bound=certificate_bound,
    )
    published_alone = jwks_uri is not None and public_key is None
    keys = [] if published_alone else keys_for(client_id, public_key, private_key_file, algorithm)

    async def change(act: Act) -> str:
        await add_client(act, wanted, *keys, exempt=Settings().webhook_exemptions)
        known = ", ".join(key.kid for key in keys) or "those it publishes"
        return f"Client {client_id} of {organisation} is registered with the keys {known}."

    made_here = public_key is None and not published_alone
    with kept_only_where_registered(new_key_file(client_id, private_key_file) if made_here else None):
        typer.echo(administer("add_client", change))


@clients.command(name="list")
def list_all(
    organisation: Annotated[str | None, typer.Option(help="Only those of this organisation.")] = None,
) -> None:
    """Show the clients, their scopes and their keys."""
    from rich.console import Console
    from rich.table import Table

    from casefile_api.cli.administration import look
    from casefile_api.database import Database
    from casefile_api.oauth.commands import ListedClient, list_clients

    async def registered(database: Database) -> list[ListedClient]:
        async with database.session() as session:
            return list(await list_clients(session, organisation))

    table = Table("client", "organisation", "scopes", "roles it may assert", "keys", "")
    for client in look(registered):
        keys = "\n".join(f"{key.algorithm} {key.kid}" for key in client.keys if key.valid_until is None)
        keys += f"\npublished at {client.jwks_uri}" if client.jwks_uri else ""
        keys += "\ntokens bound to its certificate" if client.certificate_bound else ""
        state = "revoked" if client.revoked_at else ""
        scopes, roles = "\n".join(client.scopes), "\n".join(client.assertable_roles)
        table.add_row(client.client_id, client.organisation, scopes, roles, keys, state)
    Console(width=None if sys.stdout.isatty() else 200).print(table)


@clients.command(name="rotate")
def rotate(
    client_id: ClientId,
    public_key: PublicKey = None,
    private_key_file: PrivateKeyFile = None,
    algorithm: Annotated[Algorithm, typer.Option(help="For a pair made here.")] = Algorithm.ES256,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=720, help="How long earlier keys stay valid beside it.")
    ] = 24,
) -> None:
    """Register a client's next key; the earlier ones stay valid for a day, so that it can change over."""
    from casefile_api.cli.administration import administer, kept_only_where_registered, key_for, new_key_file
    from casefile_api.clock import utc_text
    from casefile_api.oauth.commands import rotate_client_key
    from casefile_api.unattended import Act

    key = key_for(client_id, public_key, private_key_file, algorithm)

    async def change(act: Act) -> str:
        until = await rotate_client_key(act, client_id, key, timedelta(hours=overlap_hours))
        return f"Client {client_id} may sign with {key.kid}; its earlier keys are taken until {utc_text(until)}."

    made_here = public_key is None
    with kept_only_where_registered(new_key_file(client_id, private_key_file) if made_here else None):
        typer.echo(administer("rotate_client_key", change))


@clients.command(name="revoke")
def revoke(client_id: ClientId) -> None:
    """Let a system in no more: it gets no token, and those it has are refused within seconds."""
    from casefile_api.cli.administration import administer
    from casefile_api.oauth.commands import revoke_client
    from casefile_api.unattended import Act

    async def change(act: Act) -> str:
        await revoke_client(act, client_id)
        return f"Client {client_id} is let in no more."

    typer.echo(administer("revoke_client", change))


@organisations.command(name="load")
def load_organisations_file(
    file: Annotated[Path, typer.Argument(help='JSON: {"organisations": [{"id", "name", "units": […]}]}.', exists=True)],
) -> None:
    """Register organisations and their units from a file, or change how they are registered; safe to repeat.

    Nothing is ever deleted: what closes gets a valid_until. docs/settings.md shows a file.
    """
    from casefile_api.cli.administration import administer, read_file
    from casefile_api.organisations.commands import load_organisations
    from casefile_api.organisations.schemas import OrganisationsFile
    from casefile_api.unattended import Act

    content = read_file(OrganisationsFile.model_validate_json, file)

    async def change(act: Act) -> str:
        return f"{await load_organisations(act, content)} organisations are registered as in {file}."

    typer.echo(administer("load_organisations", change))


@staff.command(name="load")
def load_staff_file(
    file: Annotated[
        Path, typer.Argument(help='JSON: {"staff": [{"organisation", "staff_id", "name", …}]}.', exists=True)
    ],
) -> None:
    """Register staff from a file, or change how they are registered; safe to repeat.

    All of them or, where one is wrong, none. docs/settings.md shows a file.
    """
    from casefile_api.cli.administration import administer, read_file
    from casefile_api.organisations.commands import load_staff
    from casefile_api.organisations.schemas import StaffFile
    from casefile_api.unattended import Act

    content = read_file(StaffFile.model_validate_json, file)

    async def change(act: Act) -> str:
        return f"{await load_staff(act, content)} members of staff are registered as in {file}."

    typer.echo(administer("load_staff", change))
