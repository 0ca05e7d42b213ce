"""What people do all day, as load: eight kinds of requests by a few people at once, each answer noted with its time."""

import http.client
import random
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.e2e.stack import Answer, Person

PEOPLE = 4
API = "/api/v1"


@dataclass(frozen=True)
class Noted:
    """One request: what it was, when it began (monotonic), how long it took in seconds, and what is wrong with its answer ("" nothing)."""

    kind: str
    begun: float
    took: float
    wrong: str


class Busy:
    """Somebody with a list that stays as it is (to be read) and one that changes (of a second account)."""

    def __init__(self, port: int, number: int) -> None:
        self.reader, self.writer, self.guest = (Person(port, f"{role}{number}-{uuid.uuid4()}@example.com") for role in ("r", "w", "g"))
        self._observer, self.extra = Person(port, self.reader.email), Person(port, f"e{number}-{uuid.uuid4()}@example.com")
        self.kinds: dict[str, Callable[[], Answer]] = {
            "list hit": lambda: self.reader.ask("GET", f"{API}/todos?limit=20"),
            "list miss": lambda: self.reader.ask("GET", f"{API}/todos?limit=20&q=nothing{uuid.uuid4().hex}"),
            "detail": lambda: self.reader.ask("GET", f"{API}/todos/{self._read}"),
            "create": self._create,
            "update": lambda: self.writer.ask("PATCH", f"{API}/todos/{self._written}", {"title": f"title {uuid.uuid4()}"}),
            "delete": self._delete,
            "login": self.guest.log_in,
            "health": lambda: self.reader.ask("GET", "/readyz"),
        }
        self.expected = dict.fromkeys(self.kinds, 200) | {"create": 201, "delete": 204}
        self.known = {kind: self._observed(path) for kind, path in (("list", "?limit=20"), ("detail", "/{read}"))}
        self._spare: list[str] = []

    def settle(self) -> None:
        """Make the accounts and their lists."""
        for person in (self.reader, self.writer, self.guest, self.extra):
            person.sign_up()
        made = self.reader.ask(
            "POST", f"{API}/todos/bulk", {"commands": [{"op": "create", "data": {"title": f"t {n}"}} for n in range(30)]}
        )
        self._read = made.json["results"][0]["id"]
        self._written = self.writer.ask("POST", f"{API}/todos", {"title": "one that stays"}).json["id"]
        assert self._observer.log_in().status == 200
        for _ in range(2):
            for kind in ("list hit", "detail"):
                self.kinds[kind]()

    def _create(self) -> Answer:
        answer = self.writer.ask("POST", f"{API}/todos", {"title": f"todo {uuid.uuid4()}"})
        if answer.status == 201:
            self._spare.append(answer.json["id"])
        return answer

    def _delete(self) -> Answer:
        if not self._spare:
            self._create()
        return self.writer.ask("DELETE", f"{API}/todos/{self._spare.pop()}")

    def _observed(self, path: str) -> Callable[[], bytes]:
        """A read of what never changes, over a connection of its own, for comparisons while others work."""
        return lambda: self._observer.ask("GET", f"{API}/todos{path.format(read=self._read)}").content

    def do(self, kind: str) -> Noted:
        """One request of the kind."""
        begun, wrong = time.monotonic(), ""
        try:
            answer = self.kinds[kind]()
            if answer.status != self.expected[kind]:
                wrong = repr(answer)
        except (OSError, http.client.HTTPException) as error:
            wrong = repr(error)
        return Noted(kind, begun, time.monotonic() - begun, wrong)

    def close(self) -> None:
        """Close the connections."""
        for person in (self.reader, self.writer, self.guest, self.extra, self._observer):
            person.close()


@dataclass
class Load:
    """People at work until the end of `with`; `noted` grows meanwhile.

    `control` asks something else on this machine all the time: how long that takes is the machine's doing, and noted as "control".
    """

    people: list[Busy]
    pause: float = 0.0  # seconds between two requests of one person
    control: Callable[[], object] | None = None
    noted: list[Noted] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator["Load"]:
        """Let them work."""
        stop = threading.Event()
        threads = [threading.Thread(target=self._work, args=(person, stop)) for person in self.people]
        if self.control is not None:
            threads.append(threading.Thread(target=self._compare, args=(self.control, stop)))
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)

    def _work(self, person: Busy, stop: threading.Event) -> None:
        kinds = list(person.kinds)
        while not stop.is_set():
            random.shuffle(kinds)
            for kind in kinds:
                self.noted.append(person.do(kind))
                if stop.wait(self.pause):
                    return

    def _compare(self, control: Callable[[], object], stop: threading.Event) -> None:
        while not stop.wait(0.02):
            begun = time.monotonic()
            control()
            self.noted.append(Noted("control", begun, time.monotonic() - begun, ""))

    def slowest(self, since: float, until: float) -> dict[str, float]:
        """By kind the longest of the requests that began in this time."""
        found: dict[str, float] = defaultdict(float)
        for one in list(self.noted):
            if since <= one.begun < until:
                found[one.kind] = max(found[one.kind], one.took)
        return dict(found)

    @property
    def failures(self) -> list[Noted]:
        """The requests that were not answered as they should have been."""
        return [one for one in self.noted if one.wrong]
