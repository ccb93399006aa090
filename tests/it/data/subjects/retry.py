"""Calls another service, and calls again: python retry.py urllib3|tenacity|naive UPSTREAM"""
import sys
import time

import tenacity
import urllib3

KIND, UPSTREAM = sys.argv[1], sys.argv[2]
URL = f"http://{UPSTREAM}/bill"
POOL = urllib3.PoolManager(timeout=2.0)
TRANSIENT = (429, 502, 503, 504)


class Transient(Exception):
    pass


def once():
    answer = POOL.request("GET", URL, retries=False)
    if answer.status in TRANSIENT:
        raise Transient(f"status {answer.status}")
    if answer.status >= 400:
        raise ValueError(f"status {answer.status}")


def by_urllib3():
    retry = urllib3.Retry(total=3, backoff_factor=0.1, backoff_jitter=0.1, status_forcelist=TRANSIENT)
    answer = POOL.request("GET", URL, retries=retry)
    if answer.status >= 400:
        raise ValueError(f"status {answer.status}")


@tenacity.retry(
    stop=tenacity.stop_after_attempt(4),
    wait=tenacity.wait_exponential_jitter(initial=0.05, max=2, jitter=0.05),
    retry=tenacity.retry_if_exception_type((Transient, urllib3.exceptions.HTTPError)),
    reraise=True,
)
def by_tenacity():
    once()


def naively():
    for attempt in range(10):
        try:
            return once()
        except (Transient, urllib3.exceptions.HTTPError):
            if attempt == 9:
                raise
            time.sleep(0.1)


try:
    {"urllib3": by_urllib3, "tenacity": by_tenacity, "naive": naively}[KIND]()
except Exception as error:
    sys.exit(f"billing: {error}")
