"""Bootstrap from a smartcard, in a slot of its own and in a modem, in clear and through a secure channel."""

from __future__ import annotations

import pytest

from whimbrel import CardReader, CardSecurity, CardStep, EventCode, Status
from whimbrel.lab import Configuration, Lab, LabCard, LabDevice, LabModem, LabServer

ENC, MAC, KEY = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))


def test_a_device_finds_its_server_on_the_card(lab: Lab, lab_server: LabServer, lab_card: LabCard) -> None:
    device = lab.device(card=lab_card)
    assert device.wait_for(EventCode.CARD_READ).status > 0
    device.wait_for(EventCode.REGISTERED)
    assert device.registered(101)
    assert lab_server.read("/3/0/0").text == "Whimbrel"
    assert [command[1] for command, _ in lab_card.trace][0] == 0xA4, "SELECT"


def test_with_keys_and_dtls(lab: Lab) -> None:
    server = lab.server(psk={"me": KEY})
    device = lab.device(card=lab.card(Configuration().server(server, 7, lifetime_s=300)), security=True)
    device.wait_for(EventCode.REGISTERED)
    assert server.read("/1/0/0").integer == 7
    assert server.registrations[0].lifetime == 300


def test_a_card_that_wants_a_pin(lab: Lab, lab_server: LabServer) -> None:
    card, asked = lab.card(Configuration().server(lab_server, 101), pin="4711"), []

    def pin(reference: int, tries: int) -> str | None:
        asked.append((reference, tries))
        return "4711"

    device = lab.device(card=card, reader=CardReader(pin=pin))
    device.wait_for(EventCode.REGISTERED)
    assert asked and asked[0] == (0x81, 3)


def test_what_the_pin_function_raises_comes_out(lab: Lab, lab_server: LabServer) -> None:
    def pin(reference: int, tries: int) -> str | None:
        raise LookupError("the PIN is at home")

    device = lab.device(card=lab.card(Configuration().server(lab_server, 101), pin="4711"), reader=CardReader(pin=pin))
    with pytest.raises(LookupError, match="at home"):
        device.wait_for(EventCode.REGISTERED)


def test_nobody_knows_the_pin(lab: Lab, lab_server: LabServer) -> None:
    device = lab.device(card=lab.card(Configuration().server(lab_server, 101), pin="4711"))
    assert device.wait_for(EventCode.CARD_FAILED).status >> 16 == CardStep.PIN


@pytest.mark.parametrize("right", [True, False])
def test_through_a_secure_channel(lab: Lab, right: bool) -> None:
    server = lab.server(psk={"me": KEY})
    card = lab.card(Configuration().server(server, 101), key_enc=ENC, key_mac=MAC, secured=True)
    reader = CardReader(CardSecurity.REQUIRED, ENC, MAC if right else ENC)
    device = lab.device(card=card, reader=reader, security=True)
    if right:
        device.wait_for(EventCode.REGISTERED)
        assert not any(KEY in answer for _, answer in card.trace), "the key has not crossed in clear"
    else:
        assert device.wait_for(EventCode.CARD_FAILED).status >> 16 == CardStep.SECURE
        lab.run(60)
        assert server.registrations == []


def test_in_clear_the_key_can_be_seen(lab: Lab) -> None:
    server = lab.server(psk={"me": KEY})
    card = lab.card(Configuration().server(server, 101))
    lab.device(card=card, security=True).wait_for(EventCode.REGISTERED)
    assert any(KEY in answer for _, answer in card.trace)


def test_a_card_that_is_pulled_takes_its_servers_along(lab: Lab, lab_server: LabServer, lab_card: LabCard) -> None:
    device = lab.device(card=lab_card)
    device.wait_for(EventCode.REGISTERED)
    device.pull_card()
    assert device.wait_for(EventCode.ACCOUNT_REMOVED).server == 101
    device.wait_for(EventCode.CARD_GONE)
    other = lab.card(Configuration().server(lab_server, 102), name="other", iccid="89000000000000000002")
    device.insert_card(other)
    device.wait_for(EventCode.REGISTERED, timeout=3600)
    assert device.registered(102)


def test_rewritten_over_the_air(lab: Lab, lab_server: LabServer, lab_card: LabCard) -> None:
    device = lab.device(card=lab_card)
    device.wait_for(EventCode.REGISTERED)
    second = lab.server("second")
    lab_card.rewrite(Configuration().server(second, 102))
    # what is due within a second of one look shares it
    lab.run(60)
    device.update()
    device.wait_for(EventCode.REGISTERED, timeout=600)
    assert device.registered(102) and second.count("register") == 1


def test_a_card_that_does_not_answer_at_once(lab: Lab, lab_card: LabCard) -> None:
    lab_card.fault()
    device = lab.device(card=lab_card, reader=CardReader(timeout_ms=5000))
    failed = device.wait_for(EventCode.CARD_FAILED)
    assert failed.status & 0xFFFF == -Status.ERR_TIMEOUT and lab.time >= 6000
    device.wait_for(EventCode.REGISTERED, timeout=600)


def test_an_empty_slot(lab: Lab) -> None:
    device = lab.device(reader=CardReader())
    lab.run(60)
    assert EventCode.CARD_READ not in [event.code for event in device.events]


def test_in_a_modem(lab: Lab, lab_server: LabServer, lab_card: LabCard) -> None:
    modem = lab.modem("+15555550199", card=lab_card)
    device = lab.device(modem=modem, reader=CardReader())
    device.wait_for(EventCode.REGISTERED, timeout=600)
    assert lab_server.read("/3/0/0").text == "Whimbrel"
    assert any(line.startswith(("AT+CCHO", "AT+CSIM")) for line in modem.commands)
    modem.pull_card()
    device.wait_for(EventCode.CARD_GONE, timeout=3 * 86_400)


def test_messages_that_end_on_the_card(lab: Lab) -> None:
    number, keys = "+15555550123", bytes(range(32))
    server = lab.server(number=number, keys=keys, to_card=True)
    made = Configuration().server(server, 101, uri=f"tel:{number}", binding="S")
    modem = lab.modem("+15555550199", card=lab.card(made, messages={number: keys}))
    device = lab.device(modem=modem, storage={}, reader=CardReader(ask_s=10), limits={"uicc_messages": 4096})
    device.wait_for(EventCode.REGISTERED, timeout=600)
    assert server.read("/3/0/0").text == "Whimbrel"
    lab.run(30)
    assert not device.card_unsent()
