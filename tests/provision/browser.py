"""A real Chromium for tests, spoken to over two pipes by the DevTools protocol: nothing to install but the browser.

It may reach this machine only: every other name is made to lead nowhere.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable")
_ANSWER_S = 30.0
_GONE = "Inspected target navigated or closed"
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40}
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
"""axe-core, as `make setup` fetches it."""
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)


def find_browser() -> str | None:
    """Return a Chromium's path, or None where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class _Pipes:
    """The two pipes to a browser, which all of its tabs share."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._buffer = b""
        self._number = 0
        self.tabs: dict[str, Page] = {}

    def send(self, message: dict[str, Any]) -> int:
        """Send a command and return its number."""
        self._number += 1
        os.write(self._writing, json.dumps({"id": self._number, **message}).encode() + b"\0")
        return self._number

    def read(self) -> dict[str, Any]:
        """Return what the browser says next."""
        ends = time.monotonic() + _ANSWER_S
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._reading], [], [], max(0.0, ends - time.monotonic()))
            assert ready, f"the browser did not answer within {_ANSWER_S} s"
            part = os.read(self._reading, 1 << 20)
            assert part, "the browser ended"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


class PageGone(Exception):
    """Another page took the place of the one that was asked."""


class Page:
    """One tab: loads addresses, evaluates scripts, presses keys, and remembers what went wrong and what was asked."""

    def __init__(self, pipes: _Pipes) -> None:
        self._pipes = pipes
        self._events: deque[dict[str, Any]] = deque()
        self._session = ""
        self.errors: list[str] = []
        self.requested: list[str] = []

    def open(self) -> None:
        """Make the tab, in a window of its own: of two in one window only one is drawn."""
        target = self.call("Target.createTarget", url="about:blank", newWindow=True)["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._pipes.tabs[self._session] = self
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def another(self) -> Page:
        """Return a second tab of this browser, with the same cookies."""
        tab = Page(self._pipes)
        tab.open()
        return tab

    def resize(self, width: int, height: int) -> None:
        """Give the tab a window of a size in CSS pixels; a narrow one is a phone's."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def load(self, address: str, language: str = "en") -> None:
        """Go to an address and wait until it is loaded."""
        self.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        self._events.clear()
        self.call("Page.navigate", url=address)
        self._wait_for("Page.loadEventFired")

    def follow(self, expression: str) -> None:
        """Run what leads to another page, such as sending a form, and wait until that is loaded."""
        self._events.clear()
        self.evaluate(f"setTimeout(() => {{ {expression} }}), 0")
        self._wait_for("Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def accessibility_faults(self) -> list[str]:
        """Return what axe-core finds wrong with the page by WCAG 2.2 A and AA, one line each."""
        self.evaluate(AXE.read_text() + "; 0")
        run = (
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
            ".then(found => found.violations.map(one => `${one.id}: ${one.help}: `"
            " + one.nodes.slice(0, 3).map(node => node.target.join(' ')).join(', ')))"
        )
        found: list[str] = self.evaluate(run)
        return found

    def press(self, key: str, *, control: bool = False) -> None:
        """Press and let go of a key, with Ctrl held if wanted."""
        code = _KEYS.get(key) or ord(key.upper())
        for kind in ("rawKeyDown" if control else "keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key if len(key) > 1 else f"Key{key.upper()}",
                windowsVirtualKeyCode=code, modifiers=2 if control else 0,
                **({"text": "\r"} if key == "Enter" and kind == "keyDown" else {}),
            )  # fmt: skip

    def write(self, text: str) -> None:
        """Write text where the focus is, as an input method does."""
        self.call("Input.insertText", text=text)

    def until(self, condition: str, within_s: float = 10.0) -> None:
        """Wait until a JavaScript condition holds; fail naming it when it does not in time."""
        watched = (
            "new Promise(done => { const look = () => (%s) ? done(true) : requestAnimationFrame(look); look();"
            " setTimeout(() => done(false), %d) })"
        )
        ends = time.monotonic() + within_s
        while True:  # once more for each page that another took the place of meanwhile
            try:
                left_ms = max(0, round((ends - time.monotonic()) * 1000))
                assert self.evaluate(watched % (condition, left_ms)), f"not within {within_s} s: {condition}"
            except PageGone:
                continue
            return

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Run a command of the protocol and return its result."""
        message: dict[str, Any] = {"method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        number = self._pipes.send(message)
        while (answer := self._pipes.read()).get("id") != number:
            self._heard(answer)
        if answer.get("error", {}).get("message") == _GONE:
            raise PageGone(method)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def _wait_for(self, method: str) -> None:
        while not any(event["method"] == method for event in self._events):
            self._heard(self._pipes.read())

    def _heard(self, event: dict[str, Any]) -> None:
        """Note what a tab says with that tab: this one may be asked while another speaks."""
        self._pipes.tabs.get(event.get("sessionId", ""), self)._note(event)

    def _note(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        parameters = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.errors.append(str(parameters["exceptionDetails"]))
            case "Log.entryAdded" if parameters["entry"]["level"] in {"error", "warning"}:
                self.errors.append(parameters["entry"]["text"])
            case "Runtime.consoleAPICalled" if parameters["type"] in {"error", "warning", "assert"}:
                self.errors.append(str(parameters["args"]))
            case "Network.requestWillBeSent":
                self.requested.append(parameters["request"]["url"])


@contextmanager
def browsing(program: str, folder: Path, *options: str) -> Iterator[Page]:
    """Run a browser with a profile of its own, and further options; yields its tab."""
    to_browser, writing = os.pipe()
    reading, from_browser = os.pipe()

    # The protocol is spoken on descriptors 3 and 4; a shell puts the pipes there.
    place = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
    process = subprocess.Popen(
        ["bash", "-c", place, program, *_OPTIONS, *options, f"--user-data-dir={folder}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        pass_fds=(to_browser, from_browser),
    )  # fmt: skip
    os.close(to_browser)
    os.close(from_browser)
    page = Page(_Pipes(reading, writing))
    try:
        page.open()
        yield page
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(reading)
        os.close(writing)
