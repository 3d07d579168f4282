"""The daemon and the libraries that others wrote for its providers, in both directions:

what pywa and Twilio's library sign, the daemon takes, and refuses when it was changed; what `iass webhook simulate` posts,
pywa and Twilio's library take for the provider's own; what the daemon sends, a Graph API and a Twilio that are no part of
this project's tests get in the form that pywa and Twilio's library send.
"""

import http.server
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import hashlib
import hmac
import pathlib

from pywa import WhatsApp, filters
from pywa.utils import webhook_updates_validator
from twilio.request_validator import RequestValidator

IASS = str(pathlib.Path(sys.argv[1]).resolve())
APP_SECRET, TOKEN, NUMBER = "app-secret", "EAAtoken", "106540352242922"
TWILIO_TOKEN, ACCOUNT = "twilio-token", "AC00000000000000000000000000000000"
PUBLIC_URL = "https://iass.example.com"


class Recorder(http.server.BaseHTTPRequestHandler):
    """Keeps what is posted; answers as the providers do."""

    received = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.append((self.path, dict(self.headers), body))
        if "/Messages.json" in self.path:
            self.answer(201, {"sid": "SM0", "status": "queued"})
        elif self.path.startswith("/v23.0/"):
            self.answer(200, {"messaging_product": "whatsapp", "messages": [{"id": f"wamid.{len(self.received)}"}]})
        else:
            self.answer(200, {})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def wait_for(what, looked_for):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = [entry for entry in Recorder.received if looked_for(entry)]
        if found:
            return found[0]
        time.sleep(0.02)
    raise SystemExit(f"{what} never came: {Recorder.received}")


def post(url, body, headers):
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def check(what, is_right):
    if not is_right:
        raise SystemExit(f"FAILED: {what}")
    print(f"ok: {what}")


def main():
    providers = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=providers.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{providers.server_port}"
    with tempfile.TemporaryDirectory() as folder:
        site = pathlib.Path(folder)
        (site / "tenants/acme").mkdir(parents=True)
        (site / "chatbot.toml").write_text(
            f'[server]\npublic_url = "{PUBLIC_URL}"\n[worker]\nburst_quiet_ms = 0\n', encoding="utf-8"
        )
        (site / "tenants/acme/tenant.toml").write_text(
            f'name = "La Tuerca"\n[channels.meta]\nphone_number_id = "{NUMBER}"\naccess_token = "{TOKEN}"\n'
            f'app_secret = "{APP_SECRET}"\nverify_token = "verify"\napi_base = "{base}/v23.0"\n'
            f'[channels.twilio]\naccount_sid = "{ACCOUNT}"\nauth_token = "{TWILIO_TOKEN}"\n'
            f'from = "whatsapp:+14155238886"\napi_base = "{base}"\n',
            encoding="utf-8",
        )
        command = [IASS, "serve", "--json", "--listen", "127.0.0.1:0"]
        with open(site / "daemon.log", "w", encoding="utf-8") as log:
            daemon = subprocess.Popen(command, cwd=site, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            url = json.loads(daemon.stdout.readline())["listening"]
            of_meta(url)
            of_twilio(url)
            simulated(site, base)
        finally:
            daemon.terminate()
            daemon.wait(20)


def text_webhook(message_id, text):
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "573001112233", "phone_number_id": NUMBER},
        "contacts": [{"profile": {"name": "Ana Peña"}, "wa_id": "573001112201"}],
        "messages": [{"from": "573001112201", "id": message_id, "timestamp": "1750000000", "type": "text", "text": {"body": text}}],
    }
    entry = [{"id": "1", "changes": [{"value": value, "field": "messages"}]}]
    # As Meta does: everything beyond ASCII is escaped.
    return json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()


def of_meta(url):
    body = text_webhook("wamid.peer", "¿Cuánto cuesta el taladro? 😀")
    signature = "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    check("pywa takes the signature", webhook_updates_validator(APP_SECRET, body, signature))
    for path in ("/webhooks/meta/acme", "/webhooks/whatsapp/acme"):
        headers = {"content-type": "application/json", "x-hub-signature-256": signature}
        check(f"{path} takes what pywa takes", post(url + path, body, headers) == 200)
        check(f"{path} refuses another body", post(url + path, body.replace(b"Ana", b"Eva"), headers) == 401)
        headers["x-hub-signature-256"] = "sha256=" + "0" * 64
        check(f"{path} refuses another signature", post(url + path, body, headers) == 401)

    def is_reply(entry):
        path, _, body = entry
        return path == f"/v23.0/{NUMBER}/messages" and json.loads(body).get("type") == "text"

    _, headers, sent = wait_for("a reply at Meta", is_reply)
    sent = json.loads(sent)
    check("the reply has the token", headers["authorization"] == f"Bearer {TOKEN}")
    check("the reply goes to the customer", sent["to"] == "573001112201" and sent["text"]["body"])


def of_twilio(url):
    path = "/webhooks/twilio/acme"
    fields = {
        "MessageSid": "SMpeer", "From": "whatsapp:+573001112233", "To": "whatsapp:+14155238886",
        "Body": "¿Cuánto cuesta el taladro? 😀", "NumMedia": "0", "ProfileName": "Ana Peña", "NewField": "x",
    }
    signature = RequestValidator(TWILIO_TOKEN).compute_signature(PUBLIC_URL + path, fields)
    form = urllib.parse.urlencode(fields).encode()
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature}
    status = post(url + path, form, headers)
    if status == 404:
        print("skipped: this daemon does not serve Twilio")
        return
    check("the daemon takes what Twilio's library signed", status == 200)
    changed = form.replace(b"Ana", b"Eva")
    check("the daemon refuses what was changed", post(url + path, changed, headers) == 401)
    _, _, sent = wait_for("a reply at Twilio", lambda entry: "/Messages.json" in entry[0])
    check("the reply goes to the customer", urllib.parse.parse_qs(sent.decode())["To"] == ["whatsapp:+573001112233"])


def simulated(site, base):
    """What `iass webhook simulate` posts, to somebody who uses pywa and Twilio's library."""
    for channel in ("meta", "twilio"):
        command = [IASS, "webhook", "simulate", channel, "--tenant", "acme", "--text", "hola", "--url", base]
        subprocess.run(command, cwd=site, check=True, capture_output=True)
    _, headers, body = wait_for("a simulated message of Meta", lambda entry: entry[0] == "/webhooks/meta/acme")
    signature = headers.get("x-hub-signature-256")
    check("pywa takes the simulated signature", webhook_updates_validator(APP_SECRET, body, signature))
    heard = []
    client = WhatsApp(phone_id=NUMBER, token=TOKEN, app_secret=APP_SECRET, server=None, verify_token="verify")
    client.add_handlers(__import__("pywa").handlers.MessageHandler(lambda _, message: heard.append(message.text), filters.text))
    client.webhook_update_handler(body)
    deadline = time.monotonic() + 10
    while not heard and time.monotonic() < deadline:
        time.sleep(0.02)
    check("pywa understands the simulated message", heard == ["hola"])
    _, headers, body = wait_for("a simulated message of Twilio", lambda entry: entry[0] == "/webhooks/twilio/acme")
    fields = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
    validator = RequestValidator(TWILIO_TOKEN)
    is_right = validator.validate(PUBLIC_URL + "/webhooks/twilio/acme", fields, headers["x-twilio-signature"])
    check("Twilio's library takes the simulated signature", is_right)


main()
