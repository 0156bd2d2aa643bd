"""The keys that verify the log's checkpoints, and how far each is good.

A retired key goes on verifying what it signed, and vouches for nothing newer by itself: whoever comes by it later
cannot sign another history that its holders would believe.
"""

from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import text

from casefile_api.clock import utc_text
from casefile_api.errors import DependencyUnavailable
from casefile_api.ledger.checkpoints import CheckpointError, VerifierKey, parse_verifier_key
from casefile_api.ledger.stored_tree import Reader

# The checkpoints published after a key was retired are signed by its successor. Of old ones some are thinned out: the
# bound may then be that of a later checkpoint, and never lies below one that the key signed alone.
_LISTED = text(
    """
    select k.verifier_key, k.first_used_at, r.retired_at, least(
        case when r.retired_at is not null then coalesce(
            (select tree_size from audit_checkpoint c where c.created_at > r.retired_at
             order by c.created_at, c.tree_size limit 1),
            (select tree_size from audit_checkpoint order by tree_size desc limit 1)) end,
        (select s.tree_size from audit_succession s where s.number = cast(:log as integer))) as good_up_to
    from audit_log_key k left join audit_retired_key r using (verifier_key)
    order by k.first_used_at desc, k.verifier_key
    """
)


async def listed_keys(reader: Reader, log: int | None = None) -> list[dict[str, Any]]:
    """The verifier keys of the log, the newest first, each with its validity.

    Raises DependencyUnavailable while the log has none.
    """
    keys = [
        {
            "verifier_key": row.verifier_key,
            "first_used_at": utc_text(row.first_used_at),
            "retired_at": utc_text(row.retired_at) if row.retired_at is not None else None,
            "good_up_to": row.good_up_to,
        }
        for row in await reader.execute(_LISTED, {"log": log})
    ]
    if not keys:
        raise DependencyUnavailable("The log has no key yet; the worker lists it when it starts.")
    return keys


def read_keys(document: str) -> list[VerifierKey]:
    """The keys of a file as `public-key` answers it: one a line, or JSON with how far each is good.

    Raises CheckpointError where it is neither.
    """
    if not document.lstrip().startswith("{"):
        return [parse_verifier_key(line) for line in document.splitlines() if line.strip()]
    try:
        listed = [(str(key["verifier_key"]), key["good_up_to"]) for key in orjson.loads(document)["keys"]]
    except (ValueError, TypeError, KeyError):
        raise CheckpointError("not the keys of a log as public-key lists them in JSON") from None
    if not all(bound is None or type(bound) is int for _, bound in listed):
        raise CheckpointError("how far a key is good must be a whole number, or null")
    return [replace(parse_verifier_key(key), good_up_to=bound) for key, bound in listed]
