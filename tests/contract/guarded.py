"""The tables that row-level security guards, as the database has them."""

import psycopg

_GUARDED = """
    select relname from pg_class where relrowsecurity and not relispartition and relnamespace = 'public'::regnamespace
"""


def guarded_tables(owner: psycopg.Connection) -> list[str]:
    return [name for (name,) in owner.execute(_GUARDED).fetchall()]
