"""`serve` and `worker`: the service of one machine, and the worker alone."""

from __future__ import annotations

import asyncio
import signal

import structlog

from casefile_api.cli import parts, schema, serving
from casefile_api.cli.supervision import Supervisor, supervised
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.failures import PartFailed
from casefile_api.logs import write_logs
from casefile_api.settings import Settings

log = structlog.get_logger()


def run_service(*, api_processes: int, with_worker: bool) -> None:
    """Run the API processes, the worker and what parts the settings do not name, until asked to stop."""
    write_logs()
    settings = Settings()
    with parts.data_directory_held(settings) as directory, supervised() as supervisor:
        if parts.uses_embedded_parts(settings):
            serving.stop_left_behind(directory)
        with serving.listen(settings.host, settings.port) as listener:
            found = parts.start_parts(settings, supervisor)
            check_tables(found.get("CASEFILE_DATABASE_URL", settings.database_url))
            environment = parts.child_environment(found)
            programs = serving.api_programs(directory, listener, environment, api_processes)
            if with_worker:
                programs.append(serving.worker_program(directory, environment))
            serving.start_programs(supervisor, programs, ready_url(settings))
            log.info("serving", host=settings.host, port=settings.port, api_processes=api_processes, worker=with_worker)
            supervisor.run()
            log.info("stopping")


def check_tables(service_url: str) -> None:
    """Refuse to serve on tables that are not what this program needs."""
    found, needed = schema.current_revision(service_url), schema.newest_revision()
    if found != needed:
        raise PartFailed(f"The tables are at {found or 'nothing'}, not at {needed}: run `casefile-api migrate` first.")


def ready_url(settings: Settings) -> str:
    """Where this machine reaches the service itself."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    return f"http://{host}:{settings.port}/readyz"


def run_worker_alone() -> None:
    """Run one worker in this process, with embedded parts where the settings name none and no `serve` keeps them."""
    write_logs()
    settings = Settings()
    if not parts.uses_embedded_parts(settings):
        asyncio.run(_work(settings))
        return
    directory = DataDirectory(settings.data_dir)
    if directory.in_use:
        raise PartFailed(f"The service already running on {directory.path} has a worker of its own.")
    with parts.data_directory_held(settings) as directory, supervised() as supervisor:
        serving.stop_left_behind(directory)
        _run_beside_parts(settings, directory, supervisor)


def _run_beside_parts(settings: Settings, directory: DataDirectory, supervisor: Supervisor) -> None:
    found = parts.start_parts(settings, supervisor)
    check_tables(found.get("CASEFILE_DATABASE_URL", settings.database_url))
    supervisor.start(serving.worker_program(directory, parts.child_environment(found)))
    supervisor.run()


async def _work(settings: Settings) -> None:
    """Work until Ctrl-C or SIGTERM; what is under way is finished or left for another worker."""
    from casefile_api.worker import run_worker

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await run_worker(settings, stop)
