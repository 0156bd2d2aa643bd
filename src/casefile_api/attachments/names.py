"""What people called a file. It may name anybody: it is sealed wherever it is kept, and goes into no list or link."""

from dataclasses import dataclass
from uuid import UUID

import orjson

from casefile_api.attachments.models import Attachment
from casefile_api.attachments.provenance import Acquisition
from casefile_api.unit_of_work import Reading


async def seal_acquisition(
    reading: Reading, case_file_id: UUID, attachment_id: UUID, acquisition: Acquisition | None
) -> bytes | None:
    """Seal how a file was acquired, for its row: it names the examiner, and maybe whose telephone it was."""
    if acquisition is None:
        return None
    plain = acquisition.model_dump_json().encode()
    return await reading.vault.seal(reading.session, case_file_id, plain, f"attachment.acquisition:{attachment_id}")


async def open_acquisition(reading: Reading, row: Attachment) -> Acquisition | None:
    """Open how a file was acquired."""
    if row.acquisition is None:
        return None
    label = f"attachment.acquisition:{row.id}"
    plain = await reading.vault.open(reading.session, row.case_file_id, row.acquisition, label)
    return Acquisition.model_validate_json(plain)


@dataclass(frozen=True, slots=True)
class Names:
    """What people called a file: sealed wherever it is kept."""

    file_name: str
    title: str | None


async def seal_names(reading: Reading, case_file_id: UUID, attachment_id: UUID, names: Names) -> bytes:
    """Seal a file's names for its row."""
    plain = orjson.dumps({"file_name": names.file_name, "title": names.title})
    return await reading.vault.seal(reading.session, case_file_id, plain, f"attachment.names:{attachment_id}")


async def open_names(reading: Reading, row: Attachment) -> Names:
    """Open a file's names."""
    plain = await reading.vault.open(reading.session, row.case_file_id, row.names, f"attachment.names:{row.id}")
    return Names(**orjson.loads(plain))
