#!/usr/bin/env python3
"""Makes and prints provisioning blobs: the LwM2M_Bootstrap file of TS 1.0 Appendix G.3.3, which whimbrel_provision() takes
and which a UICC holds. docs/provisioning.md tells how a production line uses it; example.toml is a description.

As a module: make(description) -> bytes, parse(data) -> File, check(file) -> flaws, describe(file) -> description.
What is refused raises ProvisionError.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Optional

import description as descriptions
from build import build
from describe import describe, hide, to_text, to_toml
from record import File, Flaw, Malformed, ProvisionError, Refused, encode, parse
from rules import LARGEST, check
from tables import BOOTSTRAP, SECURITY, SSID, decode_value

__all__ = [
    "File", "Flaw", "Malformed", "ProvisionError", "Refused", "check", "describe", "encode", "hide", "make", "parse",
    "to_text", "to_toml",
]


def make(description: Dict[str, Any], base: Any = ".", pad: Optional[int] = None, checked: bool = True) -> bytes:
    """The bytes of a description. Names of files are relative to `base`; `pad` is the size to fill up to with FF.

    Refused: something cannot be written, or with `checked` does not hold together.
    """
    file = build(description, Path(base), pad)
    fatal = [flaw for flaw in check(file) if flaw.fatal] if checked else []
    if fatal:
        raise Refused(*fatal)
    return encode(file)


def main(arguments: Optional[List[str]] = None) -> int:
    options = _options(arguments)
    try:
        return int(options.run(options))
    except ProvisionError as error:
        _tell(options.input, error.flaws, getattr(options, "lines", None))
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    return 1


def _options(arguments: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    commands = parser.add_subparsers(required=True, metavar="make|print|check")
    made = commands.add_parser("make", help="makes a blob from a description (TOML, or *.json)")
    made.add_argument("input", metavar="DESCRIPTION", type=Path)
    made.add_argument("out", metavar="OUT", type=Path)
    made.add_argument("--pad", type=_size, metavar="SIZE", help="fill up with FF to SIZE bytes, as the file of a card")
    made.add_argument("--no-check", action="store_true", help="write it even if it does not hold together")
    made.set_defaults(run=_make)
    printed = commands.add_parser("print", help="prints a blob as a description that makes the same bytes")
    printed.add_argument("input", metavar="BLOB", type=Path)
    printed.add_argument("--secrets", action="store_true", help="with the keys; else *** stands for them")
    printed.set_defaults(run=_print)
    checked = commands.add_parser("check", help="tells whether a blob is well-formed and holds together")
    checked.add_argument("input", metavar="BLOB", type=Path)
    checked.set_defaults(run=_check)
    return parser.parse_args(arguments)


def _size(text: str) -> int:
    size = int(text, 0)
    if not 0 <= size <= LARGEST:
        raise argparse.ArgumentTypeError(f"0 to {LARGEST} bytes")
    return size


def _make(options: argparse.Namespace) -> int:
    found, options.lines = descriptions.load(options.input)
    file = build(found, options.input.parent, options.pad)
    flaws = check(file)
    if options.no_check:
        flaws = [flaw._replace(fatal=False) for flaw in flaws]
    _tell(options.input, flaws, options.lines)
    if any(flaw.fatal for flaw in flaws):
        return 1
    data = encode(file)
    _write(options.out, data)
    print(f"{options.out}: {len(data)} bytes, {_accounts(file)}")
    return 0


def _print(options: argparse.Namespace) -> int:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")  # TOML is UTF-8, whatever the terminal speaks
    sys.stdout.write(to_text(parse(options.input.read_bytes()), options.secrets))
    return 0


def _check(options: argparse.Namespace) -> int:
    data = options.input.read_bytes()
    file = parse(data)
    flaws = check(file)
    _tell(options.input, flaws, None)
    if any(flaw.fatal for flaw in flaws):
        return 1
    print(f"{options.input}: {len(data)} bytes, {_accounts(file)}")
    return 0


def _accounts(file: File) -> str:
    names = []
    for at in file.instances(SECURITY):
        bootstrap, number = at.find(BOOTSTRAP), at.find(SSID)
        if bootstrap and bootstrap.value == b"\1":
            names.append("bootstrap server")
        elif number and number.value:
            names.append(f"server {decode_value('integer', number.value)}")
    return ", ".join(names) or "no account"


def _tell(name: Path, flaws: Any, lines: Optional[descriptions.Lines]) -> None:
    for flaw in flaws:
        note = "" if flaw.fatal else "note: "
        if isinstance(flaw.place, int):
            print(f"{name}: {note}byte {flaw.place}: {flaw.reason}", file=sys.stderr)
        elif lines is not None:
            print(f"{name}:{lines.of(flaw.place)}: {note}{flaw.reason}", file=sys.stderr)
        else:
            print(f"{name}: {note}{flaw.reason}", file=sys.stderr)


def _write(out: Path, data: bytes) -> None:
    """The whole file or none, readable by its owner alone: it holds keys."""
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, out)
    except BaseException:
        os.unlink(name)
        raise


if __name__ == "__main__":
    sys.exit(main())
