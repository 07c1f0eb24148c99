"""The tables of the job queue, on PostgreSQL only; SQLite has one process and needs none."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        connection.connection.cursor().execute(SchemaManager.get_schema())  # as it is: its %-signs are no placeholders
