"""`audit erase`: what is erased from the log, by two people."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from casefile_api.ledger.erasure_words import ErasureKind, ErasureReason


class Aged(StrEnum):
    """What was kept long enough."""

    TEXT = "text"
    ENTRIES = "entries"


app = typer.Typer(
    name="erase",
    no_args_is_help=True,
    help="Erase free text, or entries kept too long: one person asks, another confirms. Every proof stays good.",
)

Token = Annotated[
    Path,
    typer.Option(
        "--token", help="A file with your own access token: the operator's person, or an auditor.", exists=True
    ),
]


@app.command("ask")
def erase_ask(
    token: Token,
    reason: Annotated[ErasureReason, typer.Option(help="Why; a code, since words could be personal data.")],
    leaf: Annotated[list[int] | None, typer.Option(min=0, help="The text of this entry; repeat.")] = None,
    case_file: Annotated[UUID | None, typer.Option(help="The text of every entry on this case file.")] = None,
    aged: Annotated[
        Aged | None, typer.Option(help="What the retention table says was kept long enough: text, or whole entries.")
    ] = None,
) -> None:
    """Ask for an erasure; nothing is erased until somebody else confirms it, within seven days."""
    from casefile_api.cli.audit_erasing import ask_for_entries

    kind = ErasureKind(aged.value) if aged else None
    typer.echo(ask_for_entries(token, reason, tuple(leaf or ()), case_file, aged=kind))


@app.command("confirm")
def erase_confirm(
    erasure: Annotated[UUID, typer.Argument(help="The erasure that somebody else asked for.")], token: Token
) -> None:
    """Confirm an erasure that somebody else asked for, and carry it out."""
    from casefile_api.cli.audit_erasing import confirm_entries

    typer.echo(confirm_entries(token, erasure))


@app.command("list")
def erase_list() -> None:
    """Show what was asked for and confirmed, by whom and when."""
    from rich.console import Console

    from casefile_api.cli.audit_erasing import show_erasures

    show_erasures(Console(width=200))
