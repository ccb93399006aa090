"""A service on a database: python pool.py pre-ping|default|psycopg_pool|bare PORT DSN

/items needs the database; /honest asks it, within bounds; /lies does not."""
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import psycopg_pool
import sqlalchemy

KIND, PORT, DSN = sys.argv[1], int(sys.argv[2]), sys.argv[3]
WORK = "SELECT count(*) FROM harbour"

if KIND in ("pre-ping", "default"):
    ENGINE = sqlalchemy.create_engine(
        DSN.replace("postgresql://", "postgresql+psycopg://"),
        pool_size=5,
        max_overflow=0,
        pool_pre_ping=KIND == "pre-ping",
    )
elif KIND == "psycopg_pool":
    POOL = psycopg_pool.ConnectionPool(DSN, min_size=5, max_size=5, open=True)
    POOL.wait()
else:
    CONNECTION, ALONE = psycopg.connect(DSN, autocommit=True), threading.Lock()


def work():
    if KIND in ("pre-ping", "default"):
        with ENGINE.connect() as connection:
            connection.execute(sqlalchemy.text(WORK))
    elif KIND == "psycopg_pool":
        with POOL.connection() as connection:
            connection.execute(WORK)
    else:
        with ALONE:
            CONNECTION.execute(WORK)


def honest():
    """A connection of its own, and a bound on all that it waits for."""
    done = threading.Event()

    def ask():
        try:
            with psycopg.connect(DSN, connect_timeout=2, autocommit=True) as connection:
                connection.execute(WORK)
            done.set()
        except psycopg.Error:
            pass

    threading.Thread(target=ask, daemon=True).start()
    if not done.wait(0.5):
        raise TimeoutError("the database does not answer")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, text = 200, "well"
        try:
            {"/items": work, "/honest": honest}.get(self.path, lambda: None)()
        except Exception as error:
            status, text = 503, str(error)
        self.send_response(status)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


Server(("127.0.0.1", PORT), Handler).serve_forever()
