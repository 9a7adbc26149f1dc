"""Threads, signals and exceptions: callbacks of the C API in Python."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from coap import POST
from support import UdpServer, Virtual
from whimbrel import Client, EventCode, Object, Resource, Status, Type, UdpPort, VirtualPort, WhimbrelError, execute
from whimbrel.lab import LabDevice, LabServer, RealTimeLab


class Counter(Object):
    object_id = 33002
    value = Resource(1, Type.INTEGER, "R", default=0)

    @execute(2)
    def explode(self, arguments: dict[int, str | None]) -> None:
        raise ZeroDivisionError("in execute")


def test_changes_from_eight_threads_while_the_engine_polls() -> None:
    """In real time, over UDP: whoever changes a value wakes the thread that polls, and the last value arrives."""
    with RealTimeLab() as lab, Client("threads") as client:
        server, counter = lab.server(), Counter()
        client.add_object(Counter, counter)
        server.enroll(client)
        client.wait_for(EventCode.REGISTERED)
        begun = server.ask("GET", "/33002/0/1")
        client.run(lambda: begun.done)
        done = [False]
        observing: list[object] = []

        def observe() -> None:
            observing.append(server.observe("/33002/0/1"))
            done[0] = True
            client.port.wake()

        # the operation waits for its answer, which this thread gives
        waiter = threading.Thread(target=observe)
        waiter.start()
        client.run(lambda: done[0])
        waiter.join()
        observation = observing[0]

        lock, rounds = threading.Lock(), 200

        finished: list[int] = []

        def count() -> None:
            for _ in range(rounds):
                with lock:
                    counter.value += 1
            finished.append(1)
            client.port.wake()

        threads = [threading.Thread(target=count) for _ in range(8)]
        for thread in threads:
            thread.start()
        client.run(lambda: len(finished) == 8, timeout=60)
        for thread in threads:
            thread.join()
        client.run(lambda: [one.integer for one in observation.notifications[-1:]] == [8 * rounds], timeout=60)  # type: ignore[attr-defined]
        assert counter.value == 8 * rounds


def test_a_change_wakes_a_client_that_waits_for_ever() -> None:
    port = UdpPort()
    with Client("sleeper", port=port) as client:
        client.add_object(Counter)
        client.poll()
        changer = threading.Timer(0.05, client.changed, ["/33002/0/1"])
        began = port.now()
        changer.start()
        port.wait(began + 60_000)
        changer.join()
        assert port.now() - began < 50_000, "woken, not overslept"


def test_a_signal_handler_may_report_a_change(lab_device: LabDevice, lab_server: LabServer) -> None:
    counter = Counter()
    lab_device.add_object(Counter, counter)
    lab_device.wait_for(EventCode.REGISTERED)
    observation = lab_server.observe("/33002/0/1")

    def handler(number: int, frame: object) -> None:
        counter.value += 1

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    end = time.monotonic() + 0.5
    try:
        while time.monotonic() < end or not counter.value:
            lab_device.changed("/33002/0/1")
            lab_device.poll()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    counter.value += 1
    lab_device.lab.run(1)
    assert observation.notifications[-1].integer == counter.value > 1


def test_an_exception_comes_out_of_the_call_that_ran_the_callback(lab_device: LabDevice, lab_server: LabServer) -> None:
    lab_device.add_object(Counter)
    lab_device.wait_for(EventCode.REGISTERED)
    with pytest.raises(ZeroDivisionError, match="in execute"):
        lab_server.execute("/33002/0/2")
    # it went no further, and the server was told
    assert lab_server.read("/33002/0/1").integer == 0
    assert lab_device.events[-1].code != EventCode.EXECUTED


def test_no_call_from_a_callback() -> None:
    raised: list[WhimbrelError] = []

    def reboot() -> None:
        with pytest.raises(WhimbrelError) as error:
            device.registered()
        raised.append(error.value)

    bench = Virtual(lambda client: client.add_device(reboot=reboot))
    device = bench.client
    bench.ask(POST, "/3/0/4")
    assert [error.status for error in raised] == [Status.ERR_REENTERED]


def test_each_client_in_a_thread_of_its_own() -> None:
    server = UdpServer()
    failures: list[BaseException] = []

    def live(name: str) -> None:
        try:
            with Client(name) as client:
                client.add_device(manufacturer=name)
                client.add_account(server.uri)
                client.wait_for(EventCode.REGISTERED, timeout=60)
        except BaseException as error:  # noqa: BLE001, it is looked at below
            failures.append(error)

    threads = [threading.Thread(target=live, args=[f"client-{n}"]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    server.close()
    assert failures == [] and not any(thread.is_alive() for thread in threads)


def test_a_status_tells_its_number_its_name_and_its_meaning() -> None:
    with Client("bench", port=VirtualPort()) as client:
        with pytest.raises(WhimbrelError) as raised:
            client.remove_account(7)
    assert raised.value.status == Status.ERR_NOT_FOUND == -2
    assert str(raised.value) == "WHIMBREL_ERR_NOT_FOUND (-2): nothing there, from whimbrel_account_remove"
