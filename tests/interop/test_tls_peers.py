"""Each cipher suite against OpenSSL and against GnuTLS, whose records and handshakes are nobody else's."""

from __future__ import annotations

import unittest

from certificates import DEVICE, path
from client import ERRORS, TARGET, Client
from peers import CHANGED, CON, GnuTls, OpenSsl, Peer
from support import name

IDENTITY, KEY = "whimbrel", "0123456789abcdef0123456789abcdef"
GET, POST, PUT, DELETE = 1, 2, 3, 4
CONTENT = 0x45
CONTENT_FORMAT, ACCEPT = 12, 17
TEXT = (ACCEPT, b"")

# IANA number, OpenSSL's name, the part of GnuTLS's priority string that allows only this, GnuTLS's name
PSK = [
    (0xC0A8, "PSK-AES128-CCM8", "+PSK:+AES-128-CCM-8:+AEAD", "PSK_AES_128_CCM_8"),
    (0x00AE, "PSK-AES128-CBC-SHA256", "+PSK:+AES-128-CBC:+SHA256", "PSK_AES_128_CBC_SHA256"),
    (0xC0A4, "PSK-AES128-CCM", "+PSK:+AES-128-CCM:+AEAD", "PSK_AES_128_CCM"),
    (0x00A8, "PSK-AES128-GCM-SHA256", "+PSK:+AES-128-GCM:+AEAD", "PSK_AES_128_GCM_SHA256"),
]
ECDSA = [
    (0xC0AE, "ECDHE-ECDSA-AES128-CCM8", "+ECDHE-ECDSA:+AES-128-CCM-8:+AEAD", "ECDHE_ECDSA_AES_128_CCM_8"),
    (0xC023, "ECDHE-ECDSA-AES128-SHA256", "+ECDHE-ECDSA:+AES-128-CBC:+SHA256", "ECDHE_ECDSA_AES_128_CBC_SHA256"),
    (0xC0AC, "ECDHE-ECDSA-AES128-CCM", "+ECDHE-ECDSA:+AES-128-CCM:+AEAD", "ECDHE_ECDSA_AES_128_CCM"),
    (0xC02B, "ECDHE-ECDSA-AES128-GCM-SHA256", "+ECDHE-ECDSA:+AES-128-GCM:+AEAD", "ECDHE_ECDSA_AES_128_GCM_SHA256"),
]


class Peers(unittest.TestCase):
    """Abstract."""

    def client(self, peer: Peer, port: int, security: dict[str, str], **options: str) -> Client:
        self.addCleanup(peer.stop)
        client = Client(name("peer"), [port], security={**security, **options}, lifetime=86400)
        self.addCleanup(client.abandon)
        return client

    @staticmethod
    def pre_shared() -> dict[str, str]:
        return {"psk-identity": IDENTITY, "psk-key": KEY}

    @staticmethod
    def certificate(server_key: str = "main", usage: str = "none") -> dict[str, str]:
        return {
            "certificate": path(f"{DEVICE}.der"), "key": path(f"{DEVICE}.key.der"),
            "server-key": path(f"{server_key}.der"), "usage": usage,
        }  # fmt: skip


