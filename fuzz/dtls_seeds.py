#!/usr/bin/env python3
"""Writes the seeds of the DTLS targets anew. usage: fuzz/dtls_seeds.py

A seed is two bytes of shape (src/dtls/world.rs), then steps (script.rs, pair.rs, load.rs).
"""
import pathlib
import shutil

SEEDS = pathlib.Path(__file__).parent / "seeds"

# Bits of a shape.
CERTIFICATES = 0x301
CBC, NO_COOKIES, TICKETS, NO_IDS, NO_CID, SMALL, PERSISTENT = (1 << n for n in range(1, 8))
SERVES = 0x8000

# Records by their place in the list of net.rs.
CCS, ALERT, HANDSHAKE, APPLICATION, WITH_CID, STRANGE = range(6)
# Messages of a handshake, likewise.
HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO, HELLO_VERIFY, TICKET, CERTIFICATE, KEY_EXCHANGE = range(7)
CERTIFICATE_REQUEST, HELLO_DONE, VERIFY, CLIENT_KEY_EXCHANGE, FINISHED = range(7, 12)

DELIVER, DELIVER_UP, PUMP, SLEEP = b"\x06", b"\x07", b"\x08", b"\x0a"


def chunk(data):
    return bytes([len(data)]) + data


def header(epoch=0, number=0, last=False):
    """What a forged record has: an epoch, a low number or one of the last that there are."""
    return bytes([epoch << 1 | last << 3]) + number.to_bytes(2, "big")


def raw(data):
    return b"\x00\x00" + chunk(data)


def alert(level, description, **where):
    return b"\x00\x01\x00" + bytes([ALERT, 0, level - 1, description]) + header(**where)


def record(kind, data, **where):
    return b"\x00\x01\x00" + bytes([kind, 2]) + chunk(data) + header(**where)


def message(kind, sequence, data, **where):
    body = b"" if kind == HELLO_DONE else chunk(data)
    shape = b"\x00" if kind == HELLO_DONE else b"\x01"
    return b"\x00\x03\x00" + bytes([kind, sequence]) + shape + body + header(**where)


def fragment(kind, sequence, data, more, offset, **where):
    return b"\x00\x03\x00" + bytes([kind, sequence, 5]) + chunk(data) + bytes([more, offset]) + header(**where)


def replay(back):
    return bytes([0, 5, back])


def altered(back, at, bits):
    return bytes([0, 6, back]) + at.to_bytes(2, "big") + bytes([bits])


def shortened(back, length):
    return bytes([0, 7, back]) + length.to_bytes(2, "big")


def disturb(how, *rest, up=False):
    return bytes([5 if up else 4, how, *rest])


def step(which):
    return bytes([0x0B, which])


ASK = b"\x0c"
HELLO = bytes.fromhex("fefd") + bytes(32) + bytes.fromhex("00c0a800")

# Nothing of this is authentic.
FORGERIES = {
    "garbage": raw(b"hello") + raw(b"\x16\xfe\xfd") + raw(b"\xff" * 40),
    "fatal": alert(2, 40) + alert(2, 80, epoch=1, number=9),
    "goodbye": alert(1, 0) + alert(1, 0, epoch=1, number=9),
    "change": record(CCS, b"\x01") + record(CCS, b"\x01", epoch=1, number=5),
    "ahead": record(APPLICATION, bytes(40), last=True) + record(APPLICATION, bytes(40), epoch=1, last=True),
    "content": record(APPLICATION, b"in clear") + record(WITH_CID, bytes(30), epoch=1) + record(STRANGE, b""),
    "request": message(HELLO_REQUEST, 0, b""),
    "verify": message(HELLO_VERIFY, 0, b"\xfe\xfd\x04cook"),
    "hello": message(SERVER_HELLO, 0, HELLO) + message(SERVER_HELLO, 1, HELLO, number=1),
    "client": message(CLIENT_HELLO, 0, HELLO[:34] + b"\0\0\0\2\xc0\xa8\1\0"),
    "done": message(HELLO_DONE, 2, b"", number=3),
    "certificate": message(CERTIFICATE, 2, b"\0\0\x10\0\0\x0d" + b"0" * 13, number=3),
    "exchange": message(KEY_EXCHANGE, 2, b"\x03\0\x17\x41\x04" + bytes(64), number=3),
    "finished": message(FINISHED, 3, bytes(12), number=9) + message(FINISHED, 3, bytes(12), epoch=1, number=0),
    "fragment": fragment(CERTIFICATE, 2, bytes(20), 200, 30) + fragment(SERVER_HELLO, 1, bytes(9), 60, 200),
    "ticket": message(TICKET, 5, bytes(20), number=9),
}

