"""From a description to a file set: what a card has in its files, and how the bench's card behaves, as JSON that both the
bench (tests/lab/src/uicc) and a person can read."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import neighbour  # noqa: F401
import provision
import tables
from build import MISSING, Table, refuse
from forms import (DIR, ICCID, IMSI, MASTER, ODF, PKCS15, RECORD, TOKEN_INFO, USIM, Profile, identifier, other_object,
                   swapped)
from rules import LARGEST

FORMAT = "whimbrel-card 1"
MESSAGES = bytes.fromhex("F04C574D324D01")
FORMS, LABELS, WAYS = ("opaque", "oid"), ("first", "second", "none"), ("short", "current", "master")
READINGS = ("usual", "exact", "generous")
SECURED_PACKETS = 2  # of resource /0/x/6
Set = Dict[str, Any]


def make(description: Dict[str, Any], base: Any = ".") -> Set:
    """The file set of a description: provision's, and a table "card". Refused: something in it does not hold together."""
    accounts = {key: value for key, value in description.items() if key != "card"}
    return assemble(description, provision.make(accounts, base))


def assemble(description: Dict[str, Any], bootstrap: bytes) -> Set:
    """The file set around a bootstrap file that is made already."""
    table = Table(description.get("card", {}), ("card",))
    profile = _profile(table)
    content = bootstrap
    if profile.index is not None:
        content = b"\xff" * profile.index + bootstrap
        if profile.length is None:
            profile.length = len(bootstrap) - len(provision.parse(bootstrap).tail)
        if profile.index + profile.length > LARGEST:
            raise refuse(("card", "index"), f"index and length go beyond {LARGEST} bytes")
    elif profile.length is not None:
        raise refuse(("card", "length"), '"index" is missing: PKCS#15 has both or none')
    pin = _pin(table, profile)
    made: Set = {"format": FORMAT}
    made.update(_behaviour(_inner(table, "behaviour")))
    made["root"] = _root(table, profile, content, pin)
    if pin:
        made["pins"] = [pin]
    if table.has("scp03"):
        made["scp03"] = _scp03(_inner(table, "scp03"))
    if table.has("messages"):
        made["messages"] = _messages(_inner(table, "messages"), description)
    table.finish()
    return made


def _inner(table: Table, key: str) -> Table:
    return Table(table.get(key, {}), table.way + (key,))


# What a table may say


def _bytes(table: Table, key: str, default: bytes, sizes: Tuple[int, ...]) -> bytes:
    if not table.has(key):
        return default
    try:
        data = tables.unhex(table.get(key))
    except ValueError as error:
        raise refuse(table.way + (key,), str(error)) from None
    if len(data) not in sizes:
        raise refuse(table.way + (key,), f"{len(data)} bytes; {' or '.join(map(str, _few(sizes)))} are expected")
    return data


def _few(sizes: Tuple[int, ...]) -> List[Any]:
    return list(sizes) if len(sizes) < 5 else [f"{sizes[0]} to {sizes[-1]}"]


def _flag(table: Table, key: str, default: bool = False) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise refuse(table.way + (key,), "true or false is expected")
    return value


def _text(table: Table, key: str, default: Any, most: int) -> Any:
    value = table.get(key, default)
    if value is not default and (not isinstance(value, str) or not 1 <= len(value.encode(errors="replace")) <= most):
        raise refuse(table.way + (key,), f"text of 1 to {most} bytes is expected")
    return value


def _choice(table: Table, key: str, choices: Tuple[str, ...]) -> str:
    value = table.get(key, choices[0])
    if value not in choices:
        raise refuse(table.way + (key,), f"one of {', '.join(choices)} is expected")
    return str(value)


def _file(table: Table, key: str, default: int) -> int:
    return int.from_bytes(_bytes(table, key, identifier(default), (2,)), "big")


def _profile(table: Table) -> Profile:
    plain = Profile()
    iccid = _text(table, "iccid", plain.iccid, 20)
    if not iccid.isascii() or not iccid.isdigit():
        raise refuse(("card", "iccid"), "up to 20 digits are expected")
    aid = _bytes(table, "aid", PKCS15, tuple(range(5, 17)))
    if not aid.startswith(PKCS15):
        raise refuse(("card", "aid"), f"no PKCS#15 application: it begins with {PKCS15.hex().upper()}")
    profile = Profile(
        iccid=iccid,
        aid=aid,
        label=None if table.get("label", "") is False else _text(table, "label", plain.label, 64),
        form=_choice(table, "form", FORMS),
        object_label=_choice(table, "object_label", LABELS),
        way=_choice(table, "way", WAYS),
        name=_text(table, "name", None, 64),
        auth_id=table.number("auth_id", None, 255),
        index=table.number("index", None, LARGEST),
        length=table.number("length", None, LARGEST),
        other_directories=table.number("other_directories", 0, 8),
        odf_size=table.number("odf_size", plain.odf_size, LARGEST),
        dodf_size=table.number("dodf_size", plain.dodf_size, LARGEST),
    )
    for key in ("application", "dodf", "file"):
        setattr(profile, key, _file(table, key, getattr(plain, key)))
    for field in dataclasses.fields(Profile):
        if isinstance(field.default, bool):
            setattr(profile, field.name, _flag(table, field.name, field.default))
    _distinct(profile)
    return profile


def _distinct(profile: Profile) -> None:
    used = [ODF, TOKEN_INFO, profile.file, *profile.others()]
    used += [] if profile.in_place else [profile.dodf]
    if len(set(used)) < len(used):
        raise refuse(("card",), "two files of the application have one identifier")


