"""Requests go to the internet, and nowhere else: real servers on localhost, and a name server that changes its mind."""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests

from engine import ecb, outgoing, webhook


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.paths.append(self.path)
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.server.server_address[1]}/inside")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_GET

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    result = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    result.paths = []
    Thread(target=result.serve_forever, args=(0.02,), daemon=True).start()
    yield result
    result.shutdown()
    result.server_close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_internal(address):
    assert outgoing.is_internal(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "193.191.1.1", "2a00:1450:400e::1", "::ffff:8.8.8.8"])
def test_the_internet(address):
    assert not outgoing.is_internal(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0"])
def test_ways_to_write_this_machine(server, host):
    """Numbers in one piece, in hexadecimal, cut short: a name server, or the system, makes 127.0.0.1 of them."""
    port = server.server_address[1]
    with pytest.raises(webhook.WebhookError):
        webhook.post(f"http://{host}:{port}/x", b"{}", {}, 2)
    assert not server.paths


def test_a_name_that_leads_inside(server, monkeypatch):
    port = server.server_address[1]
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: inside)
    with pytest.raises(webhook.WebhookError, match="own network"):
        webhook.post(f"http://rebind.example.com:{port}/x", b"{}", {}, 2)
    assert not server.paths


def test_a_name_server_that_changes_its_mind(server, monkeypatch):
    """The first answer is a public address, the second one this machine: not a byte is said there."""
    port = server.server_address[1]
    answers = ["93.184.216.34", "127.0.0.1", "127.0.0.1"]

    def resolve(*_args, **_options):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(webhook.WebhookError, match="no answer"):
        webhook.post(f"http://rebind.example.com:{port}/x", b"{}", {}, 2)
    assert not server.paths
    assert len(answers) < 2


def test_where_an_administrator_allows_it(server):
    port = server.server_address[1]
    answer = webhook.post(f"http://127.0.0.1:{port}/x", b"{}", {}, 2, {"127.0.0.1"})
    assert (answer.status, answer.text) == (200, "ok")
    # The webhook follows no redirect at all.
    assert webhook.post(f"http://127.0.0.1:{port}/away", b"{}", {}, 2, {"127.0.0.1"}).status == 302
    assert server.paths == ["/x", "/away"]


def test_a_redirect_does_not_lead_inside(server):
    port = server.server_address[1]
    with outgoing.session({"127.0.0.1"}) as session, pytest.raises(requests.ConnectionError):
        session.get(f"http://127.0.0.1:{port}/away", timeout=2)
    with pytest.raises(ecb.RateError, match="cannot be reached"):
        ecb._fetch(f"http://127.0.0.1:{port}/away", ecb.date(2026, 7, 1), 2)
    assert not [path for path in server.paths if path.startswith("/inside")]


def test_other_schemes_and_no_passwords(tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with outgoing.session({"127.0.0.1"}) as session:
        for url in ("file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"):
            with pytest.raises(requests.exceptions.InvalidSchema):
                session.get(url)
        request = session.prepare_request(requests.Request("GET", "http://127.0.0.1/"))
        assert "Authorization" not in request.headers


def test_hosts_as_people_type_them():
    assert outgoing.hosts(" A.example,b \n10.0.0.1 ") == {"a.example", "b", "10.0.0.1"}
    assert outgoing.hosts(None) == frozenset()