SESSION = {
    "quiet": (0, b""),
    "replays": (0, ASK + PUMP + b"".join(replay(n) for n in range(8)) + ASK + PUMP),
    "altered": (0, ASK + PUMP + b"".join(altered(n, 12 + n, 1 << n % 8) for n in range(6))),
    "tags": (0, ASK + b"\x87" + altered(0, 30, 1) + altered(0, 5, 1) + altered(0, 10, 0x80) + PUMP),
    "shortened": (0, ASK + PUMP + shortened(0, 20) + shortened(1, 12) + shortened(2, 1)),
    "network": (0, ASK + disturb(4) + disturb(2, 1) + disturb(0) + disturb(1) + PUMP),
    "loss": (0, ASK + disturb(5) + b"\x0e\x01" + disturb(5, up=True) + SLEEP + SLEEP + PUMP),
    "damage": (0, ASK + disturb(6, 0, 20, 1) + disturb(7, 0, 9) + SLEEP),
    "updates": (0, b"\x0e\x01" + PUMP + SLEEP + SLEEP + step(6) + step(7)),
    "address": (0, b"\x0e\x0f" + PUMP + SLEEP),
    "address_without_cid": (NO_CID, b"\x0e\x0f" + PUMP + SLEEP),
    "network_gone": (0, b"\x0e\x03" + step(6) + b"\x0e\x07" + PUMP),
    "anew": (0, b"\x0e\xf0" + PUMP),
    "closed": (0, b"\x0f\x01" + PUMP + SLEEP + SLEEP),
    "fatal_of_server": (0, b"\x0f\xa0" + PUMP + SLEEP + SLEEP),
    "warning": (0, b"\x0f\x64" + PUMP),
    "forgotten": (0, b"\x0f\x02" + b"\x0e\x01" + PUMP + SLEEP * 8),
    "all_forgotten": (TICKETS, b"\x0f\x03" + b"\x0e\x01" + PUMP + SLEEP * 8),
    "write": (0, bytes([0x0D, 0, 9, 0x34, 1, 2, 3, 4, 1, 0, 1, 1, 2, 0, 0]) + PUMP),
    "cbc": (CBC, ASK + PUMP + replay(0) + altered(1, 30, 1) + PUMP),
    "small": (SMALL, ASK + PUMP + replay(1) + PUMP),
    "no_cid": (NO_CID, ASK + PUMP + replay(0) + PUMP),
    "resumes_by_id": (0, b"\x0f\x01" + PUMP + SLEEP * 3),
    "resumes_by_ticket": (TICKETS | NO_IDS, b"\x0f\x01" + PUMP + SLEEP * 3),
    "persistent": (PERSISTENT, ASK + PUMP + b"\x0e\x01" + PUMP + b"".join(ASK + PUMP for _ in range(40))),
    "certificates": (CERTIFICATES, ASK + PUMP + replay(0) + replay(3) + PUMP),
} | {"forged_" + name: (0, steps + ASK + PUMP) for name, steps in FORGERIES.items()}


