"""`sandbox`: the whole service on embedded parts, with people and systems in it, for a developer or a test."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from casefile_api.cli import parts, schema, serving
from casefile_api.cli.supervision import Program, Supervisor, supervised
from casefile_api.embedded.data_directory import DataDirectory, write_private
from casefile_api.embedded.postgresql import PostgreSQL
from casefile_api.identifiers import random_hex
from casefile_api.logs import write_logs
from casefile_api.settings import Settings

HOST = "127.0.0.1"
READY_FILE = "sandbox.json"
OF_ANOTHER_INSTALLATION = (
    "CASEFILE_MASTER_KEY_FILE",
    "CASEFILE_TOKEN_KEY_FILES",
    "CASEFILE_LOG_KEY_FILE",
    "CASEFILE_TRUSTED_PROXIES",
    "CASEFILE_S3_BUCKET",
    "CASEFILE_S3_REGION",
    "CASEFILE_S3_ENDPOINT_URL",
    "CASEFILE_S3_PUBLIC_ENDPOINT_URL",
)


def run_sandbox(folder: Path, port: int, api_processes: int = 1, store: str = "") -> None:
    """Run until Ctrl-C or SIGTERM, then stop everything that was started; `store` is the endpoint of another's."""
    directory = DataDirectory(folder)
    directory.create()
    write_logs()
    with directory.held(), supervised() as supervisor:
        ready_file = directory.path / READY_FILE
        ready_file.unlink(missing_ok=True)
        (directory.path / "keys").mkdir(mode=0o700, exist_ok=True)
        serving.stop_left_behind(directory)
        with serving.listen(HOST, port) as listener:
            with Console(stderr=True).status("Starting a database, an object store and the service …"):
                content = _start(directory, _settings(directory, port, store), supervisor, listener, api_processes)
            if supervisor.stopping.is_set():
                return
            with _shown(ready_file, content):
                metrics = f"http://{HOST}:{directory.known_ports('metrics')[0]}/metrics"
                typer.echo(f"Sandbox ready at {content['base_url']} (see {ready_file}; metrics at {metrics}).")
                supervisor.run()


def _start(
    directory: DataDirectory,
    settings: Settings,
    supervisor: Supervisor,
    listener: socket.socket,
    api_processes: int,
) -> dict[str, Any]:
    """Start everything; answers what `sandbox.json` says."""
    own, worker_port = _environment(directory, settings), str(directory.ports("worker-metrics", 1)[0])

    def programs_with(found: Mapping[str, str]) -> list[Program]:
        environment = parts.child_environment(own, found, without=OF_ANOTHER_INSTALLATION)
        api = serving.api_programs(directory, listener, environment, api_processes, directory.log("api"))
        environment |= {"CASEFILE_METRICS_PORT": worker_port}
        return [*api, serving.worker_program(directory, environment, directory.log("worker"))]

    def prepare_tables(found: Mapping[str, str]) -> None:
        schema.upgrade(PostgreSQL(directory).addresses().owner)

    programs, found = serving.bring_up(supervisor, parts.Parts(settings), programs_with, prepare_tables)
    people = people_of(directory, settings.with_values(migration_database_url=PostgreSQL(directory).addresses().owner))
    base_url = settings.public_url
    supervisor.wait_until(lambda: serving.is_ready(f"{base_url}/readyz"), programs, serving.READY_SECONDS)
    # Whoever uses the sandbox expects its webhooks at once.
    supervisor.wait_until(lambda: serving.worker_has_begun(directory), programs, serving.READY_SECONDS)
    return {
        "base_url": base_url,
        "token_endpoint": f"{base_url}/oauth/token",
        "issuer": base_url,
        "storage": {
            "endpoint_url": settings.s3_endpoint_url or found["CASEFILE_S3_PUBLIC_ENDPOINT_URL"],
            "bucket": settings.s3_bucket,
        },
        **people,
    }


def _environment(directory: DataDirectory, settings: Settings) -> dict[str, str]:
    """What makes the service a sandbox. The log's origin stays what it was, also on another port."""
    port = settings.port
    store = {"CASEFILE_S3_ENDPOINT_URL": settings.s3_endpoint_url} if settings.s3_endpoint_url else {}
    return store | {
        "CASEFILE_SANDBOX": "true",
        "CASEFILE_PUBLIC_URL": f"http://{HOST}:{port}",
        "CASEFILE_HOST": HOST,
        "CASEFILE_PORT": str(port),
        "CASEFILE_S3_BUCKET": settings.s3_bucket,
        "CASEFILE_DATA_DIR": str(directory.path),
        "CASEFILE_LOG_ORIGIN": directory.kept_word("log_origin", f"{HOST}:{port}/log"),
        "CASEFILE_PUBLIC_LOG": os.environ.get("CASEFILE_PUBLIC_LOG", "true"),
        "CASEFILE_METRICS_PORT": str(directory.ports("metrics", 1)[0]),
        # Generous, unless the developer sets a rate to see how their program takes a 429.
        "CASEFILE_RATE_PER_SECOND": os.environ.get("CASEFILE_RATE_PER_SECOND", "2000"),
        "CASEFILE_RATE_BURST": os.environ.get("CASEFILE_RATE_BURST", "8000"),
        "CASEFILE_UPLOADS_PER_CLIENT": os.environ.get("CASEFILE_UPLOADS_PER_CLIENT", "10000"),
        "CASEFILE_ADDRESS_RATE_PER_SECOND": os.environ.get("CASEFILE_ADDRESS_RATE_PER_SECOND", "2000"),
        "CASEFILE_ADDRESS_RATE_BURST": os.environ.get("CASEFILE_ADDRESS_RATE_BURST", "8000"),
    }


def _settings(directory: DataDirectory, port: int, store: str) -> Settings:
    """The same for this process, on embedded parts; in another's store, which may have more sandboxes, a bucket."""
    return Settings(
        sandbox=True,
        public_url=f"http://{HOST}:{port}",
        port=port,
        data_dir=directory.path,
        database_url="",
        migration_database_url="",
        s3_endpoint_url=store,
        s3_public_endpoint_url="",
        s3_bucket=directory.kept_word("s3_bucket", f"casefile-{random_hex(6)}") if store else "casefile",
    )


def people_of(directory: DataDirectory, settings: Settings) -> dict[str, Any]:
    """The clients and staff there are: registered at the first start, remembered afterwards."""
    remembered = directory.path / "seeded.json"
    if remembered.exists():
        people: dict[str, Any] = json.loads(remembered.read_text(encoding="utf-8"))
    else:
        from casefile_api.cli.seeding import seed

        people = seed(settings, directory.path / "keys")
        write_private(remembered, json.dumps(people))
    return people


@contextmanager
def _shown(file: Path, content: dict[str, Any]) -> Iterator[None]:
    """The file is there, whole, for as long as the sandbox can be used."""
    unfinished = file.with_name(f".{file.name}.new")
    unfinished.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
