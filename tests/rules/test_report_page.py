"""The page of a unit's figures: it carries all it needs, says what its charts show, and is looked at in a browser.

The browser is Chromium, driven from node with playwright-core, with axe-core for accessibility; where one of them is
not there the reason is said.
"""

import json
import re
import shutil
import subprocess
import unicodedata
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pypdf
import pytest

from casefile_api.organisations.code_lists import CODE_LISTS
from casefile_api.statistics.charts import INKS, Series, bars
from casefile_api.statistics.groups import Figures, group_of
from casefile_api.statistics.measures import DEFINITIONS
from casefile_api.statistics.report import Report, report_page

Json = Any
SCRIPT = Path(__file__).parent.parent / "outside" / "page_check.mjs"
PACKAGES = ("playwright-core@1", "axe-core@4")
HEARD: Any = {"capture_output": True, "text": True}
TODAY = 9800
COUNTS = {
    ("requests", ""): {0: 40},
    ("first_decision", "accept"): {0: 28},
    ("first_decision", "return"): {0: 12},
    ("return_reason", "NO_MG3"): {0: 9},
    ("return_reason", "MISSING_VICTIM_WITNESS_PREVIOUS_CONVICTIONS"): {0: 3},
    ("clock", "advice"): {9: 10, 20: 12, 31: 4},
    ("clock", "police_response"): {6: 9, 15: 3},
    ("breach", "advice"): {0: 4},
    ("turn", "police"): {0: 40, 9: 12},
    ("turn", "cps"): {2: 12, 21: 26},
    ("days_to_advice", ""): {20: 20, 45: 6},
    ("submissions", "once"): {1: 28},
    ("submissions", "again"): {2: 12},
    ("questions", ""): {0: 36, 1: 4},
    ("open", ""): {TODAY - 4: 5, TODAY - 40: 9},
    ("holding", "police"): {TODAY - 3: 4},
    ("holding", "cps"): {TODAY - 20: 10},
    ("state", "completed"): {0: 26},
    ("state", "allocated"): {0: 14},
    ("received", "2026-10"): {0: 30},
    ("received", "2026-11"): {0: 22},
    ("answered", "2026-11"): {0: 26},
    ("charge_told", "led"): {60: 5, 130: 7},
    ("charge_told", "none"): {0: 28},
}


def answer(*groups: str, unit: str = "cps-south-west-rasso") -> Json:
    """Figures as the service answers them."""
    made = [group_of(Figures(name, COUNTS, TODAY), by_month=False, with_case_files=False) for name in groups]
    told = [group.model_dump(mode="json") for group in made]
    period = {"from": "2025-12-01", "to": "2026-11-30", "as_of": "2026-11-24T12:00:00Z"}
    return {**period, "unit": unit, "suppressed_below": None, "groups": told, "definitions": DEFINITIONS}


def page(unit: str = "cps-south-west-rasso", groups: tuple[str, ...] = ("all",)) -> str:
    reasons = CODE_LISTS["triage_rejection_reason"].by_code
    months = answer("2026-09", "2026-10", "2026-11")
    months["groups"][0]["first_time_acceptance"]["rate_percent"] = None
    return report_page(Report(unit, answer(*groups), months, lambda code: reasons[code].title))


