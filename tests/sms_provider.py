"""A real provider of text messages on localhost for tests, in the place of the IAP endpoint of Odoo's `sms`."""

import contextlib
import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class SmsProvider(ThreadingHTTPServer):
    """`answers`: number -> state as the provider names it (`success` when it is not there).

    `drop`: close the connection after taking the request. `status`: an HTTP status instead of an answer.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = {}
        self.drop = False
        self.status = 200
        self.taken = []  # (number, content, uuid)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._thread = Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        if not self._thread.is_alive():
            return
        self.shutdown()
        self.server_close()
        self._thread.join()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/api/sms/3/send":
            return self.answer(404, {})
        if server.status != 200:
            return self.answer(server.status, {})
        result = []
        for message in call["params"]["messages"]:
            for number in message["numbers"]:
                state = server.answers.get(number["number"], "success")
                result.append({"uuid": number["uuid"], "state": state, "credit": 1})
                if state in ("success", "processing"):
                    server.taken.append((number["number"], message["content"], number["uuid"]))
        if server.drop:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return None
        return self.answer(200, {"jsonrpc": "2.0", "id": call["id"], "result": result})

    def answer(self, status, content):
        body = json.dumps(content).encode()
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args):
        pass
