"""A real print service on localhost for tests, in the place of the IAP endpoint of Odoo's `snailmail`."""

import base64
import contextlib
import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class PrintService(ThreadingHTTPServer):
    """`answers`: town -> error as the service names it; posted when it is not there.

    `drop`: close the connection after taking the request. `status`: an HTTP status instead of an answer. `reason`: refuse
    the whole request. `empty`: answer without a word about the letter. `before`: called before the answer.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = {}
        self.drop = self.empty = False
        self.reason = self.before = None
        self.status = 200
        self.asked = []  # each document of each request
        self.taken = []  # those that are posted
        self.options = []
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

    def pdf(self, number=0):
        return base64.b64decode(self.asked[number]["pdf_bin"])


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/iap/snailmail/1/print":
            return self.answer(404, {})
        if server.status != 200:
            return self.answer(server.status, {})
        server.options.append(call["params"]["options"])
        documents = []
        for document in call["params"]["documents"]:
            server.asked.append(document)
            error = server.reason or server.answers.get(document["address"]["city"])
            answer = {"letter_id": document["letter_id"], "sent": not error}
            if error:
                answer["error"] = error
            else:
                server.taken.append(document)
                answer["send_id"] = 7000 + len(server.taken)
            documents.append(answer)
        if server.before:
            server.before()
        if server.drop:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return None
        result = {
            "request_code": 500 if server.reason else 200,
            "reason": server.reason,
            "total_cost": 1,
            "credit_error": False,
            "request": {"documents": [] if server.empty else documents, "options": {}},
        }
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
