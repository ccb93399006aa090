"""Migrations by alembic, as its template has them; with PHX_LOCK=1 under a lock, as its users write it."""
import os

from alembic import context
from sqlalchemy import create_engine, pool, text

engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    if os.environ.get("PHX_LOCK"):
        with context.begin_transaction():
            connection.execute(text("SELECT pg_advisory_xact_lock(4217)"))
            context.run_migrations()
    else:
        with context.begin_transaction():
            context.run_migrations()
