"""The main cases, each said once; test_leshan.py runs them at 1.0, at 1.1 and through a lossy network.

Every assertion is on what Leshan reports. Codes are Leshan's: 205 is 2.05.
"""

from __future__ import annotations

import zlib
from typing import Any

from support import Bench, multiple, single

FORMATS = {"TEXT": 0, "OPAQUE": 42, "TLV": 11542, "JSON": 11543}

# TS 1.0 appendix F, table 40; 13 (Current Time) goes on by itself.
DEVICE = {
    0: "Open Mobile Alliance", 1: "Lightweight M2M Client", 2: "345000123", 3: "1.0", 6: {0: 1, 1: 5},
    7: {0: 3800, 1: 5000}, 8: {0: 125, 1: 900}, 9: 100, 10: 15, 11: {0: 0}, 14: "+02:00", 16: "U",
}  # fmt: skip

# One writable value per type of object 26241: resource id is the index; multiple ones are at 10 and on.
SINGLE: list[tuple[str, list[Any]]] = [
    ("string", ["a b", "Grüße, 世界"]),
    ("integer", [0, -1, 127, 128, -129, 65536, 2**31, -(2**63), 2**63 - 1]),
    ("float", [0.0, -2.5, 1e300, 0.1]),
    ("boolean", [True, False]),
    ("opaque", ["00", "00ff8041" * 3]),
    ("time", [0, 1367491215, 2**33]),
    ("objlnk", ["3:0", "65535:65535"]),
]
MULTIPLE: list[tuple[str, list[Any]]] = [
    ("string", ["red", "grün", "x" * 300]),
    ("integer", [1, -70000, 2**40]),
    ("float", [1.5, -2.25]),
    ("boolean", [True, False, True]),
    ("opaque", ["01", "ff00"]),
    ("time", [0, 1367491215]),
    ("objlnk", ["3:0", "1:0"]),
]