def handshake():
    """Each forgery at one state at least, and a few at every state."""
    seeds = {"quiet": (0, b""), "certificates": (CERTIFICATES, b""), "served": (SERVES, b"")}
    # by how many datagrams have arrived; each second one goes to the server
    client = [b"".join((DELIVER_UP, DELIVER)[n % 2] for n in range(state)) for state in range(9)]
    server = [b"\x1c" + b"".join((b"\x07", b"\x17")[n % 2] for n in range(state)) for state in range(8)]
    for role, states, shape in (("client", client, 0), ("server", server, SERVES)):
        for number, (name, steps) in enumerate(FORGERIES.items()):
            state = number % len(states)
            seeds[f"{role}_{state}_{name}"] = (shape, states[state] + steps + PUMP)
        for state, before in enumerate(states):
            seeds[f"{role}_{state}_replays"] = (shape, before + replay(0) + replay(1) + altered(0, 14, 2))
            seeds[f"{role}_{state}_loss"] = (shape, before + disturb(5) + disturb(5, up=True) + SLEEP)
    for state, before in ((2, client[4]), (3, client[4] + DELIVER * 2), (4, client[4] + DELIVER * 9)):
        for name in ("certificate", "exchange", "done", "fragment"):
            steps = before + FORGERIES[name] + PUMP
            seeds[f"certificates_{state}_{name}"] = (CERTIFICATES | SMALL, steps)
    seeds["certificates_loss"] = (CERTIFICATES | SMALL, client[4] + disturb(5) + PUMP)
    seeds["certificates_served"] = (SERVES | CERTIFICATES | SMALL, server[4] + b"\x15\x05" + b"\x0b")
    seeds["tickets"] = (TICKETS, PUMP + b"\x0f\x01" + PUMP + SLEEP + client[4] + FORGERIES["ticket"])
    seeds["served_twice"] = (SERVES | TICKETS, b"\x0b\x0e\x05hello\x0b\x1f\x01\x0b\x0f\x01\x0b")
    return seeds


CHANGE, PUT, COPY, RESIZE, REFUSE, POWER, READ, MORE = (n << 3 for n in range(8))
RECORDS, BOTH = 0x40, 0xC0  # which checksums are made right
ASSOCIATION, PROGRESS, OBSERVATIONS = (0, 1), (2, 3), (4, 5)
NOWHERE = 6


def change(slots, at, data, repairs=RECORDS):
    return b"".join(bytes([CHANGE | slot | repairs]) + at.to_bytes(2, "big") + chunk(data) for slot in slots)


def put(slots, data, repairs=RECORDS):
    return b"".join(bytes([PUT | slot | repairs]) + chunk(data) for slot in slots)


def copy(slot, other, repairs=RECORDS):
    return bytes([COPY | slot | repairs, other])


def resize(slots, length, repairs=RECORDS):
    return b"".join(bytes([RESIZE | slot | repairs]) + length.to_bytes(2, "big") for slot in slots)


def refuse(how):
    return bytes([REFUSE, how])


def observation(token, path, form=0):
    return bytes([len(token)]) + token + b"".join(n.to_bytes(2, "big") for n in path) + form.to_bytes(2, "big")


