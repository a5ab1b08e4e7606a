#!/usr/bin/env python3
"""A mail server for the demo and the tests: it keeps every message and delivers none.

Each message becomes an .eml file, and a simple page shows them. An address whose local part starts
with `dead`, or at `refused.example`, is refused with 550, as a real server would a dead mailbox.

    mailsink.py FOLDER [--smtp-port N] [--http-port N] [--state FILE]

In tests:

    with MailSink(folder) as sink:
        ...  # send to 127.0.0.1, sink.smtp_port
        sink.messages()
"""

import argparse
import email
import email.policy
import html
import http.server
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import sys
import threading
import time
import urllib.parse

from aiosmtpd.controller import Controller

HOST = "127.0.0.1"


def free_port(preferred=0):
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise OSError("no free port")


def is_dead(address):
    local, _at, domain = address.strip("<> ").lower().rpartition("@")
    return local.startswith("dead") or domain == "refused.example"


class Keeper:
    """What aiosmtpd calls for each step of a delivery."""

    def __init__(self, folder, refuse):
        self.folder = folder
        self.refuse = refuse
        self.counter = itertools.count()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse(address):
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09d}-{next(self.counter):05d}.eml"
        envelope_lines = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n"
        temporary = self.folder / f".{name}.part"
        temporary.write_bytes(envelope_lines.encode() + envelope.content)
        temporary.rename(self.folder / name)  # whoever lists the folder sees whole messages only
        return "250 OK, kept"


class MailSink:
    """An SMTP server and a page with what it received, on ports of their own."""

    def __init__(self, folder, smtp_port=0, http_port=0, refuse=is_dead, page=True):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.smtp_port = free_port(smtp_port)
        self.http_port = http_port
        self.page = page
        self._controller = Controller(
            Keeper(self.folder, refuse), hostname=HOST, port=self.smtp_port, data_size_limit=64 * 2**20
        )
        self._pages = None

    @property
    def url(self):
        return f"http://{HOST}:{self.http_port}/"

    def start(self):
        self._controller.start()
        if self.page:
            self.http_port = free_port(self.http_port)
            self._pages = http.server.ThreadingHTTPServer((HOST, self.http_port), Pages)
            self._pages.folder = self.folder
            threading.Thread(target=self._pages.serve_forever, daemon=True).start()
        return self

    def stop(self):
        self._controller.stop()
        if self._pages:
            self._pages.shutdown()
            self._pages.server_close()
            self._pages = None

    __enter__ = start

    def __exit__(self, *exc_info):
        self.stop()

    def messages(self):
        """The received messages, oldest first, as `email.message.EmailMessage`."""
        return [read(path) for path in sorted(self.folder.glob("*.eml"))]

    def clear(self):
        for path in self.folder.glob("*.eml"):
            path.unlink()


