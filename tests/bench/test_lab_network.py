"""A device in the lab whose network is not perfect: outages, loss, delay, NAT, silent and forgetful servers."""

from __future__ import annotations

import pytest

from whimbrel import EventCode, Status, Wake
from whimbrel.lab import Lab, LabDevice, LabError, LabServer, NoAnswer


def test_an_hour_without_network(lab_device: LabDevice, lab_server: LabServer) -> None:
    lab_device.wait_for(EventCode.REGISTERED)
    assert lab_server.read("/3/0/0").text == "Whimbrel"
    lab_device.outage(hours=1)
    assert lab_server.registration("device") is None, "its lifetime of ten minutes is over"
    assert not lab_device.registered()
    lab_device.wait_for(EventCode.REGISTERED, timeout=3600)
    assert lab_server.read("/3/0/0").text == "Whimbrel"
    assert [entry.event for entry in lab_server.log if entry.event != "update"] == ["register", "expired", "register"]


def test_during_an_outage_nothing_arrives_and_it_ends(lab: Lab, lab_device: LabDevice, lab_server: LabServer) -> None:
    lab_device.wait_for(EventCode.REGISTERED)
    lab_device.outage(minutes=4)
    sent = [one for one in lab.datagrams() if one[1] == lab_device.peer]
    assert lab_server.count("register") == 1 and len(sent) == 1, "no Update was due"
    assert lab.time == 241_000
    assert lab_server.read("/3/0/0").retransmissions == 0


def test_a_device_that_is_told_of_the_outage_sends_nothing(lab: Lab, lab_device: LabDevice, lab_server: LabServer) -> None:
    lab_device.wait_for(EventCode.REGISTERED)
    before = len(lab.datagrams())
    lab_device.network(False)
    lab.run(hours=1)
    assert [one for one in lab.datagrams(before) if one[1] == lab_device.peer] == []
    lab_device.network(True)
    lab_device.wait_for(EventCode.REGISTERED)
    assert lab_server.count("register") == 2


def test_a_third_of_all_datagrams_lost(lab: Lab, lab_device: LabDevice, lab_server: LabServer) -> None:
    lab.weather(loss=33, duplication=10, delay=400, jitter=800)
    # a failed Register is tried again after a pause
    lab_device.wait_for(EventCode.REGISTERED, timeout=3600)
    repeated = 0
    for _ in range(20):
        request = lab_server.ask("GET", "/3/0/0")
        try:
            answer = request.response()
        except NoAnswer:
            continue  # five in a row are lost once in a while
        assert answer.text == "Whimbrel"
        repeated += answer.retransmissions
    assert repeated > 0, "the weather did something"
    assert lab_server.complaints == []


def test_one_lost_answer_is_asked_for_again(lab: Lab, lab_device: LabDevice, lab_server: LabServer) -> None:
    lab_device.wait_for(EventCode.REGISTERED)
    lab.lose(lab_device)
    began = lab.time
    assert lab_server.read("/3/0/0").retransmissions == 1
    assert lab.time - began == 3000, "ACK_TIMEOUT times 1.5, as the lab's server has it"
    lab.double(lab_server)
    assert lab_server.read("/3/0/0").text == "Whimbrel"


def test_an_unreachable_device_is_no_answer(lab_device: LabDevice, lab_server: LabServer) -> None:
    with pytest.raises(NoAnswer, match="nobody is registered"):
        lab_server.read("/3/0/0")
    lab_device.wait_for(EventCode.REGISTERED)
    lab_device.lab.lose(lab_device, 9)
    with pytest.raises(NoAnswer, match="no answer in time"):
        lab_server.read("/3/0/0")


def test_behind_a_nat_that_forgets(lab_device: LabDevice, lab_server: LabServer) -> None:
    lab_server.settings(address_bound=True)
    lab_device.wait_for(EventCode.REGISTERED)
    before = lab_server.registrations[0].peer
    lab_device.rebind()
    lab_device.wait_for(EventCode.REGISTERED, timeout=600)
    after = lab_server.registrations[0].peer
    assert before != after
    assert lab_server.read("/3/0/0").ok


