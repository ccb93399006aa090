"""A service that calls another one behind pybreaker: python breaker.py PORT UPSTREAM"""
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pybreaker

PORT, UPSTREAM = int(sys.argv[1]), sys.argv[2]
BREAKER = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=1.5)


@BREAKER
def ask():
    with urllib.request.urlopen(f"http://{UPSTREAM}/bill", timeout=3) as answer:
        answer.read()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, text = 200, "well"
        if self.path != "/ready":
            try:
                ask()
            except Exception as error:
                status, text = 502, f"billing: {error}"
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


Server(("127.0.0.1", PORT), Handler).serve_forever()
