"""The harbour, and its piers."""
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    piers = op.create_table("harbour", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, nullable=False))
    op.bulk_insert(piers, [{"id": 1, "name": "north"}, {"id": 2, "name": "south"}])


def downgrade():
    op.drop_table("harbour")