def _pin(table: Table, profile: Profile) -> Optional[Set]:
    value = _text(table, "pin", None, 8)
    reference = table.number("pin_reference", 1, 255)
    tries = table.number("pin_tries", 3, 15)
    disabled = _flag(table, "pin_disabled")
    if value is None:
        return None
    if not value.isascii() or not value.isdigit() or len(value) < 4:
        raise refuse(("card", "pin"), "4 to 8 digits are expected")
    if not profile.private and not profile.modifiable:
        # a client asks for no PIN then (TS 1.0 Appendix G.2.4), and could not read the file
        raise refuse(("card", "pin"), "the object is neither private nor modifiable, so nobody would ask for the PIN")
    pin: Set = {"reference": reference, "value": value, "tries": tries}
    return {**pin, "disabled": True} if disabled else pin


def _behaviour(table: Table) -> Set:
    made: Set = {"channels": table.number("channels", 3, 19)}
    atr = _bytes(table, "atr", b"", tuple(range(2, 34)))
    if atr:
        made["atr"] = atr.hex().upper()
    reading = _choice(table, "reading", READINGS)
    if reading != READINGS[0]:
        made["reading"] = reading
    most = table.number("most", None, 255)
    if most is not None:
        made["most"] = most
    for key in ("waits", "mute", "basic_dir", "proactive"):
        if _flag(table, key):
            made[key] = True
    table.finish()
    return made


# Files


def _root(table: Table, profile: Profile, content: bytes, pin: Optional[Set]) -> Set:
    records = profile.records()
    if max(map(len, records)) > 255:
        raise refuse(("card", "label"), "EF_DIR has records of up to 255 bytes")
    length = max(RECORD, *map(len, records))
    padded = [record.ljust(length, b"\xff") for record in records]
    root: Set = {"id": _id(MASTER)}
    root["files"] = [
        {"id": _id(DIR), "length": length, "records": [each.hex().upper() for each in padded], "sfi": 30},
        {"id": _id(ICCID), "content": swapped(profile.iccid).hex().upper(), "sfi": 2},
    ]
    root["directories"] = [_usim()] if profile.usim else []
    root["directories"].append(_application(table, profile, content, pin))
    return root


def _usim() -> Set:
    imsi = "080910101032547698"  # of the test network
    return {"aid": USIM.hex().upper(), "files": [{"id": _id(IMSI), "content": imsi}]}


def _application(table: Table, profile: Profile, content: bytes, pin: Optional[Set]) -> Set:
    made: Set = {"id": _id(profile.application), "aid": profile.aid.hex().upper()}
    if pin:
        made["pins"] = [pin["reference"]]
    if _flag(table, "secured"):
        made["secured"] = True
    files = [
        _transparent(ODF, profile.odf_content(), profile.odf_size),
        _transparent(TOKEN_INFO, profile.token_info()),
    ]
    for each in profile.others():
        files.append(_transparent(each, other_object(each + 1), profile.dodf_size))
    if not profile.in_place:
        files.append(_transparent(profile.dodf, profile.objects(), profile.dodf_size))
    bootstrap = _transparent(profile.file, content)
    told = table.number("told_size", None, 0xFFFF)
    if told is not None:
        bootstrap["size"] = told
    if pin:
        bootstrap["pin"] = pin["reference"]
    if _flag(table, "deactivated"):
        bootstrap["deactivated"] = True
    made["files"] = [*files, bootstrap]
    return made


def _transparent(number: int, content: bytes, size: int = 0) -> Set:
    return {"id": _id(number), "content": content.ljust(size, b"\xff").hex().upper()}


def _id(number: int) -> str:
    return f"{number:04X}"


# Keys


def _scp03(table: Table) -> Set:
    sizes = (16, 24, 32)
    enc, mac = (_bytes(table, key, b"", sizes) for key in ("enc_hex", "mac_hex"))
    for key, found in (("enc_hex", enc), ("mac_hex", mac)):
        if not found:
            raise refuse(table.way, f'"{key}" is missing')
    if len(enc) != len(mac):
        raise refuse(table.way + ("mac_hex",), "both keys have one length")
    key = {"version": table.number("version", 0x30, 255), "enc": enc.hex().upper(), "mac": mac.hex().upper()}
    made = {"keys": [key], "i": table.number("i", 0x70, 0x7F), "counter": table.number("counter", 1, 0xFFFFFF)}
    table.finish()
    return made


def _messages(table: Table, description: Dict[str, Any]) -> Set:
    """The LwM2M application: its peers are the accounts that have secured packets."""
    aid = _bytes(table, "aid", MESSAGES, tuple(range(5, 17)))
    made: Set = {"aid": aid.hex().upper(), "tag": table.number("tag", 5, 0xFFFF), "peers": []}
    table.finish()
    accounts = [*description.get("server", []), description.get("bootstrap_server", {})]
    for each in accounts:
        if each.get("sms_mode") != SECURED_PACKETS:
            continue
        for key in ("sms_number", "sms_parameters_hex", "sms_keys_hex"):
            if each.get(key, MISSING) is MISSING:
                raise refuse(("card", "messages"), f'an account with sms_mode 2 has no "{key}"')
        parameters, keys = (tables.unhex(each[key]).hex().upper() for key in ("sms_parameters_hex", "sms_keys_hex"))
        made["peers"].append({"number": each["sms_number"], "parameters": parameters, "keys": keys})
    if not made["peers"]:
        raise refuse(("card", "messages"), "no account has sms_mode 2, so there is nobody to talk to")
    return made
