"""Cards as `lab-uicc` takes them, from the vectors: files that other implementations have confirmed."""

import copy
import json
import pathlib

VECTORS = json.loads((pathlib.Path(__file__).resolve().parents[1] / "vectors/pkcs15.json").read_text())
AID = "A000000063504B43532D3135"
ICCID = "98881000000000002143"

FLOW = [(step["command"], step["response"]) for step in VECTORS["apdu_flow"]]


def bootstrap(name: str) -> str:
    examples = VECTORS["ef_lwm2m_bootstrap"]["examples"]
    return next(example["hex"] for example in examples if example["name"] == name)


def data_object(name: str) -> str:
    return next(variant["der"] for variant in VECTORS["ef_dodf"]["variants"] if variant["name"] == name)


# TokenInfo (PKCS#15 section 6.9): version 0, serial number, label, flags (read-only). LwM2M wants none, OpenSC does.
TOKEN_INFO = "3018" + "020100" + "04021234" + "800B" + b"LwM2M bench".hex() + "03020780"


def card(**changes) -> dict:
    """The card of the vectors' APDU flow, with T=0 as there: 61xx after SELECT."""
    made = {
        "format": "whimbrel-card 1",
        "waits": True,
        "channels": 3,
        "root": {
            "id": "3F00",
            "files": [
                {"id": "2F00", "sfi": 30, "length": 48, "records": [record.rstrip("F") for record in VECTORS["ef_dir"]["records"]]},
                {"id": "2FE2", "content": ICCID},
            ],
            "directories": [
                {
                    "id": "7F50",
                    "aid": AID,
                    "files": [
                        {"id": "5031", "content": VECTORS["ef_odf"]["file_content_padded"]},
                        {"id": "5032", "content": TOKEN_INFO},
                        {"id": "6430", "content": padded(data_object("opaqueDO-with-applicationOID"), 64)},
                        {"id": "6432", "content": bootstrap("security-and-server-full")},
                    ],
                }
            ],
        },
    }
    made.update(changes)
    return copy.deepcopy(made)


def padded(content: str, size: int) -> str:
    return content + "FF" * (size - len(content) // 2)


def with_file(made: dict, identifier: str, content: str) -> dict:
    """That card with other content in a file of the application."""
    for file in made["root"]["directories"][0]["files"]:
        if file["id"] == identifier:
            file["content"] = content
    return made
