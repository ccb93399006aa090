# An echo server over TLS, made with the library websockets: PORT CERTIFICATE KEY
import asyncio
import logging
import ssl
import sys

from websockets.asyncio.server import serve

logging.disable(logging.CRITICAL)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])


async def echo(ws):
    async for message in ws:
        await ws.send(message)


async def main():
    async with serve(echo, "127.0.0.1", int(sys.argv[1]), ssl=context):
        await asyncio.Future()


asyncio.run(main())
