#!/usr/bin/env python3
"""Writes the seeds of the targets provisioning, settings and bootstrap anew. usage: fuzz/boot_seeds.py

A seed is two bytes of shape (src/boot/life.rs), then steps (provisioning.rs, settings.rs, session.rs), whose payloads are
made of decisions (payload.rs).
"""
import pathlib
import shutil

SEEDS = pathlib.Path(__file__).parent / "seeds"

# Bits of a shape.
ACCESS, NEWER, SMALL, FORGETS, INVITES, NO_BLOCKS = (1 << n for n in range(6))
ONE, TWO, THREE = 1 << 6, 2 << 6, 3 << 6
ALONE, HOLD_OFF, TIMEOUT = 1 << 8, 1 << 9, 1 << 10

# Places in the lists of payload.rs.
SECURITY, SERVER, CONTROL, THING, DEVICE, NOBODY = 0, 1, 2, 3, 6, 7
SEVEN = 4
# Bits of what an instance holds; the low two are a Short Server ID.
FLAWED, KEYED, TIMES, MORE = 4, 0x20, 0x40, 0x80


def step(choice, *rest):
    return bytes([choice]) + b"".join(rest)


def fields(shape, *flaws):
    """The resources of an instance. A flaw is bytes."""
    return bytes([shape | FLAWED, len(flaws) - 1]) + b"".join(flaws) if flaws else bytes([shape])


def instances(*items):
    """Pairs of an instance and what it holds."""
    return bytes([len(items)]) + b"".join(bytes([at]) + held for at, held in items)


# Flaws: a resource more, another value, one less, one twice, a multiple one made single, the other order.
def added(resource, value):
    return bytes([0, resource]) + value


def changed(at, value):
    return bytes([at << 4 | 2]) + value


def removed(at):
    return bytes([at << 4 | 4])


def twice(at):
    return bytes([at << 4 | 5])


def bent(at):
    return bytes([at << 4 | 6])


REVERSED = b"\x07"


# Values.
def number(value):
    return bytes([0, value])


def large(which):
    return bytes([1, which])


def raw(data):
    return bytes([7, len(data)]) + data


def text(which):
    return bytes([which << 3 | 3])


def long(length):
    return bytes([5, length])


LARGEST, OVER = 9, 8
ACCOUNTS = instances((0, fields(0)), (1, fields(1)))
PAIRS = instances((0, fields(0)), (1, fields(1)), (2, fields(2)))
BOTH = instances((0, fields(1)), (1, fields(2)))
RIGHTS = instances((0, fields(1)), (1, fields(2 | 0x20)), (2, fields(1 | 0x40)))


# --- provisioning ---
def blob(*objects, flaw=0):
    """Pairs of an object and its instances."""
    file = bytes([len(objects)]) + b"".join(bytes([at]) + held for at, held in objects)
    return step(0, file, bytes([flaw]))


