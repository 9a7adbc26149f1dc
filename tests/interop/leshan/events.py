"""What Leshan says happened, as a list that tests can wait on.

A test marks where it stands, acts, and waits for an event after the mark: no sleep, and no event missed in between.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from dataclasses import dataclass
from typing import Any, Callable

Predicate = Callable[[dict[str, Any]], bool]
Names = str | tuple[str, ...]  # of an event, or several of which any will do


@dataclass(frozen=True)
class Event:
    """One Server-Sent Event: its name, the endpoint it is about (None for COAP) and its data."""

    index: int
    name: str
    endpoint: str | None
    data: dict[str, Any]


class EventLog:
    """Reads one event stream in a thread, and keeps everything."""

    def __init__(self, url: str) -> None:
        self._events: list[Event] = []
        self._changed = threading.Condition()
        # The bridge writes a comment every 5 s, so a read that takes 20 s means that it is gone.
        self._stream = urllib.request.urlopen(url, timeout=20)
        self._stream.readline()  # ": open": from here on nothing is missed
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        name = ""
        try:
            for raw in self._stream:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    self._add(name, json.loads(line[6:]))
        except (OSError, ValueError, AttributeError):
            pass  # the server was stopped

    def _add(self, name: str, data: dict[str, Any]) -> None:
        with self._changed:
            self._events.append(Event(len(self._events), name, data.get("endpoint"), data))
            self._changed.notify_all()

    def mark(self) -> int:
        """Where the log ends now; hand it to wait() or since()."""
        with self._changed:
            return len(self._events)

    def since(self, mark: int, name: Names, endpoint: str | None = None, where: Predicate | None = None) -> list[Event]:
        """The matching events after a mark, without waiting."""
        with self._changed:
            return [one for one in self._events[mark:] if _matches(one, name, endpoint, where)]

    def wait(
        self, name: Names, endpoint: str | None, mark: int, timeout: float = 10.0, where: Predicate | None = None
    ) -> Event:
        """The first matching event after the mark; AssertionError with what came instead if the time is over."""
        found = self.poll(name, endpoint, mark, timeout, where)
        if found is None:
            with self._changed:
                seen = [(one.name, one.endpoint) for one in self._events[mark:] if one.name != "COAP"]
            raise AssertionError(f"no {name} of {endpoint} within {timeout} s; seen: {seen}")
        return found

    def poll(
        self, name: Names, endpoint: str | None, mark: int, timeout: float, where: Predicate | None = None
    ) -> Event | None:
        """As wait(), but None if the time is over: for asking that something does not happen."""
        deadline = time.monotonic() + timeout
        position = mark
        with self._changed:
            while True:
                for one in self._events[position:]:
                    if _matches(one, name, endpoint, where):
                        return one
                position = len(self._events)
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)


def _matches(event: Event, name: Names, endpoint: str | None, where: Predicate | None) -> bool:
    return (
        event.name in ((name,) if isinstance(name, str) else name)
        and (endpoint is None or event.endpoint == endpoint)
        and (where is None or where(event.data))
    )
