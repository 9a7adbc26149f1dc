"""A description as written: TOML or JSON with the line of each value. The parsers of the standard library know no lines, so
a scanner goes over the text once more and notes where the keys are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, List, Tuple

from record import Flaw, Refused

try:
    import tomllib
except ImportError:  # before Python 3.11
    tomllib = None  # type: ignore[assignment]

Way = Tuple[Any, ...]

_TOKEN = re.compile(
    r'(?P<text>"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
    r"|(?P<skip>#[^\n]*|[ \t\r]+)|(?P<mark>[\[\]{}=,:.\n])|(?P<bare>[^\s\[\]{}=,:.\"'#]+)",
    re.S,
)


class Lines:
    """The line of each key and element. The text must be valid already."""

    def __init__(self, text: str, toml: bool) -> None:
        self.lines: Dict[Way, int] = {(): 1}
        self._counts: Dict[Way, int] = {}
        self._tokens = self._scan(text, toml)
        self._at = 0
        self._toml = toml
        if not toml:
            self._value(())
        table: Way = ()
        while toml and self._peek():
            if self._peek() == "\n":
                self._at += 1
            elif self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)

    def of(self, way: Way) -> int:
        """The line of a value, or of the closest thing around it that has one."""
        while way not in self.lines:
            way = way[:-1]
        return self.lines[way]

    @staticmethod
    def _scan(text: str, toml: bool) -> List[Tuple[str, str, int]]:
        tokens, line = [], 1
        for match in _TOKEN.finditer(text):
            word = match.group()
            if match.lastgroup != "skip" and (toml or word != "\n"):
                tokens.append((match.lastgroup or "", word, line))
            line += word.count("\n")
        return tokens

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self) -> Tuple[str, str, int]:
        token = self._tokens[self._at] if self._at < len(self._tokens) else ("", "", 0)
        self._at += 1
        return token

    def _key(self) -> Tuple[Way, int]:
        names: List[str] = []
        line = self._tokens[self._at][2]
        while True:
            sort, word, _ = self._take()
            names.append(_unquote(word) if sort == "text" else word)
            if self._peek() != "." or not self._toml:
                return tuple(names), line
            self._at += 1

    def _header(self) -> Way:
        line, deep = self._tokens[self._at][2], 0
        while self._peek() == "[":
            self._at, deep = self._at + 1, deep + 1
        names, _ = self._key()
        while self._peek() not in ("\n", ""):
            self._at += 1
        way: Way = ()
        for at, name in enumerate(names):
            way += (name,)
            if deep == 2 and at == len(names) - 1:
                self.lines.setdefault(way, line)
                self._counts[way] = self._counts.get(way, 0) + 1
            if way in self._counts:
                way += (self._counts[way] - 1,)
            self.lines.setdefault(way, line)
        return way

    def _pair(self, table: Way) -> None:
        names, line = self._key()
        for end in range(1, len(names) + 1):
            self.lines.setdefault(table + names[:end], line)
        self._at += 1  # "=" or ":"
        self._value(table + names)

    def _blank(self) -> None:
        while self._peek() in ("\n", ","):
            self._at += 1

    def _value(self, way: Way) -> None:
        opening = self._peek()
        if opening not in ("[", "{"):
            while self._peek() not in (",", "]", "}", "\n", ""):
                self._at += 1
            return
        self._at += 1
        self._blank()
        index = 0
        while self._peek() not in ("]", "}", ""):
            if opening == "{":
                self._pair(way)
            else:
                self.lines[way + (index,)] = self._tokens[self._at][2]
                self._value(way + (index,))
                index += 1
            self._blank()
        self._at += 1


def _unquote(word: str) -> str:
    try:
        return word[1:-1] if word[0] == "'" else str(json.loads(word))
    except ValueError:
        return word[1:-1]  # an escape that only TOML has: the line is that of the table then


def load(path: Path) -> Tuple[Dict[str, Any], Lines]:
    """The description in a file, and its lines; .json is JSON, all else TOML. Refused: it is neither."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(Flaw((), f"cannot be read: {error}")) from None
    toml = path.suffix.lower() != ".json"
    if toml and tomllib is None:
        raise Refused(Flaw((), "this Python has no TOML (3.11 has); write the description as JSON, in a file *.json"))
    try:
        found = tomllib.loads(text) if toml else json.loads(text, object_pairs_hook=_once)
        lines = Lines(text, toml)
    except (ValueError, RecursionError) as error:
        raise Refused(Flaw((), f"no {'TOML' if toml else 'JSON'}: {error}")) from None
    if not isinstance(found, dict):
        raise Refused(Flaw((), "a description is a table with keys"))
    return found, lines


def _once(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    table: Dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            raise ValueError(f'"{key}" stands twice in a table')
        table[key] = value
    return table
