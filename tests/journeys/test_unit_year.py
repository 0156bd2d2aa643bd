"""A RASSO unit's whole year through the API: its figures are those that the feed of events tells, its page is sound.

`pytest -n0 -m soak --timeout 7200 -s tests/journeys/test_unit_year.py`; `CASEFILE_YEAR_REQUESTS` (2000) and
`CASEFILE_YEAR_SEED` (1) say how many requests, and which year. The page that the command writes of it is looked at in
a browser; `CASEFILE_YEAR_PAGE` says where it, and pictures of it, are left.
"""

import os
from pathlib import Path

import pytest

from casefile_api.cli.report import app as report
from tests.api.test_statistics import compare_with_the_feed
from tests.commands import run, token_file
from tests.outside.running import running_sandbox
from tests.outside.unit_year import UnitYear
from tests.rules.test_report_page import assert_nothing_amiss, look_at

REQUESTS = int(os.environ.get("CASEFILE_YEAR_REQUESTS", "2000"))
SEED = int(os.environ.get("CASEFILE_YEAR_SEED", "1"))
UNLIMITED = {"CASEFILE_RATE_PER_SECOND": "1000000", "CASEFILE_RATE_BURST": "1000000"}


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_the_figures_of_a_units_year_are_those_that_the_feed_tells(shared_folder: Path) -> None:
    with running_sandbox(shared_folder / "year", **UNLIMITED) as sandbox:
        year = UnitYear(sandbox, "police-53", "cps-south-west", SEED)
        year.play(REQUESTS, days=365)
        told = compare_with_the_feed(sandbox, year)
        print(told)
        assert told["requests"] == year.requests > REQUESTS * 0.8
        folder = Path(os.environ.get("CASEFILE_YEAR_PAGE") or shared_folder / "year_page")
        folder.mkdir(exist_ok=True)
        token = token_file(shared_folder, sandbox.person("unit_head", unit=year.unit))
        about = ("--unit", year.unit, "--out", folder / "year.html", "--token", token, "--base-url", sandbox.base_url)
        run(report, "early-advice", *about)
        assert_nothing_amiss(look_at((folder / "year.html").read_text(), folder))
