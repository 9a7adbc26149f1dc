"""Whimbrel against Eclipse Leshan's bootstrap server, and the servers that it hands out. Codes are Leshan's: 204 is 2.04."""

from __future__ import annotations

import hashlib
import socket
import tempfile
import time
import unittest
from typing import Any

from certificates import DEVICE, folder, path
from client import Client
from leshan.bootstrap_server import BootstrapServer
from leshan.server import Server
from proxy import LossyProxy
from support import SEED, bootstrap_server, leshan, name, single

TLV = 11542
BAD_REQUEST = 0x80
READ, WRITE, EXECUTE, ALL = 1, 2, 4, 15  # of /2/x/2


def setUpModule() -> None:
    leshan()
    bootstrap_server()


def no_security(port: int, short_id: int = 101, **more: Any) -> dict[str, Any]:
    """A Security instance, with the names of Leshan's BootstrapConfig."""
    return {"uri": f"coap://127.0.0.1:{port}", "securityMode": "NO_SEC", "serverId": short_id, **more}


def pre_shared_key(port: int, identity: str, key: bytes, short_id: int = 101, **more: Any) -> dict[str, Any]:
    return {
        "uri": f"coaps://127.0.0.1:{port}", "securityMode": "PSK", "serverId": short_id,
        "publicKeyOrId": identity.encode().hex(), "secretKey": key.hex(), **more,
    }  # fmt: skip


def certificate(port: int, short_id: int = 101) -> dict[str, Any]:
    files = {"publicKeyOrId": f"{DEVICE}.der", "secretKey": f"{DEVICE}.key.der", "serverPublicKey": "main.der"}
    keys = {name: (folder() / file).read_bytes().hex() for name, file in files.items()}
    return {"uri": f"coaps://127.0.0.1:{port}", "securityMode": "X509", "serverId": short_id, **keys}


def registration(short_id: int = 101, lifetime: int = 200, **more: Any) -> dict[str, Any]:
    """A Server instance."""
    return {"shortId": short_id, "lifetime": lifetime, "binding": ["U"], "notifIfDisabled": True, **more}


