"""Key proofs that were used (RFC 9449): each is good for one request, whichever process answers it."""

import sqlalchemy as sa
from alembic import op

from migrations.grants import grant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "used_key_proof",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(digest) = 32", name="used_key_proof_digest_length"),
    )
    op.create_index("used_key_proof_by_expiry", "used_key_proof", ["expires_at"])
    grant("used_key_proof", "select, insert, delete")


def downgrade() -> None:
    op.drop_table("used_key_proof")