def card(data):
    return step(0, bytes([0xc0 + (len(data) + 15) // 16]), data)


def account_add(server, secured=False):
    return step(10 | server << 4 | secured << 7)


def account_remove(server):
    return step(11 | server << 4)


def storage(trouble):
    return step(12 | trouble << 4)


def refuse(skipped):
    return step(13 | skipped << 4)


SLEEP_OR_WAIT = step(14)
WHOLE = blob((SECURITY, ACCOUNTS), (SERVER, instances((0, fields(1)))))
SEVERAL = blob((SECURITY, PAIRS), (SERVER, BOTH), (CONTROL, RIGHTS))
THINGS = instances((SEVEN, fields(0x20)), (1, fields(TIMES | MORE)))
ONE_SERVER = bytes.fromhex(
    "000200410000000027080024c80018636f61703a2f2f3139382e35312e3130302e373a35363833"
    "c10100c10203c10a01000100001008000dc10001c201012cc10600c10755"
)


def provisioning():
    only_security = blob((SECURITY, ACCOUNTS))
    flaws = {
        "long_key": changed(5, long(200)),
        "no_uri": removed(0),
        "twice": twice(6),
        "single": bent(0),
        "backwards": REVERSED,
        "bad_uri": changed(0, text(6)),
        "large_id": changed(6, large(OVER)),
        "no_id": changed(6, number(0)),
        "unknown": added(30, number(1)),
        "suites": added(16, raw(b"\x42\x00\xc0\xa8")),
    }
    flawed = {
        f"flaw_{name}": (0, blob((SECURITY, instances((0, fields(0)), (1, fields(1, flaw)))),
                                (SERVER, instances((0, fields(1))))))
        for name, flaw in flaws.items()
    }
    lengths = {f"length_{flaw}": (ALONE, blob((SECURITY, ACCOUNTS), (SERVER, instances((0, fields(1)))), flaw=flaw))
               for flaw in (1, 2, 3, 4, 0x10, 0xa0, 0xe0)}
    return flawed | lengths | {
        "plain": (0, b""),
        "whole": (ALONE, WHOLE),
        "whole_over": (ONE, WHOLE + WHOLE),
        "several": (ALONE | ACCESS, SEVERAL),
        "several_newer": (TWO | ACCESS | NEWER, SEVERAL + SLEEP_OR_WAIT),
        "uncontrolled": (ALONE, SEVERAL),
        "half": (ALONE, only_security),
        "keys": (ALONE, blob((SECURITY, instances((0, fields(KEYED)), (1, fields(1 | KEYED | MORE)))),
                             (SERVER, instances((0, fields(1 | MORE)))))),
        "things": (TWO, blob((THING, THINGS)) + blob((THING, instances((SEVEN, fields(0)))))),
        "things_then_error": (TWO, blob((THING, THINGS), (SECURITY, instances((0, fields(3))))) * 2),
        "device": (TWO, blob((DEVICE, instances((0, fields(0)))), (NOBODY, instances((0, fields(0)))))),
        "refused": (TWO, refuse(0) + blob((THING, THINGS)) + refuse(2) + blob((THING, THINGS))),
        "not_stored": (ALONE, storage(2) + WHOLE + storage(0) + WHOLE),
        "torn": (TWO, storage(4) + SEVERAL + storage(0) + SEVERAL),
        "small": (SMALL | TWO, WHOLE * 2),
        "card": (ALONE, card(ONE_SERVER)),
        "accounts": (ONE, account_remove(1) + WHOLE + account_add(2) + account_remove(1) + WHOLE),
        "secured": (ONE, account_add(3, True) + WHOLE),
        "in_a_session": (0, WHOLE * 2),
        "two_bootstraps": (0, blob((SECURITY, instances((0, fields(0)), (1, fields(0)))))),
        "bootstrap_goes": (0, blob((SECURITY, instances((0, fields(1)))), (SERVER, instances((0, fields(1)))))),
        "moved": (ONE, blob((SECURITY, instances((0, fields(0)), (1, fields(1)))))),
        "repeated": (ALONE, blob((SECURITY, instances((0, fields(0)), (1, fields(1)), (0, fields(0)))),
                                 (SERVER, instances((0, fields(1)))))),
    }


# --- bootstrap ---
def write(path, payload, form=0):
    return step(3, bytes([len(path) - 1]), bytes(path), payload, bytes([form]))


def value(path, form, payload):
    return step(7, bytes(path), bytes([form]), payload)


def blocks(path, payload, exponent=0, flaw=0, at_once=False):
    return step(8 | at_once << 6, bytes([len(path) - 1]), bytes(path), payload, bytes([exponent, flaw]))


def delete(*path):
    return step(9 | len(path) << 6, bytes(path))


def ask(*path, accept=0):
    return step(11 | len(path) << 6, bytes(path), bytes([accept]))


def order(choice, ident=0):
    return step(25, bytes([choice, ident]))


def execute(link, instance, resource):
    return step(29 | link << 6, bytes([instance, resource]))


FINISH, AGAIN, SLEEP, START = step(12), step(15), step(18), step(27)
FINISH_FLAWED, FINISH_FULL = step(12 | 0xc0, b"\0"), step(12 | 0x80, raw(b"x")[1:])
CONDUCT, CONDUCT_HALF = step(28 | 0x40), step(28)
OFFLINE, ONLINE, ELSEWHERE = step(20), step(20 | 0x40), step(20 | 0xc0)
STOP = order(7)
SILENT, REFUSES, PLAIN = step(22, b"\1"), step(22, b"\2"), step(22, b"\3")
READ, OBJECT_LINKS = 3, 0


def time(which):
    return step(17, bytes([which]))


EXCHANGE_LIFETIME = time(5)
SECURED = write((SECURITY,), instances((1, fields(1)), (2, fields(2))))
SERVERS = write((SERVER,), BOTH)


def bootstrap():
    whole = delete() + SECURED + SERVERS + write((CONTROL,), RIGHTS) + FINISH
    one = write((SECURITY, 1), fields(1)) + write((SERVER, 0), fields(1)) + FINISH
    return {
        "plain": (0, b""),
        "one": (0, one),
        "one_newer": (NEWER, ask() + one + SLEEP + SLEEP),
        "whole": (ACCESS, whole),
        "whole_again": (ACCESS | NEWER | TWO, START + whole + SLEEP + START + whole),
        "uncontrolled": (0, whole),
        "nothing": (ONE, START + FINISH + one),
        "half": (0, write((SECURITY, 1), fields(1)) + FINISH + write((SERVER, 0), fields(1)) + FINISH),
        "read": (NEWER | TWO, START + ask(SERVER, accept=READ) + ask(SERVER, 0, accept=READ) + ask(SECURITY) + FINISH),
        "discover": (NEWER | TWO | ACCESS, START + ask() + ask(SECURITY) + ask(SERVER) + ask(THING) + ask(NOBODY)),
        "deleted": (TWO | ACCESS, START + delete(SECURITY, 0) + delete(SERVER) + delete(THING) + EXCHANGE_LIFETIME),
        "deleted_all": (TWO | ACCESS, START + delete() + SLEEP),
        "blocks": (0, blocks((SECURITY,), ACCOUNTS) + blocks((SERVER,), instances((0, fields(1)))) + FINISH),
        "blocks_lost": (0, blocks((SECURITY,), ACCOUNTS, flaw=0x81) + blocks((SECURITY,), ACCOUNTS, flaw=0x42)),
        "blocks_left": (NO_BLOCKS, blocks((SECURITY,), ACCOUNTS, exponent=2)),
        "values": (ONE, START + value((SERVER, 0, 1), 5, raw(b"60")) + value((SERVER, 0, 7), 5, raw(b"UQ")) + FINISH),
        "values_wrong": (ONE, START + value((SECURITY, 0, 5), 6, long(200)) + value((NOBODY, 0, 0), 0, number(1))),
        "things": (TWO, START + write((THING,), THINGS) + write((THING, SEVEN), fields(MORE)) + EXCHANGE_LIFETIME),
        "things_refused": (TWO, step(24, b"\2") + START + write((THING,), THINGS) + EXCHANGE_LIFETIME),
        "things_stay": (TWO, START + write((THING,), THINGS) + FINISH + SLEEP),
        "duplicates": (0, write((SECURITY, 1), fields(1)) + AGAIN + write((SERVER, 0), fields(1)) + AGAIN + FINISH + AGAIN),
        "moved": (TWO, START + write((SECURITY, 3), fields(0 | TIMES)) + FINISH + SLEEP),
        "moved_to_keys": (ONE, START + write((SECURITY, 3), fields(KEYED)) + FINISH + SLEEP + START),
        "keys": (ONE, START + write((SECURITY, 0), fields(1 | KEYED)) + FINISH + SLEEP),
        "two_bootstraps": (ONE, START + write((SECURITY,), instances((1, fields(0)), (3, fields(0)))) + FINISH),
        # a registration ends by its lifetime while a session waits
        "lifetime_ends_meanwhile": found(SHORT_OF_LIFETIME),
        "link_dies": (ONE, START + delete() + step(21, b"\2") + step(21, b"\0") + SLEEP),
        "sends_fail": (ONE, START + step(21, b"\1") + one + step(21, b"\0") + SLEEP),
        "truncated": (0, step(21, b"\4") + one),
        "network": (ONE, START + delete() + OFFLINE + SLEEP + ONLINE + SLEEP),
        "elsewhere": (TWO, START + delete() + ELSEWHERE + SLEEP),
        "stopped": (TWO, START + delete() + STOP + SLEEP + START + one),
        "silent": (TWO, SILENT + START + SLEEP * 4),
        "refused": (NEWER, REFUSES + SLEEP + PLAIN + SLEEP + one),
        "conducted": (HOLD_OFF | TIMEOUT | ONE, START + SLEEP + CONDUCT + SLEEP * 3 + time(7) + SLEEP),
        "conducted_half": (TWO, START + CONDUCT_HALF + SLEEP),
        "trigger": (NEWER | TWO, execute(0, 0, 0) + SLEEP + one),
        "disabled": (NEWER | TWO, execute(0, 0, 2) + START + one + SLEEP),
        "invited": (INVITES | ONE, one + SLEEP),
        "invited_flawed": (INVITES | TWO, FINISH_FLAWED + FINISH_FULL + delete() + EXCHANGE_LIFETIME + SLEEP),
        "not_stored": (ONE, START + step(23, b"\2") + delete() + one + step(23, b"\0") + SLEEP),
        "torn": (ONE, START + step(23, b"\4") + one + step(23, b"\0") + SLEEP),
        "orders": (TWO, START + order(0, 3) + order(1, 1) + order(3, 1) + order(4, 3) + order(5) + one),
        "removed": (TWO, order(1, 1) + order(1, 2) + SLEEP + one),
        "erased": (ONE, order(0x86) + START + one),
        "blob": (ONE, START + step(26, WHOLE[1:]) + one + step(26, WHOLE[1:])),
        "others_ask": (TWO, START + step(1 | 1 << 6, bytes(8)) + step(1, bytes(8)) + one),
        "json": (ONE, START + step(3, b"\0", bytes([SERVER]), b"\xff\x02{}\x07\x04") + FINISH),
        "small": (SMALL | TWO, START + delete() + one),
        "servers_fail": (TWO, step(22 | 0x80, b"\0") + ELSEWHERE + SLEEP * 12),
    }


# --- settings ---
MANIFEST, FIRST, SECOND = (8, 9), (10, 11), (12, 13)
CYCLE, CUT = step(7 | 0x10), step(7)
RIGHT, SAME = 1, 2
HEAD = 12


def change(slot, at, data, how=RIGHT):
    return step(slot << 4, bytes([how | at >> 8 << 6, at & 255, len(data)]), data)


def put(slot, data, how=RIGHT):
    return step(slot << 4 | 2, bytes([how, len(data)]), data)


def copy(slot, other, how=RIGHT):
    return step(slot << 4 | 3, bytes([other, how]))


def resize(slot, length, how=RIGHT):
    return step(slot << 4 | 4, length.to_bytes(2, "big"), bytes([how]))


def roll_back(slot, how=0):
    return step(slot << 4 | 5, bytes([how]))


def piece(slot, *items):
    """Triples of an object, an instance and what it holds, by their places in the lists of settings.rs."""
    return step(slot << 4 | 6, bytes([len(items)]), b"".join(bytes([object_id, at]) + held for object_id, at, held in items))


def on(slots, action, *rest):
    return b"".join(action(slot, *rest) for slot in slots)


def served(kind, payload, form=0):
    return step(11 | kind << 5 | form << 4, payload)


def wish(choice, ident=0, *rest):
    return step(13, bytes([choice | ident << 4]), *rest)


# Found by the targets: what they were is said where they are named.
SHAPELESS = "ec2bb60bb10000000000ffffec2bb60bb10000000000ffffffffffff2000000000"
SHORT_OF_LIFETIME = (
    "d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d25dd2d2d2d2d2d2d20545555555555555d2d2d2d2d2d2d2d2d2d2d2f2d2d2d2d2d2d2d2d2d2d2d2d2d2d2"
    "055555555555555534"
)


def found(text):
    seed = bytes.fromhex(text)
    return int.from_bytes(seed[:2], "big"), seed[2:]


def settings():
    lifetime, thing = served(0, b"\x3c"), served(2, b"\x07")
    written = {
        "lifetime": lifetime,
        "thing": thing,
        "thing_whole": served(5, fields(MORE), 1),
        "thing_created": served(4, fields(MORE)),
        "thing_deleted": served(5, b""),
        "server": served(6, fields(1 | MORE)),
        "added": wish(0, 3),
        "removed": wish(2, 1),
        "secured": wish(8, 4),
    }
    return {f"written_{name}": (TWO, action + CYCLE) for name, action in written.items()} | {
        "plain": (0, b""),
        "cycle": (TWO | ACCESS, CYCLE + CYCLE),
        "cut": (TWO | NEWER, CUT * 3),
        "empty": (ALONE, CYCLE),
        "small": (SMALL | TWO | ACCESS, thing + CYCLE),
        "bit": (TWO, on(MANIFEST, change, 14, b"\xff", 0) + CYCLE),
        "manifest_format": (TWO, on(MANIFEST, change, HEAD, b"\x02") + CYCLE),
        "manifest_pieces": (TWO, on(MANIFEST, change, HEAD + 1, b"\x0c") + CYCLE),
        "manifest_too_many": (TWO, on(MANIFEST, change, HEAD + 1, b"\xff\xff") + CYCLE),
        "manifest_places": (TWO, on(MANIFEST, change, HEAD + 9, b"\0\1\0\1\0\1\0\1") + CYCLE),
        "manifest_generations": (TWO, on(MANIFEST, change, HEAD + 4, b"\xff\xff\xff\xff\0") + CYCLE),
        "manifest_gone": (TWO, on(MANIFEST, put, b"") + CYCLE),
        "piece_gone": (TWO, on(FIRST, put, b"", 0) + CYCLE),
        "piece_short": (TWO, on(FIRST, resize, 60, RIGHT) + CYCLE),
        "piece_long": (TWO, on(FIRST, resize, 1200, RIGHT) + CYCLE),
        "piece_swapped": (TWO, lifetime + copy(10, 11) + copy(11, 8) + CYCLE),
        "piece_changed": (TWO, on(FIRST, change, HEAD, b"\0\1\0\0") + CYCLE),
        "piece_of_ours": (TWO, piece(10, (0, 0, fields(0)), (0, 1, fields(1)), (1, 0, fields(1))) + CYCLE),
        "piece_twice": (TWO, piece(10, (0, 0, fields(1)), (0, 1, fields(1)), (1, 0, fields(1)), (1, 1, fields(1)))
                        + piece(11, (0, 0, fields(0)), (0, 1, fields(0))) + CYCLE),
        "piece_halves": (TWO, on(FIRST, piece, (0, 0, fields(1)), (1, 0, fields(2)), (2, 0, fields(1))) + CYCLE),
        "piece_flawed": (TWO, on(FIRST, piece, (0, 0, fields(1, removed(0))), (1, 0, fields(1, changed(1, large(9)))))
                         + CYCLE),
        "rolled_back": (TWO, lifetime + roll_back(8) + roll_back(9) + CYCLE),
        "rolled_back_piece": (TWO, lifetime + thing + roll_back(10) + roll_back(11) + CYCLE),
        "generation": (TWO, change(8, 4, b"\xff\xff\xff\xff") + CYCLE + lifetime),
        "write_fails": (TWO, step(10 | 2 << 4) + lifetime + CYCLE),
        "write_torn": (TWO, step(10 | 4 << 4) + lifetime + step(10) + CYCLE),
        "read_fails": (TWO, step(10 | 1 << 4) + CYCLE + step(10) + CYCLE),
        "registration_lifetime": (TWO, on((0, 1), change, HEAD + 14, bytes(4)) + CYCLE),
        "registration_version": (TWO, on((0, 1), change, HEAD + 22, b"\xff\xff") + CYCLE),
        "registration_binding": (TWO, on((0, 1), change, HEAD + 24, b"SQ  ") + CYCLE),
        "registration_sequence": (TWO, on((0, 1), change, HEAD + 32, b"\xff" * 6) + CYCLE),
        "registration_location": (TWO, on((2, 3), change, HEAD + 38, b"\xff" * 6) + CYCLE),
        "registration_swapped": (TWO, copy(0, 2) + copy(2, 0) + CYCLE),
        "erased": (TWO, wish(3) + CYCLE + lifetime + CYCLE),
        "provisioned": (ALONE, wish(6, 0, WHOLE[1:]) + CYCLE),
        "bootstrap": (TWO, wish(4) + CUT + step(14) + CYCLE),
        "stopped": (TWO, wish(7) + CYCLE),
        # a list as one value
        "stored_in_another_shape": found(SHAPELESS),
        "timeout": (TWO | TIMEOUT, step(15 | 15 << 4) * 3 + CYCLE),
    }


def write_all(target, seeds):
    folder = SEEDS / target
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, (shape, steps) in seeds.items():
        (folder / name).write_bytes(shape.to_bytes(2, "big") + steps)


def main():
    write_all("provisioning", provisioning())
    write_all("bootstrap", bootstrap())
    write_all("settings", settings())


if __name__ == "__main__":
    main()
