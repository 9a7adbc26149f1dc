"""Python functions as C callbacks: they stay alive, and what they raise does not vanish."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from . import structs
from .errors import Deferred, Status, WhimbrelError
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


def port_table(callbacks: Callbacks, port: Port) -> structs.Port:
    """A whimbrel_port_t over a Port."""
    def fill(_: Any, buffer: Any, size: int) -> None:
        ctypes.memmove(buffer, port.random(size), size)

    def link_open(_: Any, link: int, host: int, length: int, number: int, _secure: int) -> int:
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

    stored = {}
    if port.storage is not None:
        stored["storage_read"] = callbacks.make(structs.STORAGE, storage_read)
        stored["storage_write"] = callbacks.make(structs.STORAGE, storage_write)
    return structs.Port(
        size=ctypes.sizeof(structs.Port),
        now=callbacks.make(structs.NOW, lambda _: port.now(), 0),
        random=callbacks.make(structs.RANDOM, fill, 0),
        link_open=callbacks.make(structs.LINK_OPEN, trouble(link_open)),
        link_send=callbacks.make(structs.LINK_SEND, trouble(link_send)),
        link_receive=callbacks.make(structs.LINK_RECEIVE, trouble(link_receive)),
        link_close=callbacks.make(structs.LINK_CLOSE, lambda _, link: port.close(link), 0),
        **stored,
    )
