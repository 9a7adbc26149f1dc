"""Bootstrap from a server of the lab, from a file, and what outlives a restart."""

from __future__ import annotations

from whimbrel import Credentials, EventCode
from whimbrel.lab import Configuration, Lab, LabBootstrapServer, LabServer

KEY = bytes(range(16))


def test_from_a_bootstrap_server(lab: Lab, lab_server: LabServer, lab_bootstrap: LabBootstrapServer) -> None:
    device = lab.device(bootstrap=True)
    lab_bootstrap.enroll(device, 0, bootstrap_server=1)
    device.wait_for(EventCode.BOOTSTRAPPED)
    device.wait_for(EventCode.REGISTERED)
    session = lab_bootstrap.sessions[0]
    assert (session.ending, session.finished) == ("through", "2.04")
    assert [step for step, _ in session.steps] == ["GET /", "DELETE /", "PUT /0", "PUT /1", "POST /bs"]
    assert all(code and code.startswith("2.") for _, code in session.steps)
    assert "/0/0" in [link.path for link in session.found]
    assert lab_server.read("/1/0/0").integer == 101


def test_keys_from_a_bootstrap_server_over_dtls(lab: Lab) -> None:
    bootstrap, server = lab.bootstrap_server(psk={"bs": KEY}), lab.server(psk={"me": bytes(16)})
    bootstrap.configure(Configuration().bootstrap_server(bootstrap).server(server, 101))
    device = lab.device(bootstrap=True, security=True)
    bootstrap.enroll(device, 0, bootstrap_server=1)
    device.wait_for(EventCode.REGISTERED)
    assert server.gate()["full"] == 1
    assert not any(b"coaps" in datagram for *_, datagram in lab.datagrams())


def test_a_bootstrap_that_is_not_finished_changes_nothing(lab: Lab, lab_server: LabServer) -> None:
    bootstrap = lab.bootstrap_server()
    device = lab.device(bootstrap=True)
    bootstrap.steps({"do": "delete", "path": "/1"}, {"do": "pause", "milliseconds": 1000})
    bootstrap.enroll(device, 0, bootstrap_server=1)
    lab_server.enroll(device)
    device.wait_for(EventCode.REGISTERED)
    device.bootstrap()
    device.wait_for(EventCode.BOOTSTRAP_FAILED, timeout=3600)
    assert lab_server.read("/1/0/0").integer == 1


def test_the_server_speaks_first(lab: Lab, lab_server: LabServer) -> None:
    bootstrap = lab.bootstrap_server()
    device = lab.device(bootstrap=True, server_initiated=1)
    bootstrap.enroll(device, 0, bootstrap_server=1, hold_off_s=3600)
    lab.run(1)
    assert bootstrap.count("bootstrap") == 0
    bootstrap.begin(device, Configuration().bootstrap_server(bootstrap).server(lab_server, 101))
    device.wait_for(EventCode.REGISTERED, timeout=60)
    assert bootstrap.count("bootstrap") == 0 and bootstrap.sessions[0].finished == "2.04"


def test_from_a_file(lab: Lab, lab_server: LabServer) -> None:
    device = lab.device(bootstrap=True)
    device.provision(Configuration().server(lab_server, 101, lifetime_s=77).file(lab))
    device.wait_for(EventCode.REGISTERED)
    assert lab_server.registrations[0].lifetime == 77


def test_a_restart_with_what_was_stored(lab: Lab, lab_server: LabServer, lab_bootstrap: LabBootstrapServer) -> None:
    storage: dict[int, bytes] = {}
    device = lab.device(bootstrap=True, storage=storage)
    assert device.load() == 0
    lab_bootstrap.enroll(device, 0, bootstrap_server=1)
    device.wait_for(EventCode.REGISTERED)
    device.end()
    assert storage
    again = lab.device(bootstrap=True, storage=storage)
    assert again.load() == 2, "the bootstrap server's account and the server's"
    again.wait_for(EventCode.UPDATED)
    assert len(lab_bootstrap.sessions) == 1 and lab_server.count("register") == 1, "its registration, too, was stored"
    again.erase()
    again.end()
    assert lab.device(bootstrap=True, storage=storage).load() == 0


def test_rights_from_a_bootstrap(lab: Lab) -> None:
    first, second, bootstrap = lab.server("first"), lab.server("second"), lab.bootstrap_server()
    rights = Configuration().bootstrap_server(bootstrap).server(first, 101).server(second, 102)
    bootstrap.configure(rights.rights("/3/0", 101, {102: 1}).rights("/1/0", 101, {101: 31}).rights("/1/1", 102, {102: 31}))
    device = lab.device(bootstrap=True, access_control=True)
    bootstrap.enroll(device, 0, bootstrap_server=1)
    lab.run_until(lambda: bool(first.registrations and second.registrations))
    assert second.read("/3/0/0").ok and second.read("/1/0/1").code == "4.01"
    assert second.execute("/3/0/4").code == "4.01"
    assert first.execute("/3/0/4").ok


def test_keys_are_replaced(lab: Lab) -> None:
    server, device = lab.server(psk={"me": KEY, "myself": bytes(16)}), lab.device(security=True)
    server.enroll(device)
    device.wait_for(EventCode.REGISTERED)
    device.secure_account(1, Credentials.psk("myself", bytes(16)))
    device.wait_for(EventCode.REGISTERED)
    assert server.gate()["full"] == 2
