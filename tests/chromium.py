"""A headless Chromium driven over a pipe, with the standard library alone.

`--remote-debugging-pipe` speaks the DevTools protocol as JSON objects ended by a zero byte, read
from descriptor 3 and written to descriptor 4: no port, no WebSocket, no driver.
"""

import base64
import fcntl
import itertools
import json
import os
import select
import shutil
import signal
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 60  # seconds; a busy machine starts a browser slowly


def find_chromium():
    """The program, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """One browser with one tab.

    Attributes:
        errors: What the console had to complain about, and exceptions that nobody caught.
        requests: Every address that was asked for, but for ``data:``.
    """

    def __init__(self, program, profile):
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        # Out of the way of 3 and 4 themselves, which pytest may have left free.
        high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (to_read, to_write)]
        actions = [(os.POSIX_SPAWN_OPEN, end, os.devnull, os.O_RDWR, 0) for end in (0, 1, 2)]
        actions += [
            (os.POSIX_SPAWN_DUP2, end, place) for end, place in zip(high, (3, 4), strict=True)
        ]
        arguments = [program, *FLAGS, f"--user-data-dir={profile}"]
        self._process = os.posix_spawn(program, arguments, os.environ, file_actions=actions)
        for end in (to_read, to_write, *high):
            os.close(end)
        self._numbers = itertools.count(1)
        self._buffer = b""
        self._session = None
        self._loaded = False
        self.errors, self.requests = [], []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self):
        """End it."""
        os.close(self._to)  # Chromium ends with its pipe
        for _ in range(100):
            if os.waitpid(self._process, os.WNOHANG)[0]:
                break
            time.sleep(0.1)
        else:
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
        os.close(self._from)

    def call(self, method, **parameters):
        """One command of the protocol, and its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, path, *, width=1200, height=900, dark=False, touch=False):
        """Show a file in a window of that size, and wait until it is loaded."""
        self.errors.clear()
        self.requests.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=touch,
        )  # fmt: skip
        self.call("Emulation.setTouchEmulationEnabled", enabled=touch)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._loaded = False
        self.call("Page.navigate", url=path.resolve().as_uri())
        while not self._loaded:
            self._receive()
        self.settle()

    def settle(self):
        """Wait until what was asked for is drawn."""
        frames = "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        self.run(frames)

    def run(self, expression):
        """The value of a JavaScript expression; promises are waited for."""
        result = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def press(self, key, code=None, *, shift=False):
        """Press a key as a hand would."""
        known = {"ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35, "Tab": 9, "Enter": 13}
        parameters = {
            "key": key, "code": code or key, "modifiers": 8 if shift else 0,
            "windowsVirtualKeyCode": known.get(key, ord(key[0].upper())),
        }  # fmt: skip
        if len(key) == 1:
            parameters["text"] = key
        self.call("Input.dispatchKeyEvent", type="keyDown", **parameters)
        self.call("Input.dispatchKeyEvent", type="keyUp", **parameters)
        self.settle()

    def drag(self, start, end):
        """Press the mouse at one point, move in steps, and release at another."""
        self._mouse("mousePressed", *start)
        for step in range(1, 5):
            x, y = (a + (b - a) * step / 4 for a, b in zip(start, end, strict=True))
            self._mouse("mouseMoved", x, y)
        self._mouse("mouseReleased", *end)
        self.settle()

    def swipe(self, start, end):
        """The same with a finger."""
        for kind, point in (("touchStart", start), ("touchMove", end), ("touchEnd", None)):
            points = [{"x": point[0], "y": point[1]}] if point else []
            self.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)
        self.settle()

    def wheel(self, x, y, delta):
        """Turn the mouse's wheel."""
        self.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=delta)
        self.settle()

    def screenshot(self, path):
        """What is seen, as a PNG."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))

    def _mouse(self, kind, x, y):
        self.call(
            "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1
        )

    def _receive(self):
        """The next message; events are noted on the way."""
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError("Chromium does not answer")
            part = os.read(self._from, 1 << 16)
            if not part:
                raise EOFError("Chromium has ended")
            self._buffer += part
        text, self._buffer = self._buffer.split(b"\0", 1)
        message = json.loads(text)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, event, details):
        if event == "Page.loadEventFired":
            self._loaded = True
        elif event == "Runtime.exceptionThrown":
            self.errors.append(details["exceptionDetails"])
        elif event == "Runtime.consoleAPICalled" and details["type"] in ("error", "warning"):
            self.errors.append(details["args"])
        elif event == "Log.entryAdded" and details["entry"]["level"] in ("error", "warning"):
            self.errors.append(details["entry"])
        elif event == "Network.requestWillBeSent":
            address = details["request"]["url"]
            if not address.startswith("data:"):
                self.requests.append(address)
