"""What every command is called and takes. Each body calls one function; imports wait until then: help is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from casefile_api.cli.failing import CommandFailed

Directory = Annotated[Path, typer.Option("--dir", help="Folder for everything the sandbox keeps; made if missing.")]
Of = Annotated[Path, typer.Option("--of")]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on 127.0.0.1 that the API listens on.")]
Workers = Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes that answer requests.")]


def sandbox(
    directory: Directory = Path("var/sandbox"),
    port: Port = 8000,
    workers: Workers = 1,
    store: Annotated[
        str | None,
        typer.Option(
            "--store", envvar="CASEFILE_SANDBOX_STORE", help="Endpoint of an S3 store of yours, instead of its own."
        ),
    ] = None,
) -> None:
    """Run the whole service, seeded with forces, CPS Areas, staff and keys, until Ctrl-C.

    Needs nothing installed. With --store it makes a bucket of its own there, with the credentials that AWS's programs
    would use. When it is ready it writes DIR/sandbox.json, which says where the API is and which client
    keys and staff there are to try it with, and prints one line. Started again on the same DIR it goes on with its
    data.
    """
    from casefile_api.cli.sandbox import run_sandbox

    run_sandbox(directory, port, workers, store or "")


def serve(
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Answer requests only; run `worker` elsewhere.")
    ] = False,
    workers: Workers = 1,
) -> None:
    """Run the API, and beside it the worker, until Ctrl-C or SIGTERM.

    With no CASEFILE_DATABASE_URL and no CASEFILE_S3_ENDPOINT_URL it starts a PostgreSQL and an object store of its own
    in CASEFILE_DATA_DIR. Run `casefile-api migrate` first: it refuses to start on tables that are not up to date.
    """
    from casefile_api.cli.serve import run_service

    run_service(api_processes=workers, with_worker=not no_worker)


def worker(
    no_sequencer: Annotated[
        bool, typer.Option("--no-sequencer", help="Leave the log's sequencing to `sequencer`, run elsewhere.")
    ] = False,
) -> None:
    """Run the worker: it sequences the log, delivers webhooks, verifies uploads and watches deadlines.

    `serve` runs one by itself. Several may run at once; they share the work.
    """
    from casefile_api.cli.serve import run_worker_alone

    run_worker_alone(sequences=not no_sequencer)


def sequencer() -> None:
    """Run the log's sequencer by itself, as a role that can do nothing else, beside `worker --no-sequencer`.

    Several may run at once; one sequences at a time, and another goes on where it stops.
    """
    from casefile_api.cli.serve import run_sequencer_alone

    run_sequencer_alone()


def migrate() -> None:
    """Bring the database's tables to the state this program needs; safe to repeat.

    Connects as the owner of the tables: CASEFILE_MIGRATION_DATABASE_URL, or CASEFILE_DATABASE_URL where that is not
    set. Two machines may run it at once: one waits for the other.
    """
    from casefile_api.cli import parts, schema
    from casefile_api.settings import Settings

    with parts.database(Settings()) as settings:
        before, after = schema.upgrade(settings.owner_database_url)
        if before != after:
            schema.record_migration(settings, before, after)
    typer.echo(
        f"The tables are at {after}." if before == after else f"The tables went from {before or 'none'} to {after}."
    )


def doctor() -> None:
    """Try the object store and say what it really guarantees, and what the service does where it does not.

    Writes a few objects of its own and removes them again. Nothing that a store promises is relied on for integrity.
    """
    from rich.console import Console

    from casefile_api.cli.doctor import examine_store

    examine_store(Console())


def export_openapi(
    file: Annotated[
        Path, typer.Argument(help="File to write; .json writes JSON, anything else YAML; - for output.")
    ] = Path("openapi/openapi.yaml"),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if the file is not what it would be.")
    ] = False,
) -> None:
    """Write the OpenAPI description of the API, as the service answers it at /openapi.json."""
    from casefile_api.cli.openapi import check_openapi, write_openapi

    (check_openapi if check else write_openapi)(file)


def demo(
    sandbox_file: Annotated[
        Path | None, typer.Option("--sandbox", help="Play on a running sandbox: its sandbox.json.", exists=True)
    ] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="Reach that sandbox at this URL instead of the one it names.")
    ] = None,
) -> None:
    """Play one whole case between Gloucestershire Police and CPS South West, on a sandbox of its own.

    Both parties use only the HTTP API, each with its own keys. Ends with a table of what was done and how long it took.
    """
    from rich.console import Console

    from casefile_api.demo.answers import NotAsToldError
    from casefile_api.demo.play import play

    try:
        play(Console(), sandbox_file, base_url)
    except NotAsToldError as difference:
        raise CommandFailed(str(difference)) from difference


def api_process(descriptor: Annotated[int, typer.Option("--descriptor")], of: Of) -> None:
    """Answer requests on a socket opened by the parent process; `of` is for whoever reads the list of processes."""
    from casefile_api.cli.api_process import run_api
    from casefile_api.settings import Settings

    run_api(Settings(), descriptor)


def worker_process(of: Of) -> None:
    """Work beside the parts that the parent process keeps."""
    from casefile_api.cli.serve import run_worker_process
    from casefile_api.cli.serving import worker_begun_file
    from casefile_api.embedded.data_directory import DataDirectory

    run_worker_process(worker_begun_file(DataDirectory(of)))


def register(app: typer.Typer) -> None:
    """Put every command on the command line."""
    from casefile_api.cli import (
        access_log,
        audit,
        bundles,
        case_files,
        code_lists,
        keys,
        receiving,
        registry,
        report,
        simulating,
        standards,
        transfers,
    )

    for command in (demo, sandbox, serve, worker, sequencer, migrate, doctor):
        app.command()(command)
    app.command()(simulating.simulate)
    app.command()(transfers.upload)
    app.command()(transfers.download)
    app.command()(access_log.read_access_log)
    app.command()(receiving.listen)
    app.command(name="try-receiver")(receiving.try_receiver)
    app.command(name="export-openapi")(export_openapi)
    app.command(name="api-process", hidden=True)(api_process)
    app.command(name="worker-process", hidden=True)(worker_process)
    app.add_typer(registry.clients, name="clients")
    app.add_typer(registry.organisations, name="organisations")
    app.add_typer(registry.staff, name="staff")
    app.add_typer(keys.app, name="keys")
    app.add_typer(standards.app, name="standards")
    app.add_typer(code_lists.app, name="code-lists")
    app.add_typer(bundles.app, name="bundle")
    app.add_typer(audit.app, name="audit")
    app.add_typer(case_files.app, name="case-files")
    app.add_typer(report.app, name="report")
