"""Bootstrap, and the order of registrations of LwM2M 1.1, in virtual time: hours and days in milliseconds."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Iterable
from pathlib import Path as File

from coap import ACCEPT, CHANGED, CONTENT, CONTENT_FORMAT, DELETE, GET, POST, PUT, URI_QUERY
from coap import Message, Registrar
from tlv import access, bootstrap_file, entry, resource, security, server
from whimbrel import Client, EventCode, Status, VirtualPort, Wake, WhimbrelError

TLV = (CONTENT_FORMAT, (11542).to_bytes(2, "big"))
LINKS = (ACCEPT, bytes([40]))
FEATURES = ("reporting", "transfers", "creation", "deferral", "bootstrap", "persistence")
HOUR = 3_600_000


class Mute(Registrar):
    """A server that hears, and answers only when it is `there`; with `refusal`, the code that it answers a POST with."""

    def __init__(self, port: VirtualPort, there: bool = True) -> None:
        super().__init__()
        self.port, self.there, self.refusal = port, there, 0
        self.times: list[int] = []
        """When each request came for the first time."""

    def answer(self, datagram: bytes) -> Iterable[bytes]:
        message = Message.decode(datagram)
        if message.code == POST and not any(old.id == message.id for old in self.heard):
            self.times.append(self.port.time)
        answers = list(super().answer(datagram))
        if not self.there:
            return ()
        if self.refusal and message.code == POST:
            refused = Message.decode(answers[0])
            refused.code, refused.options = self.refusal, []
            return (refused.encode(),)
        return answers


class Field:
    """A client, and the servers that it knows by the hosts of their URIs. Its storage outlives it."""

    def __init__(self, *hosts: str, version: int = 11, **settings: int) -> None:
        self.port = VirtualPort(self.arrive)
        self.port.storage = {}
        self.settings = settings | {"version_max": version}
        self.servers = {host: Mute(self.port) for host in hosts}
        self.boot()

    def boot(self) -> None:
        limits = {"servers": 4, "bootstrap": 2048, "objects": 4, "instances": 8, "access": 8}
        self.port.open_links.clear()
        self.client = Client(
            "field", port=self.port, limits=limits, features=FEATURES, access_control=True, **self.settings
        )
        self.client.add_device(manufacturer="Whimbrel")
        self.accounts = self.client.load()

    def arrive(self, link: int, datagram: bytes) -> Iterable[bytes]:
        there = self.servers.get(self.port.hosts[link])
        return there.answer(datagram) if there else ()

    def provision(self, *servers: bytes, bootstrap: bool = True, hold_off: int | None = None) -> None:
        """An account with each server, and one with the bootstrap server."""
        hosts = [host for host in self.servers if host != "bs"]
        keys = b"".join(security(n, f"coap://{host}", 101 + n) for n, host in enumerate(hosts))
        if bootstrap:
            keys += security(9, "coap://bs", None, hold_off=hold_off)
        # one ACL for all: with several servers there must be some
        rights = [access(n, 1, n, 101 + n, {0: 31}) for n in range(len(servers))]
        objects = {0: keys, 1: b"".join(servers), 2: b"".join(rights) if len(servers) > 1 else b""}
        self.client.provision(bootstrap_file(objects))

    def ask(self, host: str, code: int, path: str, payload: bytes = b"", *options: tuple[int, bytes]) -> Message | None:
        """A request of a server, and its answer if there is one at once."""
        registrar = self.servers[host]
        request = registrar.request(code, path, payload, *options)
        if path == "/":
            request.options = list(options)
        link = next(link for link, known in self.port.hosts.items() if known == host and link in self.port.open_links)
        self.port.deliver(request.encode(), link)
        while self.port.waiting():
            self.client.poll()
        return registrar.response(request)

    def pass_time(self, milliseconds: int) -> None:
        """Lets so much time pass, waking the client when it wants to be."""
        end = self.port.time + milliseconds
        for _ in range(100_000):
            following = self.client.poll()
            if self.port.waiting():
                continue
            if following is None or following > end:
                self.port.time = end
                self.client.poll()
                return
            self.port.time = max(self.port.time, following)
        raise AssertionError("the client never rests")

    def told(self, code: EventCode) -> list[int]:
        """The servers that such events were about."""
        return [event.server for event in self.client.events if event.code == code]


def gaps(times: list[int]) -> list[float]:
    """Seconds between one and the next."""
    return [(later - earlier) / 1000 for earlier, later in zip(times, times[1:])]


class Bootstraps(unittest.TestCase):
    def configure(self, field: Field, *commands: tuple[int, str, bytes]) -> None:
        for code, path, payload in commands:
            answer = field.ask("bs", code, path, payload, *([TLV] if payload else []))
            assert answer
            self.assertLess(answer.code, 0x80, (code, path))

    def bootstrapped(self, timeout: int = 0, **settings: int) -> Field:
        field = Field("bs", "one", **settings)
        field.client.add_account("coap://bs", 0, bootstrap_server=1, account_timeout_s=timeout)
        field.client.poll()
        self.configure(
            field,
            (PUT, "/0", security(1, "coap://one", 101)),
            (PUT, "/1", server(0, 101)),
            (POST, "/bs", b""),
        )
        field.pass_time(1000)
        return field

    def test_an_empty_device_gets_its_account(self) -> None:
        field = self.bootstrapped()
        request = field.servers["bs"].heard[0]
        self.assertEqual((request.path, request.all(URI_QUERY)), ("/bs", [b"ep=field", b"pct=11542"]))
        self.assertEqual(field.told(EventCode.ACCOUNT_ADDED), [101])
        self.assertEqual(field.told(EventCode.REGISTERED), [101])

    def test_a_client_of_1_0_has_no_pct_and_no_read(self) -> None:
        field = Field("bs", "one", version=10)
        field.client.add_account("coap://bs", 0, bootstrap_server=1)
        field.client.poll()
        self.assertEqual(field.servers["bs"].heard[0].all(URI_QUERY), [b"ep=field"])
        found = field.ask("bs", GET, "/", b"", LINKS)
        assert found
        self.assertEqual(found.payload, b"</>;lwm2m=1.0,</0/0>,</1>,</2>,</3/0>")
        read = field.ask("bs", GET, "/1")
        self.assertEqual(read and read.code, 0x85)

    def test_a_restart_is_an_update(self) -> None:
        field = self.bootstrapped()
        field.boot()
        field.pass_time(1000)
        self.assertEqual(field.accounts, 2)
        self.assertEqual([message.path for message in field.servers["one"].heard], ["/rd", "/rd/5"])
        self.assertEqual(len(field.servers["bs"].times), 1)

    def test_the_time_of_the_account_runs_after_a_success_and_over_a_restart(self) -> None:
        field = self.bootstrapped(timeout=1000)
        field.pass_time(500_000)
        field.boot()
        field.pass_time(999_000)
        self.assertEqual(field.told(EventCode.BOOTSTRAP_PURGED), [])
        field.pass_time(2000)
        self.assertEqual(field.told(EventCode.BOOTSTRAP_PURGED), [0])
        field.boot()
        self.assertEqual(field.accounts, 1)
        # without a bootstrap it does not run, with a restart or without
        field = Field("bs", "one")
        field.client.add_account("coap://one", 101)
        field.client.add_account("coap://bs", 0, bootstrap_server=1, account_timeout_s=1000)
        for _ in range(2):
            field.pass_time(2_000_000)
            self.assertEqual(field.told(EventCode.BOOTSTRAP_PURGED), [])
            field.boot()
            self.assertEqual(field.accounts, 2)

    def test_other_servers_are_not_heard_in_a_session(self) -> None:
        field = self.bootstrapped()
        trigger = field.ask("one", POST, "/1/0/9")
        self.assertEqual(trigger and trigger.code, CHANGED)
        field.pass_time(3000)
        self.assertEqual(field.told(EventCode.BOOTSTRAP_STARTED), [0, 0])
        self.assertIsNone(field.ask("one", GET, "/3/0"))
        self.configure(field, (POST, "/bs", b""))
        heard = field.ask("one", GET, "/3/0")
        self.assertEqual(heard and heard.code, CONTENT)

    def test_without_an_end_all_is_as_before(self) -> None:
        field = self.bootstrapped()
        field.client.bootstrap()
        field.pass_time(3000)
        self.configure(field, (DELETE, "/", b""), (PUT, "/1", server(7, 222)))
        field.pass_time(246_000)
        self.assertEqual(field.told(EventCode.BOOTSTRAP_FAILED), [])
        field.pass_time(2000)
        self.assertEqual(field.told(EventCode.BOOTSTRAP_FAILED), [0])
        known = field.ask("one", GET, "/1/0/0", b"", (ACCEPT, b""))
        self.assertEqual(known and known.payload, b"101")
        field.boot()
        self.assertEqual(field.accounts, 2)

    def test_another_network_asks_for_no_bootstrap_that_nobody_needs(self) -> None:
        field = self.bootstrapped()
        field.client.network(True, new_address=True)
        field.pass_time(HOUR)
        self.assertEqual(len(field.servers["bs"].times), 1)
        self.assertEqual(field.told(EventCode.REGISTERED), [101, 101])
        # in the middle of a session: what it changed is undone, and it begins anew
        field.client.bootstrap()
        field.pass_time(3000)
        self.configure(field, (DELETE, "/1", b""))
        field.client.network(True, new_address=True)
        field.pass_time(10_000)
        self.assertEqual(len(field.servers["bs"].times), 3)
        found = field.ask("bs", GET, "/1", b"", LINKS)
        self.assertEqual(found and found.payload, b"</>;lwm2m=1.1,</1/0>;ssid=101")

    def test_rights_are_part_of_what_fits_together(self) -> None:
        field = self.bootstrapped()
        field.servers["two"] = Mute(field.port)
        field.client.bootstrap()
        field.pass_time(3000)
        self.configure(field, (PUT, "/0", security(2, "coap://two", 102)), (PUT, "/1", server(1, 102)))
        # two servers and no access control
        refused = field.ask("bs", POST, "/bs")
        self.assertEqual(refused and refused.code, 0x86)
        # an entry for a server that nobody knows
        self.configure(field, (PUT, "/2", access(0, 3, 0, 101, {103: 1})))
        refused = field.ask("bs", POST, "/bs")
        self.assertEqual(refused and refused.code, 0x86)
        self.configure(field, (PUT, "/2", access(0, 3, 0, 101, {102: 1})), (POST, "/bs", b""))
        field.pass_time(1000)
        self.assertTrue(field.client.registered(102))


class Trouble(unittest.TestCase):
    """What a server, a blob or an application can do wrong."""

    def test_instances_that_interleave(self) -> None:
        field = Field("bs", "one")
        field.client.add_account("coap://bs", 0, bootstrap_server=1)
        field.pass_time(1)
        parts = server(0, 101) + server(5, 105) + server(0, 101, lifetime=77)
        written = field.ask("bs", PUT, "/1", parts, TLV)
        self.assertEqual(written and written.code, CHANGED)
        found = field.ask("bs", GET, "/1", b"", LINKS)
        self.assertEqual(found and found.payload, b"</>;lwm2m=1.1,</1/0>;ssid=101,</1/5>;ssid=105")

    def test_no_pause_is_shorter_or_longer_than_it_may_be(self) -> None:
        for settings in (
            {"retry_timer": 0, "retry_count": 4_000_000_000},
            {"retry_timer": 0, "retry_count": 2, "sequence_delay": 0, "sequence_count": 4_000_000_000},
            {"retry_timer": 60, "retry_count": 30},
        ):
            field = Field("a")
            field.servers["a"].refusal = 0xA3
            field.provision(server(0, 101, bootstrap=False, **settings), bootstrap=False)
            field.pass_time(48 * HOUR)
            paces = gaps(field.servers["a"].times)
            self.assertGreaterEqual(min(paces), 7.5, settings)
            self.assertLessEqual(max(paces), 3600 * 1.25 + 93, settings)

    def test_a_bootstrap_that_brings_no_registration_is_not_repeated_at_once(self) -> None:
        field = Field("bs", "one")
        field.servers["one"].refusal = 0x83
        field.client.add_account("coap://bs", 0, bootstrap_server=1)
        end = field.port.time + 24 * HOUR
        field.pass_time(1)
        while field.port.time < end:
            if field.told(EventCode.BOOTSTRAP_STARTED) and field.client.events[-1].code == EventCode.BOOTSTRAP_STARTED:
                field.ask("bs", PUT, "/0", security(1, "coap://one", 101), TLV)
                field.ask("bs", PUT, "/1", server(0, 101), TLV)
                field.ask("bs", POST, "/bs")
            field.pass_time(10_000)
        # 30 s doubled up to an hour, beside the 93 s for which the last answer is repeated
        self.assertLess(len(field.told(EventCode.BOOTSTRAPPED)), 24 / 0.75 + 10)

    def test_offline_a_listening_client_rests(self) -> None:
        field = Field("bs", server_initiated=1)
        field.client.network(False)
        field.client.add_account("coap://bs", 0, bootstrap_server=1, hold_off_s=100)
        field.pass_time(24 * HOUR)
        self.assertEqual(field.servers["bs"].times, [])
        field.client.network(True)
        field.pass_time(130_000)
        self.assertEqual(len(field.servers["bs"].times), 1)

    def test_the_bootstrap_servers_instance_becomes_a_servers(self) -> None:
        field = Field("bs", "one")
        field.client.add_account("coap://bs", 0, bootstrap_server=1)
        field.client.provision(bootstrap_file({0: security(0, "coap://one", 101), 1: server(0, 101)}))
        field.pass_time(1000)
        self.assertEqual(field.told(EventCode.REGISTERED), [101])
        field.boot()
        self.assertEqual(field.accounts, 1)

    def test_what_a_session_stages_is_not_stored(self) -> None:
        field = Field("bs", "one")
        field.provision(server(0, 101))
        field.pass_time(1000)
        field.client.bootstrap()
        field.pass_time(3000)
        field.ask("bs", DELETE, "/")
        with self.assertRaises(WhimbrelError):
            field.client.add_access("/3/0", 101, {101: 1})
        field.pass_time(1000)
        field.boot()
        field.pass_time(1000)
        self.assertEqual((field.accounts, field.client.registered(101)), (2, True))


class Order(unittest.TestCase):
    """Server resources 13 to 20 of 1.1."""

    def test_one_after_the_other_by_priority(self) -> None:
        field = Field("a", "b", "c")
        field.servers["b"].there = False
        field.provision(server(0, 101, priority=2), server(1, 102, priority=1), server(2, 103), bootstrap=False)
        field.pass_time(1000)
        # c stands outside the order; a waits for b
        self.assertEqual(field.told(EventCode.REGISTERED), [103])
        field.servers["b"].there = True
        field.pass_time(200_000)
        self.assertEqual(field.told(EventCode.REGISTERED), [103, 102, 101])

    def test_attempts_are_spread_as_the_table_says(self) -> None:
        field = Field("bs", "a")
        field.servers["a"].there = field.servers["bs"].there = False
        field.provision(server(0, 101))
        field.pass_time(30 * 60_000)
        # five attempts, 60, 120, 240 and 480 s apart by a quarter; each takes 93 s at most to be given up
        paces = gaps(field.servers["a"].times[:5])
        self.assertEqual(len(paces), 4)
        for pace, nominal in zip(paces, (60, 120, 240, 480)):
            self.assertGreaterEqual(pace, nominal * 0.75)
            self.assertLessEqual(pace, nominal * 1.25 + 93)
        # then the bootstrap server is asked, and not before
        self.assertGreater(field.servers["bs"].times[0], field.servers["a"].times[4])

    def test_the_resources_say_how_often(self) -> None:
        field = Field("bs", "a")
        field.servers["a"].there = field.servers["bs"].there = False
        field.provision(server(0, 101, retry_count=2, retry_timer=10, sequence_count=3, sequence_delay=1000))
        field.pass_time(HOUR)
        times = field.servers["a"].times
        self.assertGreaterEqual(len(times), 6)
        paces = gaps(times[:6])
        for at, nominal in enumerate((10, 1000, 10, 1000, 10)):
            self.assertGreaterEqual(paces[at], nominal * 0.75)
            self.assertLessEqual(paces[at], nominal * 1.25 + 93)
        asked = field.servers["bs"].times
        self.assertGreater(asked[0], times[5])

    def test_a_failure_that_blocks_holds_the_others_back(self) -> None:
        for block in (True, False):
            field = Field("a", "b")
            field.servers["a"].there = False
            field.provision(
                server(0, 101, priority=1, retry_count=1, block=block, bootstrap=False),
                server(1, 102, priority=2),
                bootstrap=False,
            )
            field.pass_time(24 * HOUR)
            self.assertEqual(field.told(EventCode.REGISTERED), [] if block else [102])
            field.servers["a"].there = True
            field.pass_time(3 * HOUR)
            self.assertEqual(sorted(field.told(EventCode.REGISTERED)), [101, 102])

    def test_a_delay_after_a_bootstrap_counts_from_the_server_before(self) -> None:
        field = Field("a", "b")
        field.provision(
            server(0, 101, priority=1, initial_delay=100), server(1, 102, priority=2, initial_delay=50), bootstrap=False
        )
        began = field.port.time
        field.pass_time(400_000)
        a, b = (field.servers[host].times[0] - began for host in "ab")
        self.assertEqual((a, b), (100_000, 150_000))

    def test_a_refusal_asks_for_a_bootstrap_at_once(self) -> None:
        field = Field("bs", "a")
        field.servers["a"].refusal = 0x83
        field.provision(server(0, 101))
        field.pass_time(2000)
        self.assertEqual((len(field.servers["a"].times), len(field.servers["bs"].times)), (1, 1))

    def test_a_server_can_do_without_a_bootstrap(self) -> None:
        field = Field("bs", "a")
        field.servers["a"].there = False
        field.provision(server(0, 101, bootstrap=False))
        field.pass_time(3 * 24 * HOUR)
        self.assertEqual(field.servers["bs"].times, [])
        self.assertGreater(len(field.servers["a"].times), 24)

    def test_a_client_of_1_0_goes_when_all_have_failed(self) -> None:
        field = Field("bs", "a", "b", version=10)
        field.servers["a"].there = field.servers["b"].there = False
        field.provision(server(0, 101), server(1, 102))
        field.pass_time(30 * 60_000)
        asked = field.servers["bs"].times
        self.assertGreater(asked[0], max(field.servers[host].times[4] for host in "ab"))
        # one that answers is enough to stay
        field = Field("bs", "a", "b", version=10)
        field.servers["a"].there = False
        field.provision(server(0, 101), server(1, 102))
        field.pass_time(24 * HOUR)
        self.assertEqual(field.servers["bs"].times, [])

    def test_nobody_answers_for_a_week(self) -> None:
        """Without end, and without storming: no more than a few attempts an hour, and back when they are back."""
        field = Field("bs", "a")
        field.servers["a"].there = field.servers["bs"].there = False
        field.provision(server(0, 101))
        field.pass_time(24 * HOUR)
        for host in ("a", "bs"):
            before = len(field.servers[host].times)
            field.pass_time(6 * 24 * HOUR)
            attempts = len(field.servers[host].times) - before
            # each pause is 45 to 75 minutes long
            self.assertLessEqual(attempts, 6 * 24 / 0.75, host)
            self.assertGreaterEqual(attempts, 6 * 24 / 1.3, host)
        field.servers["a"].there = True
        field.pass_time(2 * HOUR)
        self.assertEqual(field.told(EventCode.REGISTERED), [101])
        asked = len(field.servers["bs"].times)
        field.pass_time(24 * HOUR)
        self.assertEqual(len(field.servers["bs"].times), asked, "nobody needs a bootstrap any more")

    def test_hold_off_is_waited_for(self) -> None:
        field = Field("bs")
        field.provision(hold_off=600)
        began = field.port.time
        field.pass_time(HOUR)
        self.assertGreaterEqual(field.servers["bs"].times[0] - began, 600_000)
        self.assertLessEqual(field.servers["bs"].times[0] - began, 750_000)

    def test_the_resources_are_of_1_1(self) -> None:
        field = Field("a")
        field.provision(server(0, 101, priority=7, retry_count=3), bootstrap=False)
        field.pass_time(1000)
        found = field.ask("a", GET, "/1/0", b"", LINKS)
        assert found
        self.assertIn(b"</1/0/9>,</1/0/13>,</1/0/17>", found.payload)
        for path, code in (("/1/0/17", CHANGED), ("/1/0/13", 0x85)):
            written = field.ask("a", PUT, path, b"4", (CONTENT_FORMAT, b""))
            self.assertEqual(written and written.code, code, path)
        field = Field("a", version=10)
        field.provision(server(0, 101, priority=7, retry_count=3), bootstrap=False)
        field.pass_time(1000)
        found = field.ask("a", GET, "/1/0", b"", LINKS)
        assert found
        self.assertNotIn(b"/1/0/9", found.payload)


class Provisioning(unittest.TestCase):
    def test_all_of_a_blob_or_nothing(self) -> None:
        field = Field("a")
        field.provision(server(0, 101), bootstrap=False)
        good = bootstrap_file({0: security(0, "coap://a", 101), 1: server(0, 101)})
        wrong = {
            "a Server instance without Security": {0: security(0, "coap://a", 101), 1: server(0, 102)},
            "a scheme that needs a key": {0: security(0, "coaps://a", 101), 1: server(0, 101)},
            "two bootstrap servers": {0: security(5, "coap://x", None) + security(6, "coap://y", None)},
            "no key": {0: security(0, "coaps://a", 101, mode=0, identity=b"me"), 1: server(0, 101)},
            "no Short Server ID": {0: security(0, "coap://a", None, bootstrap=False), 1: server(0, 101)},
        }
        for what, objects in wrong.items():
            with self.assertRaises(WhimbrelError, msg=what) as raised:
                field.client.provision(bootstrap_file(objects))
            self.assertEqual(raised.exception.status, Status.ERR_INCONSISTENT, what)
        # a card leaves out the keys that NoSec does not have
        bare = entry(0, 0, resource(0, "coap://a") + resource(1, False) + resource(2, 3) + resource(10, 101))
        for blob in (good, bootstrap_file({0: bare, 1: server(0, 101)})):
            field.client.provision(blob)
        field.pass_time(1000)
        self.assertEqual(field.told(EventCode.REGISTERED), [101])
        self.assertEqual(field.client.deadline().reason, Wake.UPDATE)

    def test_the_host_tool_makes_what_the_client_takes(self) -> None:
        sys.path.insert(0, str(File(__file__).resolve().parents[2] / "tools" / "provision"))
        import provision

        field = Field("bs", "a")
        blob = provision.make(
            {
                "bootstrap_server": {"uri": "coap://bs", "mode": "nosec", "hold_off": 3},
                "server": [{"short_server_id": 101, "uri": "coap://a", "mode": "nosec", "lifetime": 300, "retry_count": 2}],
            }
        )
        field.client.provision(blob)
        field.pass_time(1000)
        self.assertEqual(field.told(EventCode.REGISTERED), [101])
        found = field.ask("a", GET, "/1/0", b"", LINKS)
        assert found
        self.assertIn(b"</1/0/17>", found.payload)
        field.boot()
        self.assertEqual(field.accounts, 2)


if __name__ == "__main__":
    unittest.main()