class Outline(HTMLParser):
    """Which elements a page has, and what they refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href", "data", "srcset")]


def test_the_page_carries_all_it_needs_and_has_a_table_behind_each_chart() -> None:
    outline = Outline()
    outline.feed(page())
    assert outline.references == [] and "script" not in outline.elements
    assert "url(" not in page() and "@import" not in page()
    assert outline.elements.count("svg") == 5 and outline.elements.count("table") >= 6
    assert len(re.findall(r'<svg role="img" aria-label="[^"]{20,}"', page())) == 5


def test_the_page_shows_the_figures_and_the_words_for_codes() -> None:
    told = page()
    assert "<dt>Accepted first time, %</dt><dd>70</dd>" in told
    title = CODE_LISTS["triage_rejection_reason"].by_code["MISSING_VICTIM_WITNESS_PREVIOUS_CONVICTIONS"].title
    assert escape(title) in told and "NO_MG3" not in told
    assert "half of them for 40 days or more" in told


def test_names_of_units_are_words_and_nothing_else() -> None:
    assert "<script>" not in page(unit="<script>alert(1)</script>")
    assert "There is nothing to show" in page(groups=())


def lightness(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(colour: str, other: str = "#ffffff") -> float:
    low, high = sorted((lightness(colour), lightness(other)))
    return (high + 0.05) / (low + 0.05)


def test_what_is_drawn_has_contrast_with_the_paper_and_words_have_more() -> None:
    assert round(contrast("#000000"), 6) == 21 and round(contrast("#767676"), 2) == 4.54, "as WCAG has them"
    charts = "".join(re.findall(r"<svg.*?</svg>", page(), re.DOTALL))
    shapes = set(re.findall(r'<(?:rect|circle)[^>]* fill="(#\w{6})"', charts))
    lines = set(re.findall(r'<line[^>]* stroke="(#\w{6})" stroke-width="2"', charts))
    words = set(re.findall(r'<text[^>]* fill="(#\w{6})"', charts))
    words |= set(re.findall(r"[;{]color:(#\w{6})", page()))
    assert shapes == set(INKS) and lines and len(words) >= 2
    assert {colour: contrast(colour) for colour in shapes | lines if contrast(colour) < 3} == {}
    assert {colour: contrast(colour) for colour in words if contrast(colour) < 4.5} == {}


def test_a_series_is_told_by_more_than_its_colour() -> None:
    three = bars("Three", "", ["Nov"], [Series(name, [4]) for name in ("a", "b", "c")])
    stripes = [part.count('stroke-width="1.5"') for part in three.split("<rect")[1:]]
    assert stripes == [0, 1, 2] * 2, "bars, and their key"


def look_at(told: str, folder: Path) -> Json:
    """What a browser and axe find in a page, in light and in print; pictures of both are left in the folder."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    npm = shutil.which("npm")
    if chromium is None or npm is None or shutil.which("node") is None:
        pytest.skip("chromium, node or npm is not on this machine")
    folder.mkdir(exist_ok=True)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefix", str(folder)]
    try:
        done = subprocess.run([npm, "install", *options, *PACKAGES], check=False, timeout=60, **HEARD)
    except subprocess.TimeoutExpired:
        pytest.skip("the npm registry does not answer")
    if done.returncode != 0:
        pytest.skip(f"the npm packages cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    (folder / "page.html").write_text(told, encoding="utf-8")
    shutil.copy(SCRIPT, folder / SCRIPT.name)
    command = ["node", SCRIPT.name, str(folder / "page.html"), chromium, str(folder)]
    seen = subprocess.run(command, check=False, timeout=100, cwd=folder, **HEARD)
    assert seen.returncode == 0, seen.stderr
    return {**json.loads(seen.stdout), "torn": torn(told, folder / "print.pdf")}


def torn(told: str, printed: Path) -> list[str]:
    """What the paper tears apart: the heading of a chart on one sheet, the last row of its table on another."""
    sheets = pypdf.PdfReader(printed).pages
    assert {tuple(round(side * 25.4 / 72) for side in sheet.mediabox[2:]) for sheet in sheets} == {(210, 297)}, "A4"
    texts = [" ".join(unicodedata.normalize("NFKC", sheet.extract_text()).split()) for sheet in sheets]
    parts = re.findall(r"<section><h2>(.*?)</h2>(.*?)</section>", told, re.DOTALL)
    ends = [(title, re.findall(r'<(?:th scope="row"|dt)>(.*?)</', part)[-1]) for title, part in parts]
    assert len(ends) == 7
    return [title for title, end in ends if not any(title in text and unescape(end) in text for text in texts)]


@pytest.fixture(scope="module")
def looked_at(shared_folder: Path) -> Json:
    return look_at(page(), shared_folder / "page")


def assert_nothing_amiss(seen: Json) -> None:
    assert seen["screen"] == [] and seen["print"] == [], "axe-core found something"
    assert len(seen["asked"]) == 1 and seen["said"] == [], "the page asked for something, or complained"
    assert seen["torn"] == [], "a chart is on one sheet and its table on another"
    assert seen["overflow"] <= 0, "it is wider than a telephone"
    assert (seen["charts"], seen["tables"]) == (5, 7)


def test_a_browser_finds_nothing_amiss_in_light_or_print(looked_at: Json) -> None:
    assert_nothing_amiss(looked_at)
