"""`upload` and `download`: what a force brings and fetches its files with. They know the service by HTTP alone."""

from __future__ import annotations

import json
import mimetypes
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casefile_api.cli.failing import CommandFailed

if TYPE_CHECKING:
    from casefile_api.client.opening import Caller, Manner

_ENVIRONMENT = "CASEFILE_CALLER"
_SWITCHED_AFTER_SECONDS = 0.0005
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "ki": 1024, "mi": 1024**2, "gi": 1024**3}

Url = Annotated[str, typer.Option("--service", envvar=f"{_ENVIRONMENT}_SERVICE", help="Public URL of the service.")]
ClientId = Annotated[str, typer.Option("--client-id", envvar=f"{_ENVIRONMENT}_ID", help="The registered client.")]
KeyFile = Annotated[
    Path, typer.Option("--key", envvar=f"{_ENVIRONMENT}_KEY", help="PEM file of its private key.", exists=True)
]
Passphrase = Annotated[
    str | None, typer.Option("--passphrase", envvar=f"{_ENVIRONMENT}_PASSPHRASE", help="Passphrase of the key, if any.")
]
KeyId = Annotated[str | None, typer.Option("--key-id", envvar=f"{_ENVIRONMENT}_KEY_ID", help="The key's `kid`.")]
Staff = Annotated[
    str | None, typer.Option("--staff", envvar=f"{_ENVIRONMENT}_STAFF", help="Staff id of the person it is done for.")
]
Roles = Annotated[
    list[str] | None, typer.Option("--role", envvar=f"{_ENVIRONMENT}_ROLE", help="Role the person acts in; repeatable.")
]
Justification = Annotated[
    str | None,
    typer.Option("--justification", envvar=f"{_ENVIRONMENT}_JUSTIFICATION", help="Why: a code, as `investigation`."),
]
CaFile = Annotated[
    Path | None, typer.Option("--ca-file", envvar=f"{_ENVIRONMENT}_CA_FILE", help="CA to trust, PEM.", exists=True)
]
Certificate = Annotated[
    Path | None,
    typer.Option("--certificate", envvar=f"{_ENVIRONMENT}_CERTIFICATE", help="TLS client certificate and key, PEM."),
]
Limit = Annotated[
    str | None, typer.Option("--limit", help="Bytes a second that all parts share, as 500k, 4M, 10Mi.", metavar="RATE")
]
Minutes = Annotated[
    float, typer.Option("--patience", min=0, help="Minutes for which it is tried again while nothing gets further.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Draw no progress.")]


def upload(
    files: Annotated[list[Path], typer.Argument(help="Files to bring.", exists=True, dir_okay=False)],
    case_file: Annotated[str, typer.Option("--case-file", help="Id of the case file.")],
    kind: Annotated[str, typer.Option("--kind", help="MG form or kind of material: /v1/code-lists/document_kind.")],
    service: Url,
    client_id: ClientId,
    key: KeyFile,
    media_type: Annotated[
        str | None, typer.Option("--media-type", help="Where the name's ending does not say.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="What it is, in a line.")] = None,
    declaration: Annotated[
        Path | None,
        typer.Option("--declaration", help="JSON file: further members, as `acquisition`, `derivation`.", exists=True),
    ] = None,
    passphrase: Passphrase = None,
    key_id: KeyId = None,
    staff: Staff = None,
    role: Roles = None,
    justification: Justification = None,
    ca_file: CaFile = None,
    certificate: Certificate = None,
    parallel: Annotated[int, typer.Option("--parallel", min=1, max=32, help="Parts under way at a time.")] = 8,
    limit: Limit = None,
    patience: Minutes = 15,
    state: Annotated[Path | None, typer.Option("--state", help="Folder for notes of uploads under way.")] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="End once all was sent, before it was read back.")] = False,
    quiet: Quiet = False,
) -> None:
    """Bring files to a case file, however bad the line; prints id, status and path of each.

    Broken off anywhere, the same command goes on where it was; so does another process of the organisation. Ends with 0
    when the service has read every file back and found it good; 3: not allowed, 4: nobody answers, 5: rejected, 6: the
    file here cannot be used.
    """
    from casefile_api.client.hashing import Hashing, place_of
    from casefile_api.client.local import LocalFile
    from casefile_api.client.notes import Notes

    more = _members(declaration) | ({"title": title} if title else {})

    with said():
        # Begun before anything else: most of the program is read in while the first file is hashed, and may not keep
        # the threads that hash it waiting for 5 ms a time.
        sys.setswitchinterval(_SWITCHED_AFTER_SECONDS)
        place = place_of(service.rstrip("/"), case_file, kind)
        begun: Hashing | None = Hashing.begin(Notes.at(state), place, LocalFile.found(files[0]))
        from casefile_api.client import opening
        from casefile_api.client.uploading import Wanted

        who = caller(
            (service, client_id, key), passphrase, key_id, (staff, role, justification), (ca_file, certificate)
        )
        with opening.uploading(who, _manner(parallel, limit, patience, state, quiet)) as uploading:
            for path in files:
                wanted = Wanted(case_file, kind, media_type or _media_type(path), more)
                file = begun.file if begun else LocalFile.found(path)
                attachment = uploading.bring(file, wanted, begun=begun, wait=not no_wait)
                begun = None
                typer.echo(f"{attachment['id']}\t{attachment['status']}\t{path}")