class AgainstOpenSsl(Peers):
    """Register, Read, Write, Update and De-register, with the test as the server behind OpenSSL."""

    psk = ("-nocert", "-psk_identity", IDENTITY, "-psk", KEY)

    @staticmethod
    def shows(certificate: str) -> tuple[str, ...]:
        """The chain that it sends, and that it wants a certificate of the client, by our authority."""
        files = {"-cert": f"{certificate}.pem", "-key": f"{certificate}.key.pem", "-CAfile": "trusted.pem"}
        if certificate == "long":
            files["-cert_chain"] = "long.above.pem"
        words = (word for option, file in files.items() for word in (option, path(file)))
        return (*words, "-Verify", "3", "-verify_return_error")

    def exchanges(self, peer: OpenSsl, client: Client) -> None:
        register = peer.receive()
        self.assertEqual((register.kind, register.code, register.path), (CON, POST, "/rd"))
        self.assertIn(f"ep={client.endpoint}".encode(), register.all(15))
        client.wait("event registered 101")
        read = peer.ask(GET, "/3/0/0", b"", TEXT)
        self.assertEqual((read.code, read.payload), (CONTENT, b"Open Mobile Alliance"))
        self.assertEqual(peer.ask(PUT, "/26241/0/1", b"-42", (CONTENT_FORMAT, b"")).code, CHANGED)
        self.assertEqual(peer.ask(GET, "/26241/0/1", b"", TEXT).payload, b"-42")
        long = peer.ask(GET, "/26242/0/0", b"", (ACCEPT, b"\x2a"), (23, b"\x06"))
        self.assertEqual(long.payload, bytes((7 * i + 3) % 256 for i in range(1024)))
        client.tell("update")
        self.assertEqual(peer.receive().path, "/rd/5")
        client.wait("event updated 101")
        client.tell("quit")
        self.assertEqual((peer.receive().code, client.wait("event deregistered")), (DELETE, "event deregistered 101"))

    def test_each_suite_with_a_pre_shared_key(self) -> None:
        for number, ciphers, _, _ in PSK:
            with self.subTest(ciphers):
                peer = OpenSsl(ciphers, *self.psk)
                client = self.client(peer, peer.port, self.pre_shared(), suites=f"{number:04x}")
                self.exchanges(peer, client)
                self.assertEqual(client.status("event secured 101"), number)
                peer.says(f"Ciphersuite: {ciphers}")

    def test_each_suite_with_certificates(self) -> None:
        for number, ciphers, _, _ in ECDSA:
            with self.subTest(ciphers):
                peer = OpenSsl(ciphers, *self.shows("main"))
                client = self.client(peer, peer.port, self.certificate(), suites=f"{number:04x}")
                self.exchanges(peer, client)
                self.assertEqual(client.status("event secured 101"), number)
                peer.says(f"Ciphersuite: {ciphers}")
                peer.says(f"Peer certificate: CN = {DEVICE}")

    def test_the_list_by_default_has_a_suite_for_each(self) -> None:
        for number, ciphers, _, _ in (PSK[0], ECDSA[0]):
            with self.subTest(ciphers):
                options = self.psk if ciphers.startswith("PSK") else self.shows("main")
                peer = OpenSsl(ciphers, *options)
                security = self.pre_shared() if ciphers.startswith("PSK") else self.certificate()
                client = self.client(peer, peer.port, security)
                self.exchanges(peer, client)
                self.assertEqual(client.status("event secured 101"), number)

    def test_a_cookie_is_asked_for(self) -> None:
        """RFC 6347 section 4.2.1: HelloVerifyRequest."""
        peer = OpenSsl("PSK-AES128-CCM8", "-listen", *self.psk)
        self.exchanges(peer, self.client(peer, peer.port, self.pre_shared()))

    def test_a_chain_in_fragments(self) -> None:
        """Three certificates one way and one the other, through datagrams of at most 256 bytes."""
        for cookie in ((), ("-listen",)):
            with self.subTest(cookie=cookie):
                peer = OpenSsl("ECDHE-ECDSA-AES128-CCM8", "-mtu", "256", *cookie, *self.shows("long"))
                client = self.client(peer, peer.port, self.certificate("root", "2"), mtu="256", datagram="128")
                peer.receive()
                client.wait("event registered 101")
                self.assertEqual(peer.ask(GET, "/3/0/0", b"", TEXT).payload, b"Open Mobile Alliance")

    def test_resumption_by_ticket_and_by_session_id(self) -> None:
        """Disabled for a second, the client says goodbye, and comes back with what it was given (RFC 5077, RFC 5246)."""
        for by, options in (("ticket", ()), ("session id", ("-no_ticket",))):
            with self.subTest(by):
                peer = OpenSsl("PSK-AES128-CCM8", *self.psk, *options)
                client = self.client(peer, peer.port, self.pre_shared())
                peer.receive()
                client.wait("event registered 101")
                self.assertEqual(client.status("event secured 101"), 0xC0A8)
                self.assertEqual(peer.ask(PUT, "/1/0/5", b"1", (CONTENT_FORMAT, b"")).code, CHANGED)
                mark = client.mark()
                self.assertEqual(peer.ask(POST, "/1/0/4").code, CHANGED)
                self.assertEqual(peer.receive().code, DELETE)
                self.assertEqual(client.status("event resumed 101", mark), 0xC0A8)
                self.assertEqual(peer.receive().path, "/rd")
                client.wait("event registered 101", mark)
                self.assertEqual(client.since(mark, "event secured"), [])
                self.assertEqual(peer.ask(GET, "/3/0/0", b"", TEXT).payload, b"Open Mobile Alliance")

    def test_an_old_version_is_refused(self) -> None:
        """RFC 7925 section 4.1: DTLS 1.2 and nothing before."""
        peer = OpenSsl("PSK-AES128-CBC-SHA256", *self.psk, version="dtls1")
        client = self.client(peer, peer.port, self.pre_shared(), suites="00ae")
        self.assertEqual(client.status("event security-failed 101"), ERRORS["HANDSHAKE"])
        peer.says("alert protocol version")
        self.assertEqual(client.since(0, "event secured"), [])

    def test_the_server_name_goes_out_and_an_address_does_not(self) -> None:
        """RFC 6066 section 3. Another name than the one it knows is fatal to this server."""
        known = ("-servername", "elsewhere.example", "-servername_fatal")
        hidden = ("-cert2", path("other.pem"), "-key2", path("other.key.pem"))
        for sni in ("elsewhere.example", None, "localhost"):
            with self.subTest(sni=sni):
                peer = OpenSsl("ECDHE-ECDSA-AES128-CCM8", *self.shows("main"), *known, *hidden)
                options = {"sni": sni} if sni else {}
                client = self.client(peer, peer.port, self.certificate("root", "2"), **options)
                if sni == "localhost":
                    self.assertEqual(client.status("event alert 101"), 112, "unrecognized_name")
                    client.wait("event security-failed 101")
                else:
                    peer.receive()
                    client.wait("event registered 101")

    def test_no_suite_in_common(self) -> None:
        peer = OpenSsl("ECDHE-ECDSA-AES256-GCM-SHA384", *self.shows("main"))
        client = self.client(peer, peer.port, self.certificate())
        self.assertEqual(client.status("event alert 101"), 40, "handshake_failure")
        client.wait("event security-failed 101")
        self.assertEqual(client.since(0, "event secured"), [])

    def test_a_certificate_that_is_another(self) -> None:
        peer = OpenSsl("ECDHE-ECDSA-AES128-CCM8", *self.shows("long"))
        client = self.client(peer, peer.port, self.certificate("main"))
        self.assertEqual(client.status("event security-failed 101"), ERRORS["CERTIFICATE"])
        peer.says("alert")  # OpenSSL says which one it was given
        self.assertEqual(client.since(0, "event secured"), [])


