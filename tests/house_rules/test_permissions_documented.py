"""The page of permissions is the table of permissions."""

from pathlib import Path

from casefile_api.access.describing import permissions_page

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"


def test_the_page_of_permissions_is_drawn_from_the_table() -> None:
    assert PAGE.read_text() == permissions_page()
