"""Whimbrel against Eclipse Leshan over DTLS (Californium's Scandium). Suites by IANA number, alerts by RFC 5246's."""

from __future__ import annotations

import tempfile
import unittest
from typing import Any

import certificates
from cases import MainCases
from certificates import DEVICE, hashed, path
from client import ERRORS, Client
from leshan.server import Answer, Handshakes, Server
from proxy import LossyProxy, Weather
from support import Bench, leshan, name, pre_shared, single

PSK_SUITES = {"c0a8": "CCM_8", "00ae": "CBC_SHA256", "c0a4": "CCM", "00a8": "GCM_SHA256"}
ECDSA_SUITES = {"c0ae": "CCM_8", "c023": "CBC_SHA256", "c0ac": "CCM", "c02b": "GCM_SHA256"}


def setUpModule() -> None:
    leshan()


class PskV10(MainCases):
    """The main cases at 1.0, secured by a pre-shared key."""

    secure = True
    before: Handshakes

    @classmethod
    def setUpClass(cls) -> None:
        cls.before = leshan().servers[0].handshakes()
        super().setUpClass()

    @classmethod
    def tearDownClass(cls) -> None:
        now = cls.server.handshakes()
        assert (now.full, now.resumed) == (cls.before.full + 1, cls.before.resumed), "one handshake carries them all"


class LossyPskV10(Bench):
    """Handshake and operations while 20 % of the datagrams are lost, 10 % doubled and 10 % overtaken."""

    secure = True
    lossy = True
    timeout = 45.0

    def test_reads_and_writes(self) -> None:
        for value in (1, 2, 3):
            self.succeeds(self.write("/26241/0/1", single("integer", value), "TLV"), 204)
            self.assertEqual(self.succeeds(self.read("/26241/0/1", "TEXT"), 205).value, value)

    def test_a_long_body_both_ways(self) -> None:
        body = bytes(range(256)) * 12
        self.succeeds(self.write("/26242/0/1", single("opaque", body.hex()), "OPAQUE", timeout=60000), 204)
        self.assertEqual(self.read("/26242/0/2").value, len(body))
        self.assertEqual(len(self.succeeds(self.read("/26242/0/0", "OPAQUE"), 205).value), 12000)


class Secured(unittest.TestCase):
    """Abstract: clients that begin and end within a case."""

    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = leshan().servers[0]
        cls.server.timeout = 10.0

    def client(self, endpoint: str, security: dict[str, str], shown: str = "main", port: int = 0, **more: Any) -> Client:
        client = Client(endpoint, [port or self.server.coaps_ports[shown]], security=security, **more)
        self.addCleanup(client.stop)
        return client

    def psk(self, what: str, port: int = 0, options: dict[str, str] | None = None, **more: Any) -> Client:
        """One that has registered by a pre-shared key."""
        endpoint, mark = name(what), self.server.events.mark()
        client = self.client(endpoint, pre_shared(self.server, endpoint, **(options or {})), port=port, **more)
        self.server.events.wait("REGISTRATION", endpoint, mark)
        client.wait("event registered 101")
        return client

    def established(self, mark: int, who: str) -> dict[str, Any]:
        """What the server says of the handshake with this identity."""
        ours = lambda data: data["what"] == "established" and data["identity"] == who  # noqa: E731
        return self.server.events.wait("HANDSHAKE", None, mark, 10.0, ours).data

    def fails(self, client: Client, why: str) -> None:
        """Whatever else happens, the client says why, and tells the server nothing."""
        self.assertEqual(client.status("event security-failed 101"), ERRORS[why], client.since(0, ""))
        self.assertEqual(client.since(0, "event secured"), [])
        self.assertIsNone(self.server.client(client.endpoint))

    def works(self, endpoint: str) -> None:
        answer = self.server.read(endpoint, "/3/0/0", "TLV")
        self.assertEqual((answer.code, answer.value), (205, "Open Mobile Alliance"))

    def unchanged(self, before: Handshakes, client: Client, mark: int) -> None:
        """No handshake since: the server counted none, and the client speaks of none."""
        self.assertEqual(self.server.handshakes(), before)
        self.assertEqual(client.since(mark, "event secured") + client.since(mark, "event security-failed"), [])


