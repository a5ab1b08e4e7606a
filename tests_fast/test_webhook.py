"""Signing, judging and waiting, without Odoo."""

import hashlib
import hmac

import pytest

from engine import webhook


def test_signature_is_over_timestamp_dot_body():
    body = webhook.encode({"b": "café €", "a": 1})
    assert body == '{"a":1,"b":"café €"}'.encode()
    digest = hmac.new(b"key", b"1700000000." + body, hashlib.sha256).hexdigest()
    assert webhook.sign("key", "1700000000", body) == f"sha256={digest}"


@pytest.mark.parametrize(
    ("status", "text", "outcome"),
    [
        (200, "", "acknowledged"),
        (204, "", "acknowledged"),
        (200, '{"acknowledged": false}', "delivered"),
        (202, "", "delivered"),
        (201, '{"acknowledged": true}', "acknowledged"),
        (202, '{"acknowledged": "yes"}', "delivered"),
        (202, "[" * 100000, "delivered"),
        (301, "", "later"),
        (400, "", "refused"),
        (408, "", "later"),
        (409, "", "acknowledged"),
        (425, "", "later"),
        (429, "", "later"),
        (451, "", "refused"),
        (500, "", "later"),
    ],
)
def test_what_an_answer_means(status, text, outcome):
    assert webhook.judge(status, text) == outcome


def test_back_off():
    for attempts in range(1, 200):
        seconds = webhook.delay(attempts)
        least = min(60 * 2 ** (attempts - 1), webhook.LONGEST_DELAY)
        assert least <= seconds <= min(least * 1.25, webhook.LONGEST_DELAY)
    assert webhook.delay(1, 7200) == 7200
    assert webhook.delay(1, 10**9) == webhook.LONGEST_DELAY
    assert len({webhook.delay(5) for _again in range(50)}) > 1


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("https://example.com/x", None),
        ("http://localhost:8069/x", "internal"),
        ("http://[::1]/x", "internal"),
        ("https://127.0.0.1/x", "internal"),
        ("https://169.254.169.254/latest/meta-data/", "internal"),
        ("https://10.0.0.5/x", "internal"),
        ("https://[fd00::1]/x", "internal"),
        ("https://[::ffff:192.168.0.1]/x", "internal"),
        ("https://db.internal/x", "internal"),
        ("https://8.8.8.8/x", None),
        ("http://example.com", "scheme"),
        ("http://localhost.example.com", "scheme"),
        ("file:///etc/passwd", "host"),
        ("https://a:b@example.com", "password"),
        ("https://exa\nmple.com", "host"),
        ("https://example.com:99999", "unreadable"),
        ("", "host"),
    ],
)
def test_addresses(url, wrong):
    assert webhook.check_url(url) == wrong


@pytest.mark.parametrize("url", ["http://localhost:8069/x", "https://10.0.0.5/x", "http://10.0.0.5:8080/"])
def test_addresses_that_an_administrator_allows(url):
    assert webhook.check_url(url, {"localhost", "10.0.0.5"}) is None
    assert webhook.check_url(url.replace("http", "ftp"), {"localhost", "10.0.0.5"}) == "scheme"


def test_nobody_listens():
    with pytest.raises(webhook.WebhookError, match="no answer"):
        webhook.post("http://127.0.0.1:9/", b"{}", {}, 1, {"127.0.0.1"})
