"""A long conversation with the API, the same every time, and its answers in a form that can be compared byte by byte.

What differs from one run to the next by its nature is replaced by its place in order of appearance: ids, moments, tags, cursors, tokens.
Everything else, of status, headers and body, must be equal: `Date` and `X-Request-Id` alone are left out.
"""

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from tests.e2e.stack import Answer, Person

API = "/api/v1"
LEFT_OUT = {"date", "x-request-id"}

_MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z|(?<=expires=)[^;]+")
_NAME = re.compile(
    rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # ids
    rb"|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"  # tags of lists
    rb'|(?<="next_cursor":")[^"]+|(?<=cursor=)[^&>]+'
    rb'|(?<="csrf_token":")[^"]+|(?<=sessionid=)[^;]+|(?<=csrftoken=)[^;]+'
)


class Conversation:
    """One person's requests, chosen by a seed, about what earlier ones made."""

    def __init__(self, person: Person, seed: int) -> None:
        self._person, self._chance = person, random.Random(seed)
        self._todos: list[str] = []
        self._projects: list[str] = []
        self._labels: list[str] = []
        self._tags: dict[str, str] = {}
        self._cursors: list[str] = []
        self._names: dict[bytes, bytes] = {}
        self._number = 0

    def run(self, count: int) -> Iterator[tuple[str, str]]:
        """So many requests: what each asked and what it was answered."""
        kinds: list[tuple[Callable[[], tuple[str, str, Any, dict[str, str]]], int]] = [
            *((self._create, 10), (self._list, 20), (self._detail, 10), (self._update, 10), (self._act, 8), (self._delete, 3)),
            *((self._wrong, 8), (self._project, 3), (self._label, 3), (self._bulk, 2), (self._other, 6), (self._page, 4)),
        ]
        choices, weights = [kind for kind, _ in kinds], [weight for _, weight in kinds]
        for self._number in range(count):
            method, path, body, headers = self._chance.choices(choices, weights)[0]()
            answer = self._person.ask(method, path, body, **headers)
            self._remember(method, path, answer)
            yield self._named(f"{method} {path} {headers} {body!r}".encode()), self._named(_whole(answer))

    def _remember(self, method: str, path: str, answer: Answer) -> None:
        if method == "POST" and answer.status == 201:
            made = {f"{API}/todos": self._todos, f"{API}/projects": self._projects, f"{API}/labels": self._labels}.get(path)
            if made is not None and answer.json["id"] not in made:
                made.append(answer.json["id"])
        if method == "GET" and answer.status == 200:
            self._tags[path] = answer.headers.get("ETag", "")
            if b'"next_cursor":"' in answer.content:
                self._cursors.append(f"{path}{'&' if '?' in path else '?'}cursor={answer.json['next_cursor']}")

    def _named(self, said: bytes) -> str:
        return _NAME.sub(self._name, _MOMENT.sub(b"<moment>", said)).decode(errors="replace")

    def _name(self, found: re.Match[bytes]) -> bytes:
        return self._names.setdefault(found[0], b"<%d>" % len(self._names))

    def _any(self, things: list[str]) -> str:
        return self._chance.choice(things) if things else "0197a4f0-0000-7000-8000-000000000000"

    def _create(self) -> Any:
        body: dict[str, Any] = {"title": f"Todo {self._number} {self._chance.choice(['milk', 'rent', 'Ärger', '日本', '🌱'])}"}
        optional = {
            "notes": "line\nline",
            "priority": self._chance.randint(0, 5),  # 5 is refused
            "due_on": f"2030-0{self._chance.randint(1, 9)}-1{self._chance.randint(0, 9)}",
            "project": self._any(self._projects),
            "labels": [self._any(self._labels)],
            "parent": self._any(self._todos),
            "unknown": 1,
        }
        body |= {name: value for name, value in optional.items() if self._chance.random() < 0.15}
        headers = {"Idempotency_Key": f"key {self._chance.randint(0, 20)}"} if self._chance.random() < 0.2 else {}
        return "POST", f"{API}/todos", body, headers

    def _list(self) -> Any:
        asked: dict[str, Any] = {
            "limit": self._chance.choice([1, 5, 50, 200, 0]),
            "sort": self._chance.choice(["position", "-due", "title", "priority", "-created_at", "nonsense"]),
            "priority": self._chance.randint(0, 4),
            "completed": self._chance.choice(["true", "false", "maybe"]),
            "project": self._any(self._projects),
            "label": self._any(self._labels),
            "due_before": "2030-05-01T00:00:00Z",
            "q": self._chance.choice(["milk", "p1 rent", "is:open 日本", "due:2030-03-12", "due:nonsense", '"unclosed', "#nowhere"]),
        }
        chosen = {name: value for name, value in asked.items() if self._chance.random() < 0.2}
        path = f"{API}/todos{'?' if chosen else ''}{urlencode(chosen)}"
        tag = self._tags.get(path, "")
        return (
            self._chance.choice(["GET"] * 9 + ["HEAD"]),
            path,
            None,
            {"If_None_Match": tag} if tag and self._chance.random() < 0.4 else {},
        )

    def _page(self) -> Any:
        return "GET", self._any(self._cursors) if self._cursors else f"{API}/todos?limit=2", None, {}

    def _detail(self) -> Any:
        kind, things = self._chance.choice([("todos", self._todos)] * 4 + [("projects", self._projects), ("labels", self._labels)])
        path = f"{API}/{kind}/{self._any(things)}"
        tag = self._tags.get(path, "")
        return (
            self._chance.choice(["GET"] * 5 + ["HEAD"]),
            path,
            None,
            {"If_None_Match": tag} if tag and self._chance.random() < 0.4 else {},
        )

    def _update(self) -> Any:
        changes = self._chance.choice(
            [{"title": f"Changed {self._number}"}, {"priority": 2}, {"notes": "x" * 500}, {"due_on": None}, {"title": ""}, {"id": "no"}]
        )
        headers = self._chance.choice([{}, {}, {"If_Match": '"1"'}, {"If_Match": '"99"'}, {"If_Match": "*"}])
        return "PATCH", f"{API}/todos/{self._any(self._todos)}", changes, headers

    def _act(self) -> Any:
        action = self._chance.choice(["complete", "reopen", "restore", "move"])
        body = {"before": self._any(self._todos)} if action == "move" else None
        return "POST", f"{API}/todos/{self._any(self._todos)}/{action}", body, {}

    def _delete(self) -> Any:
        return "DELETE", f"{API}/{self._chance.choice(['todos', 'todos', 'trash'])}/{self._any(self._todos)}", None, {}

    def _project(self) -> Any:
        if self._projects and self._chance.random() < 0.5:
            return "PATCH", f"{API}/projects/{self._any(self._projects)}", {"archived": self._chance.random() < 0.3}, {}
        return "POST", f"{API}/projects", {"name": f"Project {self._number}", "colour": "#aabbcc"}, {}

    def _label(self) -> Any:
        return "POST", f"{API}/labels", {"name": f"label{self._chance.randint(0, 30)}"}, {}

    def _bulk(self) -> Any:
        commands: list[dict[str, Any]] = [{"op": "create", "data": {"title": f"Bulk {self._number}.{n}"}} for n in range(3)]
        if self._chance.random() < 0.3:
            commands.append({"op": "update", "id": self._any([]), "data": {"title": "x"}})
        return "POST", f"{API}/todos/bulk", {"commands": commands}, {}

    def _other(self) -> Any:
        paths = ["projects", "labels", "trash", "auth/session", "auth/tokens", "notifications", "export?format=csv", "schema", "nowhere"]
        return self._chance.choice(["GET", "GET", "GET", "OPTIONS", "HEAD"]), f"{API}/{self._chance.choice(paths)}", None, {}

    def _wrong(self) -> Any:
        requests: list[tuple[str, str, Any, dict[str, str]]] = [
            ("POST", f"{API}/todos", b'{"title": ', {}),
            ("POST", f"{API}/todos", b"title=x", {"Content_Type": "application/x-www-form-urlencoded"}),
            ("POST", f"{API}/todos", [], {}),
            ("POST", f"{API}/todos", {"title": "x"}, {"X_CSRFToken": "wrong"}),
            ("PUT", f"{API}/todos", {}, {}),
            ("GET", f"{API}/todos/", None, {}),
            ("GET", f"{API}/todos/not-an-id", None, {}),
            ("GET", f"{API}/todos", None, {"Accept": "text/html"}),
            ("GET", f"{API}/todos", None, {"Authorization": "Bearer wrong"}),
            ("GET", f"{API}/changes?since=nonsense", None, {}),
            ("GET", "/", None, {}),
        ]
        return self._chance.choice(requests)


def _whole(answer: Answer) -> bytes:
    headers = {name: value for name, value in sorted(answer.headers.items()) if name.lower() not in LEFT_OUT}
    return f"{answer.status} {json.dumps(headers)}\n".encode() + answer.content