def test_a_server_that_refuses_and_one_that_is_silent(lab_device: LabDevice, lab_server: LabServer) -> None:
    lab_server.answer_next("register", "4.03")
    failed = lab_device.wait_for(EventCode.REGISTER_FAILED)
    assert (failed.status, failed.reason) == (0x83, "4.03")
    lab_server.answer_always("register", silent=True)
    failed = lab_device.wait_for(EventCode.REGISTER_FAILED, timeout=600)
    assert failed.status == Status.ERR_TIMEOUT and "did not answer" in failed.reason
    lab_server.answer_always("register")
    lab_device.wait_for(EventCode.REGISTERED, timeout=7200)


def test_a_server_that_forgets_is_registered_with_anew(lab_device: LabDevice, lab_server: LabServer) -> None:
    lab_device.wait_for(EventCode.REGISTERED)
    lab_server.lose("device")
    lab_device.wait_for(EventCode.REGISTERED, timeout=700)
    assert [entry.answer for entry in lab_server.log] == ["2.01", "4.04", "2.01"]


def test_a_day_of_an_idle_device(lab: Lab) -> None:
    server, device = lab.server(), lab.device()
    server.enroll(device, lifetime_s=86_400)
    device.wait_for(EventCode.REGISTERED)
    polls = 0
    count = device.poll

    def poll() -> int | None:
        nonlocal polls
        polls += 1
        return count()

    device.poll = poll  # type: ignore[method-assign]
    assert device.deadline().reason == Wake.UPDATE
    lab.run(hours=24)
    assert server.count("update") == 1
    # one to send the Update, one for its answer, and those that follow from asking for the deadline
    assert polls <= 4


def test_two_devices_at_two_servers(lab: Lab) -> None:
    servers = [lab.server("one"), lab.server("two")]
    devices = [lab.device(f"device-{n}", manufacturer=f"maker {n}") for n in range(2)]
    for device in devices:
        for number, server in enumerate(servers):
            server.enroll(device, 101 + number)
    lab.run_until(lambda: all(device.registered(101) and device.registered(102) for device in devices))
    for server in servers:
        for n in range(2):
            server.endpoint = f"device-{n}"
            assert server.read("/3/0/0").text == f"maker {n}"


def test_the_lab_is_as_its_seed() -> None:
    def run(seed: int) -> list[tuple[int, str, str, bytes]]:
        with Lab(seed) as lab:
            server, device = lab.server(), lab.device()
            lab.weather(loss=20, delay=100, jitter=100)
            server.enroll(device, lifetime_s=60)
            lab.run(minutes=10)
            return lab.datagrams()

    assert run(5) == run(5) != run(6)


def test_what_makes_no_sense_is_told(lab: Lab) -> None:
    with pytest.raises(LabError, match="loss: 0 to 100"):
        lab.weather(loss=101)
    with pytest.raises(LabError, match="there is a server one already"):
        lab.server("one")
        lab.server("one")
    device = lab.device()
    device.add_account("coap://nowhere.example")
    assert device.wait_for(EventCode.LINK_FAILED).status == Status.ERR_LINK


def test_what_does_not_happen_is_a_timeout_of_the_labs_clock(lab: Lab, lab_device: LabDevice) -> None:
    with pytest.raises(TimeoutError, match="rain did not happen within 7200 s"):
        lab.run_until(lambda: False, timeout=7200, what="rain")
    assert lab.time == 7_201_000


@pytest.mark.lab(real_time=True)
def test_the_same_in_real_time(lab: Lab, lab_device: LabDevice, lab_server: LabServer) -> None:
    lab_device.wait_for(EventCode.REGISTERED)
    observation = lab_server.observe("/3/0/13") if lab_server.read("/3/0/13").ok else None
    assert observation is None, "the device has no clock"
    assert lab_server.read("/3/0/0").text == "Whimbrel"
    lab_device.stop()
    assert lab_server.registrations == []


def test_on_a_perfect_wire_everything_happens_at_one_instant(lab: Lab, lab_device: LabDevice, lab_server: LabServer) -> None:
    lab_device.wait_for(EventCode.REGISTERED)
    assert lab_server.read("/3/0/0").ok
    lab_device.update()
    lab_device.wait_for(EventCode.UPDATED)
    assert lab.time == 1000
