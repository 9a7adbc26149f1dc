"""From a record to a description that makes the same bytes: by names where they can say it, else resource by resource, and
TLV by TLV where it was written otherwise than this tool would."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import tables
from build import KEYS, build
from record import File, Instance, Object, ProvisionError, Resource, encode, encode_instances
from rules import LARGEST, check
from tables import ACCESS, BOOTSTRAP, FIELDS, IDENTITY, MODE, MODES, NOBODY, RIGHTS, SECRET, SECURITY, SERVER, SHOWN

Description = Dict[str, Any]
HIDDEN = "***"
_NAMES = {number: name for name, number in MODES.items()}


class _Unnamed(Exception):
    """The names cannot say it."""


def describe(file: File) -> Description:
    """The description of a record, with all its secrets."""
    whole = encode(file)
    for accounts, access in ((True, True), (True, False), (False, True), (False, False)):
        found = _try(file, accounts, access)
        if found is not None and encode(build(found, Path())) == whole:
            return found
    raise AssertionError("objects TLV by TLV are always the same bytes")


def _try(file: File, accounts: bool, access: bool) -> Optional[Description]:
    """The description with accounts and access control by their names, or as objects."""
    found: Description = {}
    if file.tail.strip(b"\xff") or (file.tail and len(encode(file)) > LARGEST):
        found["tail_hex"] = file.tail.hex().upper()
    elif file.tail:
        found["pad"] = len(encode(file))
    named = ({SECURITY, SERVER} if accounts else set()) | ({ACCESS} if access else set())
    versions = {SECURITY: "security", SERVER: "server", ACCESS: "access"}
    objects = []
    try:
        if accounts:
            found.update(_accounts(file))
        if access and any(file.instances(ACCESS)):
            found["access"] = _access(list(file.instances(ACCESS)))
    except _Unnamed:
        return None
    for each in file.objects:
        if each.id not in named:
            objects.append(_object(each))
        elif each.version:
            found.setdefault("version", {})[versions[each.id]] = _version(each)
    if objects:
        found["object"] = objects
    try:
        build(found, Path())
    except ProvisionError:
        return None  # one of a kind that the names do not have
    return found


def _version(each: Object) -> str:
    return "{}.{}".format(*each.version or (1, 0))


# Accounts


def _accounts(file: File) -> Description:
    servers = {}
    for at in file.instances(SERVER):
        servers.setdefault(_plain(SERVER, at, 0), []).append(at)
    found: Description = {}
    accounts, security_ids, server_ids = [], [], []
    for at in file.instances(SECURITY):
        account = _security(at)
        if account.pop("", None):
            if "bootstrap_server" in found:
                raise _Unnamed
            found["bootstrap_server"] = account
            security_ids.insert(0, at.id)
            continue
        mine = servers.pop(account.get("short_server_id"), [])
        if len(mine) != 1:
            raise _Unnamed
        account.update(_values(SERVER, mine[0]))
        accounts.append(account)
        security_ids.append(at.id)
        server_ids.append(mine[0].id)
    if servers:
        raise _Unnamed
    bootstrap = [found["bootstrap_server"]] if "bootstrap_server" in found else []
    _number(bootstrap + accounts, "security_instance", security_ids)
    _number(accounts, "server_instance", server_ids)
    if accounts:
        found["server"] = accounts
    return found


def _number(entries: List[Description], key: str, numbers: List[int]) -> None:
    """Gives the instance IDs, where they are not what they would be without."""
    if numbers != list(range(len(numbers))):
        for entry, number in zip(entries, numbers):
            entry[key] = number


def _plain(number: int, at: Instance, resource: int) -> Any:
    found = at.find(resource)
    if found is None or found.value is None:
        raise _Unnamed
    return _value(FIELDS[number][resource].type, found.value)


def _security(at: Instance) -> Description:
    """An account; the key "" says whether it is that of a bootstrap server."""
    bootstrap = _plain(SECURITY, at, BOOTSTRAP)
    found = {"": bootstrap}
    psk = _plain(SECURITY, at, MODE) == MODES["psk"]
    omitted = [FIELDS[SECURITY][number].key for number in KEYS if at.find(number) is None]
    found.update(_values(SECURITY, at, psk))
    if omitted:
        found["omit"] = omitted
    return found


def _values(number: int, at: Instance, text: bool = False) -> Description:
    """The resources by their names; `text`: an identity is text, if it can be."""
    found: Description = {}
    for resource in at.resources:
        field = FIELDS[number].get(resource.id)
        if field is None:
            raise _Unnamed
        if not field.key:
            continue
        if (resource.value is None) != field.multiple:
            raise _Unnamed
        if field.multiple:
            found[field.key] = _many(field.type, resource)
        elif resource.value == b"" and resource.id in KEYS and number == SECURITY:
            continue  # what is not said is written empty
        elif field.type == "opaque":
            shown = _text(resource.value or b"") if text and resource.id == IDENTITY else None
            if shown is None:
                found[f"{field.key}_hex"] = (resource.value or b"").hex().upper()
            else:
                found[field.key] = shown
        else:
            value = _value(field.type, resource.value or b"")
            found[field.key] = _NAMES.get(value, value) if (number, resource.id) == (SECURITY, MODE) else value
    return found


def _value(kind: str, data: bytes) -> Any:
    try:
        value = tables.decode_value(kind, data)
        if tables.encode_value(kind, value) == data:
            return value
    except ValueError:
        pass
    raise _Unnamed


def _many(kind: str, resource: Resource) -> Any:
    found = {number: _value(kind, value) for number, value in resource.instances}
    if len(found) < len(resource.instances):
        raise _Unnamed
    return list(found.values()) if list(found) == list(range(len(found))) else {str(n): v for n, v in found.items()}


def _text(data: bytes) -> Optional[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None


# Access control, and objects


def _access(instances: List[Instance]) -> List[Description]:
    entries = []
    for at in instances:
        found = _values(ACCESS, at)
        if found.get("instance") == NOBODY:
            del found["instance"]
        if found.get("owner") == NOBODY:
            found["owner"] = "bootstrap"
        if "rights" in found:
            rights = found["rights"]
            pairs = enumerate(rights) if isinstance(rights, list) else rights.items()
            found["rights"] = {str(number): _rights(value) for number, value in pairs}
        entries.append(found)
    _number(entries, "id", [at.id for at in instances])
    return entries


def _rights(value: int) -> Any:
    return "".join(letter for bit, letter in enumerate(RIGHTS) if value >> bit & 1) if 0 <= value < 32 else value


def _object(each: Object) -> Description:
    found: Description = {"id": each.id}
    if each.version:
        found["version"] = _version(each)
    anew = encode_instances(each.instances)
    payload = anew if each.payload is None else each.payload
    if payload != anew or not _unique(each):
        found["payload_hex"] = payload.hex().upper()
    elif each.instances:
        found["instance"] = [
            {"id": at.id, "resource": [_resource(each.id, resource) for resource in at.resources]}
            if at.resources else {"id": at.id} for at in each.instances
        ]
    return found


def _unique(each: Object) -> bool:
    """Whether a table can hold all its multiple resources: a key stands once."""
    multiple = (resource.instances for at in each.instances for resource in at.resources)
    return all(len({number for number, _ in instances}) == len(instances) for instances in multiple)


def _resource(number: int, resource: Resource) -> Description:
    field = FIELDS.get(number, {}).get(resource.id)
    values = [value for _, value in resource.instances] if resource.value is None else [resource.value]
    kinds = [field.type] if field else ["string"] if values and all(value and _text(value) for value in values) else []
    for kind in kinds + ["opaque"]:
        try:
            if resource.value is None:
                return {"id": resource.id, "type": kind, "values": _many(kind, resource)}
            return {"id": resource.id, "type": kind, "value": _shown(kind, resource.value)}
        except _Unnamed:
            continue
    raise AssertionError("bytes can always be shown in hexadecimal")


def _shown(kind: str, data: bytes) -> Any:
    return data.hex().upper() if kind == "opaque" else _value(kind, data)


# What is not to be seen


def hide(found: Description) -> Description:
    """The same with *** for what may be a key. What the tool does not know may be one."""
    hidden = json.loads(json.dumps(found))
    for account in hidden.get("server", []) + [hidden.get("bootstrap_server", {})]:
        for key in ("key_hex", "sms_keys_hex"):
            if key in account:
                account[key] = HIDDEN
    if "tail_hex" in hidden:
        hidden["tail_hex"] = HIDDEN
    for each in hidden.get("object", []):
        if "payload_hex" in each and each["id"] not in SHOWN:
            each["payload_hex"] = HIDDEN
        for at in each.get("instance", []):
            for resource in at.get("resource", []):
                known = each["id"] in SHOWN or (each["id"] == SECURITY and resource["id"] in FIELDS[SECURITY])
                if not known or (each["id"], resource["id"]) in SECRET:
                    resource.update(type="opaque")
                    resource.update({key: _hide(resource[key]) for key in ("value", "values") if key in resource})
    return hidden


def _hide(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: HIDDEN for key in value}
    return [HIDDEN] * len(value) if isinstance(value, list) else HIDDEN


# TOML


def to_toml(found: Description) -> str:
    """The description as text."""
    lines: List[str] = []
    lines += _pairs({key: found[key] for key in ("pad", "tail_hex") if key in found})
    for key in ("version", "bootstrap_server"):
        if key in found:
            lines += ["", f"[{key}]", *_pairs(found[key])]
    for key in ("server", "access"):
        for each in found.get(key, []):
            lines += ["", f"[[{key}]]", *_pairs(each)]
    for each in found.get("object", []):
        instances = each.get("instance", [])
        lines += ["", "[[object]]", *_pairs({key: value for key, value in each.items() if key != "instance"})]
        for at in instances:
            lines += ["", "[[object.instance]]", f"id = {at['id']}"]
            if "resource" in at:
                lines += ["resource = [", *(f"    {_inline(resource)}," for resource in at["resource"]), "]"]
    return "\n".join(lines).lstrip("\n") + "\n" if lines else ""


def _pairs(table: Description) -> Iterator[str]:
    return (f"{key} = {_inline(value)}" for key, value in table.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{key if re.fullmatch('[A-Za-z0-9_-]+', key) else _quoted(key)} = {_inline(each)}"
                          for key, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    return tables.quoted(text, len(text))


def to_text(file: File, secrets: bool) -> str:
    """What `print` prints."""
    found = describe(file)
    shown = found if secrets else hide(found)
    head = [] if secrets or shown == found else ["# *** hides what may be a key; --secrets shows it"]
    flaws = check(file)
    head += [f"# {'wrong' if flaw.fatal else 'note'}: {flaw}" for flaw in flaws]
    if any(flaw.fatal for flaw in flaws):
        head.append("# make takes it with --no-check only")
    text = to_toml(shown)
    return "\n".join(head) + ("\n\n" if head else "") + text
