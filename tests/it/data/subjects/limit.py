# An echo server with a limit, made with the library websockets: LIMIT PORT PING. Without a limit: 0.
import asyncio
import http
import logging
import sys

from websockets.asyncio.server import serve
limit, port, ping = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
live = set()
logging.disable(logging.CRITICAL)


def check(connection, request):
    if limit and len(live) >= limit:
        return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "full\n")
    live.add(connection)


async def echo(ws):
    try:
        async for message in ws:
            await ws.send(message)
    finally:
        live.discard(ws)


async def main():
    times = dict(ping_interval=ping, ping_timeout=ping, close_timeout=1)
    async with serve(echo, "127.0.0.1", port, process_request=check, max_size=None, **times):
        await asyncio.Future()


asyncio.run(main())
