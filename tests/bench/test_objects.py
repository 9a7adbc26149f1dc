"""Objects declared in Python."""

from __future__ import annotations

import unittest

from coap import ACCEPT, CHANGED, CONTENT, CONTENT_FORMAT, CREATED, DELETE, DELETED, GET, OBSERVE, POST, PUT
from support import Virtual
from whimbrel import Chunk, Client, Deferred, EventCode, Object, Resource, Status, Type, WhimbrelError, execute

TEXT = (ACCEPT, b"")
AS_TEXT = (CONTENT_FORMAT, b"")
AS_OCTETS = (CONTENT_FORMAT, b"\x2a")
AS_TLV = (CONTENT_FORMAT, b"\x2d\x16")


class Everything(Object):
    object_id = 1000
    version = (1, 1)
    text = Resource(0, Type.STRING, default="a")
    integer = Resource(1, Type.INTEGER, default=-1)
    unsigned = Resource(2, Type.UNSIGNED, default=2**64 - 1)
    number = Resource(3, Type.FLOAT, default=0.5)
    boolean = Resource(4, Type.BOOLEAN, default=True)
    octets = Resource(5, Type.OPAQUE, default=b"\x00\x01")
    time = Resource(6, Type.TIME, default=1)
    link = Resource(7, Type.OBJLNK, default=(3, 0))
    many = Resource(8, Type.INTEGER, multiple=True, default={0: 1, 300: 2})
    stream = Resource(9, Type.OPAQUE, "W", stream=True)
    slow = Resource(10, Type.STRING, "R")
    picky = Resource(11, Type.INTEGER, default=0)

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.arguments: dict[int, str | None] = {}
        self.ready: str | None = None

    @stream.writer
    def _take(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)

    @slow.reader
    def _slow(self) -> str:
        if self.ready is None:
            raise Deferred
        return self.ready

    @picky.writer
    def _picky(self, value: int) -> None:
        raise WhimbrelError(Status.ERR_BAD_VALUE)

    @execute(12)
    def go(self, arguments: dict[int, str | None]) -> None:
        self.arguments = arguments


class Spawned(Object):
    object_id = 1001
    creatable = True
    name = Resource(0, Type.STRING, mandatory=True, default="")


