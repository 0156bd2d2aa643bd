"""`bundle verify`: a bundle held against the key that signed it, wherever it lies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from casefile_api.cli.failing import CommandFailed

app = typer.Typer(name="bundle", no_args_is_help=True, help="Bundles that were taken along.")


@app.callback()
def _group() -> None:
    """Bundles that were taken along."""


@app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="The bundle, as it was fetched.", exists=True, dir_okay=False)],
    public_key: Annotated[
        str, typer.Option(help="The key of the log, or a file of them: from GET /v1/audit-log/public-key.")
    ],
) -> None:
    """Verify a bundle with nothing but the file and the key: each file in it, the digests of its versions, its proofs.

    Exit 1, and a line for each place, where a single byte is not as it was signed.
    """
    from casefile_api.attachments.bundle_verification import verify_bundle
    from casefile_api.cli.audit_verification import log_keys

    found, counts = verify_bundle(file, log_keys(public_key))
    for place, what in found:
        typer.echo(f"{place}: {what}")
    if found:
        raise CommandFailed(f"The bundle is not as it was signed: {len(found)} findings.")
    typer.echo(
        f"The bundle is whole: {counts['files']} files, {counts['bytes']:,} bytes, {counts['versions']} versions,"
        f" {counts['proofs']} proofs."
    )
