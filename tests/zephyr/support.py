"""What the tests share: CMake with the commands of Zephyr that the module uses, and images that run here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/zephyr"
SAMPLE = ROOT / "examples-c/zephyr"
BUILT = ROOT / "target/tests-zephyr"
ARCHIVE = ROOT / "target/release/libwhimbrel.a"
#: The sources that stand for Zephyr, and the board around a sample.
FAKES = tuple(HERE / f"fake/{name}.c" for name in ("kernel", "net", "storage", "board"))

sys.path[1:1] = [str(ROOT / "tests/c"), str(HERE)]

import peer  # noqa: E402

#: Of servers that wait for a client, in seconds.
PATIENCE = 90.0
peer.PATIENCE = PATIENCE
peer.Peer.until.__defaults__ = (PATIENCE,)


def cmake(directory: Path, lines: tuple[str, ...], *options: str, source: Path = SAMPLE) -> subprocess.CompletedProcess[str]:
    """Configures the sample in `directory`/build, with `lines` beside its prj.conf."""
    import configure  # takes kconfiglib, which not all who import this have

    configure.write(configure.configured([SAMPLE / "prj.conf"], list(lines)), directory)
    words = ["cmake", "-S", source, "-B", directory / "build", "--fresh", "-G", "Unix Makefiles", f"-DZephyr_DIR={HERE}/cmake"]
    return subprocess.run([*words, f"-DDOTCONFIG={directory}/.config", *options], capture_output=True, text=True)


def image(
    directory: Path, lines: tuple[str, ...], *options: str, link: str = "-lpthread;-ldl;-lm", fakes: tuple[Path, ...] = FAKES
) -> tuple[Path, str]:
    """Builds the sample: the program, and what compiler and linker said."""
    sources = ";".join(map(str, fakes))
    said = cmake(directory, lines, f"-DFAKE_SOURCES={sources}", f"-DFAKE_LINK={link}", *options)
    assert said.returncode == 0, said.stdout + said.stderr
    built = subprocess.run(["cmake", "--build", directory / "build", "-j2"], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return directory / "build/image", built.stdout + built.stderr
