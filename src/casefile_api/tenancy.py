"""For whom a transaction acts: what PostgreSQL's own lock on tenancy, row-level security, goes by.

`visible_to` scopes every query; this is the second lock behind it. The values hold for one transaction, so that a
connection given back to a pool carries nothing over, also behind a pooler that lends out transactions. Where nothing
is said, nothing can be seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from psycopg.sql import Literal

SERVICE_ROLE, WORKER_ROLE, SEQUENCER_ROLE = "casefile_service", "casefile_worker", "casefile_sequencer"
"""Who answers callers, who acts without one, and who numbers the log. What each may do, the migrations say; none owns
anything."""

UNATTENDED = "worker"


@dataclass(frozen=True, slots=True)
class Scope:
    """An organisation, its kind, and the principals by which a restricted case file may admit who asks."""

    organisation: str = ""
    kind: str = ""
    principals: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, str]:
        """Return what `SET` binds."""
        return {name.removeprefix("casefile."): value for name, value in self.settings.items()}

    @property
    def settings(self) -> dict[str, str]:
        """Return what is set for the transaction; the policies of the tables read it."""
        role = {"role": WORKER_ROLE} if self.kind == UNATTENDED else {}
        return role | {
            "casefile.organisation": self.organisation,
            "casefile.kind": self.kind,
            "casefile.principals": " ".join(self.principals),
        }

    @property
    def statement(self) -> str:
        """Return the same as a statement of its own, for connections that begin no transaction in words."""
        return SET_AS_WORKER if self.kind == UNATTENDED else SET


WORKER = Scope(kind=UNATTENDED)
"""Acts without a caller: in a role of their own they see every case, and are written to do one thing."""

AS_WORKER = f"-c role={WORKER_ROLE} -c casefile.kind={UNATTENDED}"
"""The same as a start-up option, for connections of the worker's own that no pooler lends."""

SET = (
    "select set_config('casefile.organisation', :organisation, true) as organisation,"
    " set_config('casefile.kind', :kind, true) as kind,"
    " set_config('casefile.principals', :principals, true) as principals"
)
SET_AS_WORKER = f"{SET}, set_config('role', :role, true) as role"

AS_OWNER = "set local role none"
"""For commands, which connect as the owner: to the end of the transaction, or until another role is taken."""


@lru_cache(maxsize=4096)
def beginning(scope: Scope | None) -> bytes:
    """Return what goes with BEGIN, in the same message: it costs no round trip."""
    return b"" if scope is None else local(scope.settings)


def local(settings: Mapping[str, str]) -> bytes:
    """Return settings for one transaction, in words that follow its BEGIN."""
    words = (f"; set local {name} = {Literal(value).as_string(None)}" for name, value in settings.items())
    return "".join(words).encode()


def as_statement(settings: Iterable[str]) -> str:
    """Return the statement that sets these for one transaction, each bound by its name."""
    return "select " + ", ".join(f"set_config('{name}', :{name}, true) as {name}" for name in settings)