def download(
    attachments: Annotated[list[str], typer.Argument(help="Ids of the attachments.")],
    service: Url,
    client_id: ClientId,
    key: KeyFile,
    to: Annotated[Path, typer.Option("--to", help="Folder to put them into, or a path for the one.")] = Path(),
    replace: Annotated[bool, typer.Option("--replace", help="Write over what is there already.")] = False,
    passphrase: Passphrase = None,
    key_id: KeyId = None,
    staff: Staff = None,
    role: Roles = None,
    justification: Justification = None,
    ca_file: CaFile = None,
    certificate: Certificate = None,
    limit: Limit = None,
    patience: Minutes = 15,
    quiet: Quiet = False,
) -> None:
    """Fetch attachments, and keep only what has the hash that was verified; prints id and path of each.

    Broken off anywhere, the same command goes on where it was. Names are made safe for this machine. Ends as `upload`
    does: 5 is a file that arrived as another than was verified.
    """
    from casefile_api.client import opening

    if len(attachments) > 1 and not to.is_dir():
        raise CommandFailed(f"{to} is no folder: several files need one.", 2)
    who = caller((service, client_id, key), passphrase, key_id, (staff, role, justification), (ca_file, certificate))
    with said(), opening.downloading(who, _manner(1, limit, patience, None, quiet)) as downloading:
        for attachment_id in attachments:
            typer.echo(f"{attachment_id}\t{downloading.fetch(attachment_id, to, replace=replace)}")


@contextmanager
def said() -> Iterator[None]:
    """A transfer's ending is the command's; pauses between attempts are not written to any log."""
    import stamina

    from casefile_api.client.endings import Ending, TransferFailed

    stamina.instrumentation.set_on_retry_hooks(())
    try:
        yield
    except TransferFailed as failed:
        raise CommandFailed(str(failed), failed.ending) from failed
    except OSError as fault:
        raise CommandFailed(f"{fault.filename or 'The file'}: {fault.strerror or fault}.", Ending.LOCAL) from fault
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)


def caller(
    who: tuple[str, str, Path],
    passphrase: str | None,
    key_id: str | None,
    person: tuple[str | None, list[str] | None, str | None],
    tls: tuple[Path | None, Path | None],
) -> Caller:
    """Who is meant by what was given on the command line."""
    from casefile_api.client.opening import Caller

    staff, roles, justification = person
    return Caller(*who, passphrase, key_id, staff, tuple(roles or ()), justification, *tls)


def _manner(parallel: int, limit: str | None, patience: float, state: Path | None, quiet: bool) -> Manner:
    from casefile_api.client.opening import Manner

    return Manner(parallel, _rate(limit) if limit else None, patience * 60, state, quiet)


def _rate(text: str) -> float:
    """Bytes a second, as `500k`, `4M` (thousands) or `10Mi` (of 1024)."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([kmg]?i?)b?", text.strip(), re.IGNORECASE)
    if not found or found[2].lower() not in _UNITS or float(found[1]) == 0:
        raise CommandFailed(f"{text} is no rate: say it as 500k, 4M or 10Mi.", 2)
    return float(found[1]) * _UNITS[found[2].lower()]


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _members(declaration: Path | None) -> dict[str, Any]:
    if declaration is None:
        return {}
    try:
        members = json.loads(declaration.read_text(encoding="utf-8"))
    except ValueError:
        members = None
    if not isinstance(members, dict):
        raise CommandFailed(f"{declaration} holds no JSON object.", 2)
    return members
