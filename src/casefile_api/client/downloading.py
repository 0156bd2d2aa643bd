"""The way back: fetched in as many pieces as the line makes of it, held against its hash, and then given its name."""

import base64
import os
import re
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

from casefile_api.client.calls import Calls, Json
from casefile_api.client.endings import Ending, Interrupted, TransferFailed
from casefile_api.client.local import LocalFile
from casefile_api.client.names import safe_name, told_name
from casefile_api.client.pace import Pace
from casefile_api.client.patience import Patience
from casefile_api.client.showing import Showing
from casefile_api.client.wire import checked, expect_lasting, passing

_STORE = "The store"
_PIECE_BYTES = 256 * 1024
_DIGEST = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):")


@dataclass(frozen=True, slots=True)
class Downloading:
    """Fetches files for one caller. What has come so far lies beside the target, under the id of the attachment."""

    calls: Calls
    http: httpx.Client
    patience: Patience
    pace: Pace
    showing: Showing

    def fetch(self, attachment_id: str, target: Path, *, replace: bool = False) -> Path:
        """Fetch a file into a folder, under its own name made safe, or to a path; returns where it is."""
        attachment = self.calls.get(f"/v1/attachments/{attachment_id}")
        ending = Path(safe_name(attachment["file_name"], "file")).suffix
        folder = target if target.is_dir() else target.parent
        partial = folder / f".{attachment['id']}.partial"
        name = f"{attachment['id']}{ending}"
        for _ in range(2):
            name = self._fetch_all(attachment, partial) or name
            if self._is_whole(attachment, partial):
                place = folder / safe_name(name, f"{attachment['id']}{ending}") if target.is_dir() else target
                return _given_its_name(partial, place, attachment, replace=replace)
            # A line, a disk or a store made another file of it: once more from the start.
            partial.unlink()
        sentence = f"What arrives is not the file that was verified (SHA-256 {attachment['sha256']}): nothing was kept."
        raise TransferFailed(sentence, Ending.REJECTED)

    def _fetch_all(self, attachment: Json, partial: Path) -> str:
        """Fetch what is missing, however often the line breaks; returns the name that was told."""
        name, first = "", True
        while first or _size(partial) < attachment["size"]:
            first, before = False, _size(partial)
            for attempt in self.patience.attempts():
                with attempt:
                    try:
                        name = self._fetch_some(attachment, partial)
                    except Interrupted:
                        # Whoever got further has new patience.
                        if _size(partial) == before:
                            raise
        return name

    def _fetch_some(self, attachment: Json, partial: Path) -> str:
        led = self.calls.answer("GET", f"/v1/attachments/{attachment['id']}/content")
        _expect_promise(led, attachment)
        begin = _size(partial)
        self.showing.begin(f"fetching {attachment['id']}", attachment["size"], begin)
        wanted = {"Range": f"bytes={begin}-"} if begin else {}
        if begin < attachment["size"] or not partial.exists():
            with passing(_STORE), self.http.stream("GET", checked(led.headers["location"]), headers=wanted) as answer:
                expect_lasting(answer, _STORE)
                if not answer.is_success:
                    raise Interrupted(f"The store answers {answer.status_code}")
                self._write(answer, partial, begin if answer.status_code == httpx.codes.PARTIAL_CONTENT else 0)
        return told_name(led.headers.get("content-disposition", ""))

    def _write(self, answer: httpx.Response, partial: Path, begin: int) -> None:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(descriptor, "wb", buffering=0) as opened:
            opened.truncate(begin)
            opened.seek(begin)
            for piece in answer.iter_raw(_PIECE_BYTES):
                self.pace.take(len(piece))
                opened.write(piece)
                self.showing.advance(len(piece))
            os.fsync(opened.fileno())

    def _is_whole(self, attachment: Json, partial: Path) -> bool:
        """Hold what is on the disk against what was verified: it is read once more."""
        file = LocalFile.found(partial)
        self.showing.begin("checking its hash", file.size)
        return bool(file.size == attachment["size"] and file.sha256(told=self.showing.advance) == attachment["sha256"])


def _size(partial: Path) -> int:
    try:
        return partial.stat().st_size
    except FileNotFoundError:
        return 0


def _expect_promise(led: httpx.Response, attachment: Json) -> None:
    """The redirect promises the hash that the attachment has (RFC 9530); another is not fetched at all."""
    found = _DIGEST.search(led.headers.get("repr-digest", ""))
    if led.status_code != httpx.codes.TEMPORARY_REDIRECT or not found:
        raise TransferFailed("The service does not lead to the file.", Ending.REFUSED)
    if base64.b64decode(found[1]).hex() != attachment["sha256"]:
        raise TransferFailed("The service leads to a file with another hash than the attachment has.", Ending.REJECTED)


def _given_its_name(partial: Path, place: Path, attachment: Json, *, replace: bool) -> Path:
    """Give the file its name, which it has from one moment to the next; what is there already is not written over."""
    if replace:
        return partial.replace(place)
    try:
        os.link(partial, place)
    except FileExistsError:
        there = LocalFile.found(place)
        if there.size != attachment["size"] or there.sha256() != attachment["sha256"]:
            sentence = f"{place} is there already, and another file: name another place, or say --replace."
            raise TransferFailed(sentence, Ending.LOCAL) from None
    except OSError:
        # A file system without links, as of a memory stick.
        if place.exists():
            raise TransferFailed(f"{place} is there already: name another, or say --replace.", Ending.LOCAL) from None
        return partial.replace(place)
    partial.unlink()
    return place