class Declared(unittest.TestCase):
    def setUp(self) -> None:
        self.thing = Everything()
        self.thing.ready = "soon"
        self.spawned: dict[int, Object] = {}

        def furnish(client: Client) -> None:
            client.add_object(Everything, self.thing)
            self.spawned = client.add_object(Spawned)

        self.bench = Virtual(furnish)

    def test_every_type_is_read_and_written(self) -> None:
        values = [
            (0, b"a", b"b", "b"),
            (1, b"-1", b"-5", -5),
            (2, b"18446744073709551615", b"7", 7),
            (3, b"0.5", b"1.25", 1.25),
            (4, b"1", b"0", False),
            (5, b"AAE=", b"/w==", b"\xff"),
            (6, b"1", b"-1", -1),
            (7, b"3:0", b"65535:65535", (65535, 65535)),
        ]
        for resource, before, after, value in values:
            with self.subTest(resource=resource):
                path = f"/1000/0/{resource}"
                self.assertEqual(self.bench.ask(GET, path, b"", TEXT).payload, before)
                self.assertEqual(self.bench.ask(PUT, path, after, AS_TEXT).code, CHANGED)
                self.assertEqual(getattr(self.thing, Everything.resources()[resource].name), value)
                self.assertEqual(self.bench.ask(GET, path, b"", TEXT).payload, after)

    def test_resource_instances_are_a_dict(self) -> None:
        read = self.bench.ask(GET, "/1000/0/8")
        self.assertEqual((read.code, read.payload.hex()), (CONTENT, "8708" + "410001" + "61012c02"))
        written = self.bench.ask(PUT, "/1000/0/8", bytes.fromhex("8603410509"), AS_TLV)
        self.assertNotEqual(written.code, CHANGED, "a container longer than its content")
        self.assertEqual(self.bench.ask(PUT, "/1000/0/8", bytes.fromhex("8308410509"), AS_TLV).code, CHANGED)
        self.assertEqual(self.thing.many, {5: 9})

    def test_a_stream_comes_in_chunks(self) -> None:
        for number, data in ((0, b"x" * 16), (1, b"y" * 16), (2, b"z")):
            block = bytes([number << 4 | (8 if number < 2 else 0)])
            self.bench.ask(PUT, "/1000/0/9", data, AS_OCTETS, (27, block))
        self.assertEqual([(chunk.offset, chunk.last) for chunk in self.thing.chunks], [(0, 0), (16, 0), (32, 1)])
        self.assertEqual(b"".join(chunk.data for chunk in self.thing.chunks), b"x" * 16 + b"y" * 16 + b"z")

    def test_a_stream_ends_with_another_write(self) -> None:
        # found by the fuzz target engine: the handler got a chunk at 16 behind one at 0 that had 5 bytes
        self.bench.ask(PUT, "/1000/0/9", b"x" * 16, AS_OCTETS, (27, b"\x08"))
        self.assertEqual(self.bench.ask(PUT, "/1000/0/9", b"other", AS_OCTETS).code, CHANGED)
        self.assertEqual(self.bench.ask(PUT, "/1000/0/9", b"y" * 16, AS_OCTETS, (27, b"\x18")).code, 0x88)
        self.assertEqual([chunk.offset for chunk in self.thing.chunks], [0, 0])

    def test_all_blocks_have_one_etag(self) -> None:
        # found by the fuzz target tlv: numbers inside a window were not hashed
        blocks = [self.bench.ask(GET, "/1000/0", b"", (23, bytes([number << 4]))) for number in (0, 1)]
        self.assertTrue(all(block.all(4) for block in blocks))
        self.assertEqual(blocks[0].all(4), blocks[1].all(4))

    def test_an_answer_comes_later(self) -> None:
        self.thing.ready = None
        request = self.bench.server.request(GET, "/1000/0/10", b"", TEXT)
        self.bench.port.deliver(request.encode())
        self.bench.client.poll()
        self.assertEqual(self.bench.server.heard[-1].code, 0, "an empty Acknowledgement")
        self.thing.ready = "now"
        self.bench.client.complete("/1000/0/10")
        self.bench.client.run(lambda: self.bench.server.response(request) is not None)
        answer = self.bench.server.response(request)
        assert answer
        self.assertEqual((answer.code, answer.payload), (CONTENT, b"now"))

    def test_a_refusal_is_for_the_server_only(self) -> None:
        self.assertEqual(self.bench.ask(PUT, "/1000/0/11", b"1", AS_TEXT).code, 0x80)

    def test_execute_brings_its_arguments(self) -> None:
        self.assertEqual(self.bench.ask(POST, "/1000/0/12", b"5,2='10.3'", AS_TEXT).code, CHANGED)
        self.assertEqual(self.thing.arguments, {5: None, 2: "10.3"})

    def test_setting_an_attribute_notifies(self) -> None:
        observe = self.bench.ask(GET, "/1000/0/3", b"", (OBSERVE, b""), TEXT)
        self.thing.number = 2.5
        heard = len(self.bench.server.heard)
        self.bench.client.run(lambda: len(self.bench.server.heard) > heard)
        last = self.bench.server.heard[-1]
        self.assertEqual((last.token, last.payload), (observe.token, b"2.5"))

    def test_servers_create_and_delete(self) -> None:
        created = self.bench.ask(POST, "/1001", bytes.fromhex("0305c10061"), AS_TLV)
        self.assertEqual(created.code, CREATED)
        self.assertEqual(list(self.spawned), [5])
        self.assertEqual(self.spawned[5].name, "a")
        self.assertEqual(self.bench.client.wait_for(EventCode.CREATED).path, "/1001/5")
        self.assertEqual(self.bench.ask(DELETE, "/1001/5").code, DELETED)
        self.assertEqual(self.spawned, {})


if __name__ == "__main__":
    unittest.main()
