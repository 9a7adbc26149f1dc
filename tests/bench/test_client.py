"""A client in this process: over UDP in real time, and in memory under virtual time."""

from __future__ import annotations

import unittest

from coap import ACCEPT, CHANGED, CONTENT, CONTENT_FORMAT, DELETE, GET, OBSERVE, POST, PUT, URI_QUERY
from coap import Registrar
from support import UdpServer, Virtual
from whimbrel import Client, EventCode, Status, UdpPort, VirtualPort, Wake, WhimbrelError


class OverUdp(unittest.TestCase):
    def setUp(self) -> None:
        self.server = UdpServer()
        self.addCleanup(self.server.close)

    def test_registers_answers_and_leaves(self) -> None:
        port = UdpPort()
        self.server.on_heard = port.wake
        with Client("bench", port=port) as client:
            client.add_device(manufacturer="Whimbrel")
            client.add_account(self.server.uri, lifetime_s=300)
            event = client.wait_for(EventCode.REGISTERED)
            self.assertEqual((event.server, event.status), (1, 0))
            self.assertTrue(client.registered())
            queries = self.server.heard[0].all(URI_QUERY)
            self.assertIn(b"ep=bench", queries)
            self.assertIn(b"lt=300", queries)

            read = self.server.request(GET, "/3/0/0")
            self.server.send(read)
            client.run(lambda: self.server.response(read) is not None)
            answer = self.server.response(read)
            assert answer
            self.assertEqual(answer.code, CONTENT)
            self.assertIn(b"Whimbrel", answer.payload)

            client.stop()
            self.assertEqual((self.server.heard[-1].code, self.server.heard[-1].path), (DELETE, "/rd/5"))

    def test_a_name_is_looked_up_without_blocking(self) -> None:
        with Client("bench") as client:
            client.add_account(self.server.uri.replace("127.0.0.1", "localhost"))
            self.assertEqual(client.wait_for(EventCode.REGISTERED).server, 1)


class UnderVirtualTime(unittest.TestCase):
    def test_an_update_comes_before_the_lifetime_ends(self) -> None:
        bench = Virtual()
        bench.client.poll()
        self.assertEqual(bench.client.deadline().reason, Wake.UPDATE)
        began = bench.port.time
        bench.client.wait_for(EventCode.UPDATED, timeout=600)
        self.assertGreater(bench.port.time - began, 300_000)
        self.assertLess(bench.port.time - began, 600_000)

    def test_a_silent_server_is_asked_five_times(self) -> None:
        port = VirtualPort()
        with Client("bench", port=port) as client:
            client.add_account("coap://server")
            event = client.wait_for(EventCode.REGISTER_FAILED, timeout=100)
            self.assertEqual(event.status, Status.ERR_TIMEOUT)
            self.assertEqual(len({datagram for _, _, datagram in port.sent}), 1)
            times = [time for time, _, _ in port.sent]
            pauses = [later - earlier for earlier, later in zip(times, times[1:])]
            self.assertEqual(len(times), 5)
            self.assertTrue(2000 <= pauses[0] <= 3000, pauses)
            for before, after in zip(pauses, pauses[1:]):
                self.assertAlmostEqual(after, 2 * before, delta=2)

    def test_a_variable_of_the_device_is_observed(self) -> None:
        variables: dict = {}

        def furnish(client: Client) -> None:
            variables.update(client.add_device(manufacturer="Whimbrel", variables={"battery_level": 80}))

        bench = Virtual(furnish)
        observe = bench.ask(GET, "/3/0/9", b"", (OBSERVE, b""))
        self.assertEqual(observe.code, CONTENT)
        self.assertEqual(bench.client.wait_for(EventCode.OBSERVED).path, "/3/0/9")
        variables["battery_level"].value = 79
        bench.client.changed("/3/0/9")
        heard = len(bench.server.heard)
        bench.client.run(lambda: len(bench.server.heard) > heard)
        self.assertEqual(bench.server.heard[-1].token, observe.token)
        self.assertTrue(bench.server.heard[-1].payload.endswith(b"O"), "79 in TLV")

    def test_the_clock_is_read_and_set(self) -> None:
        clock = [1_500_000_000]

        def furnish(client: Client) -> None:
            client.add_device(get_time=lambda: clock[0], set_time=lambda seconds: clock.__setitem__(0, seconds))

        bench = Virtual(furnish)
        self.assertEqual(bench.ask(GET, "/3/0/13", b"", (ACCEPT, b"")).payload, b"1500000000")
        self.assertEqual(bench.ask(PUT, "/3/0/13", b"5", (CONTENT_FORMAT, b"")).code, CHANGED)
        self.assertEqual(clock, [5])


