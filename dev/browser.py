"""A small hand on a headless Chromium, over its debugging protocol: for screenshots and walk-throughs.

    with Browser() as browser:
        browser.viewport(1400, 900)                  # or browser.phone()
        browser.login("http://127.0.0.1:8069", "admin", "admin")
        browser.goto("/odoo/action-l10n_be_followup.followup_customer_action")
        browser.click("tr.o_data_row td")            # waits until it is there
        browser.screenshot("docs/images/customer.png")

Every wait ends with an error that names what was waited for.
"""

import base64
import itertools
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request

import websocket

SWITCHES = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--lang=en-GB",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
    "about:blank",
]

# Everything that has a place on the page, is not hidden, and whose text contains the words.
FIND = """
(selector, text) => [...document.querySelectorAll(selector)].find(
    (e) => e.getClientRects().length && (!text || (e.innerText || e.value || "").includes(text)))
"""


class BrowserError(Exception):
    """What was wanted did not happen in time."""


class Browser:
    def __init__(self, timeout=30):
        self.timeout = timeout
        self.base = ""
        self.errors = []  # what pages wrote to the console as an error
        self._ids = itertools.count(1)
        self._profile = tempfile.TemporaryDirectory(prefix="followup-browser-", ignore_cleanup_errors=True)
        program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if not program:
            raise BrowserError("no Chromium here: run dev/setup")
        self._process = subprocess.Popen(
            [program, f"--user-data-dir={self._profile.name}", *SWITCHES],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._connect()
        except BaseException:
            self.close()
            raise
        self.viewport(1400, 900)

    def _connect(self):
        port_file = pathlib.Path(self._profile.name) / "DevToolsActivePort"
        self._until(lambda: port_file.exists() and port_file.read_text().strip(), "Chromium to start")
        port = port_file.read_text().split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
            page = next(target for target in json.load(answer) if target["type"] == "page")
        self._socket = websocket.create_connection(page["webSocketDebuggerUrl"], timeout=self.timeout)
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def close(self):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._profile.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    # -- protocol

    def send(self, method, **params):
        """Send one command of the protocol and return its result."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self._event(answer)

    def _event(self, event):
        params = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif event.get("method") == "Page.javascriptDialogOpening":
            # Sent without waiting for the answer: this runs inside another command's wait.
            message = {"method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
            self._socket.send(json.dumps({"id": next(self._ids), **message}))

    def js(self, expression):
        """Evaluate an expression in the page (a promise is awaited) and return its value."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description") or details["text"])
        return result["result"].get("value")

    def _until(self, condition, what, timeout=None):
        deadline = time.monotonic() + (timeout or self.timeout)
        while True:
            try:
                value = condition()
            except BrowserError as error:  # the page is being replaced
                value, what = None, f"{what.split(' (')[0]} ({error})"
            if value:
                return value
            if time.monotonic() > deadline:
                raise BrowserError(f"waited {timeout or self.timeout} s for {what}")
            time.sleep(0.1)

    # -- what a person does

    def viewport(self, width, height, scale=1, mobile=False):
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=mobile)

    def phone(self):
        self.viewport(390, 844, scale=2, mobile=True)

    def goto(self, url):
        """Open a page; a path stands for the server of the last `login`."""
        self.send("Page.navigate", url=self.base + url if url.startswith("/") else url)
        self._until(lambda: self.js("document.readyState === 'complete'"), f"{url} to load")
        self.settle()

    def login(self, base, login="admin", password="admin"):
        self.base = base.rstrip("/")
        self.send("Network.clearBrowserCookies")
        self.goto("/web/login")
        self.type("input[name=login]", login)
        self.type("input[name=password]", password)
        self.js("document.querySelector('form.oe_login_form').submit()")
        self.wait(".o_web_client, .o_home_menu, .o_portal")
        self.settle()

    def wait(self, selector, text="", timeout=None):
        """Wait until a visible element matches (and contains the text)."""
        what = f"{selector}{f' with {text!r}' if text else ''}"
        self._until(lambda: self.js(f"!!({FIND})({json.dumps(selector)}, {json.dumps(text)})"), what, timeout)

    def wait_gone(self, selector, text="", timeout=None):
        self._until(
            lambda: not self.js(f"!!({FIND})({json.dumps(selector)}, {json.dumps(text)})"),
            f"{selector} to go away",
            timeout,
        )

    def settle(self, quiet=0.4):
        """Wait until Odoo shows no loading mark and the page has stopped changing for a moment."""
        still = "document.readyState === 'complete' && !document.querySelector('.o_loading, .o_blockUI')"
        self._until(
            lambda: self.js(
                "new Promise((done) => { let changed = false;"
                " const watch = new MutationObserver(() => { changed = true; });"
                " watch.observe(document, {subtree: true, childList: true});"
                f" setTimeout(() => {{ watch.disconnect(); done(!changed && {still}); }}, {int(quiet * 1000)}); }})"
            ),
            "the page to settle",
        )

    def click(self, selector, text=""):
        """Click as a mouse does, on the middle of the first visible match."""
        self.wait(selector, text)
        box = self.js(
            f"(() => {{ const e = ({FIND})({json.dumps(selector)}, {json.dumps(text)});"
            " e.scrollIntoView({block: 'center', inline: 'nearest'}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        position = {"x": box[0], "y": box[1], "button": "left", "clickCount": 1}
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, **position)
        self.settle()

    def type(self, selector, text):
        """Put the text into a field, replacing what was there."""
        self.wait(selector)
        self.js(f"(() => {{ const e = ({FIND})({json.dumps(selector)}, ''); e.focus(); if (e.select) e.select(); }})()")
        self.send("Input.insertText", text=text)

    def key(self, key, code=None, number=0):
        """Press a key: `key("Enter")`, `key("Escape")`, `key("Tab")`."""
        numbers = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38, "Backspace": 8}
        params = {"key": key, "code": code or key, "windowsVirtualKeyCode": number or numbers.get(key, 0)}
        if key == "Enter":
            params["text"] = "\r"
        self.send("Input.dispatchKeyEvent", type="keyDown", **params)
        self.send("Input.dispatchKeyEvent", type="keyUp", **params)
        self.settle()

    def text(self, selector="body"):
        self.wait(selector)
        return self.js(f"({FIND})({json.dumps(selector)}, '').innerText")

    def screenshot(self, path, selector=None, full_page=False):
        """Write a PNG of what is seen, of one element, or of the whole page."""
        self.settle()
        params = {"format": "png"}
        if selector:
            self.wait(selector)
            params["clip"] = self.js(
                f"(() => {{ const r = ({FIND})({json.dumps(selector)}, '').getBoundingClientRect();"
                " return {x: r.x + scrollX, y: r.y + scrollY, width: r.width, height: r.height, scale: 1}; })()"
            )
        elif full_page:
            size = self.send("Page.getLayoutMetrics")["cssContentSize"]
            params["clip"] = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
            params["captureBeyondViewport"] = True
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", **params)["data"]))
        return path