class PreSharedKey(Secured):
    """Security Mode 0 (TS 1.0 section 7.1.7)."""

    def test_each_suite(self) -> None:
        for suite, what in PSK_SUITES.items():
            with self.subTest(what):
                mark = self.server.events.mark()
                client = self.psk("suite", options={"suites": suite})
                self.assertEqual(client.status("event secured 101"), int(suite, 16))
                told = self.established(mark, f"identity of {client.endpoint}")
                self.assertEqual((told["code"], told["full"]), (int(suite, 16), True))
                self.works(client.endpoint)
                client.stop()

    def test_the_list_by_default_begins_with_the_mandatory_suite(self) -> None:
        client = self.psk("default")
        self.assertEqual(client.status("event secured 101"), 0xC0A8)

    def test_identities_and_keys_of_any_length(self) -> None:
        for identity, length in (("i", 1), ("x" * 128, 64), ("Wächter 世界", 33)):
            with self.subTest(identity=identity, length=length):
                endpoint, mark = name("length"), self.server.events.mark()
                self.server.allow(endpoint, identity, bytes(range(1, length + 1)))
                key = bytes(range(1, length + 1)).hex()
                client = self.client(endpoint, {"psk-identity": identity, "psk-key": key})
                self.server.events.wait("REGISTRATION", endpoint, mark)
                self.works(endpoint)
                client.stop()

    def test_wrong_key(self) -> None:
        """Scandium drops what it cannot decrypt, as DTLS has it: nobody answers any more."""
        endpoint = name("wrong-key")
        security = pre_shared(self.server, endpoint)
        client = self.client(endpoint, {**security, "psk-key": "00" * 16})
        self.fails(client, "TIMEOUT")

    def test_unknown_identity(self) -> None:
        """Scandium does not say that it knows nobody of that name."""
        endpoint = name("unknown")
        security = pre_shared(self.server, endpoint)
        client = self.client(endpoint, {**security, "psk-identity": "nobody"})
        self.fails(client, "TIMEOUT")

    def test_another_endpoints_identity_registers_nothing(self) -> None:
        """TS 1.0 section 7.1.5: the server refuses the name, not the handshake."""
        endpoint, other = name("claims"), name("owns")
        security = pre_shared(self.server, other)
        self.server.allow(endpoint, "another", bytes(16))
        client = self.client(endpoint, security)
        client.wait("event secured 101")
        client.wait("event register-failed 101")
        self.assertIsNone(self.server.client(endpoint))

    def test_without_security_the_server_wants_none_of_it(self) -> None:
        endpoint = name("open")
        pre_shared(self.server, endpoint)
        client = Client(endpoint, [self.server.coap_port])
        self.addCleanup(client.stop)
        client.wait("event register-failed 101")
        self.assertIsNone(self.server.client(endpoint))

    def test_two_servers_have_a_session_each(self) -> None:
        servers, endpoint = leshan().servers[:2], name("two")
        security = [pre_shared(server, endpoint) for server in servers][0]
        marks = [server.events.mark() for server in servers]
        client = Client(endpoint, [server.coaps_ports["main"] for server in servers], security=security)
        self.addCleanup(client.stop)
        for number, server in enumerate(servers):
            server.events.wait("REGISTRATION", endpoint, marks[number])
            self.assertEqual(client.status(f"event secured {101 + number}"), 0xC0A8)
            self.assertEqual(server.read(endpoint, f"/1/{number}/0", "TLV").value, 101 + number)

    def test_leaving_closes_the_session(self) -> None:
        client = self.psk("leaves")
        mark = self.server.events.mark()
        self.assertEqual(client.stop(), 0)
        self.assertFalse(self.server.events.wait("DEREGISTRATION", client.endpoint, mark).data["expired"])


