"""A hand in a second engine: Firefox, driven through WebDriver BiDi (https://w3c.github.io/webdriver-bidi).

As little of the protocol as a story needs: JavaScript in the page, and true presses and keys.
"""

import json
import re
import subprocess
import time
from contextlib import contextmanager
from itertools import count

from websockets.sync.client import connect

LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
# The system prefers dark, nothing is asked of the net, and no page of the browser's own is opened.
PREFERENCES = {
    "ui.systemUsesDarkTheme": 1,
    "layout.css.prefers-color-scheme.content-override": 2,  # as the system
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.auto": False,
    "network.captive-portal-service.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
}
# The first visible element of a selector whose text, or name for a screen reader, contains some words.
FIND = """(selector, words) => [...document.querySelectorAll(selector)].find(one => one.checkVisibility()
  && [one.innerText, one.getAttribute('aria-label')].some(text => text?.includes(words)))"""


@contextmanager
def firefox(path, folder):
    """A running Firefox with a profile of its own in `folder`: its only page."""
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (folder / "user.js").write_text("\n".join(lines))
    command = [path, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        address = next(found[1] for line in process.stderr if (found := LISTENING.search(line)))
        with connect(f"{address}/session", max_size=None) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        process.wait(30)


class Page:
    """The one page of a session."""

    def __init__(self, socket):
        self.socket, self.numbers = socket, count(1)
        self.call("session.new", capabilities={})
        self.context = self.call("browsingContext.getTree")["contexts"][0]["context"]

    def call(self, method, **params):
        """A command's result. Raises RuntimeError with the browser's message."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self.socket.recv(timeout=120))
            if answer.get("id") != number:
                continue  # an event
            if answer["type"] == "error":
                raise RuntimeError(f"{method}: {answer['message']}")
            return answer["result"]

    def open(self, address, width=1440, height=900):
        self.call("browsingContext.setViewport", context=self.context,
                  viewport={"width": width, "height": height})  # fmt: skip
        self.call("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def evaluate(self, expression):
        """The value of an expression, or of its promise, by way of JSON."""
        script = f"Promise.resolve({expression}).then(JSON.stringify)"
        answer = self.call("script.evaluate", expression=script, awaitPromise=True,
                           target={"context": self.context})  # fmt: skip
        if answer["type"] != "success":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"].get("value", "null"))

    def wait_for(self, expression, seconds=120):
        """The expression's value as soon as it is true."""
        end = time.monotonic() + seconds
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < end, f"{expression} did not come true in {seconds} s"
            time.sleep(0.2)
        return value

    def see(self, words, selector="body", seconds=120):
        """Wait until a visible element has these words."""
        self.wait_for(f"!!({FIND})({json.dumps(selector)}, {json.dumps(words)})", seconds)

    def press(self, words, selector="button"):
        """A press in the middle of the element with these words, once it has come to rest."""
        self.see(words, selector)
        place = self.wait_for(f"""(async () => {{
          const one = ({FIND})({json.dumps(selector)}, {json.dumps(words)});
          one?.scrollIntoView({{block: 'center', behavior: 'instant'}});
          const before = one?.getBoundingClientRect();
          await new Promise(done => setTimeout(done, 120));
          const after = one?.getBoundingClientRect();
          return after && before.y === after.y && [after.x + after.width / 2, after.y + after.height / 2];
        }})()""")
        x, y = (round(part) for part in place)
        moves = [{"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown", "button": 0},
                 {"type": "pointerUp", "button": 0}]  # fmt: skip
        self._perform({"type": "pointer", "id": "mouse", "actions": moves})

    def type(self, text):
        """Keys, into what has the focus. A new text in place of the old one."""
        keys = [("keyDown", "\ue009"), ("keyDown", "a"), ("keyUp", "a"), ("keyUp", "\ue009")]
        keys += [(kind, key) for key in f"{text}\ue004" for kind in ("keyDown", "keyUp")]
        actions = [{"type": kind, "value": key} for kind, key in keys]
        self._perform({"type": "key", "id": "keys", "actions": actions})

    def _perform(self, source):
        self.call("input.performActions", context=self.context, actions=[source])
