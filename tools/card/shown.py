"""A file set as text: what leads to the bootstrap file, and the accounts in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import neighbour  # noqa: F401
import provision
from ber import Malformed, elements, scan
from cardset import FORMAT, Set
from forms import DIR, ICCID, unswapped
from walk import Found, application, bootstrap_object, entries


class NoSet(Exception):
    """A file that is no file set."""


def load(path: Path) -> Set:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise NoSet(f"no JSON: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise NoSet(f'no file set: "format": "{FORMAT}" is expected')
    return found


def to_text(found: Set, secrets: bool) -> str:
    """What `print` prints; keys and PINs are *** without `secrets`."""
    try:
        return "\n".join(_lines(found, secrets)) + "\n"
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NoSet(f"no file set: {error}") from None


def content(found: Set, name: str) -> Optional[bytes]:
    """A file of the PKCS#15 application."""
    for file in _application(found)["files"]:
        if file["id"] == name:
            return bytes.fromhex(file["content"])
    return None


def _application(found: Set) -> Dict[str, Any]:
    for directory in found["root"]["directories"]:
        if any(file["id"] == "5031" for file in directory.get("files", [])):
            return dict(directory)
    # the ODF may be elsewhere: the application is the one whose AID EF_DIR names
    named = [application(record)[0] for record in _records(found) if application(record)]
    for directory in found["root"]["directories"]:
        if bytes.fromhex(directory.get("aid", "")) in named:
            return dict(directory)
    raise NoSet("there is no PKCS#15 application")


def _records(found: Set) -> List[bytes]:
    for file in found["root"]["files"]:
        if file["id"] == f"{DIR:04X}":
            return [bytes.fromhex(record) for record in file["records"]]
    return []


def bootstrap(found: Set) -> Tuple[Found, bytes]:
    """The object of the bootstrap file, and the content that it names."""
    odf = content(found, "5031") or b""
    for where, here in entries(odf):
        objects = here if where is None else where.of(content(found, where.path[-2:].hex().upper()) or b"")
        named = bootstrap_object(objects)
        if named:
            file = content(found, named.where.path[-2:].hex().upper())
            if file is None:
                raise NoSet(f"the file {named.where.path.hex().upper()} is missing")
            return named, named.where.of(file)
    raise NoSet("no data object has the OID 2.23.43.9.1")


def _lines(found: Set, secrets: bool) -> Iterator[str]:
    for file in found["root"]["files"]:
        if file["id"] == f"{ICCID:04X}":
            yield f"# ICCID {unswapped(bytes.fromhex(file['content']))}"
    for number, record in enumerate(_records(found), 1):
        yield f"# EF_DIR {number}: {_template(record)}"
    yield from _keys(found, secrets)
    for file in _application(found)["files"]:
        size = len(bytes.fromhex(file["content"]))
        told = f", its FCP tells {file['size']}" if "size" in file else ""
        pin = f", PIN {file['pin']:02X}" if "pin" in file else ""
        yield f"# EF {file['id']}: {size} bytes{told}{pin}{', deactivated' if file.get('deactivated') else ''}"
    named, data = bootstrap(found)
    part = "" if named.where.index is None else f", bytes {named.where.index} to {named.where.index + len(data)}"
    marks = ", private" * named.private + ", modifiable" * named.modifiable
    yield f'# {named.form} "{named.label}": file {named.where.path.hex().upper()}{part}{marks}'
    yield ""
    yield provision.to_text(provision.parse(data), secrets).rstrip("\n")


def _template(record: bytes) -> str:
    try:
        for template in scan(record):
            parts = {part.tag: part.value for part in elements(template.value)}
            label = f' "{parts[0x50].decode(errors="replace")}"' if 0x50 in parts else ""
            path = f", path {parts[0x51].hex().upper()}" if 0x51 in parts else ""
            return f"AID {parts.get(0x4F, b'').hex().upper()}{label}{path}"
    except Malformed as error:
        return str(error)
    return "empty"


def _keys(found: Set, secrets: bool) -> Iterator[str]:
    def shown(secret: str) -> str:
        return secret if secrets else "***"

    for pin in found.get("pins", []):
        state = ", disabled" if pin.get("disabled") else ""
        yield f"# PIN {pin['reference']:02X}: {shown(pin['value'])}{state}"
    for key in found.get("scp03", {}).get("keys", []):
        yield f"# SCP03 key version {key['version']:02X}: ENC {shown(key['enc'])}, MAC {shown(key['mac'])}"
    for peer in found.get("messages", {}).get("peers", []):
        yield f"# secured packets with {peer['number']}: {peer['parameters']}, keys {shown(peer['keys'])}"
