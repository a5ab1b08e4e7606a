"""A real POP3 server on localhost: the mailbox of the bounce address, from which Odoo fetches."""

import socketserver
import threading


class _Session(socketserver.StreamRequestHandler):
    def _say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        box = self.server.box
        gone = set()
        self._say("+OK ready")
        for line in self.rfile:
            words = line.decode("ascii", "replace").split()
            command = words[0].upper() if words else ""
            here = [(number, raw) for number, raw in enumerate(box, 1) if number not in gone]
            if command in ("USER", "PASS", "NOOP"):
                self._say("+OK")
            elif command == "STAT":
                self._say(f"+OK {len(here)} {sum(len(raw) for _number, raw in here)}")
            elif command == "LIST":
                self._say("+OK")
                for number, raw in here:
                    self._say(f"{number} {len(raw)}")
                self._say(".")
            elif command == "RETR":
                self._say("+OK")
                for row in box[int(words[1]) - 1].splitlines():
                    self.wfile.write((b"." if row.startswith(b".") else b"") + row + b"\r\n")
                self._say(".")
            elif command == "DELE":
                gone.add(int(words[1]))
                self._say("+OK")
            elif command == "QUIT":
                box[:] = [raw for number, raw in enumerate(box, 1) if number not in gone]
                self._say("+OK bye")
                return
            else:
                self._say("-ERR unknown")


class Mailbox(socketserver.ThreadingTCPServer):
    """`box`: the messages in it, as bytes."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        self.box = []
        super().__init__(("127.0.0.1", 0), _Session)
        self.port = self.server_address[1]

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def stop(self):
        self.shutdown()
        self.server_close()
