"""`audit verify` and `audit verify-export`: the log proved, against the database and without it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="audit",
    help="Prove that the log of who saw and did what is whole: nothing altered, removed or moved.",
    no_args_is_help=True,
)

Key = Annotated[
    str, typer.Option("--public-key", help="The log's public key, NAME+ID+BASE64, or a file that holds it.")
]
MoreKeys = Annotated[
    list[str] | None,
    typer.Option("--public-key", help="A public key of the log, or a file that holds it; may be given several times."),
]
MoreCheckpoints = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", help="A checkpoint that somebody kept; may be given several times."),
]
Proofs = Annotated[
    list[Path] | None,
    typer.Option("--consistency", help="A consistency proof as the API answers it; may be given several times."),
]


@app.command()
def verify(public_key: MoreKeys = None, checkpoint: MoreCheckpoints = None) -> None:
    """Recompute the whole log in the database and say what is wrong with it; exit 1 if anything is.

    Every entry is held against its hash, every leaf and tile against the entries, every checkpoint against the tree and
    the log's own key (from the key file, or --public-key), every version against its digest. A checkpoint kept
    elsewhere (--checkpoint) shows whether history was rewritten since. It may run beside the service.
    """
    from casefile_api.cli.audit_verification import verify_log

    verify_log(public_key or [], checkpoint or [])


@app.command("verify-export")
def verify_export(
    file: Annotated[Path, typer.Argument(help="The log as NDJSON, as GET /v1/audit-log/entries exports it.")],
    checkpoint: Annotated[Path, typer.Option("--checkpoint", help="The checkpoint that the export is proved by.")],
    public_key: Key,
    since: Annotated[
        Path | None, typer.Option("--since", help="An earlier checkpoint, to prove that nothing before it changed.")
    ] = None,
    consistency: Proofs = None,
) -> None:
    """Verify an export with a checkpoint and the log's public key alone: no database, no network; exit 1 if it fails.

    The proofs of an export are of one tree; its size stands in every line (inclusion.tree_size), and
    GET /v1/audit-log/checkpoint?tree_size=… gives the checkpoint of it. With --since, a consistency proof from the
    earlier checkpoint to this one must be given too (GET /v1/audit-log/consistency-proof).
    """
    from casefile_api.cli.audit_verification import verify_file

    verify_file(file, checkpoint, public_key, since, consistency or [])
