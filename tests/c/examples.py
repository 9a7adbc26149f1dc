#!/usr/bin/env python3
"""Checks one C example against a server of its own. usage: examples.py NAME PROGRAM; $VALGRIND goes before PROGRAM."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "interop"))
import smsc
from peer import CHANGED, GET, POST, PUT, Peer, coap, leave, running

#: Makes cards.
CARD = Path(__file__).resolve().parents[2] / "tools/card/card.py"
#: A handshake under valgrind.
PEER_PATIENCE = 30.0
#: Of the service centre. Nothing is overtaken: this server repeats nothing, and of two packets only the newer is taken if it is first.
WEATHER = ("--latency", "100")


def demo(program: str) -> None:
    """The whole script of `make demo`; and a client that lacks an object must not pass it."""
    words = os.environ.get("VALGRIND", "")
    wrapped = ["scripts/demo.sh", program]
    assert subprocess.run(wrapped, stdout=subprocess.PIPE, env=os.environ | {"WRAPPER": words}).returncode == 0
    other = ["scripts/demo.sh", program.replace("demo", "minimal")]
    failed = subprocess.run(other, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert failed.returncode != 0 and "did not happen" in failed.stdout, "the wrong client passes the demo"


def minimal(program: str) -> None:
    server = Peer()
    # a name, of which ::1 may be the first address, and nobody listens there
    with running(program, f"coap://localhost:{server.port}"):
        server.registers()
        assert coap.tlvs(server.read("/3/0/0", coap.TLV)) == [(coap.RESOURCE, 0, b"Whimbrel")]
        assert server.ask(POST, "/3/0/4").code == CHANGED


def sensor(program: str) -> None:
    server = Peer("::1", socket.AF_INET6)
    with running(program, server.uri) as process:
        server.registers()
        assert server.ask(PUT, "/3303/0/5700?pmin=0&st=1").code == CHANGED
        assert server.ask(GET, "/3303/0/5700", options=[(coap.OBSERVE, b""), (coap.ACCEPT, b"")]).payload == b"20"
        for line in ("20.5\n", "22.5\n"):
            process.stdin.write(line)
            process.stdin.flush()
        assert server.until(lambda: len(server.notified) == 1)
        assert server.notified[0].payload == b"22.5"
        assert server.read("/3303/0/5602") == b"22.5" and server.read("/3303/0/5601") == b"20"
        assert server.ask(POST, "/3303/0/5605").code == CHANGED
        assert server.read("/3303/0/5601") == b"22.5"
        assert server.ask(PUT, "/3303/0/5750", b"roof", coap.TEXT).code == CHANGED
        assert server.read("/3303/0/5750") == b"roof"
        assert server.ask(PUT, "/3303/0/5750", b"x" * 24, coap.TEXT).code == 0x80, "no room for the NUL"
        assert server.ask(POST, "/3/0/4").code == 0xA1
        entries = {tuple(path): entry for path, entry in coap.json_entries(server.read("/3303/0", coap.JSON))}
        assert entries[3303, 0, 5700]["v"] == 22.5 and entries[3303, 0, 5750]["sv"] == "roof", entries
        leave(process, server)


def servers(program: str) -> None:
    owner, guest = Peer(), Peer()
    with running(program, owner.uri, guest.uri) as process:
        owner.registers()
        guest.registers()
        assert guest.read("/3312/0/5850") == b"0"
        assert guest.ask(PUT, "/3312/0/5850", b"1", coap.TEXT).code == 0x81, "the guest may not switch"
        assert owner.ask(PUT, "/3312/0/5850", b"1", coap.TEXT).code == CHANGED
        assert guest.read("/3312/0/5850") == b"1"
        assert guest.ask(PUT, "/1/1/1", b"100", coap.TEXT).code == CHANGED, "its own account"
        assert guest.ask(PUT, "/1/0/1", b"100", coap.TEXT).code == 0x81, "the owner's account"
        assert guest.until(lambda: "update" in guest.asked)
        assert owner.read("/3/0/0") == b"Whimbrel"
        leave(process, owner, guest)


def deferred(program: str) -> None:
    server = Peer()
    with running(program, server.uri) as process:
        server.registers()
        begin = time.monotonic()
        assert server.read("/3303/0/5700") == b"21.5"
        assert server.separate and time.monotonic() - begin > 0.5, "the answer came by itself, later"
        assert server.read("/3303/0/5700") == b"21.5" and not server.separate, "still fresh"
        assert server.ask(POST, "/3303/0/5821").code == CHANGED and server.separate
        assert server.ask(POST, "/3303/0/5821", b"9", coap.TEXT).code == 0xA0 and server.separate
        leave(process, server)


def stream(program: str) -> None:
    server = Peer()
    with running(program, server.uri) as process:
        server.registers()
        body = bytes(i * 7 & 255 for i in range(9001))
        checksum = 0
        for byte in body:
            checksum = checksum * 31 + byte & 0xFFFFFF
        server.write_blocks("/32800/0/0", body, coap.OPAQUE, 5)
        assert server.read("/32800/0/1") == b"9001" and server.read("/32800/0/2") == b"%d" % checksum
        # once more in small blocks
        server.write_blocks("/32800/0/0", body[:500], coap.OPAQUE, 1)
        assert server.read("/32800/0/1") == b"500"
        record = bytes(i % 251 for i in range(10000))
        for exponent in (6, 2):
            assert server.read_blocks("/32800/0/3", coap.OPAQUE, exponent) == record
        leave(process, server)


def secured(program: str, arguments: Callable[[int], list[str]], ciphers: str, *options: str) -> None:
    """A client of `openssl s_server`, behind which this is the LwM2M server: registered, read, rebooted."""
    import peers

    server = peers.OpenSsl(ciphers, *options)
    try:
        with running(program, *arguments(server.port)) as process:
            register = server.receive(PEER_PATIENCE)
            assert register.path == "/rd" and register.code == POST
            # two messages at once would leave s_server as one record
            assert any(line == "registered\n" for line in iter(process.stdout.readline, ""))
            answer = server.ask(GET, "/3/0/0", b"", (coap.ACCEPT, coap.TLV.to_bytes(2, "big")))
            assert coap.tlvs(answer.payload) == [(coap.RESOURCE, 0, b"Whimbrel")]
            assert server.ask(POST, "/3/0/4").code == CHANGED
    finally:
        server.stop()


def psk(program: str) -> None:
    key = "000102030405060708090a0b0c0d0e0f"
    options = ["-nocert", "-psk", key, "-psk_identity", "whimbrel-psk"]
    secured(
        program, lambda port: [f"coaps://127.0.0.1:{port}", "whimbrel-psk", key], "PSK-AES128-CCM8", *options
    )
    # what make demo shows: over a power cut
    shown = subprocess.run(["scripts/demo-dtls.sh", program], stdout=subprocess.PIPE, text=True)
    assert shown.returncode == 0, shown.stdout
    refused = subprocess.run([program, "coap://127.0.0.1", "me", key], stderr=subprocess.PIPE, text=True)
    assert refused.returncode == 1 and "coap://127.0.0.1" in refused.stderr, "PSK in clear is refused"


def bootstrap(program: str) -> None:
    """What make demo shows; power cuts before and after each answer; a blob, stored settings, and a factory reset."""
    shown = subprocess.run(["scripts/demo-bootstrap.sh", program], stdout=subprocess.PIPE, text=True)
    assert shown.returncode == 0, shown.stdout
    for cut, more in [*((cut, []) for cut in range(6)), (4, ["--nosec"])]:
        with tempfile.TemporaryDirectory() as directory:
            lab = ["target/release/lab-bootstrap", program, directory, "--cut", str(cut), *more]
            shown = subprocess.run(lab, stdout=subprocess.PIPE, text=True)
            assert shown.returncode == 0, f"cut {cut}\n{shown.stdout}"
    with tempfile.TemporaryDirectory() as directory:
        provisioned(program, Path(directory))


def provisioned(program: str, directory: Path) -> None:
    sys.path.insert(1, "tools/provision")
    import provision

    server = Peer()
    blob = directory / "blob"
    blob.write_bytes(provision.make({"server": [{"uri": server.uri, "mode": "nosec", "short_server_id": 7}]}))
    arguments = [program, "whimbrel-factory", str(directory), "--provision", str(blob)]
    with running(*arguments):
        server.registers()
        assert server.read("/3/0/1", coap.TLV) == b"\xc8\x01\x09bootstrap"
        assert server.ask(POST, "/3/0/4").code == CHANGED, "a reboot"
    blob.unlink()
    server.asked.clear()
    with running(*arguments):
        assert server.until(lambda: server.asked != []) and server.asked == ["update"]
        assert server.ask(POST, "/3/0/5").code == CHANGED, "a factory reset"
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as empty:
        assert empty.wait(PEER_PATIENCE) == 1
        assert "--provision" in empty.stderr.read(), "nothing was stored, and the blob is gone"


def x509(program: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory)
        subprocess.run(["tests/mbedtls/certificates.sh", directory, "whimbrel-x509"], check=True)
        secured(
            program,
            lambda port: [f"coaps://localhost:{port}", "whimbrel-x509"]
            + [str(made / name) for name in ("client.der", "client.key.der", "ca.der")],
            "ECDHE-ECDSA-AES128-CCM8",
            *("-cert", str(made / "server.pem"), "-key", str(made / "server.key.pem")),
            *("-CAfile", str(made / "ca.pem"), "-Verify", "1", "-verify_return_error"),
        )


def sms(program: str) -> None:
    """Packets that end in the centre; a power cut, after which counters go on; a reboot. And once in clear."""
    server = Peer()
    with tempfile.TemporaryDirectory() as directory, smsc.Centre(server.port, smsc.AES, *WEATHER) as centre:
        keys = [smsc.AES.parameters, smsc.AES.secret]
        arguments = [program, centre.device, directory, smsc.SERVER, *keys, smsc.DEVICE]
        cut = subprocess.Popen([*shlex.split(os.environ.get("VALGRIND", "")), *arguments], stdout=subprocess.DEVNULL)
        try:
            server.registers()
            texted(server)
        finally:
            cut.kill()
            cut.wait()
        server.asked.clear()
        with running(*arguments):
            assert server.until(lambda: server.asked != []), "nothing after the power cut"
            texted(server)
            assert server.ask(POST, "/3/0/4").code == CHANGED
        assert centre.dropped() == [], "a counter went back"
        assert all(one["parts"] <= 2 for one in centre.sent())
    server.asked.clear()
    with tempfile.TemporaryDirectory() as directory, smsc.Centre(server.port, None, *WEATHER) as centre:
        with running(program, centre.device, directory, smsc.SERVER):
            server.registers()
            texted(server)
            assert server.ask(POST, "/3/0/4").code == CHANGED
        assert all(one["parts"] == 1 for one in centre.sent())


def texted(server: Peer) -> None:
    assert coap.tlvs(server.read("/3/0/0", coap.TLV)) == [(coap.RESOURCE, 0, b"Whimbrel")]
    server.asked.clear()
    assert server.ask(PUT, "/1/0/1", b"600", coap.TEXT).code == CHANGED
    assert server.until(lambda: "update" in server.asked), "another lifetime, and no Update"
    assert server.read("/1/0/1") == b"600"


def wake(program: str) -> None:
    """It sleeps, an SMS wakes it and is answered by SMS, and the Update comes by UDP."""
    server, phone = Peer(), Peer()
    with smsc.Centre(phone.port, None, *WEATHER) as centre:
        with running(program, server.uri, centre.device, smsc.SERVER, smsc.DEVICE) as process:
            server.registers()
            assert any(line == "the radio may be switched off\n" for line in iter(process.stdout.readline, ""))
            server.asked.clear()
            phone.client = ("127.0.0.1", centre.peer())
            assert phone.ask(POST, "/1/0/8").code == CHANGED
            assert server.until(lambda: server.asked == ["update"]), "no Update by UDP"
            assert phone.ask(POST, "/3/0/4").code == CHANGED, "an answer to any request goes the way it came"
        assert [one["from"] for one in centre.sent()] == 2 * [smsc.SERVER, smsc.DEVICE]


def card(program: str) -> None:
    """A card brings the server, through a secure channel; it is pulled, and another one comes; power goes, and it is the same."""
    server = Peer()
    enc, mac = "40" * 16, "60" * 16

    def made(directory: str, name: str, iccid: str, **more: object) -> str:
        description = {
            "server": [{"short_server_id": 101, "uri": server.uri, "mode": "nosec", "lifetime": 600}],
            "card": {"iccid": iccid, "secured": True, "scp03": {"version": 0x30, "enc_hex": enc, "mac_hex": mac}, **more},
        }
        path = Path(directory) / name
        path.with_suffix(".in.json").write_text(json.dumps(description))
        subprocess.run([CARD, "make", path.with_suffix(".in.json"), path], check=True, stdout=subprocess.PIPE)
        return str(path)

    def says(process: subprocess.Popen[str], text: str) -> None:
        lines = []
        for line in iter(process.stdout.readline, ""):
            lines.append(line)
            if text in line:
                return
        raise AssertionError(f"{text}: {lines}")

    with tempfile.TemporaryDirectory() as directory:
        one = made(directory, "one.json", "89000000000000000001")
        other = made(directory, "other.json", "89000000000000000002", form="oid")
        store = Path(directory) / "store"
        store.mkdir()
        with smsc.Centre(server.port, None, *WEATHER, modem=f"card={one}") as centre:
            arguments = (program, centre.device, str(store), "whimbrel-card", "0x30", enc, mac)
            with running(*arguments) as process:
                server.registers()
                assert coap.tlvs(server.read("/3/0/0", coap.TLV)) == [(coap.RESOURCE, 0, b"Whimbrel")]
                centre.order("pull", smsc.DEVICE)
                says(process, "a server account was removed")
                server.asked.clear()
                centre.order("insert", smsc.DEVICE, other)
                server.registers()
                assert server.ask(POST, "/3/0/4").code == CHANGED
            server.asked.clear()
            with running(*arguments) as process:
                assert server.until(lambda: server.asked != []), "nothing after the restart"
                assert server.ask(POST, "/3/0/4").code == CHANGED
            wrong = (program, centre.device, str(store), "whimbrel-card", "0x30", mac, enc)
            process = subprocess.Popen([*shlex.split(os.environ.get("VALGRIND", "")), *wrong], stdout=subprocess.PIPE, text=True)
            says(process, "secure channel")
            process.kill()
            process.communicate()


def main() -> None:
    name, program = sys.argv[1:]
    check = globals().get(name)
    if check is None:
        sys.exit(f"examples.py: no check for {name}")
    check(program)
    print(f"examples: {name}: ok")


if __name__ == "__main__":
    main()
