"""A client may have so many uploads under way; completing or deleting one makes room for the next."""

from tests.outside import files
from tests.outside.cases import open_case
from tests.outside.client import Sandbox, check_problem
from tests.outside.dpop import Holder


def test_a_client_has_so_many_uploads_under_way_and_no_more(strict: Sandbox, sandbox: Sandbox) -> None:
    officer = sandbox.person("officer", organisation="police-52")
    path = f"/v1/case-files/{open_case(officer)['id']}/attachments"
    holder = Holder(strict.person("officer", organisation="police-52"))
    token, statement = holder.token(), files.statement(1)
    answers = [holder.call(token, path, method="POST", json=statement.declaration()) for _ in range(4)]
    begun = [answer.json()["id"] for answer in answers if answer.status_code == 201]

    check_problem(answers[-1], 429, "too-many-requests")
    assert int(answers[-1].headers["retry-after"]) > 0 and begun
    officer.delete(f"/v1/attachments/{begun[0]}", if_match=officer.etag(f"/v1/attachments/{begun[0]}"))
    assert holder.call(token, path, method="POST", json=statement.declaration()).status_code == 201
