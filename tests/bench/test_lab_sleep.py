"""Queue mode: a device that sleeps is asked when it wakes, and stores what it has to report."""

from __future__ import annotations

import pytest

from whimbrel import EventCode
from whimbrel.lab import Lab, LabDevice, LabServer, NoAnswer


@pytest.fixture
def sleeper(lab: Lab, lab_server: LabServer) -> LabDevice:
    """Awake for ten seconds after it has spoken; an hour's lifetime."""
    device = lab.device("sleeper", awake_ms=10_000)
    lab_server.settings(awake_window=10_000)
    lab_server.enroll(device, lifetime_s=3600, binding="UQ")
    device.wait_for(EventCode.REGISTERED)
    return device


def test_the_radio_goes_off_and_requests_wait(lab: Lab, lab_server: LabServer, sleeper: LabDevice) -> None:
    registration = lab_server.registrations[0]
    assert registration.queue and registration.binding == "UQ"
    sleeper.wait_for(EventCode.RADIO_OFF)
    lab.run(minutes=1)
    before = len(lab.datagrams())
    request = lab_server.ask("GET", "/3/0/0")
    lab.run(minutes=20)
    assert not request.done and lab.datagrams(before) == [], "nobody wakes it"
    answer = request.response(timeout=3600)
    assert answer.text == "Whimbrel"
    assert lab_server.count("update") == 1
    assert answer.time == lab_server.log[-1].time, "as soon as it has woken by itself"
    assert [event.code for event in sleeper.events if event.code in (EventCode.RADIO_OFF, EventCode.RADIO_ON)] == [
        EventCode.RADIO_OFF,
        EventCode.RADIO_ON,
    ]
    sleeper.wait_for(EventCode.RADIO_OFF)


def test_a_server_that_does_not_wait_is_not_heard(lab_server: LabServer, sleeper: LabDevice) -> None:
    lab_server.settings(respect_queue_mode=False)
    assert lab_server.read("/3/0/0").ok
    sleeper.wait_for(EventCode.RADIO_OFF)
    with pytest.raises(NoAnswer, match="no answer in time"):
        lab_server.read("/3/0/0")
    sleeper.update()
    sleeper.wait_for(EventCode.UPDATED)
    assert lab_server.read("/3/0/0").ok


def test_a_day_of_sleep_costs_little(lab: Lab, lab_server: LabServer, sleeper: LabDevice) -> None:
    lab.run(hours=24)
    sent = [one for one in lab.datagrams() if one[1] == sleeper.peer]
    assert lab_server.count("register") == 1
    assert len(sent) == 1 + lab_server.count("update") <= 30
    assert all(entry.answer == "2.04" for entry in lab_server.log[1:])
