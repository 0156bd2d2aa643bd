"""How far a transfer is, for whoever sits in front of it; where nobody does, nothing is drawn."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Showing:
    """One bar for what is being done now."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._bars = None if quiet or not sys.stderr.isatty() else _drawn()
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.stop()

    def begin(self, what: str, total: int | None = None, done: int = 0) -> None:
        """Show something new, of so many bytes, some of which are done."""
        if self._bars is None:
            return
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task = self._bars.add_task(what, total=total, completed=done)

    def advance(self, size: int) -> None:
        """So many bytes more; fewer where what was sent did not arrive."""
        if self._bars is not None and self._task is not None:
            self._bars.advance(self._task, size)


def _drawn() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True))
    return Progress(
        *columns, TransferSpeedColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True
    )
