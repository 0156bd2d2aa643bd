"""The pages on the content and the file standards say what the service does."""

from pathlib import Path

from casefile_api.case_files.content import CaseContent
from casefile_api.case_files.content.describing import content_page
from casefile_api.file_standards.describing import MEANINGS, standards_page
from casefile_api.file_standards.rules import WORDS
from casefile_api.file_standards.standards import NAMES

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_on_the_content_is_what_the_models_say() -> None:
    assert (DOCS / "content.md").read_text("utf-8") == content_page()


def test_the_page_on_the_file_standards_is_what_the_tables_say() -> None:
    assert (DOCS / "file-standards.md").read_text("utf-8") == standards_page()


def test_every_member_is_on_the_page() -> None:
    page = content_page()
    for name in CaseContent.model_fields:
        assert f"`{name}`" in page


def test_every_standard_and_word_is_on_the_page() -> None:
    assert set(MEANINGS) == set(WORDS)
    for name in NAMES:
        assert f"`standard={name}`" in standards_page()
