"""Puts what is no Python into the wheel: the client, its DTLS backend, and the process of the lab.

WHIMBREL_NATIVE names a directory that has all three; otherwise `make bench-native` of the source tree around builds them, with
cargo and a C compiler.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parents[2]
FILES = ("libwhimbrel.so", "libwhimbrel_mbedtls.so", "lab-bench")


def native() -> Path:
    """The directory with all FILES."""
    given = os.environ.get("WHIMBREL_NATIVE")
    if given:
        return Path(given)
    if not (ROOT / "include" / "whimbrel.h").exists():
        raise SystemExit("whimbrel: neither in its source tree, nor WHIMBREL_NATIVE=DIRECTORY with " + ", ".join(FILES))
    # make's own variables are not for this make, which is another one
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    subprocess.run(["make", "--no-print-directory", "-C", str(ROOT), "bench-native"], check=True, env=environment)
    return ROOT / "target" / "bench-native"


class Build(build_py):
    """Modules, then the files."""

    def run(self) -> None:
        # what is not in the source any more must not be in the wheel
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        if self.editable_mode:
            return  # the package finds them in the source tree
        into = Path(self.build_lib) / "whimbrel" / "_native"
        into.mkdir(parents=True, exist_ok=True)
        source = native()
        for name in FILES:
            shutil.copy2(source / name, into / name)


class Wheel(bdist_wheel):
    """For any Python 3 on this platform: nothing in it is linked with Python."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        return ("py3", "none", super().get_tag()[2])


def beside() -> dict[str, dict[str, str]]:
    """The source tree stays as it is: what setuptools writes goes where everything else is built."""
    if not (ROOT / "include" / "whimbrel.h").exists():
        return {}
    place = ROOT / "target" / "bench-wheel"
    place.mkdir(parents=True, exist_ok=True)
    return {"build": {"build_base": str(place)}, "egg_info": {"egg_base": os.path.relpath(place)}}


setup(cmdclass={"build_py": Build, "bdist_wheel": Wheel}, options=beside())
