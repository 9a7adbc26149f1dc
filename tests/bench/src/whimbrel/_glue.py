"""Python functions as C callbacks: they stay alive, and what they raise does not vanish."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

from . import structs
from .errors import Deferred, Status, WhimbrelError
from .library import address
from .port import Port


class Callbacks:
    """The callbacks of one client. C sees a status; the first exception that is none waits for raise_pending()."""

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._pending: BaseException | None = None

    def keep(self, *things: Any) -> None:
        """Lets things live as long as the client."""
        self._kept.extend(things)

    def make(self, prototype: Any, function: Callable[..., Any], otherwise: int | None = None) -> Any:
        """A C function; `otherwise` is what it returns where `function` raises, None: the status that fits."""

        def guarded(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except Deferred:
                return int(Status.DEFERRED)
            except WhimbrelError as error:
                return error.status if otherwise is None else otherwise
            except BaseException as error:  # noqa: BLE001, it goes on in raise_pending()
                self._pending = self._pending or error
                return int(Status.ERR_HANDLER) if otherwise is None else otherwise

        callback = prototype(guarded)
        self.keep(callback)
        return callback

    def raise_pending(self) -> None:
        """Raises what a callback raised, once."""
        pending, self._pending = self._pending, None
        if pending is not None:
            raise pending


LISTEN = 2
"""WHIMBREL_LINK_LISTEN"""


def port_table(callbacks: Callbacks, port: Port) -> structs.Port:
    """A whimbrel_port_t over a Port."""
    def fill(_: Any, buffer: Any, size: int) -> None:
        ctypes.memmove(buffer, port.random(size), size)

    def link_open(_: Any, link: int, host: int, length: int, number: int, how: int) -> int:
        if how & LISTEN and not port.listens:
            return int(Status.ERR_NOT_SUPPORTED)
        opened = port.open(link, ctypes.string_at(host, length).decode(), number)
        return int(Status.OK if opened else Status.PENDING)

    def link_send(_: Any, link: int, data: int, size: int) -> int:
        port.send(link, ctypes.string_at(data, size))
        return int(Status.OK)

    def link_receive(_: Any, link: int, buffer: int, size: int) -> int:
        datagram = port.receive(link)
        if datagram is None:
            return 0
        ctypes.memmove(buffer, datagram[:size], min(size, len(datagram)))
        return len(datagram) if len(datagram) <= size else int(Status.ERR_TRUNCATED)

    def storage_read(_: Any, record: int, buffer: int, size: int) -> int:
        content = port.storage.get(record, b"") if port.storage is not None else b""
        if not content or len(content) > size:
            return int(Status.ERR_FULL if content else Status.ERR_NOT_FOUND)
        ctypes.memmove(buffer, content, len(content))
        return len(content)

    def storage_write(_: Any, record: int, data: int, size: int) -> int:
        if port.storage is not None:
            port.storage[record] = ctypes.string_at(data, size) if size else b""
        return int(Status.OK)

    def trouble(function: Callable[..., int]) -> Callable[..., int]:
        def link(*arguments: Any) -> int:
            try:
                return function(*arguments)
            except OSError as error:
                raise WhimbrelError(Status.ERR_LINK, str(error)) from error

        return link

    parts: dict[str, Any] = {}
    if port.storage is not None:
        parts["storage_read"] = callbacks.make(structs.STORAGE, storage_read)
        parts["storage_write"] = callbacks.make(structs.STORAGE, storage_write)
    if port.texts:
        parts["sms_send"] = callbacks.make(structs.SMS_SEND, trouble(_sms_send(port)))
        parts["sms_receive"] = callbacks.make(structs.SMS_RECEIVE, trouble(_sms_receive(port)))
        parts["crypto"] = address("whimbrel_crypto_software")
    if port.card:
        parts["uicc_transmit"] = callbacks.make(structs.UICC_TRANSMIT, trouble(_transmit(port)))
        parts["crypto"] = address("whimbrel_crypto_software")
    return structs.Port(
        size=ctypes.sizeof(structs.Port),
        now=callbacks.make(structs.NOW, lambda _: port.now(), 0),
        random=callbacks.make(structs.RANDOM, fill, 0),
        link_open=callbacks.make(structs.LINK_OPEN, trouble(link_open)),
        link_send=callbacks.make(structs.LINK_SEND, trouble(link_send)),
        link_receive=callbacks.make(structs.LINK_RECEIVE, trouble(link_receive)),
        link_close=callbacks.make(structs.LINK_CLOSE, lambda _, link: port.close(link), 0),
        wall_clock=callbacks.make(structs.WALL_CLOCK, lambda _: _known(port.wall_clock()), -1),
        **_lock(callbacks, port),
        **parts,
    )


def _known(seconds: int | None) -> int:
    return -1 if seconds is None else seconds


def _lock(callbacks: Callbacks, port: Port) -> dict[str, Any]:
    """The lock around what whimbrel_changed() notes.

    It may be taken twice by one thread: a signal handler of Python runs between two instructions of these functions, so before
    the critical section in C or behind it, never inside.
    """
    lock = threading.RLock()

    def take(_: Any) -> int:
        lock.acquire()
        return 0

    def give(_: Any, _state: int) -> None:
        lock.release()

    return {
        "lock": callbacks.make(structs.LOCK, take, 0),
        "unlock": callbacks.make(structs.UNLOCK, give, 0),
        "wake": callbacks.make(structs.WAKE, lambda _: port.wake(), 0),
    }


def _sms_send(port: Port) -> Callable[..., int]:
    def send(_: Any, tpdu: int, size: int) -> int:
        port.send_sms(ctypes.string_at(tpdu, size))
        return int(Status.OK)

    return send


def _sms_receive(port: Port) -> Callable[..., int]:
    def receive(_: Any, buffer: int, size: int) -> int:
        tpdu = port.receive_sms()
        if tpdu is None:
            return 0
        ctypes.memmove(buffer, tpdu[:size], min(size, len(tpdu)))
        return len(tpdu) if len(tpdu) <= size else int(Status.ERR_TRUNCATED)

    return receive


def _transmit(port: Port) -> Callable[..., int]:
    def transmit(_: Any, command: int, size: int, response: int, room: int, length: Any) -> int:
        length[0] = 0
        answer = port.transmit(ctypes.string_at(command, size) if size else b"")
        if answer is None:
            return int(Status.PENDING)
        if len(answer) > room:
            return int(Status.ERR_TRUNCATED)
        if answer:
            ctypes.memmove(response, answer, len(answer))
        length[0] = len(answer)
        return int(Status.OK)

    return transmit
