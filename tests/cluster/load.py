"""People at work with the web app, as load: `python -m tests.cluster.load http://todo-frontend:3000 4`.

It runs in a pod, with the standard library alone. It says `ready` once everybody has signed up, works until its input ends, and closes
with one line of JSON: how many requests there were, which failed, how long they took, and what was acknowledged, so that it can be looked
for afterwards. People use the app as a browser does: with a session and its CSRF token, over connections that are kept; when one was closed
meanwhile, the request is sent again over a new one. Like the web app's own code they give every write an Idempotency-Key.
"""

import http.client
import json
import random
import sys
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.kept import Kept

API = "/api/v1"
PAUSE = 0.2  # seconds between two requests of one person
PATIENCE = 30  # seconds
PASSWORD = "correct horse battery 9"
Noted = tuple[str, float, float, str]  # kind, when, milliseconds, what is wrong


class Person:
    """Somebody with an account: what they asked, and what was acknowledged."""

    def __init__(self, url: str, email: str) -> None:
        self._kept, self._origin = Kept(urlsplit(url).netloc, PATIENCE), url
        self._csrf = ""
        self.email = email
        self.sent_again = 0
        self.noted: list[Noted] = []
        self.written: dict[str, str] = {}  # todo's id -> the title last acknowledged
        self.completed: list[str] = []  # recurring ones
        self.deleted: list[str] = []
        self._left: list[str] = []  # to be completed or deleted

    def sign_up(self) -> None:
        """Make the account and a todo."""
        self._csrf = self._json("session", "GET", f"{API}/auth/session", 200)["csrf_token"]
        self._json("sign up", "POST", f"{API}/auth/signup", 201, {"email": self.email, "password": PASSWORD})
        self._csrf = self._json("session", "GET", f"{API}/auth/session", 200)["csrf_token"]
        self.create()

    def work(self, stop: threading.Event) -> None:
        """One thing after the other."""
        kinds: list[Callable[[], None]] = [self.read_list] * 3 + [self.read_one] * 2 + [self.create] * 3 + [self.update] * 2
        kinds += [self.complete, self.complete, self.delete, self.see_page]
        while not stop.wait(PAUSE):
            random.choice(kinds)()
        self._kept.close()

    def read_list(self) -> None:
        """The list."""
        self._json("list", "GET", f"{API}/todos?limit=20", 200)

    def read_one(self) -> None:
        """A todo, which must be as it was last acknowledged."""
        if id_ := self._any():
            found = self._json("detail", "GET", f"{API}/todos/{id_}", 200)
            if found and found["title"] != self.written[id_]:
                self._note("detail", time.time(), 0, f"an old title: {found['title']}")

    def create(self) -> None:
        """A new todo; every second one repeats."""
        body = {"title": f"todo {uuid.uuid4()}"}
        if random.random() < 0.5:
            body |= {"due_on": "2026-01-31", "recurrence": "FREQ=DAILY"}
        if made := self._json("create", "POST", f"{API}/todos", 201, body):
            self.written[made["id"]] = body["title"]
            self._left.append(made["id"])

    def update(self) -> None:
        """Another title for a todo."""
        if id_ := self._any():
            title = f"changed {uuid.uuid4()}"
            if self._json("update", "PATCH", f"{API}/todos/{id_}", 200, {"title": title}):
                self.written[id_] = title

    def complete(self) -> None:
        """A todo is done."""
        if self._left:
            id_ = self._left.pop(0)
            done = self._json("complete", "POST", f"{API}/todos/{id_}/complete", 200)
            if done and done["recurrence"]:
                self.completed.append(id_)

    def delete(self) -> None:
        """A todo goes."""
        if len(self._left) > 1:
            id_ = self._left.pop(0)
            if self._ask("delete", "DELETE", f"{API}/todos/{id_}", 204) is not None:
                self.deleted.append(id_)

    def see_page(self) -> None:
        """A page of the web app."""
        self._ask("page", "GET", "/signin", 200)

    def _any(self) -> str | None:
        there = [id_ for id_ in self._left if id_ in self.written]
        return random.choice(there) if there else None

    def _json(self, kind: str, method: str, path: str, expected: int, body: Any = None) -> Any:
        content = self._ask(kind, method, path, expected, body)
        return {} if content is None else json.loads(content)

    def _ask(self, kind: str, method: str, path: str, expected: int, body: Any = None) -> bytes | None:
        """The content of the expected answer; any other is noted as a failure."""
        headers = {"Cookie": self._kept.cookie, "Origin": self._origin}
        if method != "GET":
            headers |= {"X-CSRFToken": self._csrf, "Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        begun, content, wrong = time.time(), None, ""
        try:
            status, content = self._exchange(method, path, None if body is None else json.dumps(body), headers)
            if status != expected:
                wrong = f"{status} {content[:300].decode(errors='replace')}"
        except (OSError, http.client.HTTPException) as error:
            wrong = repr(error)
        self._note(kind, begun, (time.time() - begun) * 1000, wrong)
        return None if wrong else content

    def _exchange(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
        """Ask over the kept connection, or over a new one when that was closed before it answered anything."""
        was_open = self._kept.is_open
        try:
            status, _, content = self._kept.exchange(method, path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            if not was_open:
                raise
            self.sent_again += 1
            status, _, content = self._kept.exchange(method, path, body, headers)
        return status, content

    def _note(self, kind: str, begun: float, took: float, wrong: str) -> None:
        self.noted.append((kind, begun, took, wrong))


def summary(people: list[Person], seconds: float) -> dict[str, Any]:
    """All of it, as the last line says it."""
    noted = sorted(one for person in people for one in person.noted)
    failures = [{"kind": kind, "at": at, "ms": round(took), "wrong": wrong} for kind, at, took, wrong in noted if wrong]
    times: dict[str, list[float]] = defaultdict(list)
    for kind, _, took, _ in noted:
        times[kind].append(took)
    every = sorted(took for _, _, took, _ in noted)
    return {
        "seconds": round(seconds, 1),
        "requests": len(noted),
        "failed": len(failures),
        "failures": failures[:20],
        "sent_again": sum(person.sent_again for person in people),
        "p50_ms": round(percentile(every, 50), 1),
        "p99_ms": round(percentile(every, 99), 1),
        "max_ms": round(every[-1], 1),
        "kinds": {kind: {"requests": len(took), "p99_ms": round(percentile(sorted(took), 99), 1)} for kind, took in times.items()},
        "people": [
            {"email": person.email, "written": person.written, "completed": person.completed, "deleted": person.deleted}
            for person in people
        ],
    }


def percentile(ordered: list[float], percent: int) -> float:
    """Of times in rising order."""
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


def main(url: str, count: int) -> None:
    """Let so many people work until the input ends."""
    domain = f"{uuid.uuid4().hex}.example.com"
    people = [Person(url, f"p{number}@{domain}") for number in range(count)]
    begun, stop = time.time(), threading.Event()
    for person in people:
        person.sign_up()
    threads = [threading.Thread(target=person.work, args=(stop,), daemon=True) for person in people]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join(PATIENCE * 2)
    print(json.dumps(summary(people, time.time() - begun)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
