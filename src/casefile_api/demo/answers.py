"""What the API answered, read by path: `view.text("version.digest")`. Whatever is missing there is a broken promise."""

import json
from dataclasses import dataclass


class NotAsToldError(Exception):
    """Something did not happen as the story tells it; the message is one sentence."""


def check(holds: bool, sentence: str) -> None:
    """Ends the story with the sentence unless it holds."""
    if not holds:
        raise NotAsToldError(sentence)


@dataclass(frozen=True)
class View:
    """A JSON value of an answer."""

    value: object

    @classmethod
    def parse(cls, raw: bytes) -> "View":
        """The value behind JSON bytes."""
        return cls(json.loads(raw))

    def at(self, path: str) -> object:
        """The value at a dotted path; numbers are positions in a list."""
        found = self.value
        for name in path.split("."):
            if isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, dict) and name in found:
                found = found[name]
            else:
                raise NotAsToldError(f"An answer lacks {path}.")
        return found

    def text(self, path: str) -> str:
        """A string at a path."""
        return str(self.at(path))

    def number(self, path: str) -> int:
        """An integer at a path."""
        found = self.at(path)
        if not isinstance(found, int):
            raise NotAsToldError(f"{path} is not a number in an answer.")
        return found

    def items(self, path: str) -> list["View"]:
        """A list at a path, item by item."""
        found = self.at(path)
        if not isinstance(found, list):
            raise NotAsToldError(f"{path} is not a list in an answer.")
        return [View(item) for item in found]

    def mapping(self, path: str) -> dict[str, object]:
        """An object at a path, free to be changed."""
        found = self.at(path)
        if not isinstance(found, dict):
            raise NotAsToldError(f"{path} is not an object in an answer.")
        return dict(found)