class MainCases(Bench):
    """Abstract: test_leshan.py derives the variants that run."""

    def test_registration_tells_the_right_parameters(self) -> None:
        told = self.registration
        self.assertEqual(told["version"], self.version)
        self.assertEqual((told["lifetime"], told["binding"], told["queueMode"]), (300, "U", False))
        self.assertEqual(told["rootPath"], "/")
        for path in ("/1/0", "/3/0", "/3303/0", "/26241/0", "/26242/0"):
            self.assertIn(path, told["instances"])
        self.assertNotIn("/0", {"/" + path.split("/")[1] for path in told["instances"]})

    # Read

    def test_read_resource_in_each_format(self) -> None:
        for path, value in (("/3/0/0", DEVICE[0]), ("/3/0/9", 100), ("/1/0/6", True), ("/3/0/13", None)):
            for form in (None, "TEXT", "TLV", "JSON"):
                with self.subTest(path=path, form=form):
                    answer = self.succeeds(self.read(path, form), 205)
                    if value is not None:
                        self.assertEqual(answer.value, value)
                    if form:
                        self.assertEqual(answer.format, FORMATS[form])

    def test_read_multiple_resource(self) -> None:
        for form in (None, "TLV", "JSON"):
            with self.subTest(form=form):
                self.assertEqual(self.succeeds(self.read("/3/0/7", form), 205).value, {0: 3800, 1: 5000})

    def test_read_instance(self) -> None:
        for form in (None, "TLV", "JSON"):
            with self.subTest(form=form):
                values = self.succeeds(self.read("/3/0", form), 205).resources()
                self.assertEqual({number: values.get(number) for number in DEVICE}, DEVICE)
                self.assertNotIn(4, values, "an executable resource is not read")

    def test_read_object(self) -> None:
        for form in (None, "TLV", "JSON"):
            with self.subTest(form=form):
                instances = self.succeeds(self.read("/3", form), 205).instances()
                self.assertEqual(list(instances), [0])
                self.assertEqual(instances[0][1], DEVICE[1])

    # Write

    def test_write_resource_of_each_type_in_each_format(self) -> None:
        for form in ("TEXT", "TLV", "JSON"):
            for number, (kind, values) in enumerate(SINGLE):
                for value in values if not self.lossy else values[:1]:
                    with self.subTest(form=form, kind=kind, value=value):
                        path = f"/26241/0/{number}"
                        self.succeeds(self.write(path, single(kind, value), form), 204)
                        self.assertEqual(self.read(path, "TLV").value, value)
                        if not self.lossy:
                            self.assertEqual(self.read(path, form).value, value)

    def test_write_opaque_as_octets(self) -> None:
        self.succeeds(self.write("/26241/0/4", single("opaque", "00c0ffee00"), "OPAQUE"), 204)
        answer = self.succeeds(self.read("/26241/0/4", "OPAQUE"), 205)
        self.assertEqual((answer.value, answer.format), ("00c0ffee00", 42))

    def test_write_multiple_resource_of_each_type_replaces_all(self) -> None:
        for form in ("TLV", "JSON"):
            for number, (kind, values) in enumerate(MULTIPLE):
                with self.subTest(form=form, kind=kind):
                    path = f"/26241/0/{10 + number}"
                    self.succeeds(self.write(path, multiple(kind, *values), form), 204)
                    self.assertEqual(self.read(path, form).value, dict(enumerate(values)))
                    self.succeeds(self.write(path, multiple(kind, values[1]), form), 204)
                    self.assertEqual(self.read(path, form).value, {0: values[1]})

    def test_partial_update_leaves_the_rest(self) -> None:
        for form in ("TLV", "JSON"):
            with self.subTest(form=form):
                whole = {0: single("string", "kept"), 1: single("integer", 1), 11: multiple("integer", 5, 6)}
                self.succeeds(self.write("/26241/0", {"resources": whole}, form), 204)
                change = {1: single("integer", 2), 11: {"type": "integer", "values": {"1": 7, "3": 8}}}
                self.succeeds(self.update("/26241/0", {"resources": change}, form), 204)
                values = self.read("/26241/0", "TLV").resources()
                self.assertEqual((values[0], values[1]), ("kept", 2))
                self.assertEqual(values[11], {0: 5, 1: 7, 3: 8})

    def test_replace_of_instance_takes_what_is_not_named_away(self) -> None:
        before = {0: single("string", "gone"), 11: multiple("integer", 5, 6)}
        self.succeeds(self.write("/26241/0", {"resources": before}, "TLV"), 204)
        self.succeeds(self.write("/26241/0", {"resources": {1: single("integer", 2)}}, "TLV"), 204)
        values = self.read("/26241/0", "TLV").resources()
        self.assertEqual(values[1], 2)
        self.assertIn(values.get(0), (None, ""), "removed, or set to its default")
        self.assertIn(values.get(11), (None, {}))

    def test_what_a_replace_took_away_does_not_come_back(self) -> None:
        for form in ("TLV", "JSON"):
            with self.subTest(form=form):
                before = {0: single("string", "gone"), 11: multiple("integer", 5, 6)}
                self.succeeds(self.write("/26241/0", {"resources": before}, form), 204)
                self.succeeds(self.write("/26241/0", {"resources": {1: single("integer", 2)}}, form), 204)
                change = {11: {"type": "integer", "values": {"3": 8}}}
                self.succeeds(self.update("/26241/0", {"resources": change}, form), 204)
                self.assertEqual(self.read("/26241/0", "TLV").resources()[11], {3: 8})

    # Discover and attributes

    def test_discover(self) -> None:
        links = self.server.discover(self.endpoint, "/3").links
        self.assertLessEqual({"/3", "/3/0", "/3/0/0", "/3/0/4", "/3/0/16"}, set(links))
        links = self.server.discover(self.endpoint, "/3/0").links
        self.assertLessEqual({"/3/0", "/3/0/0", "/3/0/4", "/3/0/7"}, set(links))
        self.assertEqual(links["/3/0/7"].get("dim"), "2")
        self.assertIn("/3/0/1", self.server.discover(self.endpoint, "/3/0/1").links)

    def test_attributes_show_in_discover_and_go_again(self) -> None:
        path = "/3303/0/5700"
        self.succeeds(self.server.write_attributes(self.endpoint, path, "pmin=10&pmax=60&gt=50&lt=-2.5&st=1"), 204)
        self.addCleanup(self.server.write_attributes, self.endpoint, path, "pmin&pmax&gt&lt&st")
        shown = self.server.discover(self.endpoint, path).links[path]
        numbers = {key: float(shown[key] or "nan") for key in ("pmin", "pmax", "gt", "lt", "st")}
        self.assertEqual(numbers, {"pmin": 10, "pmax": 60, "gt": 50, "lt": -2.5, "st": 1})
        self.succeeds(self.server.write_attributes(self.endpoint, path, "pmin&pmax&gt&lt&st"), 204)
        shown = self.server.discover(self.endpoint, path).links[path]
        self.assertFalse({"pmin", "pmax", "gt", "lt", "st"} & set(shown), shown)

    # Execute

    def test_execute_hands_the_arguments_over_exactly_once(self) -> None:
        before = self.read("/26241/0/22").value
        for arguments in ("", "5", "2='10.3'", "0,1,2='x'"):
            with self.subTest(arguments=arguments):
                self.succeeds(self.server.execute(self.endpoint, "/26241/0/20", arguments), 204)
                self.assertEqual(self.read("/26241/0/21").value, arguments)
        self.assertEqual(self.read("/26241/0/22").value, before + 4)

    def test_an_answer_that_comes_later(self) -> None:
        before = self.succeeds(self.read("/26242/0/6", "TEXT"), 205).value
        for pause in (0, 50, 1200):  # the last one is longer than the server waits before it asks again
            with self.subTest(pause=pause):
                self.succeeds(self.server.execute(self.endpoint, "/26242/0/5", f"0='{pause}'"), 204)
                before += 1
                self.assertEqual(self.succeeds(self.read("/26242/0/6", "TLV"), 205).value, before)
                self.assertEqual(self.succeeds(self.read("/26242/0/6", "TEXT"), 205).value, before)

    # Create and delete

    def test_create_with_id_and_delete_change_the_registered_list(self) -> None:
        mark = self.mark()
        node = {"instances": {"7": {"resources": {"1": single("integer", 42)}}}}
        self.succeeds(self.server.create(self.endpoint, "/26241", node), 201)
        self.wait("UPDATED", mark, lambda now: "/26241/7" in now["instances"])
        self.assertEqual(self.read("/26241/7/1").value, 42)
        self.refused(self.server.create(self.endpoint, "/26241", node), 400)
        mark = self.mark()
        self.succeeds(self.server.delete(self.endpoint, "/26241/7"), 202)
        self.wait("UPDATED", mark, lambda now: "/26241/7" not in now["instances"])
        self.refused(self.read("/26241/7"), 404)

    def test_create_without_id_answers_the_place(self) -> None:
        mark = self.mark()
        node = {"resources": {"0": single("string", "new"), "10": multiple("string", "a", "b")}}
        answer = self.succeeds(self.server.create(self.endpoint, "/26241", node), 201)
        place = "/" + answer.body["location"].lstrip("/")
        self.assertRegex(place, r"^/26241/[0-9]+$")
        self.wait("UPDATED", mark, lambda now: place in now["instances"])
        self.assertEqual(self.read(place + "/0").value, "new")
        self.assertEqual(self.read(place + "/10").value, {0: "a", 1: "b"})
        mark = self.mark()
        self.succeeds(self.server.delete(self.endpoint, place), 202)
        self.wait("UPDATED", mark, lambda now: place not in now["instances"])

    # Observe. A notification may be lost on a bad network, so the value is changed until one arrives.

    def changes_until_notified(self, observed: str, changed: str, pick: Any, within: float | None = None) -> None:
        for attempt in range(12 if self.lossy else 1):
            value, mark = 30.5 + attempt, self.mark()
            self.client.set(changed, value)
            seen = self.server.events.poll(
                "NOTIFICATION", self.endpoint, mark, 2.0 if self.lossy else within or self.timeout,
                lambda data, want=value: data["path"] == observed and pick(data["content"]) == want,
            )  # fmt: skip
            if seen:
                return
        self.fail(f"{observed}: never notified")

    def test_observe_resource(self) -> None:
        for form in (None, "TEXT", "TLV", "JSON"):
            with self.subTest(form=form):
                path = "/3303/0/5700"
                answer = self.succeeds(self.server.observe(self.endpoint, path, form), 205)
                self.assertEqual(self.server.observations(self.endpoint), [path])
                self.assertTrue(form is None or answer.format == FORMATS[form])
                self.changes_until_notified(path, path, lambda content: content["value"])
                self.server.cancel_passively(self.endpoint, path)

    def test_observe_instance(self) -> None:
        self.succeeds(self.server.observe(self.endpoint, "/3303/0", "TLV"), 205)
        self.addCleanup(self.server.cancel_passively, self.endpoint, "/3303/0")
        self.changes_until_notified(
            "/3303/0", "/3303/0/5700", lambda content: content["resources"]["5700"]["value"]
        )

    def test_observe_object(self) -> None:
        self.succeeds(self.server.observe(self.endpoint, "/3303", "TLV"), 205)
        self.addCleanup(self.server.cancel_passively, self.endpoint, "/3303")
        self.changes_until_notified(
            "/3303", "/3303/0/5700", lambda content: content["instances"]["0"]["resources"]["5700"]["value"]
        )

    # Block-wise

    def test_block_wise_read(self) -> None:
        mark = self.mark()
        expected = bytes((7 * i + 3) % 256 for i in range(6000)).hex()
        for form in ("OPAQUE",) if self.lossy else (None, "OPAQUE", "TLV"):
            with self.subTest(form=form):
                self.assertEqual(self.succeeds(self.read("/26242/0/0", form), 205).value, expected)
        blocks = self.server.events.since(mark, "COAP", where=lambda data: "Block2" in data["options"])
        self.assertTrue(blocks, "the answer went in blocks")

    def test_block_wise_write(self) -> None:
        count = self.read("/26242/0/4").value
        body = bytes((i * i + i // 251) % 256 for i in range(20480))
        self.succeeds(self.write("/26242/0/1", single("opaque", body.hex()), "OPAQUE", timeout=60000), 204)
        self.assertEqual(self.read("/26242/0/2").value, len(body))
        self.assertEqual(self.read("/26242/0/3").value, zlib.crc32(body))
        self.assertEqual(self.read("/26242/0/4").value, count + 1)

    def test_block_wise_write_of_text_is_assembled(self) -> None:
        texts = [letter * 300 for letter in "abc"]
        for form in ("TLV",) if self.lossy else ("TLV", "JSON"):
            with self.subTest(form=form):
                self.succeeds(self.write("/26241/0/10", multiple("string", *texts), form), 204)
                self.assertEqual(self.read("/26241/0/10", form).value, dict(enumerate(texts)))
                self.assertEqual(self.read("/26241/0", form).resources()[10], dict(enumerate(texts)))
        self.succeeds(self.write("/26241/0/10", multiple("string", "short"), "TLV"), 204)

    def test_a_body_that_is_too_large_is_refused(self) -> None:
        self.succeeds(self.write("/26241/0/0", single("string", "kept"), "TLV"), 204)
        self.refused(self.write("/26241/0/0", single("string", "x" * 5000), "TEXT"), 413)
        self.assertEqual(self.read("/26241/0/0").value, "kept")

    # The server object

    def test_a_replace_of_the_server_object_takes_the_defaults_away(self) -> None:
        self.succeeds(self.write("/1/0/2", single("integer", 7), "TLV"), 204)
        self.assertEqual(self.read("/1/0/2").value, 7)
        node = {1: single("integer", 300), 6: single("boolean", True), 7: single("string", "U")}
        self.succeeds(self.write("/1/0", {"resources": node}, "TLV"), 204)
        self.refused(self.read("/1/0/2", "TLV"), 404)
        self.succeeds(self.server.observe(self.endpoint, "/3303/0/5700", "TLV"), 205)
        self.addCleanup(self.server.cancel_passively, self.endpoint, "/3303/0/5700")
        self.changes_until_notified("/3303/0/5700", "/3303/0/5700", lambda content: content["value"], within=5.0)

    def test_lifetime_change_triggers_an_update_that_tells_it(self) -> None:
        for lifetime in (250, 300):
            mark = self.mark()
            self.succeeds(self.write("/1/0/1", single("integer", lifetime), "TLV"), 204)
            told = self.wait("UPDATED", mark, lambda now, want=lifetime: now["lifetime"] == want)
            self.assertEqual(told["update"]["lifetime"], lifetime)

    def test_registration_update_trigger(self) -> None:
        mark = self.mark()
        self.succeeds(self.server.execute(self.endpoint, "/1/0/8"), 204)
        told = self.wait("UPDATED", mark)
        self.assertEqual(told["registrationId"], self.registration["registrationId"])

    # Refusals

    def test_security_object_is_out_of_reach(self) -> None:
        for path in ("/0", "/0/0", "/0/0/0"):
            with self.subTest(path=path):
                self.refused(self.read(path), 401)
                self.refused(self.server.observe(self.endpoint, path), 401)
        self.refused(self.write("/0/0/0", single("string", "coap://x"), "TEXT"), 401)
        self.refused(self.server.delete(self.endpoint, "/0/0"), 401)

    def test_what_is_not_there_is_not_found(self) -> None:
        for path in ("/9999", "/9999/0", "/3/7", "/3/0/999", "/26241/99/0"):
            with self.subTest(path=path):
                self.refused(self.read(path, "TLV"), 404)
                self.refused(self.server.discover(self.endpoint, path), 404)
        self.refused(self.write("/3/0/999", single("string", "x"), "TEXT"), 404)
        self.refused(self.server.execute(self.endpoint, "/3/0/999"), 404)

    def test_what_the_definition_forbids_is_not_allowed(self) -> None:
        self.refused(self.write("/3/0/0", single("string", "x"), "TEXT"), 405)
        self.refused(self.server.execute(self.endpoint, "/3/0/0"), 405)
        self.refused(self.read("/3/0/4", "TLV"), 405)
        self.refused(self.read("/26242/0/1", "TLV"), 405)
        self.refused(self.server.delete(self.endpoint, "/3/0"), 405)
        node = {"instances": {"1": {"resources": {"14": single("string", "x")}}}}
        self.refused(self.server.create(self.endpoint, "/3", node), 400, 405)
        self.assertEqual(self.read("/3/0/0").value, DEVICE[0])

    def test_formats_that_do_not_exist(self) -> None:
        self.refused(self.write("/26241/0/1", single("integer", 3), "TEXT", ct=9999), 415)
        self.refused(self.write("/26241/0/1", single("integer", 3), "TEXT", ct="none"), 400)
        self.refused(self.read("/3/0/0", accept=9999), 406)
        self.refused(self.read("/3/0", "TEXT"), 405, 406)

    def test_a_bad_value_changes_nothing(self) -> None:
        self.succeeds(self.write("/26241/0/1", single("integer", 77), "TLV"), 204)
        self.refused(self.write("/26241/0/1", single("integer", 3), "TEXT", payload=b"abc".hex()), 400)
        # Two records of which the second is cut off: neither may take effect.
        self.refused(
            self.update("/26241/0", {"resources": {1: single("integer", 3)}}, "TLV", payload="c10105c80020aa"), 400
        )
        self.assertEqual(self.read("/26241/0/1").value, 77)
