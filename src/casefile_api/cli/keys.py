"""`keys`: the keys that sign access tokens, replaced without a token refused. Every change is an entry of the log."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from casefile_api.access.signing_keys import SigningKey
    from casefile_api.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Keys that sign access tokens and the log: list, replace, take away.")

LIVES_ON_SECONDS = 20 * 60
"""A token lives for 15 minutes; the rest is for clocks that differ."""


@app.command(name="list")
def list_keys() -> None:
    """Show the keys, newest first: which signs, which waits to be known everywhere, which could be taken away."""
    from rich.console import Console
    from rich.table import Table

    from casefile_api.clock import utc_text
    from casefile_api.settings import Settings

    table = Table("key", "file", "signs from", "")
    ended = ends(keys := known_keys(Settings()))
    for path, key in keys:
        since = utc_text(moment(key.signs_from)) if key.signs_from else "the beginning"
        table.add_row(key.kid, path.name, since, state_of(key, ended))
    Console(width=160).print(table)


@app.command()
def rotate(
    lead_minutes: Annotated[
        int,
        typer.Option(min=0, max=1440, help="How long it is published before it signs; 0 where one leaked."),
    ] = 2,
) -> None:
    """Put a new key first. Running processes take it up within five seconds and sign with it after the lead.

    Where machines have files of their own, bring the file to all of them within the lead.
    """
    from casefile_api.access.signing_keys import new_signing_key, replace_key_file
    from casefile_api.cli.administration import administer
    from casefile_api.clock import utc_text
    from casefile_api.settings import Settings
    from casefile_api.unattended import Act

    keys = known_keys(Settings())
    new = new_signing_key(int(time.time()) + lead_minutes * 60)
    path = keys[0][0]

    async def change(act: Act) -> str:
        act.trail.about("token_key", new.kid)
        replace_key_file(path, [new, *(key for where, key in keys if where == path)])
        return f"The key {new.kid} is in {path} and signs from {utc_text(moment(new.signs_from))}."

    typer.echo(administer("rotate_token_key", change))


@app.command(context_settings={"ignore_unknown_options": True})  # a key's id may begin with a dash
def retire(
    key_id: Annotated[str | None, typer.Argument(help="One key; without: all whose tokens have ended.")] = None,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Although tokens of it may live: they are refused within five seconds.")
    ] = False,
) -> None:
    """Take keys away that sign no more. The one that signs cannot be: rotate first, with --lead-minutes 0 in need."""
    from casefile_api.access.signing_keys import replace_key_file
    from casefile_api.cli.administration import administer
    from casefile_api.cli.failing import CommandFailed
    from casefile_api.settings import Settings
    from casefile_api.unattended import Act

    keys = known_keys(Settings())
    ended = ends(keys)
    going = [key for _, key in keys if key_id in (None, key.kid) and key.kid in ended]
    going = [key for key in going if at_once or ended[key.kid] + LIVES_ON_SECONDS <= time.time()]
    if not going:
        raise CommandFailed("No such key can be taken away now: `casefile-api keys list` shows which sign or live on.")
    gone = {key.kid for key in going}
    files = {path: [key for where, key in keys if where == path and key.kid not in gone] for path, _ in keys}
    if not all(files.values()):
        raise CommandFailed("A file would be left without a key: take its name out of CASEFILE_TOKEN_KEY_FILES.")

    async def change(act: Act) -> str:
        act.trail.about("token_key", going[0].kid)
        act.trail.details = {"keys": sorted(gone)}
        for path, kept in files.items():
            if len(kept) < sum(where == path for where, _ in keys):
                replace_key_file(path, kept)
        return f"Taken away: {', '.join(sorted(gone))}."

    typer.echo(administer("retire_token_key", change))


@app.command(name="rotate-log")
def rotate_log() -> None:
    """Have a new key sign the log's checkpoints beside the present one; running workers take it up within a second.

    Where machines have files of their own, bring the file to all of them.
    """
    from casefile_api.cli.log_keys import rotate as rotate_key

    typer.echo(rotate_key())


@app.command(name="retire-log")
def retire_log() -> None:
    """Let the log's newest key sign alone. The old ones stay listed as retired, and verify what they signed."""
    from casefile_api.cli.log_keys import retire as retire_key

    typer.echo(retire_key())


@app.command(name="list-log")
def list_log() -> None:
    """Show every key that ever signed this log, since when, and until when."""
    from rich.console import Console

    from casefile_api.cli.log_keys import show

    show(Console(width=200))


def known_keys(settings: Settings) -> list[tuple[Path, SigningKey]]:
    """The keys with the file of each, in their order."""
    from casefile_api.access.signing_keys import SigningKeys, key_files

    paths = key_files(settings.token_key_files, settings.data_dir)
    return [(path, key) for path in paths for key in SigningKeys.from_files([path]).keys]


def ends(keys: list[tuple[Path, SigningKey]]) -> dict[str, int]:
    """When each key that signs no more stopped: the moment from which the next newer one signs."""
    now, ended, newer = int(time.time()), {}, None
    for _, key in keys:
        if newer is not None:
            ended[key.kid] = newer
        if key.signs_from <= now:
            newer = key.signs_from
    return ended


def state_of(key: SigningKey, ended: dict[str, int]) -> str:
    """A word or two on what a key does now."""
    if key.kid in ended:
        return "can be retired" if ended[key.kid] + LIVES_ON_SECONDS <= time.time() else "verifies until its tokens end"
    return "signs" if key.signs_from <= time.time() else "is being made known"


def moment(seconds: int) -> datetime:
    """A moment as the clock tells it."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC)
