"""Devices that are reached by short messages: a modem with an API of its own, and one that speaks AT."""

from __future__ import annotations

import pytest

from whimbrel import EventCode, ModemEventCode, ModemStage, Sms, Status
from whimbrel.lab import Centre, Lab, LabDevice, LabModem, LabServer

NUMBER, SERVER = "+15555550199", "+15555550123"
MSISDN = NUMBER.lstrip("+")
"""As a registration tells it (TS 1.0 section 5.3.1)."""
KEYS = bytes(range(32))


@pytest.fixture
def server(lab: Lab) -> LabServer:
    return lab.server("texter", number=SERVER, keys=KEYS)


@pytest.fixture
def phone(lab: Lab, server: LabServer) -> LabDevice:
    """By secured packets alone."""
    device = lab.device(number=NUMBER, storage={})
    server.enroll(device, uri=f"tel:{SERVER}", binding="S")
    return device


def test_secured_packets(lab: Lab, lab_sms: Centre, server: LabServer, phone: LabDevice) -> None:
    lab_sms.weather(delay=2000, jitter=4000)
    phone.wait_for(EventCode.REGISTERED, timeout=600)
    registration = server.registrations[0]
    assert (registration.binding, registration.sms) == ("S", MSISDN)
    assert server.read("/3/0/0").text == "Whimbrel"
    payloads = [message.payload or b"" for message in lab_sms.messages]
    assert len(payloads) >= 4 and not any(b"Whimbrel" in payload or b"rd" in payload for payload in payloads)
    assert lab.datagrams() == [], "nothing by IP"
    assert server.dropped == []


def test_a_wrong_key_is_silence(lab: Lab, lab_sms: Centre, server: LabServer) -> None:
    device = lab.device(number=NUMBER, storage={})
    device.add_account(f"tel:{SERVER}", binding="S", sms=Sms(keys=bytes(32)))
    assert device.wait_for(EventCode.REGISTER_FAILED, timeout=600).status == Status.ERR_TIMEOUT
    assert [why for _, _, why in server.dropped] == ["Command(Checksum)"]
    assert lab_sms.sent_by(SERVER) == []


def test_without_security(lab: Lab, lab_sms: Centre) -> None:
    server, device = lab.server(number=SERVER), lab.device(number=NUMBER)
    server.enroll(device, uri=f"tel:{SERVER}", binding="S")
    device.wait_for(EventCode.REGISTERED)
    assert server.read("/3/0/0").text == "Whimbrel"
    assert any(b"Whimbrel" in (message.payload or b"") for message in lab_sms.sent_by(NUMBER))


def test_dtls_in_short_messages(lab: Lab) -> None:
    server, device = lab.server(number=SERVER, psk={"me": KEYS[:16]}), lab.device(number=NUMBER, security=True)
    server.enroll(device, uri=f"tel:{SERVER}", binding="S")
    device.wait_for(EventCode.REGISTERED, timeout=600)
    assert server.gate()["full"] == 1
    assert server.read("/3/0/0").text == "Whimbrel"


def test_nothing_is_repeated_and_a_lost_register_is_tried_later(
    lab_sms: Centre, server: LabServer, phone: LabDevice
) -> None:
    lab_sms.lose(1)
    assert phone.wait_for(EventCode.REGISTER_FAILED, timeout=400).status == Status.ERR_TIMEOUT
    lost = len(lab_sms.sent_by(NUMBER))
    assert lab_sms.messages[0].copies == []
    phone.wait_for(EventCode.REGISTERED, timeout=3600)
    assert len(lab_sms.sent_by(NUMBER)) == 2 * lost
    assert server.count("register") == 1


def test_a_phone_out_of_reach_gets_its_messages_later(
    lab: Lab, lab_sms: Centre, server: LabServer, phone: LabDevice
) -> None:
    phone.wait_for(EventCode.REGISTERED)
    lab_sms.reachable(NUMBER, False)
    request = server.ask("GET", "/3/0/0")
    lab.run(30)
    assert not request.done and lab_sms.messages[-1].copies[0][0] == "arriving"
    lab_sms.reachable(NUMBER, True)
    assert request.response().text == "Whimbrel"


def test_a_sleeping_device_is_woken_by_a_short_message(lab: Lab, lab_sms: Centre) -> None:
    server = lab.server(number=SERVER)
    device = lab.device(number=NUMBER, awake_ms=10_000)
    server.enroll(device, binding="UQS", lifetime_s=86_400)
    device.wait_for(EventCode.REGISTERED)
    device.wait_for(EventCode.RADIO_OFF, timeout=60)
    lab.run(hours=2)
    assert server.count("update") == 0
    server.ask("POST", "/1/0/8", number=NUMBER)
    device.wait_for(EventCode.UPDATED, timeout=60)
    assert server.count("update") == 1 and lab_sms.sent_by(SERVER)


def test_the_device_learns_its_number(lab: Lab) -> None:
    server = lab.server(number=SERVER)
    device = lab.device(number=NUMBER, sms_number=None)
    server.enroll(device, uri=f"tel:{SERVER}", binding="S")
    device.wait_for(EventCode.REGISTERED)
    assert server.registrations[0].sms is None
    device.set_sms_number(NUMBER)
    device.wait_for(EventCode.UPDATED)
    assert server.registrations[0].sms == MSISDN


def test_over_an_at_modem(lab: Lab, lab_modem: LabModem, server: LabServer) -> None:
    device = lab.device(modem=lab_modem, storage={})
    server.enroll(device, uri=f"tel:{SERVER}", binding="S")
    device.wait_for(EventCode.REGISTERED, timeout=120)
    assert server.read("/3/0/0").text == "Whimbrel"
    lab.run(5)
    state = lab_modem.state
    assert state.stage == ModemStage.READY and state.service_centre == "+15555550100"
    assert state.sent >= 2 and state.received == 2 and state.failed == 0
    assert any(line.startswith("AT+CMGS=") for line in lab_modem.commands)


def test_a_modem_that_restarts_gets_its_settings_again(lab: Lab, lab_modem: LabModem, server: LabServer) -> None:
    device = lab.device(modem=lab_modem, storage={})
    server.enroll(device, uri=f"tel:{SERVER}", binding="S")
    device.wait_for(EventCode.REGISTERED, timeout=120)
    lab_modem.reset()
    lab.run(30)
    assert server.read("/3/0/0").text == "Whimbrel"
    assert lab_modem.state.restarts == 1
    assert ModemEventCode.RESTARTED in [event.code for event in lab_modem.engine.events]


def test_a_message_that_the_modem_refuses_is_told(lab: Lab, lab_modem: LabModem, server: LabServer) -> None:
    lab_modem.fault("AT+CMGS", "+CMS ERROR: 42")
    device = lab.device(modem=lab_modem, storage={})
    server.enroll(device, uri=f"tel:{SERVER}", binding="S")
    lab.run(60)
    assert lab_modem.state.cms_error == 42
    device.wait_for(EventCode.REGISTERED, timeout=600)


def test_a_modem_by_hand(lab: Lab, lab_modem: LabModem) -> None:
    lab_modem.type(b"AT+CIMI\r")
    lab.run_until(lambda: b"OK" in lab_modem.said, 5, "an answer")
    assert b"001010123456789" in lab_modem.said