CYCLE, CUT = bytes([POWER]), bytes([POWER | 0x40])
OBSERVE, UPDATE, NOTIFY = bytes([READ | 0x40]), bytes([MORE | 1, 0]), bytes([MORE, 0])
FORGET, FORGET_ALL, PUMP_ALL = bytes([MORE | 2]), bytes([MORE | 6]), bytes([MORE | 3])
# What stands before the content of a record, and where the image begins in an association.
HEAD, IMAGE = 12, 22
ALL = range(6)
ATTRIBUTES = bytes.fromhex("ff0003ffffffffffff01") + bytes(8) + bytes(24)
LOAD = {
    "quiet": b"",
    "cycle": CYCLE + PUMP_ALL + CYCLE,
    "cut": CUT * 3,
    "certificates": CYCLE,
    "bit": change(ALL, 30, b"\xff", 0) + CYCLE,
    "reserved": change(PROGRESS, HEAD + 6, bytes(7) + b"\x70") + CYCLE,
    "reserved_last": change(PROGRESS, HEAD + 6, b"\0\0" + b"\xff" * 6) + CYCLE,
    "reserved_beyond": change(PROGRESS, HEAD + 6, b"\xff" * 8) + CYCLE,
    "lifetime": change(PROGRESS, HEAD + 14, bytes(4)) + CYCLE,
    "version": change(PROGRESS, HEAD + 22, b"\xff\xff") + CYCLE,
    "binding": change(PROGRESS, HEAD + 24, b"SQ  ") + CYCLE,
    "sequence": change(PROGRESS, HEAD + 32, b"\xff" * 6) + CYCLE,
    "location": change(PROGRESS, HEAD + 38, b"\xff" * 6) + CYCLE,
    "generation": change((2,), 4, b"\xff" * 4) + change((3,), 4, bytes(4)) + CYCLE,
    "head_of_image": change(ASSOCIATION, IMAGE, b"W\1\0\0" + b"\xff" * 8, BOTH) + CYCLE,
    "no_image": resize(ASSOCIATION, 40, BOTH) + CYCLE,
    "short": resize(ALL, 5, 0) + CYCLE,
    "long": resize(ALL, 2047) + CYCLE,
    "removed": b"".join(copy(slot, NOWHERE, 0) for slot in ASSOCIATION) + CYCLE,
    "swapped": copy(0, 2) + copy(2, 0) + copy(1, 3) + CYCLE,
    "rolled_back": copy(2, 3, 0) + UPDATE + PUMP_ALL + CYCLE,
    "write_fails": CYCLE + refuse(1) + UPDATE + PUMP_ALL + bytes([READ]) * 20,
    "write_torn": CYCLE + refuse(2) + UPDATE + PUMP_ALL + CUT,
    "read_fails": refuse(1) + CYCLE + refuse(0) + refuse(1) + CYCLE,
    "server_forgot": FORGET_ALL + CYCLE,
    "server_restarted": FORGET + CYCLE,
    "observed": OBSERVE + PUMP_ALL + CYCLE + NOTIFY + PUMP_ALL,
    "observed_torn": OBSERVE + refuse(2) + PUMP_ALL + CUT,
    "observations": put(OBSERVATIONS, bytes(16) + observation(b"some", (3, 0, 0, 65535)), BOTH) + CYCLE,
    "observations_full": put(OBSERVATIONS, bytes(16) + observation(b"", (3,) + (65535,) * 3) * 4, BOTH) + CYCLE,
    "observations_nowhere": put(OBSERVATIONS, bytes(16) + observation(b"x" * 8, (9, 9, 9, 9), 9), BOTH) + CYCLE,
    "token_too_long": put(OBSERVATIONS, bytes(16) + observation(b"x" * 9, (3, 0, 0, 0)), BOTH) + CYCLE,
    "attributes": put(OBSERVATIONS, bytes(16) + ATTRIBUTES, BOTH) + CYCLE,
} | {
    # every field of what Mbed TLS writes
    f"image_{at}": change(ASSOCIATION, at, b"\xff\xff", BOTH) + CYCLE
    for at in (42, 46, 50, 54, 58, 62, 70, 90, 110, 130, 140, 150, 160, 170, 180, 190, 200)
}


def write(target, seeds):
    folder = SEEDS / target
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, (shape, steps) in seeds.items():
        (folder / name).write_bytes(shape.to_bytes(2, "big") + steps)


def main():
    write("dtls_session", SESSION)
    write("dtls_handshake", handshake())
    shapes = {"certificates": CERTIFICATES}
    write("session_load", {name: (shapes.get(name, 0), steps) for name, steps in LOAD.items()})


if __name__ == "__main__":
    main()
