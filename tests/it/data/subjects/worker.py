"""Prepares a database: python worker.py lock|create|insert|session|transaction DSN"""
import sys

import psycopg

KIND, DSN = sys.argv[1:3]
LOCK = 4217
SCHEMA = "CREATE TABLE IF NOT EXISTS harbour (id integer PRIMARY KEY, name text NOT NULL)"
SEEDS = "INSERT INTO harbour VALUES (1, 'north'), (2, 'south')"

# A pooler that gives a connection for a transaction knows no statement that was prepared before.
with psycopg.connect(DSN, autocommit=True, prepare_threshold=None) as connection:
    if KIND in ("lock", "session"):
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    if KIND == "transaction":
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            connection.execute(SCHEMA)
            if connection.execute("SELECT count(*) FROM harbour").fetchone()[0] == 0:
                connection.execute(SEEDS)
    elif KIND == "create":
        # Looks, then creates; the seeds bear it that they are there.
        if connection.execute("SELECT to_regclass('harbour')").fetchone()[0] is None:
            connection.execute(SCHEMA.replace("IF NOT EXISTS ", ""))
        connection.execute(SEEDS + " ON CONFLICT DO NOTHING")
    elif KIND == "insert":
        # The table is made under a lock; the seeds, which have no key, are not.
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            connection.execute("CREATE TABLE IF NOT EXISTS harbour (name text NOT NULL)")
        if connection.execute("SELECT count(*) FROM harbour").fetchone()[0] == 0:
            connection.execute("INSERT INTO harbour VALUES ('north'), ('south')")
    else:
        connection.execute(SCHEMA)
        if connection.execute("SELECT count(*) FROM harbour").fetchone()[0] == 0:
            connection.execute(SEEDS)
    if KIND == "lock":
        connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    # `session` believes that its lock ends with its connection.
