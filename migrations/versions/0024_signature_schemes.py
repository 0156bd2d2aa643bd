"""Webhook endpoints whose receivers verify by a published key: the scheme of their signatures, and the keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_SCHEME = "webhook_endpoint_signature_scheme"


def upgrade() -> None:
    op.add_column(
        "webhook_endpoint", sa.Column("signature_scheme", sa.String, nullable=False, server_default=sa.text("'v1'"))
    )
    op.add_column(
        "webhook_endpoint", sa.Column("public_keys", ARRAY(sa.String), nullable=False, server_default=sa.text("'{}'"))
    )
    op.create_check_constraint(_SCHEME, "webhook_endpoint", "signature_scheme in ('v1', 'v1a')")


def downgrade() -> None:
    """Endpoints of the other scheme go: nobody could verify what they would be sent."""
    op.execute("delete from webhook_endpoint where signature_scheme <> 'v1'")
    op.drop_constraint(_SCHEME, "webhook_endpoint")
    op.drop_column("webhook_endpoint", "public_keys")
    op.drop_column("webhook_endpoint", "signature_scheme")
