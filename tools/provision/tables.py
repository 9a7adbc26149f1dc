"""What the objects 0, 1 and 2 consist of (TS 1.0 Appendix E.1 to E.3, and what 1.1 and 1.2 add), and the data types
as TLV writes them (TS 1.0 Appendix C)."""

from __future__ import annotations

import json
import struct
from typing import Any, Dict, NamedTuple

NOBODY = 65535  # the reserved ID (TS 1.0 table 20)
MODES = {"psk": 0, "rpk": 1, "x509": 2, "nosec": 3, "est": 4}
RIGHTS = "RWEDC"

SECURITY, SERVER, ACCESS = 0, 1, 2
URI, BOOTSTRAP, MODE, IDENTITY, SERVER_KEY, KEY = range(6)
SMS_MODE, SMS_PARAMETERS, SMS_KEYS, SMS_NUMBER, SSID = 6, 7, 8, 9, 10
MATCHING, SNI, USAGE, SUITES = 13, 14, 15, 16


class Field(NamedTuple):
    """A resource: its ID, what a description calls it, its type, its name; whether it is in accounts of bootstrap
    servers only ("bootstrap") or of others only ("server")."""

    id: int
    key: str
    type: str
    name: str
    multiple: bool = False
    account: str = ""


def _fields(*rows: Field) -> Dict[int, Field]:
    return {row.id: row for row in rows}


FIELDS: Dict[int, Dict[int, Field]] = {
    SECURITY: _fields(
        Field(0, "uri", "string", "LwM2M Server URI"),
        Field(1, "", "boolean", "Bootstrap-Server"),
        Field(2, "mode", "integer", "Security Mode"),
        Field(3, "identity", "opaque", "Public Key or Identity"),
        Field(4, "server_key", "opaque", "Server Public Key"),
        Field(5, "key", "opaque", "Secret Key"),
        Field(6, "sms_mode", "integer", "SMS Security Mode"),
        Field(7, "sms_parameters", "opaque", "SMS Binding Key Parameters"),
        Field(8, "sms_keys", "opaque", "SMS Binding Secret Key(s)"),
        Field(9, "sms_number", "string", "LwM2M Server SMS Number"),
        Field(10, "short_server_id", "integer", "Short Server ID", account="server"),
        Field(11, "hold_off", "integer", "Client Hold Off Time", account="bootstrap"),
        Field(12, "account_timeout", "integer", "Bootstrap-Server Account Timeout", account="bootstrap"),
        Field(13, "matching_type", "unsigned", "Matching Type"),
        Field(14, "sni", "string", "SNI"),
        Field(15, "certificate_usage", "unsigned", "Certificate Usage"),
        Field(16, "ciphersuites", "unsigned", "DTLS/TLS Ciphersuite", multiple=True),
        Field(17, "oscore", "objlnk", "OSCORE Security Mode"),
        Field(18, "groups", "unsigned", "Groups To Use by Client", multiple=True),
        Field(19, "server_signature_algorithms", "unsigned", "Signature Algorithms Supported by Server", multiple=True),
        Field(20, "signature_algorithms", "unsigned", "Signature Algorithms To Use by Client", multiple=True),
        Field(21, "server_cert_algorithms", "unsigned", "Signature Algorithm Certs Supported by Server", multiple=True),
        Field(22, "tls13_features", "unsigned", "TLS 1.3 Features To Use by Client"),
        Field(23, "server_tls_extensions", "unsigned", "TLS Extensions Supported by Server"),
        Field(24, "tls_extensions", "unsigned", "TLS Extensions To Use by Client"),
        Field(25, "secondary_uris", "string", "Secondary LwM2M Server URI", multiple=True),
        Field(26, "mqtt", "objlnk", "MQTT Server"),
        Field(27, "cose", "objlnk", "LwM2M COSE Security", multiple=True),
        Field(28, "rds_destination_port", "integer", "RDS Destination Port"),
        Field(29, "rds_source_port", "integer", "RDS Source Port"),
        Field(30, "rds_application", "string", "RDS Application ID"),
    ),
    SERVER: _fields(
        Field(0, "short_server_id", "integer", "Short Server ID"),
        Field(1, "lifetime", "integer", "Lifetime"),
        Field(2, "pmin", "integer", "Default Minimum Period"),
        Field(3, "pmax", "integer", "Default Maximum Period"),
        Field(5, "disable_timeout", "integer", "Disable Timeout"),
        Field(6, "storing", "boolean", "Notification Storing When Disabled or Offline"),
        Field(7, "binding", "string", "Binding"),
        Field(10, "apn", "objlnk", "APN Link"),
        Field(13, "priority", "unsigned", "Registration Priority Order"),
        Field(14, "initial_delay", "unsigned", "Initial Registration Delay Timer"),
        Field(15, "failure_block", "boolean", "Registration Failure Block"),
        Field(16, "bootstrap_on_failure", "boolean", "Bootstrap on Registration Failure"),
        Field(17, "retry_count", "unsigned", "Communication Retry Count"),
        Field(18, "retry_timer", "unsigned", "Communication Retry Timer"),
        Field(19, "sequence_delay", "unsigned", "Communication Sequence Delay Timer"),
        Field(20, "sequence_count", "unsigned", "Communication Sequence Retry Count"),
        Field(21, "trigger", "boolean", "Trigger"),
        Field(22, "preferred_transport", "string", "Preferred Transport"),
        Field(23, "mute_send", "boolean", "Mute Send"),
    ),
    ACCESS: _fields(
        Field(0, "object", "integer", "Object ID"),
        Field(1, "instance", "integer", "Object Instance ID"),
        Field(2, "rights", "integer", "ACL", multiple=True),
        Field(3, "owner", "integer", "Access Control Owner"),
    ),
}

