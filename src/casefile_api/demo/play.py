"""Plays the whole story from the first chapter to the last, against a sandbox of its own or one that runs already."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2 as httpx
from rich.console import Console

from casefile_api.demo import actions, advice, audit, endorsing, mending, opening, trespass, triage, uploading
from casefile_api.demo.answers import NotAsToldError, check
from casefile_api.demo.receiver import Receiver
from casefile_api.demo.sandbox import running_sandbox
from casefile_api.demo.stage import Stage
from casefile_api.demo.story import Story

CHAPTERS: tuple[tuple[str, Callable[[Stage], None]], ...] = (
    ("Gloucestershire opens a case file", opening.play),
    ("The evidence goes straight to storage", uploading.play),
    ("What is missing is named, and mended", mending.play),
    ("A supervisor endorses and submits", endorsing.play),
    ("The CPS returns it with reasons, then accepts it", triage.play),
    ("A prosecutor reads, asks and advises", advice.play),
    ("The police answer the action plan", actions.play),
    ("Those who have no business there", trespass.play),
    ("The auditor follows the case through the log", audit.play),
)


def play(console: Console, sandbox_file: Path | None = None, base_url: str | None = None) -> None:
    """Tells the story; raises NotAsToldError, with one sentence, if anything is not as told."""
    try:
        with _sandbox(console, sandbox_file) as ready:
            tell(console, ready, base_url)
    except httpx.HTTPError as lost:
        raise NotAsToldError(f"The connection was lost: {type(lost).__name__} {lost}".strip()) from lost


@contextlib.contextmanager
def _sandbox(console: Console, sandbox_file: Path | None) -> Iterator[Path]:
    if sandbox_file is not None:
        yield sandbox_file
        return
    began = time.perf_counter()
    with running_sandbox() as ready:
        console.print(f"A sandbox with a database and an object store of its own: {time.perf_counter() - began:.1f} s")
        yield ready


def tell(console: Console, sandbox_file: Path, base_url: str | None) -> None:
    """All chapters, then the summary."""
    story = Story(console)
    with Receiver() as receiver:
        stage = Stage.set_up(sandbox_file, story, receiver, base_url)
        for title, chapter in CHAPTERS:
            with story.chapter(title):
                chapter(stage)
        forged = sum(mailbox.forged for mailbox in receiver.mailboxes.values())
        check(forged == 0, f"{forged} webhooks had a signature that does not verify.")
        story.summary(
            stage.wire.tally, stage.progress.entries, sum(len(box.events) for box in receiver.mailboxes.values())
        )
