"""An image of this directory, compiled, and running in QEMU. What it prints is waited on, its exit status is the verdict."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = ROOT / "target" / "firmware-tests"
sys.path.insert(1, str(ROOT / "tests" / "interop"))
# Leshan is started for a client that can be run; here that is a guest, and tests/interop/build.sh need not have made the other
os.environ.setdefault("WHIMBREL_INTEROP_CLIENT", shutil.which("qemu-system-arm") or "")

import certificates  # noqa: E402
from client import Process  # noqa: E402

# each process that starts a Leshan makes its certificates anew: in a folder of its own, for several do so at a time
certificates.FOLDER = Path(tempfile.mkdtemp(prefix="whimbrel-certificates-")) / "made"
atexit.register(shutil.rmtree, certificates.FOLDER.parent, ignore_errors=True)


def compile(board: str, name: str, *words: str, **environment: str) -> Path:
    """tests/firmware/image.sh; the image."""
    done = subprocess.run(
        [HERE / "image.sh", board, name, *words], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True,
        timeout=600,
    )  # fmt: skip
    if done.returncode != 0:
        raise AssertionError(f"{board}/{name}: {done.stdout}{done.stderr}")
    return TARGET / board / f"{name}.elf"


class Image(Process):
    """A running image. `words` are for board_arguments(); `options` are QEMU's own, such as -serial."""

    def __init__(self, board: str, image: Path, name: str, words: dict[str, object], *options: str) -> None:
        given = "".join(f",arg={key}={value}" for key, value in words.items())
        super().__init__(
            name,
            ["qemu-system-arm", "-M", f"mps2-{board}", "-display", "none", "-monitor", "none",
             "-chardev", "stdio,id=console,signal=off",
             "-semihosting-config", f"enable=on,target=native,chardev=console,arg={image.stem}{given}",
             *(options or ("-serial", "null")), "-kernel", str(image)],
        )  # fmt: skip

    def abandon(self) -> None:
        """Ends it. What it printed lies in target/firmware-tests, for whoever wants to know why."""
        (TARGET / f"{self.endpoint}.txt").write_text("\n".join(self.since(0, "")) + "\n", encoding="utf-8")
        super().abandon()

    def numbers(self, start: str) -> list[int]:
        """The numbers in the one line that begins so; the image has ended, or has printed it."""
        lines = self.since(0, start)
        assert len(lines) == 1, f"{start}: {lines}"
        return [int(word) for word in lines[0][len(start) :].split() if word.lstrip("-").isdigit()]


# A user network without a way out: guests reach the host's loopback at 10.0.2.2 and nothing else.
NETWORK = ("-serial", "null", "-nic", "user,model=lan9118")