# What a card's reader must not see. Other objects may hold keys of their own (21, 23, 24): only these are shown whole.
SECRET = {(SECURITY, KEY), (SECURITY, SMS_KEYS)}
SHOWN = {1, 2, 3, 4, 6, 7}

TYPES = ("string", "integer", "unsigned", "float", "boolean", "opaque", "time", "objlnk", "corelnk")
_WIDTHS = (1, 2, 4, 8)


def quoted(text: str, most: int = 80) -> str:
    """Text of somebody else's as a quoted line; also as TOML has it."""
    # JSON's escapes are TOML's, but for DEL, and for what lies beyond 16 bits, which stays as it is
    whole = text[:most].encode(errors="replace").decode()
    line = json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")
    return line if len(text) <= most else f"{line} and so on"


def name(number: int, resource: int) -> str:
    """"/0/x/5 Secret Key" without the path."""
    field = FIELDS.get(number, {}).get(resource)
    return field.name if field else ""


def encode_value(kind: str, value: Any) -> bytes:
    """A value's bytes, in the shortest form that its type has: one of TYPES. ValueError says what does not fit."""
    if kind in ("string", "corelnk"):
        try:
            return _want(value, str, "text").encode()
        except UnicodeEncodeError:
            raise ValueError("the text has half of a surrogate pair, which UTF-8 cannot hold") from None
    if kind in ("integer", "time", "unsigned"):
        signed = kind != "unsigned"
        number = _want(value, int, "a whole number")
        for width in _WIDTHS:
            try:
                return number.to_bytes(width, "big", signed=signed)
            except OverflowError:
                continue
        raise ValueError(f"{number} does not fit {'64 bits' if signed else '64 bits without a sign'}")
    if kind == "boolean":
        return bytes([_want(value, bool, "true or false")])
    if kind == "float":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError("a number is expected")
        try:
            return struct.pack(">d", float(value))
        except OverflowError:
            raise ValueError("the number is too large for a float") from None
    if kind == "objlnk":
        numbers = _want(value, str, 'a link as "object:instance"').split(":")
        if len(numbers) != 2 or not all(n.isascii() and n.isdigit() and int(n) <= NOBODY for n in numbers):
            raise ValueError(f'{quoted(value)} is no link; "object:instance" is expected, each at most 65535')
        return struct.pack(">HH", *map(int, numbers))
    return unhex(value)


def _want(value: Any, kind: type, what: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{what} is expected")
    return value


def unhex(value: Any) -> bytes:
    """Bytes from hexadecimal digits, which blanks and colons may part."""
    digits = "".join(_want(value, str, "text in hexadecimal").replace(":", " ").split())
    if digits == "***":
        raise ValueError("the value is hidden (***); print with --secrets gives a description that has it")
    for digit in digits:
        if digit not in "0123456789abcdefABCDEF":
            raise ValueError(f"{quoted(digit)} is no hexadecimal digit")
    if len(digits) % 2:
        raise ValueError(f"{len(digits)} hexadecimal digits; a whole number of bytes needs an even number of them")
    return bytes.fromhex(digits)


def decode_value(kind: str, data: bytes) -> Any:
    """The value of bytes, of a type that the objects 0, 1 and 2 have. ValueError says why there is none."""
    if kind in ("string", "corelnk"):
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise ValueError("the text is no UTF-8") from None
    if kind in ("integer", "time", "unsigned"):
        if len(data) not in _WIDTHS:
            raise ValueError(f"a number has 1, 2, 4 or 8 bytes; these are {len(data)}")
        return int.from_bytes(data, "big", signed=kind != "unsigned")
    if kind == "boolean":
        if data not in (b"\0", b"\1"):
            raise ValueError(f"true is 01 and false is 00; this is {data.hex().upper() or 'empty'}")
        return data == b"\1"
    if kind == "objlnk":
        if len(data) != 4:
            raise ValueError(f"a link has 4 bytes; these are {len(data)}")
        return "{}:{}".format(*struct.unpack(">HH", data))
    return data.hex().upper()
