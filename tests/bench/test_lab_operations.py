"""Every operation of device management and reporting, from a server of the lab on an object written in Python."""

from __future__ import annotations

import pytest

from whimbrel import Deferred, EventCode, Object, Resource, Status, Type, WhimbrelError, execute
from whimbrel.lab import TEXT, TLV, Lab, LabDevice, LabServer


class Valve(Object):
    """What a server can do with it, it does."""

    object_id = 33001
    creatable = multiple_instances = True

    opening = Resource(1, Type.INTEGER, "RW", default=0)
    name = Resource(2, Type.STRING, "RW", default="")
    flow = Resource(3, Type.FLOAT, "R", default=1.5)
    schedule = Resource(4, Type.INTEGER, "RW", multiple=True)
    calibrated: list[dict[int, str | None]]

    def __init__(self) -> None:
        self.calibrated = []

    @execute(5)
    def calibrate(self, arguments: dict[int, str | None]) -> None:
        self.calibrated.append(arguments)

    limit = Resource(6, Type.INTEGER, "RW", default=100)

    @limit.writer
    def set_limit(self, value: int) -> None:
        if value > 100:
            raise WhimbrelError(Status.ERR_BAD_VALUE)
        self.__dict__["limit"] = value

    @limit.reader
    def get_limit(self) -> int:
        return int(self.__dict__.get("limit", 100))

    pressure = Resource(7, Type.FLOAT, "R")
    measured: float | None = 1.0

    @pressure.reader
    def get_pressure(self) -> float:
        if self.measured is None:
            raise Deferred
        return self.measured


@pytest.fixture
def valves(lab: Lab, lab_device: LabDevice) -> dict[int, Object]:
    found = lab_device.add_object(Valve, Valve(), Valve())
    lab_device.wait_for(EventCode.REGISTERED)
    return found


def valve(valves: dict[int, Object], id: int = 0) -> Valve:
    found = valves[id]
    assert isinstance(found, Valve)
    return found


@pytest.mark.usefixtures("valves")
def test_register_lists_the_objects(lab_server: LabServer) -> None:
    assert lab_server.registrations[0].paths == ["/1/0", "/3/0", "/33001/0", "/33001/1"]


@pytest.mark.usefixtures("valves")
def test_read(lab_server: LabServer) -> None:
    assert lab_server.read("/33001/0/3", accept=TEXT).payload == b"1.5"
    assert lab_server.read("/33001/0/3").number == 1.5
    whole = lab_server.read("/33001/0")
    assert whole.format == TLV
    assert set(lab_server.read("/33001").tlv) == {0, 1}
    assert set(whole.tlv) == {1, 2, 3, 4, 6, 7}, "5 cannot be read"
    assert lab_server.read("/33001/7").code == "4.04"
    assert lab_server.read("/33001/0/5").code == "4.05"


def test_write(lab_server: LabServer, valves: dict[int, Object]) -> None:
    assert lab_server.write("/33001/0/1", 75).code == "2.04"
    assert lab_server.write("/33001/0/2", "main").code == "2.04"
    assert (valve(valves).opening, valve(valves).name) == (75, "main")
    assert lab_server.write("/33001/0/3", 2.0).code == "4.05"
    assert lab_server.write("/33001/0/1", "wide").code == "4.00"
    assert lab_server.write("/33001/0/6", 101).code == "4.00"
    assert valve(valves).get_limit() == 100
    assert lab_server.write("/33001/0/6", 99).ok and valve(valves).get_limit() == 99


def test_replace_and_update_of_an_instance(lab_server: LabServer, valves: dict[int, Object]) -> None:
    assert lab_server.update("/33001/0", {4: {0: 5, 1: 10}, 2: "left"}).code == "2.04"
    assert valve(valves).schedule == {0: 5, 1: 10}
    assert lab_server.update("/33001/0", {4: {1: 20, 2: 30}}).ok
    assert valve(valves).schedule == {0: 5, 1: 20, 2: 30}, "an update adds and changes"
    assert lab_server.write("/33001/0", {1: 1, 2: "right", 4: {7: 7}, 6: 50}).code == "2.04"
    assert (valve(valves).schedule, valve(valves).name) == ({7: 7}, "right"), "a replacement clears"


def test_a_write_that_fails_leaves_no_trace(lab_server: LabServer, valves: dict[int, Object]) -> None:
    assert lab_server.update("/33001/0", {1: 33, 2: "new", 6: 1000}).code == "4.00"
    assert (valve(valves).opening, valve(valves).name) == (0, "")


def test_execute(lab_server: LabServer, lab_device: LabDevice, valves: dict[int, Object]) -> None:
    assert lab_server.execute("/33001/1/5", "0='deep',1").code == "2.04"
    assert valve(valves, 1).calibrated == [{0: "deep", 1: None}]
    assert lab_server.execute("/33001/1/5").ok
    assert valve(valves, 1).calibrated[1] == {}
    assert lab_server.execute("/33001/1/1").code == "4.05"
    assert [event.path for event in lab_device.events if event.code == EventCode.EXECUTED] == ["/33001/1/5"] * 2


