"""Moments and days in a query: RFC 3339 alone, where the parser underneath would take seconds since 1970 too."""

import re
from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _as_told(asked: object) -> object:
    if isinstance(asked, str) and not _RFC_3339.fullmatch(asked):
        raise ValueError("Give a time such as 2026-11-24T09:30:00Z.")
    return asked


def _as_a_day(asked: object) -> object:
    if isinstance(asked, str) and not _DAY.fullmatch(asked):
        raise ValueError("Give a day such as 2026-11-24.")
    return asked


AskedMoment = Annotated[AwareDatetime, BeforeValidator(_as_told)]
"""A moment asked for, with its offset (RFC 3339 5.6)."""

AskedDay = Annotated[date, BeforeValidator(_as_a_day)]
"""A day asked for (RFC 3339 full-date)."""
