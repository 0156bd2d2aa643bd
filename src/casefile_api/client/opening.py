"""The client put together: from what was given on the command line to something that brings and fetches files."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

from casefile_api.client.calls import Calls
from casefile_api.client.downloading import Downloading
from casefile_api.client.keys import Credentials, read_key
from casefile_api.client.notes import Notes
from casefile_api.client.pace import Pace
from casefile_api.client.patience import Patience
from casefile_api.client.sending import Sending
from casefile_api.client.showing import Showing
from casefile_api.client.tokens import Tokens
from casefile_api.client.uploading import Uploading
from casefile_api.client.wire import checked, connect

LONGEST_SILENCE_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Caller:
    """Which service is called, and as whom."""

    url: str
    client_id: str
    key_file: Path
    passphrase: str | None = None
    key_id: str | None = None
    staff_id: str | None = None
    roles: tuple[str, ...] = ()
    justification: str | None = None
    ca_file: Path | None = None
    certificate: Path | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How files travel."""

    parallel: int = 8
    bytes_per_second: float | None = None
    patience_seconds: float = 900
    state: Path | None = None
    quiet: bool = False


@contextmanager
def uploading(caller: Caller, manner: Manner) -> Iterator[Uploading]:
    """All that brings files."""
    with _line(caller) as http, Showing(quiet=manner.quiet) as showing:
        patience, pace = Patience(manner.patience_seconds), Pace(manner.bytes_per_second)
        sending = Sending(http, patience, pace, showing, manner.parallel)
        yield Uploading(_calls(caller, http, patience), sending, Notes.at(manner.state), showing)


@contextmanager
def downloading(caller: Caller, manner: Manner) -> Iterator[Downloading]:
    """All that fetches files."""
    with _line(caller) as http, Showing(quiet=manner.quiet) as showing:
        patience, pace = Patience(manner.patience_seconds), Pace(manner.bytes_per_second)
        yield Downloading(_calls(caller, http, patience), http, patience, pace, showing)


@contextmanager
def calling(caller: Caller) -> Iterator[Calls]:
    """The API alone."""
    with _line(caller) as http:
        yield _calls(caller, http, Patience(LONGEST_SILENCE_SECONDS))


def _line(caller: Caller) -> httpx.Client:
    return connect(caller.ca_file, caller.certificate)


def _calls(caller: Caller, http: httpx.Client, patience: Patience) -> Calls:
    key = read_key(caller.key_file, caller.passphrase)
    url = checked(caller.url.rstrip("/"))
    credentials = Credentials(caller.client_id, key, caller.key_id, caller.staff_id, caller.roles)
    return Calls(http, url, Tokens(http, url, credentials, patience), patience, caller.justification)
