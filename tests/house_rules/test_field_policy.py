"""What leaves for whom has a row for every member of every outbound body, and none for what is not there."""

from casefile_api.access.field_policy import FIELDS, Leaves
from casefile_api.audit.items import CSV_COLUMNS
from casefile_api.organisations.code_lists import CODE_LISTS
from tests.contract.matrix import read_matrix
from tests.house_rules.outbound import outbound


def test_every_member_of_every_outbound_body_has_a_row_and_no_row_is_idle() -> None:
    assert set(FIELDS) == set(outbound())


def test_a_row_says_never_exactly_where_no_operation_answers_that_kind() -> None:
    wrong = [
        (place, kind.value)
        for place, kinds in outbound().items()
        for kind, leaves in FIELDS[place].items()
        if (leaves is Leaves.NEVER) == (kind in kinds)
    ]
    assert wrong == []


def test_the_police_are_told_whole_of_what_is_theirs_and_the_cps_of_its_own() -> None:
    own = {place for place, row in FIELDS.items() if Leaves.OWN in row.values()}
    assert own == {
        ("VersionView", "shared_with"),
        ("ListedVersion", "shared_with"),
        ("CaseFileRepresentation", "cps_unit"),
        ("CaseFileItem", "cps_unit"),
        ("RestrictionView", "admitted"),
        ("ListedLink", "version"),
        ("ListedLink", "reason"),
        ("ListedLink", "removed_because"),
        ("RetractionView", "reason"),
        ("RetractionView", "retracted_by"),
    }


OF_A_CASE = ("/v1/case-files", "/v1/attachments", "/v1/bundles", "/v1/early-advice-requests")


def test_who_watches_or_runs_the_service_is_answered_by_nothing_of_a_case() -> None:
    rows = [row for row in read_matrix() if row.call.split()[1].startswith(OF_A_CASE)]
    open_to_them = {row.operation for row in rows if row.may("oversight") or row.may("operator")}
    assert len(rows) > 50 and open_to_them == set()


def test_the_values_of_the_code_lists_say_what_has_a_row_and_nothing_else() -> None:
    said = {member for one in CODE_LISTS.values() for value in one.values for member in value.as_body()}
    assert said == {member for body, member in FIELDS if body == "get_code_list.items"}


def test_a_column_of_the_log_as_csv_is_a_member_that_has_a_row() -> None:
    entry = {member for body, member in FIELDS if body in ("EntryItem", "Entry", "Erasable")}
    assert set(CSV_COLUMNS) <= entry
