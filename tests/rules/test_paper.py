"""Documents on paper: every word is there, every page is marked, and the same words print the same bytes."""

import subprocess
import sys
from io import BytesIO

import pypdf

from casefile_api.early_advice.document import Document, Heading, Lines
from casefile_api.early_advice.paper import printed


def pages(data: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(BytesIO(data)).pages]


def document(*blocks: Heading | Lines) -> Document:
    return Document("Early advice", "OFFICIAL-SENSITIVE · LEGALLY PRIVILEGED", "53BH0012326", blocks)


def test_every_page_bears_the_mark_twice_its_number_and_the_reference() -> None:
    found = pages(printed(document(*[Lines(f"Line {number} " + "word " * 300) for number in range(12)])))
    assert len(found) > 2
    for number, page in enumerate(found, start=1):
        assert page.count("OFFICIAL-SENSITIVE · LEGALLY PRIVILEGED") == 2
        assert f"page {number} of {len(found)}" in page
        assert "53BH0012326" in page
    assert all(f"Line {number}" in "".join(found) for number in range(12))


def test_names_are_written_as_they_are_and_a_character_the_font_lacks_is_named() -> None:
    [page] = pages(printed(document(Heading("Llŷn"), Lines("Łukasz Țepeș\nσ Ж <b>&amp; ن", "Dŵr"))))
    for words in ("Llŷn", "Dŵr: Łukasz Țepeș", "σ Ж <b>&amp; [U+0646]"):
        assert words in page
    assert "name a character that is not in the fonts" in page
    assert "name a character" not in "".join(pages(printed(document(Lines("Łukasz\tȚepeș\nσ")))))


def test_a_word_that_is_longer_than_a_page_is_broken_and_not_lost() -> None:
    assert "".join(pages(printed(document(Lines("x" * 9_000))))).count("x") == 9_000


def test_the_same_words_print_the_same_bytes() -> None:
    made = document(Heading("Strategy"), Lines("Focus."))
    assert printed(made) == printed(made)


def test_who_never_prints_does_not_load_what_draws() -> None:
    asked = "import sys, casefile_api.early_advice.routes; print('reportlab' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True).stdout == b"False\n"
