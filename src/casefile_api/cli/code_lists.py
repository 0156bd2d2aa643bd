"""`code-lists check`: newer lists tried before a service is started with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="code-lists", help="Reference lists newer than those of the package.", no_args_is_help=True)


@app.callback()
def lists() -> None:
    """Reference lists newer than those of the package (CASEFILE_CODE_LISTS_DIR)."""


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="The folder that CASEFILE_CODE_LISTS_DIR is to name.", exists=True)],
) -> None:
    """Hold every list of a folder against the package's: no code dropped, none that holds twice on a day."""
    from casefile_api.organisations.code_lists import CODE_LISTS
    from casefile_api.organisations.newer_lists import read_list

    for file in sorted(folder.glob("*.json")):
        found = read_list(file)
        before = CODE_LISTS[found.name]
        added = len(found.by_code.keys() - before.by_code.keys())
        ended = sum(value.valid_to is not None for value in found.values)
        typer.echo(f"{found.name}: {len(found.values)} values, {added} new, {ended} that end")
    typer.echo("Every list can be used.")
