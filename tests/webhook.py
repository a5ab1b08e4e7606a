"""A real provisioning system on localhost for tests: it checks signatures, applies each key once, and misbehaves."""

import contextlib
import hashlib
import hmac
import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread


class Receiver(ThreadingHTTPServer):
    """`script`: what to do with the coming requests, one entry each; then 200 for the rest.

    An entry is an HTTP status, a pair of status and body, `late` (applies, answers too late), `drop_before` or
    `drop_after` (breaks the connection before or after applying).
    """

    daemon_threads = True

    def __init__(self, secret):
        super().__init__(("127.0.0.1", 0), Handler)
        self.secret = secret
        self.script = []
        self.requests = []  # (headers, body) of every request that was signed well
        self.forged = 0
        self.applied = []  # payloads, once per key
        self.keys = set()
        self.released = Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/events"
        self._thread = Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self.released.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def apply(self, payload):
        if payload["key"] not in self.keys:
            self.keys.add(payload["key"])
            self.applied.append(payload)

    def kinds(self, service=None):
        """What was applied, in order."""
        return [p["kind"] for p in self.applied if service is None or p["service"]["id"] == service.id]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = self.headers["X-Followup-Timestamp"].encode() + b"." + body
        digest = hmac.new(server.secret.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(self.headers["X-Followup-Signature"], f"sha256={digest}"):
            server.forged += 1
            return self.answer(401, b"bad signature")
        server.requests.append((dict(self.headers), body))
        step = server.script.pop(0) if server.script else 200
        payload = json.loads(body)
        if step == "drop_before":
            return self.drop()
        if step == "drop_after":
            server.apply(payload)
            return self.drop()
        if step == "late":
            server.apply(payload)
            server.released.wait(20)
            return self.answer(200, b"")
        status, text = step if isinstance(step, tuple) else (step, "")
        if 200 <= status < 300:
            server.apply(payload)
        return self.answer(status, text.encode())

    def do_GET(self):
        self.server.requests.append((dict(self.headers), None))
        self.answer(200, b"")

    def answer(self, status, body):
        with contextlib.suppress(OSError):  # the sender waited long enough
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", self.server.url)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if status != 204:
                self.wfile.write(body)

    def drop(self):
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def log_message(self, *args):
        pass
