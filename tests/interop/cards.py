"""Smartcards for `lab-smsc`, made by tools/card/card.py, and the device that has nothing but a card: examples-c/card.c."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from client import Process
from smsc import ROOT, Centre, Keys

sys.path.insert(1, str(ROOT / "tools" / "card"))
import cardset  # noqa: E402

PROGRAM = ROOT / "target" / "examples-c" / "card"

#: Of SCP03: version, Key-ENC, Key-MAC.
SCP03 = ("0x30", hashlib.sha256(b"enc").hexdigest()[:32], hashlib.sha256(b"mac").hexdigest()[:32])


def write(path: Path, iccid: str, accounts: dict[str, Any], **more: Any) -> Path:
    """A card with these accounts (`server`, `bootstrap_server`: docs/provisioning.md), readable through SCP03 alone; `more`
    goes into its table `card`."""
    version, enc, mac = SCP03
    scp03 = {"version": int(version, 0), "enc_hex": enc, "mac_hex": mac}
    made = cardset.make({**accounts, "card": {"iccid": iccid, "secured": True, "scp03": scp03, **more}})
    path.write_text(json.dumps(made), encoding="utf-8")
    return path


def pre_shared(port: int, identity: str, key: bytes, **more: Any) -> dict[str, Any]:
    """An account over DTLS."""
    return {"uri": f"coaps://127.0.0.1:{port}", "mode": "psk", "identity": identity, "key_hex": key.hex(), **more}


def by_sms(number: str, keys: Keys, **more: Any) -> dict[str, Any]:
    """An account of SMS alone, in secured packets that end on the card."""
    return {
        "uri": "coap://0.0.0.0:5683", "mode": "nosec", "binding": "S", "sms_mode": 2, "sms_number": number,
        "sms_parameters_hex": keys.parameters, "sms_keys_hex": keys.secret, **more,
    }  # fmt: skip


def device(log: str, centre: Centre, storage: Path, endpoint: str, ask_s: int = 30) -> Process:
    """Switches it on. It knows the modem, its name and the keys of SCP03; what it says are lines."""
    words = ["env", f"CARD_ASK_S={ask_s}", str(PROGRAM), centre.device, str(storage), endpoint, *SCP03]
    return Process(log, words)