def test_create_and_delete(lab_server: LabServer, lab_device: LabDevice, valves: dict[int, Object]) -> None:
    created = lab_server.create(33001, {1: 5, 2: "third"})
    assert (created.code, created.location) == ("2.01", "/33001/2")
    assert valve(valves, 2).name == "third"
    assert lab_server.create(33001, {1: 6}, instance=9).code == "2.01"
    assert sorted(valves) == [0, 1, 2, 9]
    assert lab_server.create(33001, {1: 6}, instance=9).code == "4.00"
    assert lab_server.delete("/33001/1").code == "2.02"
    assert sorted(valves) == [0, 2, 9]
    assert lab_server.delete("/33001/1").code == "4.04"
    assert lab_server.delete("/3/0").code == "4.05"
    lab_device.wait_for(EventCode.UPDATED)
    assert lab_server.registrations[0].paths[2:] == ["/33001/0", "/33001/2", "/33001/9"]


def test_the_application_adds_and_removes(lab_server: LabServer, lab_device: LabDevice, valves: dict[int, Object]) -> None:
    extra = Valve()
    lab_device.add_instance(extra, 5)
    extra.opening = 12
    assert lab_server.read("/33001/5/1").integer == 12
    with pytest.raises(WhimbrelError) as raised:
        lab_device.add_instance(Valve(), 5)
    assert raised.value.status == Status.ERR_EXISTS
    lab_device.remove_instance(33001, 5)
    assert lab_server.read("/33001/5/1").code == "4.04"
    lab_device.remove_object(33001)
    assert lab_server.read("/33001/0").code == "4.04"


@pytest.mark.usefixtures("valves")
def test_discover_and_write_attributes(lab_server: LabServer) -> None:
    assert lab_server.write_attributes("/33001/0/3", pmin=10, gt=25.5).code == "2.04"
    found = lab_server.discover("/33001/0/3").links
    assert (found[0].path, found[0].attributes) == ("/33001/0/3", {"pmin": "10", "gt": "25.5"})
    assert [link.path for link in lab_server.discover("/33001/0").links][:3] == ["/33001/0", "/33001/0/1", "/33001/0/2"]
    assert lab_server.write_attributes("/33001/0/3", pmin="soon").code == "4.00"


def test_observe_and_cancel(lab: Lab, lab_server: LabServer, valves: dict[int, Object]) -> None:
    lab_server.write_attributes("/33001/0/1", pmin=5, pmax=60)
    observation = lab_server.observe("/33001/0/1")
    assert (observation.first.integer, observation.standing) == (0, "active")
    answered = lab.time
    valve(valves).opening = 1
    valve(valves).opening = 2
    first = observation.next()
    assert (first.integer, first.time - answered) == (2, 5000), "the last value, when pmin is over"
    second = observation.next()
    assert (second.integer, second.time - first.time) == (2, 60_000), "pmax"
    observation.cancel()
    assert observation.standing == "cancelled"
    valve(valves).opening = 3
    lab.run(minutes=10)
    assert len(observation.notifications) == 2


def test_cancel_by_reset(lab: Lab, lab_server: LabServer, lab_device: LabDevice, valves: dict[int, Object]) -> None:
    observation = lab_server.observe("/33001/1/2")
    observation.cancel(reset=True)
    valve(valves, 1).name = "unwanted"
    assert lab_device.wait_for(EventCode.OBSERVATION_ENDED).path == "/33001/1/2"
    valve(valves, 1).name = "unheard"
    lab.run(minutes=10)
    assert observation.notifications == []


def test_an_answer_comes_later(lab: Lab, lab_server: LabServer, lab_device: LabDevice, valves: dict[int, Object]) -> None:
    valve(valves).measured = None
    request = lab_server.ask("GET", "/33001/0/7")
    lab.run(5)
    assert not request.done
    valve(valves).measured = 2.25
    lab_device.complete("/33001/0/7")
    answer = request.response()
    assert (answer.number, answer.separate) == (2.25, True)


def test_a_long_value_goes_in_blocks(lab_server: LabServer, valves: dict[int, Object]) -> None:
    text = "a long way to the valve " * 20
    written = lab_server.ask("PUT", "/33001/0/2", text, blocks=2).response()
    assert (written.code, written.messages) == ("2.04", 8)
    assert valve(valves).name == text
    read = lab_server.ask("GET", "/33001/0/2", accept=TEXT, blocks=2).response()
    assert (read.text, read.messages) == (text, 8)


def test_disable_and_update_trigger(lab: Lab, lab_server: LabServer, lab_device: LabDevice) -> None:
    lab_device.wait_for(EventCode.REGISTERED)
    assert lab_server.execute("/1/0/8").ok
    lab_device.wait_for(EventCode.UPDATED)
    assert lab_server.write("/1/0/5", 3600).ok
    assert lab_server.execute("/1/0/4").ok
    lab_device.wait_for(EventCode.DISABLED)
    lab.run(10)
    assert lab_server.registrations == []
    lab_device.wait_for(EventCode.REGISTERED, timeout=3700)
