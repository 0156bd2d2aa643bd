"""How a transfer ends otherwise than well: one sentence for people, and an exit code that a script can go by."""

from collections.abc import Mapping
from enum import IntEnum


class Ending(IntEnum):
    """Exit codes of `upload` and `download`; 0 is well, 2 is a mistake in the command line, 130 is Ctrl-C."""

    FAILED = 1
    REFUSED = 3
    """The service or the store does not allow it: to try again changes nothing."""
    UNREACHABLE = 4
    """Nobody answered for as long as was waited; the same command goes on from here."""
    REJECTED = 5
    """The file arrived and was found to be no good, or what was fetched is not what was verified."""
    LOCAL = 6
    """The file, folder or key at this end."""


class TransferFailed(Exception):
    """The transfer is over; the message is one sentence."""

    def __init__(self, sentence: str, ending: Ending) -> None:
        super().__init__(sentence)
        self.ending = ending


class Refused(TransferFailed):
    """The service answered with a problem document (RFC 9457); `problem` is it."""

    def __init__(self, status: int, problem: Mapping[str, object]) -> None:
        super().__init__(_sentence(status, problem), Ending.REFUSED)
        self.status = status
        self.problem = problem

    @property
    def code(self) -> str:
        """The stable word for the reason."""
        return str(self.problem.get("code", ""))


class Interrupted(Exception):
    """Something that may pass by itself: a cut connection, a restart, a store that asks for time."""

    def __init__(self, reason: str, *, again_in_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.again_in_seconds = again_in_seconds


def _sentence(status: int, problem: Mapping[str, object]) -> str:
    """The problem's own words, each fault with its place, and the id that the service's operator finds it by."""
    said = [
        str(problem.get("detail") or problem.get("error_description") or problem.get("error") or "No reason given.")
    ]
    faults = problem.get("errors")
    for fault in faults if isinstance(faults, list) else []:
        place = fault.get("pointer") or fault.get("parameter") or fault.get("header") or ""
        said.append(f"{place}: {fault.get('detail', '')}")
    request = f", request {problem['request_id']}" if "request_id" in problem else ""
    return f"The service refuses it ({status}{request}): {' '.join(said)}"
