"""Webhook endpoints that hear of some units and case types only, are known to be failing, and say who ended them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_TABLE = "webhook_endpoint"
_ENDED = "webhook_endpoint_ended_when_disabled"
_FAILING = "webhook_endpoint_failing_when_active"
_OLDER_REASONS = "('gone', 'failing', 'not_verified')"


def upgrade() -> None:
    """Add the columns; an endpoint that is disabled already was disabled by the service when it last changed."""
    for name in ("units", "case_types"):
        op.add_column(_TABLE, sa.Column(name, ARRAY(sa.String), nullable=False, server_default=sa.text("'{}'")))
    op.add_column(_TABLE, sa.Column("failing", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.add_column(_TABLE, sa.Column("last_error", sa.String))
    op.add_column(_TABLE, sa.Column("disabled_at", sa.DateTime(timezone=True)))
    op.add_column(_TABLE, sa.Column("disabled_by", sa.String))
    op.execute(f"update {_TABLE} set disabled_at = updated_at, disabled_by = 'service' where state = 'disabled'")
    op.create_check_constraint(
        _ENDED,
        _TABLE,
        "(state = 'disabled') = (disabled_at is not null) and (disabled_at is null) = (disabled_by is null)",
    )
    op.create_check_constraint(_FAILING, _TABLE, "not failing or state = 'active'")


def downgrade() -> None:
    """Take them away; what was ended for a reason that is not known any more has to prove itself again."""
    op.execute(f"update {_TABLE} set reason = 'not_verified' where reason not in {_OLDER_REASONS}")
    op.drop_constraint(_FAILING, _TABLE)
    op.drop_constraint(_ENDED, _TABLE)
    for name in ("disabled_by", "disabled_at", "last_error", "failing", "case_types", "units"):
        op.drop_column(_TABLE, name)
