"""Organisations, units and staff; clients, their public keys, used assertions and revoked tokens.

The service's role may register staff and issue tokens. Organisations, units, clients and client keys are the
administrator's: whoever takes over the service cannot let in a new system.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.grants import grant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _words(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.ARRAY(sa.String()), nullable=False)


def upgrade() -> None:
    _create_organisations()
    _create_staff()
    _create_clients()
    _create_used_and_revoked()
    for table in ("organisation", "unit", "client", "client_key"):
        grant(table, "select")
    grant("staff", "select, insert, update")
    grant("seen_assertion", "select, insert, delete")
    grant("revoked_token", "select, insert, delete")
    grant("token_cutoff", "select, insert, update, delete")


def _create_organisations() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("force_code", sa.String()),
        sa.Column("cps_area", sa.String()),
        sa.Column("remit", sa.String()),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.CheckConstraint("kind in ('police', 'cps', 'oversight', 'operator')", name="organisation_kind"),
        sa.CheckConstraint("id = kind or id like kind || '-%'", name="organisation_id_tells_kind"),
        sa.CheckConstraint("(kind = 'police') = (force_code is not null)", name="organisation_force_code"),
        sa.CheckConstraint("(kind = 'oversight') = (remit is not null)", name="organisation_remit"),
        sa.CheckConstraint("valid_until is null or valid_until >= valid_from", name="organisation_validity"),
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("organisation", sa.String(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.CheckConstraint(
            "kind in ('rasso', 'magistrates_court', 'crown_court', 'complex_casework', 'police_team')", name="unit_kind"
        ),
        sa.CheckConstraint("valid_until is null or valid_until >= valid_from", name="unit_validity"),
        sa.UniqueConstraint("organisation", "id", name="unit_of_organisation"),
    )


def _create_staff() -> None:
    op.create_table(
        "staff",
        sa.Column("organisation", sa.String(), primary_key=True),
        sa.Column("staff_id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rank", sa.String()),
        _words("roles"),
        sa.Column("unit", sa.String()),
        sa.Column("active", sa.Boolean(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.id"], name="staff_organisation"),
        sa.ForeignKeyConstraint(["organisation", "unit"], ["unit.organisation", "unit.id"], name="staff_unit"),
    )
    op.create_index("staff_by_unit", "staff", ["unit", "staff_id"])


def _create_clients() -> None:
    op.create_table(
        "client",
        sa.Column("client_id", sa.String(), primary_key=True),
        sa.Column("organisation", sa.String(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        _words("scopes"),
        _words("assertable_roles"),
        _moment("created_at"),
        _moment("revoked_at", nullable=True),
    )
    op.create_table(
        "client_key",
        sa.Column("client_id", sa.String(), sa.ForeignKey("client.client_id"), primary_key=True),
        sa.Column("kid", sa.String(), primary_key=True),
        sa.Column("algorithm", sa.String(), nullable=False),
        sa.Column("jwk", postgresql.JSONB(), nullable=False),
        _moment("valid_from"),
        _moment("valid_until", nullable=True),
        sa.CheckConstraint("algorithm in ('ES256', 'PS256', 'EdDSA')", name="client_key_algorithm"),
        sa.CheckConstraint("valid_until is null or valid_until >= valid_from", name="client_key_validity"),
        sa.CheckConstraint("not jwk ?| array['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']", name="client_key_public"),
    )


def _create_used_and_revoked() -> None:
    op.create_table(
        "seen_assertion",
        sa.Column("iss", sa.String(), primary_key=True),
        sa.Column("jti", sa.String(), primary_key=True),
        _moment("expires_at"),
    )
    op.create_index("seen_assertion_by_expiry", "seen_assertion", ["expires_at"])
    op.create_table(
        "revoked_token",
        sa.Column("jti", sa.String(), primary_key=True),
        sa.Column("client_id", sa.String(), nullable=False),
        _moment("revoked_at"),
        _moment("expires_at"),
    )
    op.create_index("revoked_token_by_expiry", "revoked_token", ["expires_at"])
    op.create_table(
        "token_cutoff",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("organisation", sa.String(), primary_key=True),
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("issued_until", sa.BigInteger(), nullable=False),
        _moment("expires_at"),
        sa.CheckConstraint("kind in ('client', 'staff')", name="token_cutoff_kind"),
    )
    op.create_index("token_cutoff_by_expiry", "token_cutoff", ["expires_at"])


def downgrade() -> None:
    for table in (
        "token_cutoff",
        "revoked_token",
        "seen_assertion",
        "client_key",
        "client",
        "staff",
        "unit",
        "organisation",
    ):
        op.drop_table(table)
