"""Every setting is in docs/settings.md with its default, and nothing else is."""

import re

from casefile_api.settings import Settings
from tests.house_rules import sources

ROW = re.compile(r"^\| `CASEFILE_([A-Z0-9_]+)` \| (.+?) \|", re.MULTILINE)


def documented() -> dict[str, str]:
    """The rows of the page: setting and default."""
    return dict(ROW.findall((sources.ROOT / "docs" / "settings.md").read_text(encoding="utf-8")))


def test_every_setting_has_a_row_and_every_row_a_setting() -> None:
    assert {name.lower() for name in documented()} == set(Settings.model_fields)


def test_the_defaults_on_the_page_are_those_of_the_code() -> None:
    rows = documented()
    wrong = {
        name: rows[name.upper()]
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, int | float)
        and rows[name.upper()].strip("`") != (str(field.default).lower().removesuffix(".0"))
    }
    assert wrong == {}
