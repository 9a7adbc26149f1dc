#!/usr/bin/env python3
"""Writes autoconf.h and .config as Zephyr's build system does: by the module's Kconfig, the sample's, and a configuration.

usage: configure.py DIRECTORY FILE... [CONFIG_NAME=VALUE...]   Anything that Kconfig would warn of is an error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import kconfiglib

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "examples-c/zephyr/Kconfig"


def configured(files: list[Path], lines: list[str], kconfig: Path = SAMPLE) -> kconfiglib.Kconfig:
    """The options after `files` and `lines` were read; ValueError tells every warning."""
    os.environ["srctree"] = str(ROOT / "tests/zephyr/kconfig")  # stands for Zephyr's tree
    os.environ["ZEPHYR_WHIMBREL_KCONFIG"] = str(ROOT / "zephyr/Kconfig")
    kconf = kconfiglib.Kconfig(str(kconfig), warn_to_stderr=False)
    kconf.warn_assign_undef = True
    kconf.warn_assign_override = False  # an overlay says something else than prj.conf
    kconf.warn_assign_redun = False
    for file in files:
        kconf.load_config(str(file), replace=False)
    for line in lines:
        name, _, value = line.removeprefix("CONFIG_").partition("=")
        if name not in kconf.syms or not kconf.syms[name].nodes:
            raise ValueError(f"there is no option {name}")
        kconf.syms[name].set_value(value)
    wrong = list(kconf.warnings)
    for sym in kconf.unique_defined_syms:
        if sym.user_value is not None and sym.str_value != text(sym.user_value):
            wrong.append(f"{sym.name} was set to {text(sym.user_value)} and is {sym.str_value}: what it depends on is not there")
    if wrong:
        raise ValueError("\n".join(wrong))
    return kconf


def text(value: object) -> str:
    return {0: "n", 1: "m", 2: "y"}.get(value, "") if isinstance(value, int) else str(value)


def write(kconf: kconfiglib.Kconfig, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    kconf.write_autoconf(str(directory / "autoconf.h"))
    kconf.write_config(str(directory / ".config"), save_old=False)


def main() -> None:
    directory, *rest = sys.argv[1:]
    files = [Path(one) for one in rest if "=" not in one]
    try:
        kconf = configured(files, [one for one in rest if "=" in one])
    except (ValueError, kconfiglib.KconfigError) as error:
        sys.exit(f"configure: {error}")
    write(kconf, Path(directory))


if __name__ == "__main__":
    main()
