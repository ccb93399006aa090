"""On MySQL or MariaDB: python maria.py lock|resume|naive DSN prepares a database, python maria.py serve PORT DSN lives on one."""
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import sqlalchemy

WORK = sqlalchemy.text("SELECT count(*) FROM harbour")


def engine(dsn, **options):
    return sqlalchemy.create_engine(dsn.replace("mysql://", "mysql+pymysql://"), **options)


def prepare(kind, dsn):
    with engine(dsn).connect() as connection:
        say = lambda sql: connection.execute(sqlalchemy.text(sql))
        if kind != "naive":
            say("SELECT GET_LOCK('harbour', 60)")
        if kind == "resume":
            say("CREATE TABLE IF NOT EXISTS harbour (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL)")
            say("INSERT IGNORE INTO harbour VALUES (1, 'north'), (2, 'south')")
            connection.commit()
        elif not say("SHOW TABLES LIKE 'harbour'").all():
            if kind == "naive":
                say("SELECT SLEEP(0.2)")
            say("CREATE TABLE harbour (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL)")
            say("INSERT INTO harbour VALUES (1, 'north'), (2, 'south')")
            connection.commit()
        if kind != "naive":
            say("SELECT RELEASE_LOCK('harbour')")


def serve(port, dsn):
    pool = engine(dsn, pool_size=5, max_overflow=0, pool_pre_ping=True, connect_args={"connect_timeout": 1, "read_timeout": 1})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status = 200
            try:
                with pool.connect() as connection:
                    connection.execute(WORK)
            except Exception:
                status = 503
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]), sys.argv[3])
else:
    prepare(sys.argv[1], sys.argv[2])
