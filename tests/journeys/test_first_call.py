"""The first call of the README, as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

from tests.outside.client import Sandbox

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_gets_a_token_that_says_who_one_is(sandbox: Sandbox, tmp_path: Path) -> None:
    program = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(program) == 1
    (tmp_path / "get_token.py").write_text(program[0])
    command = [sys.executable, str(tmp_path / "get_token.py"), str(sandbox.directory), "force-53-rms"]
    token = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    me = sandbox.http.get(f"{sandbox.base_url}/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert me.status_code == 200
    assert me.json()["organisation"] == "police-53"
