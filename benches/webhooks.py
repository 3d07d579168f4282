#!/usr/bin/env python3
"""Measures how fast the daemon acknowledges webhooks while its model takes 20 seconds to answer.

    benches/webhooks.py target/release/iass [--rate 1000] [--seconds 10] [--no-model]

Signed WhatsApp messages (Meta) of 2,000 customers are posted at a steady rate over 16 connections; the time from the
moment a message was due to be sent until its answer is read counts, so that a queue in front of the daemon shows. Every
message must be acknowledged and stored. Needs nothing but Python.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import multiprocessing
import os
import sqlite3
import subprocess
import tempfile
import time

SECRET = "an app secret"
CONNECTIONS = 16
CUSTOMERS = 2_000
MAX_P99_MS = 20.0
TENANT = """name = "Acme"
[channels.meta]
phone_number_id = "1000"
access_token = "token"
app_secret = "%s"
verify_token = "verify"
api_base = "%s"
"""


def request(number, host):
    message = {"from": f"57300{number % CUSTOMERS:07}", "id": f"wamid.{number}", "timestamp": "1764000000",
               "type": "text", "text": {"body": f"Hola, ¿cuánto cuesta la limpieza facial número {number}?"}}
    value = {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "1", "phone_number_id": "1000"},
             "contacts": [{"profile": {"name": "Ana"}, "wa_id": message["from"]}], "messages": [message]}
    body = json.dumps({"object": "whatsapp_business_account",
                       "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (f"POST /webhooks/meta/acme HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
            f"x-hub-signature-256: sha256={signature}\r\ncontent-length: {len(body)}\r\n\r\n")
    return head.encode() + body


async def upstream(reader, writer):
    """A model that takes 20 seconds, and a Graph API that takes everything at once."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                           if line.startswith(b"content-length:")), 0)
            await reader.readexactly(length)
            if b"chat/completions" in head:
                await asyncio.sleep(20)
            body = b'{"messages":[{"id":"wamid.out"}],"success":true}'
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


def serve_upstream(port):
    """In a process of its own, so that it takes no time from who measures."""

    async def serve():
        server = await asyncio.start_server(upstream, "127.0.0.1", 0)
        port.value = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    asyncio.run(serve())


async def connection(host, port, work, begun, gap, times, failures):
    reader, writer = await asyncio.open_connection(host, port)
    for number, raw in work:
        due = begun + number * gap
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        writer.write(raw)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                       if line.startswith(b"content-length:")), 0)
        await reader.readexactly(length)
        times.append((time.perf_counter() - due) * 1000)
        if b" 200 " not in head.split(b"\r\n")[0]:
            failures.append(head)
    writer.close()


async def measure(args, folder):
    port = multiprocessing.Value("i", 0)
    multiprocessing.Process(target=serve_upstream, args=(port,), daemon=True).start()
    while not port.value:
        await asyncio.sleep(0.01)
    fake = f"http://127.0.0.1:{port.value}"
    os.makedirs(f"{folder}/tenants/acme")
    with open(f"{folder}/tenants/acme/tenant.toml", "w", encoding="utf-8") as file:
        file.write(TENANT % (SECRET, fake))
    with open(f"{folder}/chatbot.toml", "w", encoding="utf-8") as file:
        file.write("" if args.no_model else f'[[llm.keys]]\nid = "slow"\nbase_url = "{fake}/v1"\napi_key = "sk"\nmodel = "m"\n')
    daemon = subprocess.Popen([os.path.abspath(args.exe), "serve", "--json", "--listen", "127.0.0.1:0", "-q"],
                              cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        host, port = json.loads(daemon.stdout.readline())["listening"].removeprefix("http://").split(":")
        count = args.rate * args.seconds
        requests = [(number, request(number, f"{host}:{port}")) for number in range(count)]
        times, failures = [], []
        # The first message opens the tenant's database and trains its classifiers, which is not what is measured.
        warm = [(0, request(count, f"{host}:{port}"))]
        await connection(host, int(port), warm, time.perf_counter(), 0, [], failures)
        await asyncio.sleep(1)
        begun = time.perf_counter() + 0.2
        await asyncio.gather(*(connection(host, int(port), requests[at::CONNECTIONS], begun, 1 / args.rate, times,
                                          failures) for at in range(CONNECTIONS)))
        took = time.perf_counter() - begun
    finally:
        daemon.kill()
        daemon.wait()
    stored = sqlite3.connect(f"{folder}/data/tenants/acme.db").execute("select count(*) from inbox").fetchone()[0]
    times.sort()
    at = lambda share: times[int((len(times) - 1) * share)]
    print(f"{count} webhooks in {took:.1f} s ({count / took:.0f} a second), {len(failures)} not acknowledged, "
          f"{stored} stored; ack p50 {at(.5):.2f} ms, p99 {at(.99):.2f} ms, most {at(1):.2f} ms")
    return not failures and stored == count + 1 and at(.99) <= MAX_P99_MS


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exe")
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--no-model", action="store_true", help="the built-in answerer replies at once")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        reached = asyncio.run(measure(args, folder))
    raise SystemExit(0 if reached else "missed")


if __name__ == "__main__":
    main()