class AgainstGnuTls(Peers):
    """What comes back is our own Register. The client answers no request before it is registered, but decrypts it."""

    psk_file = TARGET / "gnutls-psk.txt"

    @classmethod
    def setUpClass(cls) -> None:
        TARGET.mkdir(parents=True, exist_ok=True)
        cls.psk_file.write_text(f"{IDENTITY}:{KEY}\n")

    @staticmethod
    def priority(allowed: str) -> str:
        return f"NONE:+VERS-DTLS1.2:+COMP-NULL:+SIGN-ALL:+GROUP-SECP256R1:+CTYPE-X509:{allowed}"

    def echoes(self, peer: GnuTls, client: Client, number: int, suite: str) -> None:
        self.assertEqual(client.status("event secured 101"), number)
        peer.says(f"Cipher Suite: GNUTLS_{suite}\n")
        # a Confirmable POST with a token of two bytes; the length that it tells counts to the first NUL
        peer.says("bytes command: B\x02")
        sent = client.status("record out")
        self.assertGreater(sent, len("</1/0>,</3/0>,</3303/0>,</26241/0>,</26242/0>"))
        self.assertEqual(client.status("record in"), sent)

    def test_each_suite_with_a_pre_shared_key(self) -> None:
        for number, _, allowed, suite in PSK:
            with self.subTest(suite):
                peer = GnuTls(self.priority(allowed), "--pskpasswd", str(self.psk_file))
                self.echoes(peer, self.client(peer, peer.port, self.pre_shared()), number, suite)

    def test_each_suite_with_certificates(self) -> None:
        files = {"x509certfile": "main.chain.pem", "x509keyfile": "main.key.pem", "x509cafile": "trusted.pem"}
        options = [word for option, file in files.items() for word in (f"--{option}", path(file))]
        for number, _, allowed, suite in ECDSA:
            with self.subTest(suite):
                peer = GnuTls(self.priority(allowed), "--require-client-cert", "--verify-client-cert", *options)
                self.echoes(peer, self.client(peer, peer.port, self.certificate()), number, suite)

    def test_an_identity_that_it_does_not_know(self) -> None:
        """GnuTLS goes on with a key that nobody has, so as not to tell (RFC 4279 section 2)."""
        number, _, allowed, _ = PSK[0]
        peer = GnuTls(self.priority(allowed), "--pskpasswd", str(self.psk_file))
        security = {**self.pre_shared(), "psk-identity": "nobody"}
        client = self.client(peer, peer.port, security, suites=f"{number:04x}")
        self.assertEqual(client.status("event security-failed 101"), ERRORS["TIMEOUT"])
        self.assertEqual(client.since(0, "event secured"), [])


del Peers  # abstract: unittest must not collect it here
