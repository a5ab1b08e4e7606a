"""The bank of rates: a real HTTP server on localhost that is slow, breaks off, or is not there."""

import socket
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

from engine import ecb

DAY = date(2026, 7, 1)
ANSWER = b"KEY,TIME_PERIOD,OBS_VALUE\nx,2026-06-11,2.15\n"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(ecb, "BACKOFF", 0)


@contextmanager
def bank(answer):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def reply(handler, body=ANSWER, status=200):
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def test_right():
    with bank(reply) as url:
        assert ecb.reference_rate(DAY, url) == Decimal("2.15")


def test_the_last_change_on_or_before_the_day():
    body = b"TIME_PERIOD,OBS_VALUE\n2026-07-02,9.99\n2026-06-11,2.15\n2025-02-01,3.15\n"
    with bank(lambda handler: reply(handler, body)) as url:
        assert ecb.reference_rate(DAY, url) == Decimal("2.15")


def test_slow():
    done = Event()
    with bank(lambda handler: done.wait(5)) as url:
        with pytest.raises(ecb.RateError, match="cannot be reached"):
            ecb.reference_rate(DAY, url, timeout=0.1)
        done.set()


def test_breaks_off():
    def half(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "500")
        handler.end_headers()
        handler.wfile.write(b"TIME_PERIOD,OBS")

    with bank(half) as url, pytest.raises(ecb.RateError):
        ecb.reference_rate(DAY, url, timeout=2)


def test_comes_back_after_an_error():
    answers = [503, 200]
    with bank(lambda handler: reply(handler, status=answers.pop(0))) as url:
        assert ecb.reference_rate(DAY, url) == Decimal("2.15")


def test_nobody_there():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(ecb.RateError, match="cannot be reached"):
        ecb.reference_rate(DAY, f"http://127.0.0.1:{port}/", timeout=1)
