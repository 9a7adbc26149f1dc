#!/usr/bin/env python3
"""Writes the seeds of the targets uicc_files, uicc_bootstrap_file and uicc_scp03 anew. usage: fuzz/uicc_seeds.py

Files of cards are those of tests/vectors; in front of them stand the decisions that the targets take first.
"""
import json
import pathlib
import shutil

FUZZ = pathlib.Path(__file__).parent
SEEDS = FUZZ / "seeds"
VECTORS = FUZZ.parent / "tests/vectors"


def vectors(name):
    return json.loads((VECTORS / name).read_text())


def files(card, forms):
    seeds = {}
    for number, variant in enumerate(card["ef_dodf"]["variants"] + forms["variants"]):
        seeds[f"dodf-{number}"] = bytes([0, number]) + bytes.fromhex(variant["der"]) + b"\xff\xff"
    odf = card["ef_odf"]
    for name in ("der", "file_content_padded", "other_entry_before"):
        seeds[f"odf-{name}"] = bytes([0, 7]) + bytes.fromhex(odf[name])
    place = bytes.fromhex(card["ef_dodf"]["variants"][0]["der"])
    seeds["odf-in-place"] = bytes([0, 31, 0xA7, len(place) + 2, 0xA0, len(place)]) + place
    for name, fcp in card["fcp_examples"].items():
        seeds[f"fcp-{name}"] = bytes([1, 0]) + bytes.fromhex(fcp)
    for number, record in enumerate(card["ef_dir"]["records"]):
        seeds[f"dir-{number}"] = bytes([2, 0]) + bytes.fromhex(record)
    seeds["iccid"] = bytes([3, 0]) + bytes.fromhex("981032547698103254f6")
    seeds["long-lengths"] = bytes([0, 0]) + bytes.fromhex("7f2182000161048104616263645f2f00")
    return seeds


def bootstrap_files(card):
    told = card["ef_lwm2m_bootstrap"]
    seeds = {}
    for number, case in enumerate(told["examples"] + told["negative"]):
        for rooms in (b"\0\0\0", b"\1\x20\7", b"\xef\xef\xef"):
            seeds[f"file-{number}-{rooms[0]}"] = b"\1" + rooms + bytes.fromhex(case["hex"])
    resources = bytes.fromhex("c10a01c3026162638806084100014301aabbcc")
    instance = bytes([len(resources)]) + resources + b"\1"
    seeds["fitting"] = b"\0\0\5\x40" + b"\2" + b"\2" + instance * 2 + b"\0" + b"\1" + instance + b"\1"
    return seeds


def channels(sessions):
    seeds = {}
    for number, session in enumerate(sessions["sessions"]):
        size = session["mode"] == "S16"
        greeting = bytes.fromhex(session["initialize_update_response"])[:-2]
        seeds[f"stranger-{number}"] = bytes([0, 0, size]) + greeting
    # a key length, S8 or S16, the card's 9000; then commands, and what happens to their answers
    for length in range(3):
        for size in range(2):
            steps = b""
            for how in (0, 1, 0, 2):
                command = bytes.fromhex("01a40804") if how else bytes.fromhex("01b000000a")
                data = bytes.fromhex("7fff6432") if how else b""
                steps += bytes([len(command)]) + command + bytes([len(data)]) + data
                steps += bytes([how, how, 9]) + b"some data"
                if how == 2:
                    steps += b"\0\x21"
            seeds[f"session-{length}-{size}"] = bytes([2, length, size, 0]) + steps
    for how, name in ((3, "old"), (7, "hostile")):
        first = bytes([5]) + bytes.fromhex("01b0000010") + b"\0" + b"\0\0\5" + b"first"
        second = bytes([5]) + bytes.fromhex("01b0001010") + b"\0" + bytes([how, 0, 6]) + b"second" + b"\2\x90\0"
        seeds[f"session-{name}"] = bytes([2, 0, 0, 0]) + first + second
    seeds["early"] = bytes([2, 0, 0, 2, 0x63, 0])
    for number, body in enumerate((b"", b"abc\x80" + bytes(12), bytes(16), b"\x80" * 32, b"\x80" + bytes(31), b"odd")):
        seeds[f"nonsense-{number}"] = bytes([1, 0, number & 1]) + body
    return seeds


def write_all(target, seeds):
    folder = SEEDS / target
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, seed in seeds.items():
        (folder / name).write_bytes(seed)


def main():
    card = vectors("pkcs15.json")
    write_all("uicc_files", files(card, vectors("pkcs15_forms.json")))
    write_all("uicc_bootstrap_file", bootstrap_files(card))
    write_all("uicc_scp03", channels(vectors("scp03.json")))


if __name__ == "__main__":
    main()
