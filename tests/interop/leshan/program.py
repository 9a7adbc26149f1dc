"""A Java program of ours around Leshan: a process that says on one line of JSON where it is, and its HTTP."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[2] / "target" / "interop"


def call(base: str, method: str, path: str, query: dict[str, Any], body: Any = None) -> tuple[int, Any]:
    """One HTTP request: the status and the JSON of the answer. query["timeout"] are the milliseconds that it may take."""
    query = {name: value for name, value in query.items() if value is not None}
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"{base}{path}?{urllib.parse.urlencode(query)}", data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=query.get("timeout", 0) / 1000 + 10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


class Program:
    """`start` returns when every server in it answers; `stop` leaves nothing behind."""

    def __init__(self, main: str, folder: Path, log: str, options: dict[str, Any]) -> None:
        self._main, self._folder, self._options = main, folder, options
        self._path = TARGET / log
        self._log: IO[str] | None = None
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> dict[str, Any]:
        """What it said of itself."""
        subprocess.run([str(HERE / "fetch.sh")], check=True, timeout=600)
        self._log = open(self._path, "w", encoding="utf-8")
        options = [word for name, value in self._options.items() for word in (f"--{name}", str(value))]
        self._process = subprocess.Popen(
            # fmt: off
            ["java", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
             "-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
             "-cp", f"{self._folder / 'lib'}{os.sep}*{os.pathsep}{self._folder / 'classes'}", self._main, *options],
            # fmt: on
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )
        atexit.register(self.stop)
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError(f"Leshan did not start; see {self._path}")
        said: dict[str, Any] = json.loads(line)
        return said

    def stop(self) -> None:
        """Closes its standard input, upon which it ends by itself; kills it if it does not."""
        process, self._process = self._process, None
        if process is None:
            return
        atexit.unregister(self.stop)
        assert process.stdin and process.stdout
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        if self._log:
            self._log.close()