def read(path):
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .4rem .6rem; vertical-align: top; }
tr + tr td { border-top: 1px solid #ddd; } th { color: #666; font-weight: normal; }
iframe { width: 100%; height: 80vh; border: 1px solid #ccc; } pre { white-space: pre-wrap; } a { color: #714b67; }
"""


class Pages(http.server.BaseHTTPRequestHandler):
    """The mailbox: a list, a message, its parts. Everything in a message is somebody else's text."""

    def do_GET(self):
        parts = [urllib.parse.unquote(part) for part in self.path.split("?")[0].strip("/").split("/") if part]
        try:
            if not parts:
                self.list_messages()
            elif re.fullmatch(r"[0-9-]+\.eml", parts[0]):
                path = self.server.folder / parts[0]
                message = read(path)
                if parts[1:] == ["body"]:
                    self.show_body(parts[0], message)
                elif parts[1:] == ["source"]:
                    self.reply(path.read_bytes(), "text/plain; charset=utf-8")
                elif len(parts) == 3 and parts[1] == "part":
                    self.send_part(message, int(parts[2]))
                elif not parts[1:]:
                    self.show_message(parts[0], message)
                else:
                    self.send_error(404)
            else:
                self.send_error(404)
        except (FileNotFoundError, ValueError, IndexError):
            self.send_error(404)

    def list_messages(self):
        rows = []
        for path in sorted(self.server.folder.glob("*.eml"), reverse=True):
            message = read(path)
            cells = [message[header] or "" for header in ("date", "from", "x-envelope-to")]
            subject = message["subject"] or "(no subject)"
            rows.append(
                "<tr>"
                + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells)
                + f'<td><a href="/{path.name}">{html.escape(str(subject))}</a></td></tr>'
            )
        body = "<p>Nothing yet. Messages that Odoo sends appear here by themselves.</p>"
        if rows:
            body = "<table><tr><th>Date<th>From<th>To<th>Subject</tr>" + "".join(rows) + "</table>"
        self.page(f"Mailbox ({len(rows)})", body, head='<meta http-equiv="refresh" content="5">')

    def show_message(self, name, message):
        wanted = ("from", "to", "cc", "reply-to", "date", "message-id", "x-envelope-from", "x-envelope-to")
        lines = "".join(
            f"<tr><th>{header.title()}</th><td>{html.escape(str(message[header]))}</td></tr>"
            for header in wanted
            if message[header]
        )
        attached = "".join(
            f'<li><a href="/{name}/part/{number}">{html.escape(part.get_filename())}</a>'
            for number, part in enumerate(message.walk())
            if part.get_filename() and not part.get("content-id")
        )
        self.page(
            str(message["subject"] or "(no subject)"),
            f'<p><a href="/">All messages</a> · <a href="/{name}/source">Source</a></p><table>{lines}</table>'
            + (f"<p>Attached:</p><ul>{attached}</ul>" if attached else "")
            + f'<iframe sandbox="allow-popups" src="/{name}/body"></iframe>',
        )

    def show_body(self, name, message):
        part = message.get_body(("html", "plain"))
        text = part.get_content() if part is not None else ""
        if part is None or part.get_content_subtype() != "html":
            text = f"<pre>{html.escape(text)}</pre>"
        numbers = {
            sub["content-id"].strip("<> "): number for number, sub in enumerate(message.walk()) if sub["content-id"]
        }

        def link(match):
            number = numbers.get(urllib.parse.unquote(match.group(1)))
            return match.group(0) if number is None else f"/{name}/part/{number}"

        text = re.sub(r"cid:([^\"'\s)>]+)", link, text)
        # Shown as a mail client would: no scripts, nothing fetched from elsewhere.
        self.reply(
            f'<base target="_blank">{text}'.encode(),
            "text/html; charset=utf-8",
            "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; "
            "img-src 'self' data: http://127.0.0.1:* http://localhost:*",
        )

    def send_part(self, message, number):
        part = list(message.walk())[number]
        content_type = part.get_content_type()
        shown = content_type in ("application/pdf", "image/png", "image/jpeg", "image/gif")
        self.reply(
            part.get_payload(decode=True) or b"",
            content_type if shown else "application/octet-stream",
            "sandbox; default-src 'none'" if not shown else None,
        )

    def page(self, title, body, head=""):
        title = html.escape(title)
        text = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"{head}<title>{title}</title><style>{STYLE}</style><h1>{title}</h1>{body}"
        )
        self.reply(
            text.encode(),
            "text/html; charset=utf-8",
            "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'",
        )

    def reply(self, content, content_type, policy=None):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Content-Type-Options", "nosniff")
        if policy:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        """Requests are of no interest."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--smtp-port", type=int, default=0)
    parser.add_argument("--http-port", type=int, default=0, help="wanted; another one is taken when it is in use")
    parser.add_argument("--state", help="file to write the ports to, once the servers answer")
    options = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with MailSink(options.folder, options.smtp_port, options.http_port) as sink:
        state = {"pid": os.getpid(), "smtp_port": sink.smtp_port, "url": sink.url}
        if options.state:
            pathlib.Path(options.state + ".new").write_text(json.dumps(state))
            os.replace(options.state + ".new", options.state)
        print(json.dumps(state), flush=True)
        stopped.wait()


if __name__ == "__main__":
    sys.exit(main())
