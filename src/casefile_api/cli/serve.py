"""`serve`, `worker` and `sequencer`: the service of one machine, and what works without a caller by itself."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

import structlog

from casefile_api.cli import parts, schema, serving
from casefile_api.cli.memory import keep_what_is_loaded, loading
from casefile_api.cli.supervision import Program, Supervisor, supervised
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.failures import PartFailed
from casefile_api.logs import write_logs
from casefile_api.settings import Settings

TABLES_SECONDS = 60.0

log = structlog.get_logger()


def run_service(*, api_processes: int, with_worker: bool) -> None:
    """Run the API processes, the worker and what parts the settings do not name, until asked to stop."""
    write_logs()
    settings = Settings()
    with parts.data_directory_held(settings) as directory, supervised() as supervisor:
        if parts.uses_embedded_parts(settings):
            serving.stop_left_behind(directory)
        with serving.listen(settings.host, settings.port) as listener:

            def programs_with(found: Mapping[str, str]) -> list[Program]:
                environment = parts.child_environment(found)
                programs = serving.api_programs(directory, listener, environment, api_processes)
                beside = environment | serving.metrics_port(environment, api_processes)
                return [*programs, serving.worker_program(directory, beside)] if with_worker else programs

            programs, _ = bring_up(settings, supervisor, programs_with)
            supervisor.wait_until(lambda: serving.is_ready(ready_url(settings)), programs, serving.READY_SECONDS)
            log.info("serving", host=settings.host, port=settings.port, api_processes=api_processes, worker=with_worker)
            supervisor.run()
            log.info("stopping")


def bring_up(
    settings: Settings, supervisor: Supervisor, programs_with: Callable[[Mapping[str, str]], list[Program]]
) -> tuple[list[Program], dict[str, str]]:
    """Start parts and programs; tables that are not up to date are the operator's to change, not ours."""

    def prepare_tables(found: Mapping[str, str]) -> None:
        schema.check_tables(found.get("CASEFILE_DATABASE_URL", settings.database_url))

    return serving.bring_up(supervisor, parts.Parts(settings), programs_with, prepare_tables)


def ready_url(settings: Settings) -> str:
    """Where this machine reaches the service itself."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    return f"http://{host}:{settings.port}/readyz"


def run_worker_alone(*, sequences: bool = True) -> None:
    """Run one worker in this process, with embedded parts where the settings name none and no `serve` keeps them."""
    write_logs()
    settings = Settings()
    if not parts.uses_embedded_parts(settings):
        run_worker_process(sequences=sequences)
        return
    if not sequences:
        raise PartFailed("With embedded parts the worker sequences the log itself: leave --no-sequencer out.")
    directory = DataDirectory(settings.data_dir)
    if directory.in_use:
        raise PartFailed(f"The service already running on {directory.path} has a worker of its own.")
    with parts.data_directory_held(settings) as directory, supervised() as supervisor:
        serving.stop_left_behind(directory)
        bring_up(
            settings, supervisor, lambda found: [serving.worker_program(directory, parts.child_environment(found))]
        )
        supervisor.run()


def run_worker_process(begun: Path | None = None, *, sequences: bool = True) -> None:
    """Run one worker in this process, on the parts that the settings name; `begun` is made when it begins."""
    write_logs()
    settings = Settings().unattended
    with loading():
        from casefile_api.cli.metrics import Backlog, serve_metrics
        from casefile_api.worker import run_worker

    schema.await_tables(settings.database_url, TABLES_SECONDS)
    serve_metrics(settings, Backlog(settings.database_url))
    keep_what_is_loaded()
    if begun is not None:
        begun.touch()
    asyncio.run(_work(partial(run_worker, settings, sequences=sequences)))


def run_sequencer_alone() -> None:
    """Run the sequencer in this process, on the database that the settings name."""
    write_logs()
    settings = Settings()
    if not settings.sequencing_database_url:
        raise PartFailed("The sequencer needs CASEFILE_SEQUENCER_DATABASE_URL; `serve` and `worker` have their own.")
    with loading():
        from casefile_api.cli.metrics import serve_metrics
        from casefile_api.worker import run_sequencer

    schema.await_tables(settings.sequencing_database_url, TABLES_SECONDS)
    serve_metrics(settings)
    asyncio.run(_work(partial(run_sequencer, settings)))


async def _work(run_worker: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Work until Ctrl-C or SIGTERM; what is under way is finished or left for another worker."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await run_worker(stop)