class Certificates(Secured):
    """Security Mode 2 (TS 1.0 section 7.1.9, and what 1.1 adds)."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server.allow_certificate(DEVICE)

    def start(self, shown: str, server_key: str, usage: str = "none", who: str = DEVICE, **options: str) -> Client:
        """`shown`: the certificate that the server has; `server_key`: what the device has of it."""
        security = {
            "certificate": path(f"{who}.der"), "key": path(f"{who}.key.der"), "usage": usage,
            "server-key": server_key if "/" in server_key else path(f"{server_key}.der"), **options,
        }  # fmt: skip
        version = "1.0" if usage == "none" else "1.1"
        return self.client(DEVICE, security, shown, version=version)

    def registers(self, client: Client, mark: int) -> None:
        self.server.events.wait("REGISTRATION", DEVICE, mark)
        self.established(mark, f"CN={DEVICE}")
        self.works(DEVICE)
        self.assertEqual(client.stop(), 0)
        self.server.events.wait("DEREGISTRATION", DEVICE, mark)

    def test_each_suite(self) -> None:
        for suite, what in ECDSA_SUITES.items():
            with self.subTest(what):
                mark = self.server.events.mark()
                client = self.start("main", "main", suites=suite)
                self.assertEqual(client.status("event secured 101"), int(suite, 16))
                self.assertEqual(self.established(mark, f"CN={DEVICE}")["code"], int(suite, 16))
                self.registers(client, mark)

    # usage, certificate that is shown, what the device has, whether it has the trust store
    GOOD = [
        ("none", "main", "main", False), ("none", "alone", "alone", False),
        ("none", "common", "common", False), ("none", "uri", "uri", False), ("2", "common", "root", False),
        ("0", "main", "root", True), ("0", "long", "middle", True), ("0", "long", "root", True),
        ("1", "main", "main", True), ("1", "long", "long", True),
        ("2", "main", "root", False), ("2", "long", "root", False), ("2", "long", "middle", False),
        ("3", "main", "main", False), ("3", "alone", "alone", False), ("3", "other", "other", False),
    ]  # fmt: skip
    BAD = [
        ("none", "main", "long", False), ("none", "main", "root", False),
        ("0", "main", "middle", True), ("0", "alone", "alone", True), ("0", "main", "elsewhere", True),
        ("1", "main", "long", True), ("1", "alone", "alone", True), ("1", "main", "root", True),
        ("2", "main", "elsewhere", False), ("2", "alone", "root", False), ("2", "main", "middle", True),
        ("3", "main", "long", False), ("3", "main", "root", False),
    ]  # fmt: skip

    def test_each_usage_takes_what_it_should(self) -> None:
        for usage, shown, key, trust in self.GOOD:
            with self.subTest(usage=usage, shown=shown, key=key):
                mark = self.server.events.mark()
                options = {"trust": path("trusted.der")} if trust else {}
                self.registers(self.start(shown, key, usage, **options), mark)

    def test_each_usage_refuses_what_it_should(self) -> None:
        for usage, shown, key, trust in self.BAD:
            with self.subTest(usage=usage, shown=shown, key=key):
                options = {"trust": path("trusted.der")} if trust else {}
                client = self.start(shown, key, usage, **options)
                self.fails(client, "CERTIFICATE")
                client.stop()

    def test_matching_types(self) -> None:
        trust = {"trust": path("trusted.der")}
        for number, algorithm in ((1, "sha256"), (2, "sha384"), (3, "sha512")):
            for usage, shown, key, more in (
                ("3", "main", "main", {}), ("1", "main", "main", trust), ("0", "long", "middle", trust),
                ("2", "long", "middle", {}),  # Scandium does not send the root, and only what is sent has a hash
            ):  # fmt: skip
                with self.subTest(algorithm=algorithm, usage=usage):
                    mark = self.server.events.mark()
                    file = hashed(key, algorithm)
                    self.registers(self.start(shown, file, usage, matching=str(number), **more), mark)
                    client = self.start(shown, hashed("elsewhere", algorithm), usage, matching=str(number), **more)
                    self.fails(client, "CERTIFICATE")
                    client.stop()

    def test_a_certificate_for_another_name(self) -> None:
        trust = {"trust": path("trusted.der")}
        for usage, key, more in (("none", "other", {}), ("0", "root", trust), ("2", "root", {})):
            with self.subTest(usage=usage):
                client = self.start("other", key, usage, **more)
                self.fails(client, "NAME")
                client.stop()

    def test_the_sni_resource_is_the_name_that_counts(self) -> None:
        for shown, sni in (("other", "elsewhere.example"), ("main", "localhost")):
            with self.subTest(shown=shown):
                mark = self.server.events.mark()
                self.registers(self.start(shown, "root", "2", sni=sni), mark)
        client = self.start("main", "root", "2", sni="elsewhere.example")
        self.fails(client, "NAME")

    def test_an_expired_certificate(self) -> None:
        for usage, key in (("none", "expired"), ("2", "root")):
            with self.subTest(usage=usage):
                client = self.start("expired", key, usage)
                self.fails(client, "EXPIRED")
                client.stop()

    def test_the_devices_clock_decides(self) -> None:
        """In 2020 it was still good, in 2019 nothing was yet."""
        mark = self.server.events.mark()
        self.registers(self.start("expired", "root", "2", time="1590000000"), mark)
        client = self.start("main", "root", "2", time="1550000000")
        self.fails(client, "EXPIRED")

    def test_without_a_clock_it_is_the_applications_choice(self) -> None:
        client = self.start("main", "root", "2", clock="no")
        self.fails(client, "EXPIRED")
        client.stop()
        for shown in ("main", "expired"):
            with self.subTest(shown=shown):
                mark = self.server.events.mark()
                self.registers(self.start(shown, "root", "2", clock="ignored"), mark)

    def test_a_device_that_the_server_does_not_trust(self) -> None:
        client = self.start("main", "main", who="stranger")
        self.assertEqual(client.status("event alert 101"), 42, "bad_certificate")
        client.wait("event security-failed 101")
        self.assertIsNone(self.server.client(DEVICE))


class ConnectionId(Secured):
    """RFC 9146: after the first handshake there is none, whatever the address does."""

    def behind(self, what: str, **more: Any) -> tuple[LossyProxy, Client]:
        """A client behind a NAT, which forgets it when the case says so."""
        proxy = LossyProxy(self.server.coaps_ports["main"], 1, Weather(0, 0, 0))
        self.addCleanup(proxy.stop)
        return proxy, self.psk(what, proxy.port, **more)

    def wake(self, client: Client) -> None:
        """An Update: Leshan answers there from then on."""
        mark = self.server.events.mark()
        client.tell("update")
        self.server.events.wait("UPDATED", client.endpoint, mark)

    def succeeds(self, answer: Answer, code: int) -> Answer:
        self.assertEqual((answer.status, answer.code), (200, code), answer)
        return answer

    def test_all_operations_go_on_while_the_address_changes(self) -> None:
        """Every few messages a new port. Californium wants an answer from where it has asked, so a port lasts for that."""
        begin = self.server.events.mark()
        proxy, client = self.behind("moves")
        self.assertTrue(self.established(begin, f"identity of {client.endpoint}")["cid"])
        before, mark, endpoint = self.server.handshakes(), client.mark(), client.endpoint
        self.succeeds(self.server.observe(endpoint, "/3303/0/5700", "TLV"), 205)
        ports = set()
        for number in range(6):
            proxy.rebind_once()
            self.wake(client)
            self.succeeds(self.server.write(endpoint, "/26241/0/1", single("integer", number), "TLV"), 204)
            self.assertEqual(self.succeeds(self.server.read(endpoint, "/26241/0/1", "TLV"), 205).value, number)
            self.succeeds(self.server.execute(endpoint, "/26241/0/20", str(number)), 204)
            proxy.rebind_once()
            seen = self.server.events.mark()
            client.set("/3303/0/5700", 30.5 + number)
            told = self.server.events.wait("NOTIFICATION", endpoint, seen).data
            self.assertEqual(told["content"]["value"], 30.5 + number)
            ports |= {one.data["peer"] for one in self.server.events.since(begin, "COAP") if one.data["way"] == "in"}
        self.assertEqual(proxy.rebound, 12)
        self.assertGreaterEqual(len(ports), 13, "the server saw each of them")
        self.unchanged(before, client, mark)

    def test_a_sleeper_whose_address_is_forgotten_wakes_without_a_handshake(self) -> None:
        begin = self.server.events.mark()
        proxy, client = self.behind("sleeps", binding="UQ")
        before, mark, endpoint = self.server.handshakes(), client.mark(), client.endpoint
        for _ in range(2):
            self.server.events.wait("SLEEPING", endpoint, begin)
            client.wait("event radio-off", mark)
            late = self.server.read(endpoint, "/3/0/0", "TLV")
            self.assertEqual(late.status, 202, late)
            begin, mark, rebound = self.server.events.mark(), client.mark(), proxy.rebound
            proxy.rebind_once()
            client.tell("update")
            self.server.events.wait("AWAKE", endpoint, begin)
            event = self.server.events.wait("DELAYED", endpoint, begin)
            self.assertEqual(event.data["status"], 200, event.data)
            self.assertEqual(event.data["answer"]["content"]["value"], "Open Mobile Alliance")
            self.assertEqual(proxy.rebound, rebound + 1)
        self.unchanged(before, client, 0 if not client.since(0, "event secured") else mark)

    def test_without_it_a_new_address_is_a_stranger(self) -> None:
        """The proof that the cases above would notice: the same change costs a handshake."""
        begin = self.server.events.mark()
        proxy, client = self.behind("stranger", options={"cid": "no", "retransmissions": "2"})
        self.assertFalse(self.established(begin, f"identity of {client.endpoint}")["cid"])
        before, mark = self.server.handshakes(), client.mark()
        begin = self.server.events.mark()
        proxy.rebind_once()
        client.tell("update")
        self.established(begin, f"identity of {client.endpoint}")
        client.wait("event registered", mark, 20.0) if not client.since(mark, "event updated") else None
        now = self.server.handshakes()
        self.assertEqual(now.full + now.resumed, before.full + before.resumed + 1)
        self.works(client.endpoint)


class Resumption(Secured):
    """What is left of a session saves most of the next handshake: Scandium keeps it under a session ID (RFC 5246)."""

    def counted(self, before: Handshakes) -> tuple[int, int]:
        now = self.server.handshakes()
        return now.full - before.full, now.resumed - before.resumed

    def test_a_new_address_is_nothing_with_a_connection_id(self) -> None:
        client = self.psk("moves-on")
        begin, mark, before = self.server.events.mark(), client.mark(), self.server.handshakes()
        client.tell("moved")
        self.server.events.wait("UPDATED", client.endpoint, begin)
        self.works(client.endpoint)
        self.unchanged(before, client, mark)
        self.assertEqual(client.since(mark, "event resumed"), [])

    def test_a_new_address_without_one_is_a_short_handshake_and_an_update(self) -> None:
        client = self.psk("moves-over", options={"cid": "no"})
        begin, mark, before = self.server.events.mark(), client.mark(), self.server.handshakes()
        client.tell("moved")
        self.assertEqual(client.status("event resumed 101", mark), 0xC0A8)
        self.server.events.wait("UPDATED", client.endpoint, begin)
        self.assertEqual(self.counted(before), (0, 1))
        self.assertEqual(self.server.events.since(begin, "REGISTRATION", client.endpoint), [])
        self.works(client.endpoint)

    def test_who_left_comes_back_by_a_short_handshake(self) -> None:
        client = self.psk("disabled")
        self.assertEqual(self.server.write(client.endpoint, "/1/0/5", single("integer", 1), "TLV").code, 204)
        begin, mark, before = self.server.events.mark(), client.mark(), self.server.handshakes()
        self.server.execute(client.endpoint, "/1/0/4")
        self.server.events.wait("DEREGISTRATION", client.endpoint, begin)
        self.assertEqual(client.status("event resumed 101", mark), 0xC0A8)
        self.server.events.wait("REGISTRATION", client.endpoint, begin)
        self.assertEqual(self.counted(before), (0, 1))
        self.works(client.endpoint)


class Restarts(Secured):
    """Who loses its memory, and what that costs."""

    def test_a_device_that_kept_its_association_comes_back_without_a_handshake(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            begin = self.server.events.mark()
            client = self.psk("kept", options={"storage": folder})
            first = self.server.client(client.endpoint)
            assert first
            before = self.server.handshakes()
            for _ in range(3):
                self.works(client.endpoint)  # an answer later, all is on its storage
                client.kill()
                begin = self.server.events.mark()
                client = self.client(client.endpoint, pre_shared(self.server, client.endpoint, storage=folder))
                self.assertEqual(client.status("event resumed 101"), 0xC0A8)
                told = self.server.events.wait("UPDATED", client.endpoint, begin).data
                self.assertEqual(told["registrationId"], first["registrationId"])
                self.assertEqual(self.server.events.since(begin, "REGISTRATION", client.endpoint), [])
                self.unchanged(before, client, 0)
            self.works(client.endpoint)

    def test_with_a_certificate_too(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.server.allow_certificate(DEVICE)
            security = {
                "certificate": path(f"{DEVICE}.der"), "key": path(f"{DEVICE}.key.der"), "server-key": path("main.der"),
                "storage": folder,
            }  # fmt: skip
            begin = self.server.events.mark()
            client = self.client(DEVICE, security)
            self.server.events.wait("REGISTRATION", DEVICE, begin)
            self.works(DEVICE)
            client.kill()
            before, begin = self.server.handshakes(), self.server.events.mark()
            client = self.client(DEVICE, security)
            self.assertEqual(client.status("event resumed 101"), 0xC0AE)
            self.server.events.wait("UPDATED", DEVICE, begin)
            self.works(DEVICE)
            self.unchanged(before, client, 0)

    def test_observations_outlive_it(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            client = self.psk("observed", options={"storage": folder})
            self.server.observe(client.endpoint, "/3303/0/5700", "TLV")
            self.works(client.endpoint)
            client.kill()
            before, begin = self.server.handshakes(), self.server.events.mark()
            client = self.client(client.endpoint, pre_shared(self.server, client.endpoint, storage=folder))
            self.server.events.wait("UPDATED", client.endpoint, begin)
            client.wait("event resumed 101")
            self.server.events.wait("NOTIFICATION", client.endpoint, begin)
            begin = self.server.events.mark()
            client.set("/3303/0/5700", 27.5)
            self.server.events.wait("NOTIFICATION", client.endpoint, begin)
            self.assertEqual(self.server.events.since(begin, "REGISTRATION", client.endpoint), [])
            self.works(client.endpoint)
            self.unchanged(before, client, 0)

    def test_a_device_that_kept_nothing_registers_anew(self) -> None:
        client = self.psk("lost")
        before = self.server.handshakes()
        client.kill()
        begin = self.server.events.mark()
        client = self.client(client.endpoint, pre_shared(self.server, client.endpoint))
        self.server.events.wait("REGISTRATION", client.endpoint, begin)
        self.assertEqual(client.status("event secured 101"), 0xC0A8)
        self.assertEqual(self.server.handshakes().full, before.full + 1)

    def test_a_server_that_lost_its_sessions_gets_the_client_back(self) -> None:
        client = self.psk("recovers", options={"retransmissions": "2"})
        begin, mark, before = self.server.events.mark(), client.mark(), self.server.handshakes()
        self.server.forget_connections()
        client.tell("update")
        self.established(begin, f"identity of {client.endpoint}")
        self.assertEqual(client.status("event secured 101", mark, 20.0), 0xC0A8)
        self.back(client, begin)
        self.assertEqual(self.server.handshakes().full, before.full + 1)

    def test_a_server_that_lets_nobody_in_any_more(self) -> None:
        """Leshan ends the session without a word; the client finds out, and comes back when it may."""
        client = self.psk("banned", options={"retransmissions": "2"})
        mark = client.mark()
        self.server.disallow(client.endpoint)
        client.tell("update")
        client.wait("event update-failed 101", mark, 20.0)
        self.assertEqual(client.status("event security-failed 101", mark, 20.0), ERRORS["TIMEOUT"])
        begin = self.server.events.mark()
        pre_shared(self.server, client.endpoint)
        self.server.events.wait("REGISTRATION", client.endpoint, begin, 20.0)
        self.works(client.endpoint)

    def test_a_server_that_forgot_a_restored_client_gets_it_back(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            options = {"storage": folder, "retransmissions": "2"}
            client = self.psk("restored", options=options)
            self.works(client.endpoint)
            client.kill()
            self.server.forget_connections()
            begin = self.server.events.mark()
            client = self.client(client.endpoint, pre_shared(self.server, client.endpoint, **options))
            client.wait("event resumed 101")
            self.assertEqual(client.status("event secured 101", 0, 20.0), 0xC0A8)
            self.back(client, begin)

    def back(self, client: Client, begin: int) -> None:
        """It is registered, by an Update or anew, and answers."""
        both = lambda: [  # noqa: E731
            one for what in ("UPDATED", "REGISTRATION") for one in self.server.events.since(begin, what, client.endpoint)
        ]
        if not both():
            self.server.events.wait("REGISTRATION", client.endpoint, begin, 20.0)
        self.works(client.endpoint)


class Refusals(unittest.TestCase):
    """A mode that cannot be is a mistake that the application sees, never a silent fallback."""

    def start(self, scheme: bool, **options: str) -> Client:
        server = leshan().servers[0]
        port = server.coaps_ports["main"] if scheme else server.coap_port
        client = Client(name("refused"), [port], security={**options} if scheme else None)
        self.addCleanup(client.stop)
        return client

    def test_a_raw_public_key_is_refused_by_a_backend_that_has_none(self) -> None:
        files = {"certificate": path("main.der"), "key": path("main.key.der"), "server-key": path("main.der")}
        client = self.start(True, mode="1", **files)
        self.assertEqual(client.refusal(), ERRORS["SECURITY_MODE"])

    def test_coaps_without_security_is_refused(self) -> None:
        client = self.start(True, mode="3")
        self.assertIn(client.refusal(), (ERRORS["SECURITY_MODE"], ERRORS["BAD_VALUE"]))

    def test_a_usage_that_needs_a_trust_store_is_refused_without_one(self) -> None:
        files = {"certificate": path(f"{DEVICE}.der"), "key": path(f"{DEVICE}.key.der"), "server-key": path("main.der")}
        for usage in ("0", "1"):
            with self.subTest(usage=usage):
                self.assertEqual(self.start(True, usage=usage, **files).refusal(), ERRORS["SECURITY_MODE"])

    def test_a_key_that_is_none_is_refused(self) -> None:
        files = {"certificate": path("main.der"), "key": path("main.der"), "server-key": path("main.der")}
        client = self.start(True, **files)
        self.assertEqual(client.refusal(), ERRORS["CREDENTIALS"])


del MainCases, Bench, Secured  # abstract: unittest must not collect them here
