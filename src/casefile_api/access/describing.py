"""The page that says who may call what, drawn from the one table. Run it to draw `docs/permissions.md` anew."""

from collections.abc import Iterator

from casefile_api.access.permissions import OPERATIONS, ROLES, SCOPES, Grant, Operation

_HEAD = """\
# Who may call what

Drawn from the table that the guard reads; a test keeps it so (`python -m casefile_api.access.describing` draws it).
A caller needs the scope in the token *and* one of the roles. The last column is the word of DPA 2018 s.62 that the log
has for the call; a read of the other side's case file is logged as disclosure.
"""


def permissions_page() -> str:
    """Return the page: scopes, then every operation with the roles of each kind of organisation."""
    scopes = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in SCOPES.items())
    rows = "\n".join(row for operation, row_of in OPERATIONS.items() for row in _rows(operation, row_of))
    return (
        f"{_HEAD}\n## Scopes\n\n| scope | for |\n|---|---|\n{scopes}\n\n"
        f"## Operations\n\n| operation | scope | roles | s.62 |\n|---|---|---|---|\n{rows}\n"
    )


def _rows(name: str, operation: Operation) -> Iterator[str]:
    word = operation.word.value if operation.word else "–"
    if operation.open:
        yield f"| `{name}` | – | open to everybody | {word} |"
        return
    for scope in sorted({grant.scope or "" for grant in operation.grants.values()}):
        grants = {kind: grant for kind, grant in operation.grants.items() if (grant.scope or "") == scope}
        told = "; ".join(f"{kind.value}: {_roles(grant, ROLES[kind])}" for kind, grant in grants.items())
        yield f"| `{name}` | {f'`{scope}`' if scope else 'any token'} | {told} | {word} |"


def _roles(grant: Grant, all_roles: tuple[str, ...]) -> str:
    return "all" if grant.roles == set(all_roles) else ", ".join(role for role in all_roles if role in grant.roles)


if __name__ == "__main__":
    print(permissions_page(), end="")
