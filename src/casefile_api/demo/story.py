"""What the demonstration prints: chapters, what each party did with its timing, and the summary table."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from casefile_api.demo.parties import Tally

MEBIBYTE = 1024 * 1024


@dataclass
class Line:
    """One thing that happens; what it turned out to be is added while it runs."""

    outcome: str = ""


@dataclass
class Story:
    """The teller."""

    console: Console
    started: float = field(default_factory=time.perf_counter)
    chapters: list[tuple[str, float]] = field(default_factory=list)
    told: int = 0

    @contextmanager
    def chapter(self, title: str) -> Iterator[None]:
        """A part of the story, timed as a whole."""
        self.console.print(f"\n[bold]{len(self.chapters) + 1}. {escape(title)}[/bold]")
        began = time.perf_counter()
        yield
        self.chapters.append((title, time.perf_counter() - began))

    @contextmanager
    def line(self, sentence: str) -> Iterator[Line]:
        """One sentence, printed once it has come true and been checked."""
        line, began = Line(), time.perf_counter()
        yield line
        self.told += 1
        milliseconds = (time.perf_counter() - began) * 1000
        self.console.print(f"  [green]✓[/green] {escape(sentence)} [dim]{milliseconds:,.0f} ms[/dim]")
        if line.outcome:
            self.console.print(f"      [dim]{escape(line.outcome)}[/dim]")

    def summary(self, tally: Tally, entries: int, events: int) -> None:
        """The closing table."""
        for title, headings, rows in (
            ("Chapters", ("chapter", "seconds"), [(title, f"{seconds:.1f}") for title, seconds in self.chapters]),
            ("In figures", ("what", "figure"), self._figures(tally, entries, events)),
        ):
            table = Table(*headings, title=title, title_justify="left")
            table.columns[1].justify = "right"
            for row in rows:
                table.add_row(*row)
            self.console.print()
            self.console.print(table)

    def _figures(self, tally: Tally, entries: int, events: int) -> list[tuple[str, str]]:
        return [
            ("API requests", f"{tally.requests:,}"),
            ("of them refused, as they should be", f"{tally.refusals:,}"),
            ("API bytes sent", f"{tally.api_bytes_sent:,}"),
            ("API bytes received", f"{tally.api_bytes_received:,}"),
            ("storage requests", f"{tally.storage_requests:,}"),
            ("MiB sent straight to storage", f"{tally.storage_bytes_sent / MEBIBYTE:.1f}"),
            ("MiB fetched straight from storage", f"{tally.storage_bytes_received / MEBIBYTE:.1f}"),
            ("events received by signed webhook", f"{events:,}"),
            ("audit entries of the case, verified offline", f"{entries:,}"),
            ("sentences told and checked", f"{self.told:,}"),
            ("elapsed seconds", f"{time.perf_counter() - self.started:.1f}"),
        ]


def short(digest: str) -> str:
    """Enough of a hash to recognise it."""
    return digest.removeprefix("sha256:")[:12] + "…"
