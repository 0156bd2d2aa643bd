"""What can be wrong with a part, said in one sentence that names the mend."""

from __future__ import annotations

from casefile_api.errors import Misconfigured


class PartFailed(Misconfigured):
    """A part could not be started, reached or stopped; the message is what an operator reads."""
