"""How a command fails: one clear sentence on standard error and an exit code, never a traceback.

`CASEFILE_DEBUG=1` shows the traceback to whoever mends the program.
"""

from __future__ import annotations

import os
import sys
import traceback

from pydantic import ValidationError

from casefile_api.errors import Misconfigured, Refusal

FAILED = 1
DEBUG = "CASEFILE_DEBUG"


class CommandFailed(Exception):
    """A command could not do what was asked; the message is one sentence."""

    def __init__(self, sentence: str, exit_code: int = FAILED) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def report(failure: Exception) -> int:
    """Say what went wrong; answers the exit code."""
    if os.environ.get(DEBUG):
        traceback.print_exception(failure)
    print(sentence_of(failure), file=sys.stderr)
    return failure.exit_code if isinstance(failure, CommandFailed) else FAILED


def sentence_of(failure: Exception) -> str:
    """What an operator needs to know of a failure, and what to do."""
    if isinstance(failure, Misconfigured | CommandFailed):
        return str(failure)
    if isinstance(failure, Refusal):
        return " ".join([str(failure), *(f"{fault.pointer or ''} {fault.detail}".strip() for fault in failure.faults)])
    if isinstance(failure, ValidationError):
        return sentence_of_settings(failure)
    if isinstance(failure, OSError):
        place = f"{failure.filename}: " if failure.filename else ""
        return f"{place}{failure.strerror or failure}."
    return _sentence_of_database(failure) or (
        f"This should not have happened ({type(failure).__name__}); run it again with {DEBUG}=1 to see where."
    )


def _sentence_of_database(failure: Exception) -> str | None:
    if type(failure).__name__ in ("OperationalError", "InterfaceError"):
        return "The database does not answer or does not let us in: is it running, and is CASEFILE_DATABASE_URL right?"
    if type(getattr(failure, "orig", failure)).__name__ == "InsufficientPrivilege":
        return (
            "The database does not let this login do that: commands that administer act as the owner of the tables."
            " Set CASEFILE_MIGRATION_DATABASE_URL to the owner's URL."
        )
    return None


def sentence_of_settings(failure: ValidationError) -> str:
    """Which settings are not right; their values may be secrets and are not repeated."""
    wrong = [f"CASEFILE_{'_'.join(map(str, fault['loc'])).upper()} ({fault['msg']})" for fault in failure.errors()]
    return f"Settings that are not right: {'; '.join(wrong)}. docs/settings.md says what each takes."
