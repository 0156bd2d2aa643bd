"""`case-files erase`: the content of a case file erased for ever, by two people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from casefile_api.ledger.erasure_words import ErasureReason

app = typer.Typer(name="case-files", no_args_is_help=True, help="What happens to case files as a whole.")
erase = typer.Typer(
    no_args_is_help=True,
    help="Erase a case file: its key is destroyed, its files leave storage. One person asks, another confirms.",
)
app.add_typer(erase, name="erase")

Token = Annotated[Path, typer.Option("--token", help="A file with your own access token.", exists=True)]


@erase.command("ask")
def ask(
    case_file: Annotated[UUID, typer.Argument(help="Id of the case file.")],
    token: Token,
    reason: Annotated[ErasureReason, typer.Option(help="Why; a code, since words could be personal data.")],
) -> None:
    """Ask for a case file to be erased; nothing is erased until somebody else confirms it, within seven days."""
    from casefile_api.cli.audit_erasing import ask_for_case

    typer.echo(ask_for_case(token, reason, case_file))


@erase.command("confirm")
def confirm(
    erasure: Annotated[UUID, typer.Argument(help="The erasure that somebody else asked for.")], token: Token
) -> None:
    """Confirm it: the content is gone for ever. Digests and the log stay; whoever had the case file is told."""
    from casefile_api.cli.audit_erasing import confirm_case

    typer.echo(confirm_case(token, erasure))
