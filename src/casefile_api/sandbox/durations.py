"""Durations as ISO 8601 writes them (`P21D`, `P1M`, `PT36H`): how far the sandbox's clock is moved. Pure."""

import calendar
import re
from datetime import datetime, timedelta

_DAY_PART = r"([0-9]{1,3}Y)?([0-9]{1,3}M)?([0-9]{1,3}W)?([0-9]{1,4}D)?"
_TIME_PART = r"(T([0-9]{1,5}H)?([0-9]{1,6}M)?([0-9]{1,7}S)?)?"
PATTERN = f"^P{_DAY_PART}{_TIME_PART}$"
_DURATION = re.compile(
    r"P(?=[0-9]|T[0-9])(?:(?P<years>[0-9]{1,3})Y)?(?:(?P<months>[0-9]{1,3})M)?(?:(?P<weeks>[0-9]{1,3})W)?"
    r"(?:(?P<days>[0-9]{1,4})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,5})H)?(?:(?P<minutes>[0-9]{1,6})M)?(?:(?P<seconds>[0-9]{1,7})S)?)?"
)


def read_duration(text: str, start: datetime) -> timedelta:
    """Return how long a duration is from `start` on: years and months go by the calendar.

    Raises ValueError where the text is no duration, or the end is beyond the calendar.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("not a duration")
    given = {name: int(number) for name, number in found.groupdict().items() if number is not None}
    months = 12 * given.pop("years", 0) + given.pop("months", 0)
    try:
        end = _months_on(start, months) + timedelta(**given)
    except OverflowError:
        raise ValueError("beyond the calendar") from None
    return end - start


def _months_on(start: datetime, months: int) -> datetime:
    """The same day so many months on, or the last of its month."""
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    if year > 9999:
        raise ValueError("beyond the calendar")
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