def one_server(security: dict[str, Any], server: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Beside the bootstrap server's account, which is /0/0 of an empty device."""
    return {"security": {"1": security}, "servers": {"0": server or registration()}, **more}


def key_of(what: str) -> bytes:
    return hashlib.sha256(what.encode()).digest()[:16]


class Bootstrapping(unittest.TestCase):
    """Abstract: devices that begin and end within a case."""

    bootstrap: BootstrapServer
    server: Server
    second: Server

    @classmethod
    def setUpClass(cls) -> None:
        cls.bootstrap = bootstrap_server()
        cls.server, cls.second = leshan().servers
        cls.server.timeout = cls.second.timeout = 10.0

    def setUp(self) -> None:
        self.begin = self.bootstrap.events.mark()
        self.began = self.server.events.mark()

    def device(
        self, endpoint: str, version: str = "1.0", servers: list[int] | None = None, port: int = 0, secure: bool = False,
        **more: str,
    ) -> Client:  # fmt: skip
        """`port` instead of the bootstrap server's own; `more` are options of the client."""
        port = port or (self.bootstrap.coaps_port if secure else self.bootstrap.coap_port)
        uri = f"{'coaps' if secure else 'coap'}://127.0.0.1:{port}"
        client = Client(endpoint, servers or [], version, bootstrap=uri, more=more)
        self.addCleanup(client.stop)
        self.addCleanup(self.bootstrap.forget, endpoint)
        return client

    def configure(self, what: str, *arguments: Any, **options: Any) -> str:
        """A new endpoint with this configuration."""
        endpoint = name(what)
        self.bootstrap.configure(endpoint, *arguments, **options)
        return endpoint

    def told(self, event: str, endpoint: str, mark: int | None = None, timeout: float = 10.0) -> dict[str, Any]:
        """What the bootstrap server says."""
        return self.bootstrap.events.wait(event, endpoint, self.begin if mark is None else mark, timeout).data

    def answers(self, endpoint: str, mark: int | None = None) -> list[tuple[str, str, int]]:
        """What was asked of the client, in order, and its answers, when the session is over."""
        mark = self.begin if mark is None else mark
        self.bootstrap.events.wait(("FINISHED", "FAILED"), endpoint, mark, 45.0)
        events = self.bootstrap.events.since(mark, "ANSWERED", endpoint)
        return [(one.data["request"], one.data["path"], one.data["code"]) for one in events]

    def wire(self, way: str, code: str) -> list[dict[str, Any]]:
        """The bootstrap server's messages of this code, one at least, as it encoded or decoded them."""
        ours = lambda data: (data["way"], data["code"]) == (way, code)  # noqa: E731
        self.bootstrap.events.wait("COAP", None, self.begin, 10.0, ours)
        return [one.data for one in self.bootstrap.events.since(self.begin, "COAP", None, ours)]

    def registered(self, endpoint: str, server: Server | None = None, mark: int | None = None, timeout: float = 10.0) -> Any:
        """What the server says of the registration."""
        events = (server or self.server).events
        return events.wait("REGISTRATION", endpoint, self.began if mark is None else mark, timeout).data

    def works(self, endpoint: str, server: Server | None = None) -> None:
        answer = (server or self.server).read(endpoint, "/3/0/0", "TLV")
        self.assertEqual((answer.code, answer.value), (205, "Open Mobile Alliance"))

    def shook_hands(self, with_whom: BootstrapServer | Server, mark: int, identity: str) -> None:
        """The server says that it has admitted this identity."""
        ours = lambda data: data["what"] == "established" and data["identity"] == identity  # noqa: E731
        with_whom.events.wait("HANDSHAKE", None, mark, 10.0, ours)


class NoSec(Bootstrapping):
    """From a device that knows its bootstrap server alone to one that is registered (TS 1.0 section 5.2.3.3)."""

    def test_v10_in_tlv(self) -> None:
        endpoint = self.configure("empty", one_server(no_security(self.server.coap_port), registration(lifetime=222)))
        client = self.device(endpoint)
        told = self.registered(endpoint)
        self.assertEqual((told["version"], told["lifetime"], told["binding"]), ("1.0", 222, "U"))
        self.assertIsNone(self.told("INITIATED", endpoint)["preferred"])
        self.told("FINISHED", endpoint)
        asked = [("Write", "/0/1", 204), ("Write", "/1/0", 204), ("Finish", "null", 204)]
        self.assertEqual(self.answers(endpoint), asked)
        begin = self.wire("in", "0.02")[0]["options"]
        self.assertEqual(begin, f'{{"Uri-Path":"bs", "Uri-Query":"ep={endpoint}"}}')
        for write in self.wire("out", "0.03"):
            self.assertIn("application/vnd.oma.lwm2m+tlv", write["options"])
        self.works(endpoint)
        values = self.server.read(endpoint, "/1/0", "TLV").resources()
        self.assertEqual((values[0], values[1], values[6], values[7]), (101, 222, True, "U"))
        client.wait("event bootstrapped 0")
        self.assertEqual(client.stop(), 0)
        self.assertIsNone(self.server.client(endpoint))

    def test_v11_prefers_tlv(self) -> None:
        endpoint = self.configure("empty", one_server(no_security(self.server.coap_port)))
        self.device(endpoint, "1.1")
        self.assertEqual(self.registered(endpoint)["version"], "1.1")
        self.assertEqual(self.told("INITIATED", endpoint)["preferred"], TLV)
        self.assertIn('"pct=11542"', self.wire("in", "0.02")[0]["options"])
        self.told("FINISHED", endpoint)
        self.assertIn(("Finish", "null", 204), self.answers(endpoint))
        self.works(endpoint)

    def test_two_servers(self) -> None:
        security = {"1": no_security(self.server.coap_port), "2": no_security(self.second.coap_port, 102)}
        servers = {"0": registration(), "1": registration(102, 333)}
        also = self.second.events.mark()
        # both may use all that has no entry: the client is built without access control
        endpoint = self.configure("both", {"security": security, "servers": servers})
        self.device(endpoint)
        self.registered(endpoint)
        self.assertEqual(self.registered(endpoint, self.second, also)["lifetime"], 333)
        self.works(endpoint)
        self.works(endpoint, self.second)

    def test_after_the_hold_off_time(self) -> None:
        endpoint = self.configure("patient", one_server(no_security(self.server.coap_port)))
        start = time.time()
        self.device(endpoint, **{"hold-off": "1"})
        self.assertGreaterEqual(self.told("INITIATED", endpoint)["at"] / 1000 - start, 1.0)
        self.registered(endpoint)

    def test_through_a_lossy_network(self) -> None:
        proxy = LossyProxy(self.bootstrap.coap_port, SEED)
        self.addCleanup(proxy.stop)
        keys = one_server(no_security(self.server.coap_port), toDelete=["/0", "/1"], autoIdForSecurityObject=True)
        endpoint = self.configure("weather", keys)
        self.device(endpoint, "1.1", port=proxy.port)
        self.registered(endpoint, timeout=45.0)
        self.assertEqual([code for _, _, code in self.answers(endpoint)], [205, 202, 202, 204, 204, 204])
        self.told("FINISHED", endpoint, timeout=45.0)
        self.works(endpoint)


class Order(Bootstrapping):
    """What a bootstrap server does before it writes."""

    def factory(self, what: str, configuration: dict[str, Any], version: str = "1.0", **more: Any) -> str:
        """A device that has registered with the second server, and is now to be led to the first."""
        mark = self.second.events.mark()
        endpoint = self.configure(what, configuration, **more)
        client = self.device(endpoint, version, [self.second.coap_port])
        self.registered(endpoint, self.second, mark)
        client.wait("event registered 101")
        self.began, self.begin = self.server.events.mark(), self.bootstrap.events.mark()
        client.tell("bootstrap")
        return endpoint

    def replaced(self, endpoint: str) -> None:
        """It is registered with the first server, and knows no other."""
        self.registered(endpoint)
        self.told("FINISHED", endpoint)
        self.works(endpoint)
        servers = self.server.read(endpoint, "/1", "TLV").instances()
        self.assertEqual({number: values[0] for number, values in servers.items()}, {0: 107})

    def account(self) -> dict[str, Any]:
        # the bootstrap server's account of such a device is /0/1
        return {
            "security": {"0": no_security(self.server.coap_port, 107)}, "servers": {"0": registration(107)},
        }  # fmt: skip

    def test_deletes_everything_first(self) -> None:
        look = [{"verb": "discover", "path": "/"}]
        endpoint = self.factory("root", {**self.account(), "toDelete": ["/"], "then": look}, "1.1")
        self.replaced(endpoint)
        asked = self.answers(endpoint)
        self.assertEqual([code for _, _, code in asked], [202, 204, 204, 205, 204])
        self.assertEqual(asked[0], ("Delete", "/", 202))
        # its own account and the device stay
        links = self.links(endpoint)
        self.assertEqual(links["/0/1"], {})
        self.assertIn("/3/0", links)
        self.assertNotIn("/26241/0", links)

    def test_deletes_the_accounts_first(self) -> None:
        endpoint = self.factory("parts", {**self.account(), "toDelete": ["/0", "/1"]})
        self.replaced(endpoint)
        asked = [("Delete", "/0", 202), ("Delete", "/1", 202)]
        self.assertEqual(self.answers(endpoint)[:2], asked)
        self.assertEqual(self.server.read(endpoint, "/26241/0/1", "TLV").code, 205)

    def links(self, endpoint: str, mark: int | None = None) -> dict[str, Any]:
        """What the last Discover brought, as Leshan parsed it."""
        events = self.bootstrap.events.since(
            self.begin if mark is None else mark, "ANSWERED", endpoint, lambda data: data["request"] == "Discover"
        )
        return {one["url"]: one["attributes"] for one in events[-1].data["links"]}

    def discovered(self, version: str) -> dict[str, Any]:
        """Leshan asks, and then takes an instance of /0 that is not its own: 0 here, as its own is 1."""
        endpoint = self.factory("asked", {**self.account(), "autoIdForSecurityObject": True}, version)
        self.registered(endpoint)
        self.told("FINISHED", endpoint)
        asked = [("Discover", "/", 205), ("Write", "/0/0", 204), ("Write", "/1/0", 204), ("Finish", "null", 204)]
        self.assertEqual(self.answers(endpoint), asked)
        self.works(endpoint)
        links = self.links(endpoint)
        self.assertEqual((links["/0/1"], links["/1/0"]), ({}, {"ssid": "101"}))
        return links

    def test_discovers_where_its_own_account_is_v10(self) -> None:
        links = self.discovered("1.0")
        self.assertEqual((links["/"], links["/0/0"]), ({"lwm2m": "1.0"}, {"ssid": "101"}))

    def test_discovers_where_its_own_account_is_v11(self) -> None:
        links = self.discovered("1.1")
        uri = f'"coap://127.0.0.1:{self.second.coap_port}"'
        self.assertEqual((links["/"], links["/0/0"]), ({"lwm2m": "1.1"}, {"ssid": "101", "uri": uri}))

    def test_writes_to_other_objects_and_reads_back(self) -> None:
        then = [
            {"verb": "write", "path": "/3/0/14", "node": single("string", "-05:00"), "format": "TEXT"},
            {"verb": "write", "path": "/26241/0", "node": {"resources": {"1": single("integer", 77)}}, "format": "TLV"},
            {"verb": "read", "path": "/1"},
            {"verb": "read", "path": "/1/0"},
            {"verb": "discover", "path": "/1"},
        ]
        endpoint = self.configure("more", one_server(no_security(self.server.coap_port), then=then))
        self.device(endpoint, "1.1")
        self.registered(endpoint)
        self.assertEqual([code for _, _, code in self.answers(endpoint)][2:-1], [204, 204, 205, 205, 205])
        reads = self.bootstrap.events.since(self.begin, "ANSWERED", endpoint, lambda data: data["request"] == "Read")
        whole, instance = (one.data.get("content") for one in reads)
        assert whole and instance
        self.assertEqual(whole["instances"]["0"], instance)
        self.assertEqual(instance["resources"]["1"]["value"], 200)
        self.assertEqual(self.links(endpoint), {"/": {"lwm2m": "1.1"}, "/1/0": {"ssid": "101"}})
        self.assertEqual(self.server.read(endpoint, "/3/0/14", "TEXT").value, "-05:00")
        self.assertEqual(self.server.read(endpoint, "/26241/0/1", "TEXT").value, 77)


class Keys(Bootstrapping):
    """Secured bootstrap servers that hand out keys (TS 1.0 section 7.1)."""

    def keyed(self, what: str) -> str:
        """The name of an endpoint for which keys are made. Its client is stopped before they are taken away."""
        endpoint = name(what)
        self.addCleanup(self.bootstrap.disallow, endpoint)
        self.addCleanup(self.server.disallow, endpoint)
        return endpoint

    def psk_device(self, endpoint: str, version: str = "1.0", **more: str) -> Client:
        """It has a key for the bootstrap server alone."""
        identity, key = f"bootstrap of {endpoint}", key_of("bootstrap" + endpoint)
        self.bootstrap.allow(endpoint, identity, key)
        more = {"psk-identity": identity, "psk-key": key.hex(), **more}
        return self.device(endpoint, version, secure=True, **more)

    def handed_out(self, endpoint: str, which: str) -> dict[str, Any]:
        """An account with a key that the server lets in from now on, and no other."""
        identity, key = f"{which} of {endpoint}", key_of(which + endpoint)
        self.server.allow(endpoint, identity, key)
        return one_server(pre_shared_key(self.server.coaps_ports["main"], identity, key))

    def test_pre_shared_keys(self) -> None:
        endpoint = self.keyed("keyed")
        self.bootstrap.configure(endpoint, self.handed_out(endpoint, "first"))
        client = self.psk_device(endpoint)
        self.registered(endpoint)
        self.shook_hands(self.bootstrap, self.begin, f"bootstrap of {endpoint}")
        self.shook_hands(self.server, self.began, f"first of {endpoint}")
        self.assertIn(f"bootstrap of {endpoint}", self.told("INITIATED", endpoint)["identity"])
        self.told("FINISHED", endpoint)
        self.works(endpoint)
        client.wait("event secured 101")

    def test_from_no_security_to_a_pre_shared_key(self) -> None:
        endpoint = self.keyed("bare")
        self.bootstrap.configure(endpoint, self.handed_out(endpoint, "first"))
        self.device(endpoint)
        self.registered(endpoint)
        self.shook_hands(self.server, self.began, f"first of {endpoint}")
        self.works(endpoint)

    def test_certificates(self) -> None:
        """More than a datagram: Leshan sends the account in blocks."""
        for who in (self.bootstrap, self.server):
            who.allow_certificate(DEVICE)
            self.addCleanup(who.disallow, DEVICE)
        self.bootstrap.configure(DEVICE, one_server(certificate(self.server.coaps_ports["main"])))
        files = {"certificate": f"{DEVICE}.der", "key": f"{DEVICE}.key.der", "server-key": "main.der"}
        client = self.device(DEVICE, secure=True, **{option: path(file) for option, file in files.items()})
        self.registered(DEVICE)
        self.shook_hands(self.bootstrap, self.begin, f"CN={DEVICE}")
        self.shook_hands(self.server, self.began, f"CN={DEVICE}")
        self.told("FINISHED", DEVICE)
        blocks = [one for one in self.wire("out", "0.03") if "Block1" in one["options"]]
        self.assertGreater(len(blocks), 1)
        self.works(DEVICE)
        self.assertEqual(client.status("event secured 101"), 0xC0AE)

    def test_bootstrap_again_brings_new_keys(self) -> None:
        """A server executes /1/0/9 of LwM2M 1.1; then it knows the client by the new key only."""
        endpoint = self.keyed("renewed")
        self.bootstrap.configure(endpoint, self.handed_out(endpoint, "first"))
        self.psk_device(endpoint, "1.1")
        self.registered(endpoint)
        begin, mark = self.bootstrap.events.mark(), self.server.events.mark()
        self.bootstrap.configure(endpoint, self.handed_out(endpoint, "second"))
        self.assertEqual(self.server.execute(endpoint, "/1/0/9").code, 204)
        self.told("FINISHED", endpoint, begin)
        self.registered(endpoint, mark=mark)
        self.shook_hands(self.server, mark, f"second of {endpoint}")
        self.works(endpoint)

    def test_the_bootstrap_server_changes_its_own_key(self) -> None:
        endpoint = self.keyed("rolled")
        first = self.handed_out(endpoint, "first")
        identity, key = f"rolled of {endpoint}", key_of("rolled" + endpoint)
        own = pre_shared_key(self.bootstrap.coaps_port, identity, key, 0, bootstrapServer=True, clientOldOffTime=0)
        self.bootstrap.configure(endpoint, {**first, "security": {**first["security"], "0": own}})
        client = self.psk_device(endpoint)
        self.registered(endpoint)
        self.told("FINISHED", endpoint)
        self.works(endpoint)
        self.bootstrap.allow(endpoint, identity, key)
        begin, mark = self.bootstrap.events.mark(), self.server.events.mark()
        client.tell("bootstrap")
        self.told("FINISHED", endpoint, begin)
        self.shook_hands(self.bootstrap, begin, identity)
        self.back(endpoint, mark)

    def back(self, endpoint: str, mark: int) -> None:
        """The account has the same keys as before, so an Update may do."""
        self.server.events.wait(("REGISTRATION", "UPDATED"), endpoint, mark)
        self.works(endpoint)

    def test_what_was_handed_out_outlives_a_power_cut(self) -> None:
        with tempfile.TemporaryDirectory() as storage:
            endpoint = self.keyed("durable")
            self.bootstrap.configure(endpoint, self.handed_out(endpoint, "first"))
            client = self.psk_device(endpoint, storage=storage)
            self.registered(endpoint)
            self.works(endpoint)
            client.kill()
            begin, mark = self.bootstrap.events.mark(), self.server.events.mark()
            again = self.psk_device(endpoint, storage=storage)
            again.wait("event resumed 101")
            self.server.events.wait("UPDATED", endpoint, mark)
            self.works(endpoint)
            again.stop()
            self.assertEqual(self.bootstrap.events.since(begin, "INITIATED", endpoint), [])


class Failures(Bootstrapping):
    """What goes wrong, and that it is told and tried again."""

    def test_an_endpoint_that_nobody_knows_is_refused_and_tries_again(self) -> None:
        endpoint = name("nobody")
        client = self.device(endpoint)
        self.told("NO_CONFIGURATION", endpoint)
        self.assertEqual(self.told("FAILED", endpoint)["cause"], "NO_BOOTSTRAP_CONFIG")
        self.assertEqual(client.status("event bootstrap-failed 0"), BAD_REQUEST)
        self.wire("out", "4.00")
        self.bootstrap.configure(endpoint, one_server(no_security(self.server.coap_port)))
        self.registered(endpoint, timeout=20.0)
        self.works(endpoint)

    def test_an_endpoint_that_proves_nothing_is_refused(self) -> None:
        endpoint = self.configure("unproven", one_server(no_security(self.server.coap_port)))
        self.bootstrap.allow(endpoint, "somebody", bytes(16))
        self.addCleanup(self.bootstrap.disallow, endpoint)
        client = self.device(endpoint)
        self.told("UNAUTHORIZED", endpoint)
        self.assertEqual(client.status("event bootstrap-failed 0"), BAD_REQUEST)
        self.assertIsNone(self.server.client(endpoint))
        self.bootstrap.disallow(endpoint)
        self.registered(endpoint, timeout=20.0)

    def refused(self, what: str, configuration: dict[str, Any]) -> None:
        """Finish is answered with 4.06, and the device is as empty as before."""
        endpoint = self.configure(what, configuration, checked=False)
        client = self.device(endpoint)
        self.assertEqual(self.told("FAILED", endpoint)["cause"], "FINISH_FAILED")
        self.assertEqual(self.answers(endpoint)[-1], ("Finish", "null", 406))
        self.wire("in", "4.06")
        self.assertEqual(client.stop(), 0)
        told = ("event bootstrapped", "event account-added", "event registered")
        self.assertEqual([one for start in told for one in client.since(0, start)], [])
        self.assertEqual(self.server.events.since(self.began, "REGISTRATION", endpoint), [])

    def test_a_server_without_a_way_to_it_is_inconsistent(self) -> None:
        account = one_server(no_security(self.server.coap_port))
        account["servers"]["1"] = registration(102)
        self.refused("dangling", account)

    def test_a_way_without_a_server_is_inconsistent(self) -> None:
        self.refused("orphan", {"security": {"1": no_security(self.server.coap_port)}})

    def test_nothing_at_all_is_inconsistent(self) -> None:
        self.refused("nothing", {})

    def test_what_was_refused_leaves_no_trace(self) -> None:
        """A device with a server keeps it over a bootstrap that Leshan gives up, a power cut, and a good one then."""
        mark = self.second.events.mark()
        with tempfile.TemporaryDirectory() as storage:
            account = {"security": {"0": no_security(self.server.coap_port, 107)}}
            endpoint = self.configure("unshaken", account, checked=False)
            client = self.device(endpoint, servers=[self.second.coap_port], storage=storage)
            self.registered(endpoint, self.second, mark)
            client.wait("event registered 101")
            client.tell("bootstrap")
            self.assertEqual(self.told("FAILED", endpoint)["cause"], "FINISH_FAILED")
            client.kill()
            mark = self.second.events.mark()
            client = self.device(endpoint, servers=[self.second.coap_port], storage=storage)
            self.second.events.wait("UPDATED", endpoint, mark)
            self.works(endpoint, self.second)
            self.bootstrap.configure(endpoint, {**account, "servers": {"0": registration(107)}})
            client.tell("bootstrap")
            self.told("FINISHED", endpoint)
            self.registered(endpoint)
            self.works(endpoint)

    def test_servers_that_all_fail_lead_back_to_the_bootstrap_server(self) -> None:
        """By the resources 17 to 20 of LwM2M 1.1, which Leshan writes."""
        quick = {
            "communicationRetryCount": "1", "CommunicationRetryTimer": "1", "SequenceDelayTimer": "1",
            "SequenceRetryCount": "1", "bootstrapOnRegistrationFailure": True,
        }  # fmt: skip
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead:
            dead.bind(("127.0.0.1", 0))
            port = dead.getsockname()[1]
            endpoint = self.configure("stranded", one_server(no_security(port), registration(**quick)))
            client = self.device(endpoint, "1.1", retransmissions="1")
            self.told("FINISHED", endpoint)
            begin = self.bootstrap.events.mark()
            client.wait("event register-failed 101", 0, 20.0)
            self.bootstrap.configure(endpoint, one_server(no_security(self.server.coap_port)))
            self.told("FINISHED", endpoint, begin, 20.0)
        self.registered(endpoint)
        self.works(endpoint)


class Rights(Bootstrapping):
    """Access Control instances that the bootstrap server writes (TS 1.0 section 7.3)."""

    def test_each_server_has_what_it_was_given(self) -> None:
        security = {"1": no_security(self.server.coap_port), "2": no_security(self.second.coap_port, 102)}
        given = {
            (1, 0): {"101": ALL}, (1, 1): {"102": ALL}, (3, 0): {"101": READ | EXECUTE, "102": READ},
            (26241, 0): {"101": READ | WRITE, "0": READ},
        }  # fmt: skip
        acls = {
            str(number): {"objectId": where[0], "objectInstanceId": where[1], "acls": rights, "AccessControlOwner": 101}
            for number, (where, rights) in enumerate(given.items())
        }
        servers = {"0": registration(), "1": registration(102)}
        account = {"security": security, "servers": servers, "acls": acls, "then": [{"verb": "read", "path": "/2"}]}
        endpoint = self.configure("rights", account)
        also = self.second.events.mark()
        self.device(endpoint, "1.1", access="yes")
        self.registered(endpoint)
        self.registered(endpoint, self.second, also)
        self.told("FINISHED", endpoint)
        read = self.bootstrap.events.since(self.begin, "ANSWERED", endpoint, lambda data: data["request"] == "Read")
        entries = read[0].data["content"]["instances"]
        self.assertEqual(entries["2"]["resources"]["2"]["values"], {"101": READ | EXECUTE, "102": READ})
        value = single("integer", 5)
        self.assertEqual(self.server.write(endpoint, "/26241/0/1", value, "TLV").code, 204)
        self.assertEqual(self.second.read(endpoint, "/26241/0/1", "TLV").value, 5)
        self.assertEqual(self.second.write(endpoint, "/26241/0/1", value, "TLV").code, 401)
        self.assertEqual(self.second.read(endpoint, "/3/0/0", "TLV").code, 205)
        self.assertEqual(self.second.execute(endpoint, "/3/0/4").code, 401)
        self.assertEqual(self.server.execute(endpoint, "/3/0/4").code, 204)
        self.assertEqual(self.second.read(endpoint, "/1/0/1", "TLV").code, 401)
        self.assertEqual(self.second.read(endpoint, "/3303/0/5700", "TLV").code, 401)
        self.assertEqual(self.server.read(endpoint, "/2/2/3", "TLV").value, 101)


del Bootstrapping  # abstract: unittest must not collect them here
