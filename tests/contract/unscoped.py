"""An API process whose queries forgot their scope: every condition of sight is true.

What is left is the database's lock.

Run as a program: `python -m tests.contract.unscoped PORT`, with the settings in the environment.
"""

import sys
from importlib import import_module

import uvicorn
from sqlalchemy import true

from casefile_api.app import create_app
from casefile_api.settings import Settings

EVERYTHING = {
    "visible_to": lambda *_: "true",
    "within_reach": lambda *_: "true",
    "let_in": lambda *_: "true",
    "visible_shares": lambda *_: "true",
    "request_visible_to": lambda *_: true(),
    "sent_to": lambda *_: true(),
    "is_with": lambda *_: true(),
    "shares_seen": lambda *_: true(),
    "visible_attachments": lambda *_: true(),
}
ROOMS = (
    "attachments.chain",
    "attachments.queries",
    "attachments.visibility",
    "case_files.admission",
    "case_files.listing",
    "case_files.queries",
    "case_files.timeline",
    "case_files.views",
    "early_advice.departures",
    "early_advice.queries",
    "early_advice.request_queue",
)


def forget_scope() -> set[str]:
    """Replace every condition wherever it is known by name; which were found."""
    found = set()
    for room in ROOMS:
        module = import_module(f"casefile_api.{room}")
        for name in EVERYTHING.keys() & vars(module).keys():
            setattr(module, name, EVERYTHING[name])
            found.add(name)
    return found


if __name__ == "__main__":
    if forget_scope() != EVERYTHING.keys():
        sys.exit("a condition of sight has another name now")
    uvicorn.run(create_app(Settings()), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
