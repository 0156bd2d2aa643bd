"""PostgreSQL and SeaweedFS run by the program itself, for a machine that has neither.

What to know: everything lives in one data directory, which one program holds at a time. Each process started is
written down before it does anything (`launch.py`), so that whatever a kill left behind is recognised and stopped
by the next start, and never somebody else's process that happens to have the same number.
"""
