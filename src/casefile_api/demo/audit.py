"""Chapter: the auditor follows the case through the log, takes it away, and verifies it with nothing but arithmetic."""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from casefile_api.demo.answers import View, check
from casefile_api.demo.parties import Party
from casefile_api.demo.stage import Stage

STEPS = ("submit", "return", "accept", "approve", "allocate", "advise", "complete")
LONGEST_WAIT_SECONDS = 10


def play(stage: Stage) -> None:
    """Reads, proves, exports, verifies offline."""
    auditor = stage.auditor()
    entries = follow(stage, auditor)
    strangers_are_there(stage, entries)
    receipts_are_there(stage)
    with tempfile.TemporaryDirectory(prefix="casefile-audit-") as folder:
        export(stage, auditor, Path(folder))
        verify_offline(stage, Path(folder))


def follow(stage: Stage, auditor: Party) -> list[View]:
    """Every entry of the case, page by page, once the log has taken them all in."""
    with stage.story.line(f"{auditor.name} follows the case through the log") as line:
        entries = all_entries(stage, auditor)
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        while any(item.at("leaf_index") is None for item in entries) and time.monotonic() < deadline:
            time.sleep(0.2)
            entries = all_entries(stage, auditor)
        check(all(item.at("leaf_index") is not None for item in entries), "The log has not taken in every entry.")
        acts = [item.text("entry.action") for item in entries if item.text("entry.outcome") == "allowed"]
        missing = [step for step in STEPS if f"{step}_early_advice_request" not in acts]
        check(not missing, f"The log lacks these steps: {', '.join(missing)}.")
        words = Counter(str(item.at("entry.operation")) for item in entries)
        stage.progress.entries = len(entries)
        told = ", ".join(f"{count} {word}" for word, count in words.most_common() if word != "None")
        line.outcome = f"{len(entries)} entries: {told}"
    return entries


def all_entries(stage: Stage, auditor: Party) -> list[View]:
    """The entries of the case."""
    path = f"/v1/audit-log/entries?case_file_id={stage.progress.case_file_id}&limit=200"
    entries: list[View] = []
    cursor: object = ""
    while cursor is not None:
        page = auditor.get(path + (f"&cursor={cursor}" if cursor else "")).body
        entries += page.items("items")
        cursor = page.at("next_cursor")
    return entries


def strangers_are_there(stage: Stage, entries: list[View]) -> None:
    """Those who tried are in the log too."""
    with stage.story.line("Those who had no business there are in the log, refused") as line:
        refused = [item for item in entries if item.text("entry.outcome") == "refused"]
        who = {item.text("entry.organisation") for item in refused}
        strangers = {"police-52", "cps-west-midlands", "police-53", "cps-south-west", "oversight-hmcpsi"}
        check(strangers <= who, f"The log lacks refusals of {', '.join(sorted(strangers - who))}.")
        line.outcome = f"{len(refused)} refusals by {', '.join(sorted(who))}"


def receipts_are_there(stage: Stage) -> None:
    """The police can prove their submission with the receipt alone."""
    supervisor = stage.supervisor()
    with stage.story.line("The police prove both submissions with their receipts alone") as line:
        for receipt in stage.progress.receipts:
            proof = supervisor.get(f"/v1/audit-log/inclusion-proof?leaf_hash={receipt.text('leaf_hash')}").body
            check(proof.text("leaf_hash") == receipt.text("leaf_hash"), "The proof is for another entry.")
        line.outcome = f"included in a log of {proof.number('tree_size')} entries"


def export(stage: Stage, auditor: Party, folder: Path) -> None:
    """Saves the entries with their proofs, both checkpoints, the proof between them, and the public key."""
    with stage.story.line("The auditor exports the entries with their proofs, the checkpoint and the key") as line:
        path = f"/v1/audit-log/entries?case_file_id={stage.progress.case_file_id}"
        exported = auditor.get(path, headers={"Accept": "application/x-ndjson"}).raw
        lines = [View.parse(raw) for raw in exported.splitlines()]
        size = lines[0].number("inclusion.tree_size")
        checkpoint = auditor.get(f"/v1/audit-log/checkpoint?tree_size={size}").raw
        old_size = int(stage.progress.first_checkpoint.decode().split("\n")[1])
        proof = auditor.get(f"/v1/audit-log/consistency-proof?from={old_size}&to={size}").raw
        key = auditor.get("/v1/audit-log/public-key").raw
        files = {"export.ndjson": exported, "checkpoint": checkpoint, "public-key": key, "consistency.json": proof}
        for name, data in (files | {"old-checkpoint": stage.progress.first_checkpoint}).items():
            (folder / name).write_bytes(data)
        check(len(lines) == stage.progress.entries, "The export has another number of entries than the list.")
        line.outcome = f"{len(lines)} entries, {len(exported):,} bytes, against a signed log of {size}"


def verify_offline(stage: Stage, folder: Path) -> None:
    """The verifier that needs neither the service nor its database; then the same with one altered character."""
    with stage.story.line("The export is verified offline: every entry, the signature, and the older checkpoint"):
        found = run_verifier(folder)
        check(found.returncode == 0, f"The offline verifier says: {(found.stderr or found.stdout).strip()}")
    with stage.story.line("One altered letter is found out") as line:
        text = (folder / "export.ndjson").read_text(encoding="utf-8")
        (folder / "export.ndjson").write_text(text.replace("police-52", "police-53", 1), encoding="utf-8")
        found = run_verifier(folder)
        check(found.returncode != 0, "The offline verifier accepted an altered entry.")
        said = (found.stderr.strip() or found.stdout.strip()).splitlines()
        line.outcome = said[-1].strip() if said else ""


def run_verifier(folder: Path) -> subprocess.CompletedProcess[str]:
    """`casefile-api audit verify-export` as anybody would run it."""
    command = [
        *(sys.executable, "-c", "from casefile_api.cli import main; main()"),
        *("audit", "verify-export", "export.ndjson", "--checkpoint", "checkpoint", "--public-key", "public-key"),
        *("--since", "old-checkpoint", "--consistency", "consistency.json"),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
