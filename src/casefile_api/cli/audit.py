"""`audit verify` and `verify-export`: the log proved, with the database and without; `witness`: a hold on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from casefile_api.cli import erase

app = typer.Typer(
    name="audit",
    help="Prove that the log of who saw and did what is whole: nothing altered, removed or moved.",
    no_args_is_help=True,
)
app.add_typer(erase.app, name="erase")

_KEYS = typer.Option(
    "--public-key", help="A public key of the log, NAME+ID+BASE64, or a file of them; may be given several times."
)
Keys = Annotated[list[str], _KEYS]
MoreKeys = Annotated[list[str] | None, _KEYS]
MoreCheckpoints = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", help="A checkpoint that somebody kept; may be given several times."),
]
Proofs = Annotated[
    list[Path] | None,
    typer.Option("--consistency", help="A consistency proof as the API answers it; may be given several times."),
]


WitnessKeys = Annotated[
    list[str] | None,
    typer.Option("--witness-key", help="The key of a witness, or a file that holds some; may be given several times."),
]
Witnesses = Annotated[int, typer.Option("--witnesses", min=0, help="How many of these witnesses must have vouched.")]


@app.command()
def verify(
    public_key: MoreKeys = None,
    checkpoint: MoreCheckpoints = None,
    witness_key: WitnessKeys = None,
    witnesses: Witnesses = 0,
) -> None:
    """Recompute the whole log in the database and say what is wrong with it; exit 1 if anything is.

    Every entry is held against its hash, every leaf and tile against the entries, every checkpoint against the tree and
    the log's own key (from the key file, or --public-key), every version against its digest. A checkpoint kept
    elsewhere (--checkpoint) shows whether history was rewritten since. With --witness-key the lines of witnesses are
    verified too, and --witnesses says how many must stand under one checkpoint. It may run beside the service.
    """
    from casefile_api.cli.audit_verification import verify_log

    verify_log(public_key or [], checkpoint or [], witness_key or [], witnesses)


@app.command("verify-export")
def verify_export(  # noqa: PLR0913 - one parameter for each option
    file: Annotated[Path, typer.Argument(help="The log as NDJSON, as GET /v1/audit-log/entries exports it.")],
    checkpoint: Annotated[Path, typer.Option("--checkpoint", help="The checkpoint that the export is proved by.")],
    public_key: Keys,
    since: Annotated[
        Path | None, typer.Option("--since", help="An earlier checkpoint, to prove that nothing before it changed.")
    ] = None,
    consistency: Proofs = None,
    witness_key: WitnessKeys = None,
    witnesses: Witnesses = 0,
    time_stamp: Annotated[
        Path | None, typer.Option("--time-stamp", help="An RFC 3161 time-stamp over the checkpoint, as it is served.")
    ] = None,
    closed: Annotated[
        Path | None, typer.Option("--closed", help="The checkpoint that the log before this one ended with.")
    ] = None,
    tsa_ca: Annotated[
        Path | None, typer.Option("--tsa-ca", help="The certificate above the time-stamping authority, PEM.")
    ] = None,
) -> None:
    """Verify an export with a checkpoint and the log's public key alone: no database, no network; exit 1 if it fails.

    The proofs of an export are of one tree; its size stands in every line (inclusion.tree_size), and
    GET /v1/audit-log/checkpoint?tree_size=… gives the checkpoint of it. With --since, a consistency proof from the
    earlier checkpoint to this one must be given too (GET /v1/audit-log/consistency-proof).
    With --closed the log follows on another: its first entry must hold that checkpoint, and --public-key is given for
    each of the two. Keys are taken as GET /v1/audit-log/public-key answers them, as text or as JSON; by JSON it is
    known which were retired, and these vouch for nothing newer.
    """
    from casefile_api.cli.audit_verification import Beside, TimeStamped, quorum_of, verify_file

    quorum = quorum_of(witness_key or [], witnesses)
    beside = Beside(TimeStamped(time_stamp, tsa_ca), closed)
    verify_file(file, checkpoint, public_key, since, consistency or [], quorum, beside)


@app.command()
def witness(
    folder: Annotated[Path, typer.Argument(help="What it remembers: its key, and what it saw. Never restore it.")],
    log_key: Annotated[
        list[str], typer.Option("--log-key", help="The public key of the log, or a file that holds it.")
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="Its name, a URL without scheme; needed at the first start.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="The address it listens on; put TLS before it.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option("--port", help="The port where the log submits checkpoints.")] = None,
    follow: Annotated[
        str | None, typer.Option("--follow", help="The URL of a service with a public log, to look at it by itself.")
    ] = None,
    every: Annotated[float, typer.Option("--every", min=0, help="Seconds between two looks; 0: look once.")] = 60,
) -> None:
    """Be a witness of a log: vouch for checkpoints that continue what was seen before, and for no others.

    To be run by somebody other than the log's operator. It prints its own key, which goes into the log's settings and
    to everybody who is to demand its word. It needs neither the database nor any other setting.
    """
    from casefile_api.cli.audit_verification import log_keys
    from casefile_api.cli.failing import CommandFailed
    from casefile_api.cli.witnessing import Watch, run_witness

    if port is None and follow is None:
        raise CommandFailed("A witness listens (--port), looks by itself (--follow), or both.")
    keys = [key for text in log_key for key in log_keys(text)]
    run_witness(folder, name, keys, Watch(host, port, follow, every))


@app.command()
def recover(
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the successor, a URL without scheme. Without: numbered.")
    ] = None,
) -> None:
    """Open a successor for a log that cannot go on, after a restored backup that nothing newer replaces.

    Only while the alarm stands. First bring back the newest data if there is any: the alarm then ends by itself. The
    successor's first entry holds the old log's last published checkpoint, so that nobody can say it was a fork.
    """
    from casefile_api.cli.recover import open_successor

    typer.echo(open_successor(name))


@app.command()
def detach(
    period: Annotated[str, typer.Argument(help="Year and month, 202608; `first` for what was before.")],
    to: Annotated[Path, typer.Option("--to", help="The folder to make: entries with their proofs, checkpoint, key.")],
) -> None:
    """Take the entries of a past month out of the database, into a folder that proves itself for ever.

    Proofs and receipts stay good meanwhile; entries are served with their leaf hash alone.
    """
    from casefile_api.cli.archive import detach_period

    typer.echo(detach_period(period, to))


@app.command()
def attach(folder: Annotated[Path, typer.Argument(help="The folder of a detached month.", exists=True)]) -> None:
    """Bring the entries of a detached month back; each must be the one whose leaf stands in the log."""
    from casefile_api.cli.archive import attach_period

    typer.echo(attach_period(folder))
