"""PC/SC for a test: a pcscd of its own with vsmartcard's virtual reader, the bench's card in it, and programs that use it.

pcscd's place for its socket is fixed, /run/pcscd. So that it does not meet one that runs on this machine, it gets a mount
namespace in which a temporary directory lies there; clients find the socket by PCSCLITE_CSOCK_NAME.
"""

import json
import os
import pathlib
import random
import select
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RUN = pathlib.Path("/run/pcscd")
CARD = ROOT / "target/release/lab-uicc"
PORT = ROOT / "target/tests-uicc/pcsc"
PATIENCE_S = 15

START = """
mkdir -p /run/pcscd 2>/dev/null || { mount -t tmpfs none /run && mkdir /run/pcscd; }
mount --bind "$1" /run/pcscd && exec pcscd --foreground --debug --config "$2"
"""


def may_mount(namespace: list[str]) -> bool:
    """Whether a mount namespace of one's own is to be had, which some containers forbid."""
    words = ["unshare", *namespace, "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def free_ports() -> int:
    """A port that is free, as is the next one: vpcd has a reader with two slots. Below those that systems give away by themselves."""
    for port in random.sample(range(20000, 32000, 2), 100):
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no two free ports side by side")


def until(holds, what: str):
    """Asks again until the answer is true, and returns it."""
    end = time.monotonic() + PATIENCE_S
    while True:
        answer = holds()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


class Lines:
    """A program that answers each line by one."""

    def __init__(self, *command, env=None) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([str(word) for word in command], stdin=pipe, stdout=pipe, text=True, bufsize=1, env=env)

    def read(self) -> str:
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        if not ready:
            raise TimeoutError(f"no answer from {self.process.args[0]}")
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(f"{self.process.args[0]} has ended with {self.process.wait(PATIENCE_S)}")
        return line.rstrip("\n")

    def ask(self, line: str) -> str:
        self.process.stdin.write(line + "\n")
        return self.read()

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Slot(Lines):
    """`lab-uicc`: a card that connects to the reader."""

    def __init__(self, directory: pathlib.Path, port: int, card: dict) -> None:
        self._directory = directory
        super().__init__(CARD, "--card", self._file(card), "--vpcd", f"127.0.0.1:{port}", "--until-eof")
        assert json.loads(self.read()) == {"ready": True}

    def _file(self, card: dict) -> pathlib.Path:
        path = self._directory / "card.json"
        path.write_text(json.dumps(card))
        return path

    def order(self, line: str) -> dict:
        answer = json.loads(self.ask(line))
        assert "error" not in answer, answer
        return answer

    def replace(self, pcscd: "Pcscd", card: dict) -> None:
        """Another card, after PC/SC has seen that this one is out."""
        self.order("remove")
        pcscd.wait_for_card(False)
        self.order(f"replace {self._file(card)}")
        self.order("insert")
        pcscd.wait_for_card(True)
        self.trace()

    def trace(self) -> list[list[str]]:
        """Commands and responses since the last call."""
        return self.order("trace")["trace"]


class Pcscd:
    """The daemon, in the foreground, with one virtual reader."""

    def __init__(self) -> None:
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="uicc-"))
        self.port = free_ports()
        (self.directory / "run").mkdir()
        (self.directory / "conf").mkdir()
        text = (HERE / "reader.conf").read_text().replace("@PORT@", f"{self.port:X}")
        (self.directory / "conf/reader").write_text(text)
        self.env = os.environ | {
            "PCSCLITE_CSOCK_NAME": str(self.directory / "run/pcscd.comm"),
            "OPENSC_CONF": str(HERE / "opensc.conf"),
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
            "LC_ALL": "C",
        }
        # what the daemon does; APDUs are not in it
        self.log = self.directory / "log"
        self._log = self.log.open("wb")
        self.process = None
        self.start()

    def start(self) -> None:
        """Starts it; as root, or in a user namespace where this user is root. A root who may not mount has no other daemon."""
        namespace = ["--mount"] if os.geteuid() == 0 else ["--map-root-user", "--mount"]
        words = ["unshare", *namespace, "sh", "-c", START, "sh", self.directory / "run", self.directory / "conf"]
        if not may_mount(namespace):
            if os.geteuid() != 0 or RUN.joinpath("pcscd.comm").exists():
                raise unittest.SkipTest("pcscd needs /run/pcscd for itself: no mount namespace here, and no root without another pcscd")
            RUN.mkdir(exist_ok=True)
            self.env["PCSCLITE_CSOCK_NAME"] = str(RUN / "pcscd.comm")
            words = ["pcscd", "--foreground", "--debug", "--config", self.directory / "conf"]
        self.process = subprocess.Popen(words, stdout=self._log, stderr=self._log, env=self.env)
        try:
            until(self._is_up, "pcscd is not there")
        except (TimeoutError, RuntimeError) as error:
            raise RuntimeError(f"{error}; it said: {self.said()[-2000:]}") from None

    def _is_up(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"pcscd has ended with {self.process.returncode}")
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.env["PCSCLITE_CSOCK_NAME"]) == 0

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        self.stop()
        self._log.close()
        shutil.rmtree(self.directory)

    def run(self, *command, stdin: str = "", fine: bool = True) -> str:
        """What a program says, and whether it ended as it should."""
        done = subprocess.run(
            [str(word) for word in command], input=stdin, env=self.env, text=True, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        assert (done.returncode == 0) == fine, f"{command} ended with {done.returncode}: {done.stdout}"
        return done.stdout

    def insert(self, card: dict) -> Slot:
        """A card in the reader, and known to PC/SC."""
        slot = Slot(self.directory, self.port, card)
        self.wait_for_card(True)
        return slot

    def wait_for_card(self, there: bool) -> None:
        """Until PC/SC says whether a card is in: it looks a few times a second."""
        word = "Yes" if there else "No"

        def first_slot_says() -> bool:
            lines = self.run("opensc-tool", "--list-readers").splitlines()
            return any(line.split()[:2] == ["0", word] for line in lines)

        until(first_slot_says, f"card in the reader: {word}")