class TwoServers(unittest.TestCase):
    def test_each_has_the_rights_it_was_given(self) -> None:
        limits = {"servers": 2, "access": 2}
        server = Registrar()
        port = VirtualPort(lambda _, datagram: server.answer(datagram))
        with Client("bench", port=port, limits=limits, access_control=True) as client:
            client.add_device(manufacturer="Whimbrel")
            client.add_access("/3/0", owner=1, rights={2: 0})
            for id in (1, 2):
                client.add_account(f"coap://server{id}", id)
            client.run(lambda: client.registered(1) and client.registered(2))
            for link, code in ((0, CONTENT), (1, 0x81)):
                request = server.request(GET, "/3/0/0")
                port.deliver(request.encode(), link)
                client.run(lambda: server.response(request) is not None)
                answer = server.response(request)
                assert answer
                self.assertEqual(answer.code, code, f"link {link}")


class Errors(unittest.TestCase):
    def test_a_status_is_an_exception_with_its_name(self) -> None:
        with Client("bench", port=VirtualPort()) as client:
            client.add_account("coap://server")
            with self.assertRaisesRegex(WhimbrelError, r"WHIMBREL_ERR_FULL \(-4\): a table or buffer is full"):
                client.add_account("coap://other", 2)
            with self.assertRaisesRegex(WhimbrelError, r"WHIMBREL_ERR_BAD_VALUE \(-9\)"):
                client.add_account("coaps://other", 2)

    def test_what_a_port_function_raises_comes_out_of_poll(self) -> None:
        class Broken(VirtualPort):
            def send(self, link: int, datagram: bytes) -> None:
                raise ZeroDivisionError("in send")

        with Client("bench", port=Broken()) as client:
            client.add_account("coap://server")
            with self.assertRaisesRegex(ZeroDivisionError, "in send"):
                client.poll()
            # a lost datagram is all that it was: the next repetition is broken, too
            with self.assertRaisesRegex(ZeroDivisionError, "in send"):
                client.run(lambda: False, timeout=10)

    def test_a_link_that_did_not_open_is_not_closed(self) -> None:
        class Unreachable(VirtualPort):
            opened = closed = 0

            def open(self, link: int, host: str, port: int) -> bool:
                self.opened += 1
                if self.opened > 1:
                    raise OSError("no such host")
                return False

            def close(self, link: int) -> None:
                self.closed += 1

        port = Unreachable()
        with Client("bench", port=port) as client:
            client.add_account("coap://server")
            self.assertEqual(client.wait_for(EventCode.LINK_FAILED).status, Status.ERR_LINK)
        self.assertEqual((port.opened, port.closed), (2, 0))

    def test_what_a_handler_raises_comes_out_and_the_server_is_told(self) -> None:
        def burn() -> None:
            raise RuntimeError("reboot burns")

        bench = Virtual(lambda client: client.add_device(reboot=burn))
        request = bench.server.request(POST, "/3/0/4")
        bench.port.deliver(request.encode())
        with self.assertRaisesRegex(RuntimeError, "reboot burns"):
            bench.client.poll()
        answer = bench.server.response(request)
        assert answer
        self.assertEqual(answer.code, 0xA0)

    def test_nothing_works_behind_the_end(self) -> None:
        client = Client("bench", port=VirtualPort())
        client.end()
        client.end()
        with self.assertRaisesRegex(WhimbrelError, "WHIMBREL_ERR_ARGUMENT"):
            client.poll()


if __name__ == "__main__":
    unittest.main()
