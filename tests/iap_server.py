"""A real JSON-RPC server on localhost for tests, in the place of one of the services that Odoo sells."""

import contextlib
import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class IapServer(ThreadingHTTPServer):
    """A subclass has a `path` and answers a call in `result_of(params)`.

    `drop`: close the connection after taking the request. `status`: an HTTP status instead of an answer.
    """

    daemon_threads = True
    path = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = {}
        self.drop = False
        self.status = 200
        self.taken = []
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
        if self.path != server.path:
            return self.answer(404, {})
        if server.status != 200:
            return self.answer(server.status, {})
        result = server.result_of(call["params"])
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
