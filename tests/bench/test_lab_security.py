"""DTLS from Python: the backend of ports/mbedtls against the lab's own DTLS server, in virtual time."""

from __future__ import annotations

import pytest

from whimbrel import Capability, Client, Credentials, EventCode, MbedTls, Sms, Status, VirtualPort, WhimbrelError
from whimbrel.lab import Lab, RealTimeLab

KEY = bytes(range(16))


def test_a_pre_shared_key(lab: Lab) -> None:
    server, device = lab.server(psk={"me": KEY}), lab.device(security=True)
    assert Capability.PSK | Capability.CERTIFICATE in device.capabilities()
    server.enroll(device)
    device.wait_for(EventCode.REGISTERED)
    assert server.uri.startswith("coaps://") and server.read("/3/0/0").text == "Whimbrel"
    assert not any(b"Whimbrel" in datagram for *_, datagram in lab.datagrams()), "nobody else can read it"
    assert server.gate() == {"full": 1, "resumed": 0, "sessions": 1}


def test_a_wrong_key(lab: Lab) -> None:
    server, device = lab.server(psk={"me": KEY}), lab.device(security=True)
    device.add_account(server.uri, security=Credentials.psk("me", bytes(16)))
    failed = device.wait_for(EventCode.SECURITY_FAILED, timeout=600)
    assert failed.status < 0 and not device.registered()
    device.secure_account(1, Credentials.psk("me", KEY))
    device.wait_for(EventCode.REGISTERED, timeout=7200)


def test_certificates(lab: Lab) -> None:
    server, device = lab.server(certificate="server"), lab.device(security=True)
    server.enroll(device)
    device.wait_for(EventCode.REGISTERED)
    assert server.read("/3/0/0").text == "Whimbrel"


def test_a_certificate_of_somebody_else(lab: Lab) -> None:
    server, device = lab.server(certificate="elsewhere"), lab.device(security=True)
    keys = lab.keys
    pinned = Credentials.certificate(keys["client"], keys["client_key"], keys["server"])
    server.enroll(device, security=pinned)
    assert device.wait_for(EventCode.SECURITY_FAILED, timeout=600).status == Status.ERR_CERTIFICATE


def test_an_outage_and_a_lost_session(lab: Lab) -> None:
    server, device = lab.server(psk={"me": KEY}), lab.device(security=True)
    server.enroll(device, lifetime_s=600)
    device.wait_for(EventCode.REGISTERED)
    server.gate("forget all")
    device.outage(hours=1)
    device.wait_for(EventCode.REGISTERED, timeout=7200)
    assert server.gate()["full"] == 2, "nothing was left to resume"
    assert server.read("/3/0/0").ok


def test_a_backend_serves_one_client() -> None:
    backend = MbedTls()
    with Client("one", port=VirtualPort(), security=backend):
        with pytest.raises(WhimbrelError, match="a backend serves one client"):
            Client("two", port=VirtualPort(), security=backend)
    with Client("three", port=VirtualPort(), security=backend) as client:
        assert Capability.PSK in client.capabilities()


def test_without_a_backend_there_is_no_security() -> None:
    with Client("none", port=VirtualPort()) as client:
        assert client.capabilities() == Capability(0)
        with pytest.raises(WhimbrelError, match="ERR_SECURITY_MODE"):
            client.add_account("coaps://server", security=Credentials.psk("me", KEY))


def test_keys_are_not_shown() -> None:
    for shown in (repr(Credentials.psk("somebody", b"not to be seen")), repr(Sms("1", b"not to be seen"))):
        assert "seen" not in shown and "somebody" not in shown


def test_in_real_time_over_udp() -> None:
    with RealTimeLab() as lab:
        server = lab.server(psk={"me": KEY})
        with Client("outside", security=MbedTls(), limits={"credentials": 256}) as client:
            client.add_device(manufacturer="Whimbrel")
            server.enroll(client)
            client.wait_for(EventCode.REGISTERED)
            request = server.ask("GET", "/3/0/0")
            client.run(lambda: request.done)
            assert request.response().text == "Whimbrel"
