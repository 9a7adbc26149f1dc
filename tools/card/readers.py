"""Ways to a card: a reader through PC/SC, or a virtual card that connects as it would to vpcd."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Any, List, Optional, Type

from walk import CardError

VPCD_PORT = 35963
OFF, ON, RESET, ATR = b"\0", b"\1", b"\2", b"\4"
PATIENCE = 10.0  # seconds


def readers() -> List[Any]:
    """The readers of PC/SC. CardError says what is missing."""
    try:
        from smartcard.System import readers as found
    except ImportError:
        raise CardError("pyscard is not there: install python3-pyscard, or use --vpcd") from None
    try:
        return list(found())
    except Exception as error:  # pyscard's exceptions have no common base
        raise CardError(f"PC/SC: {error}") from None


class PcscReader:
    """A card in a reader, the first one whose name contains `name`."""

    def __init__(self, name: str = "") -> None:
        matching = [each for each in readers() if name in str(each)]
        if not matching:
            raise CardError(f'no reader is called "{name}"' if name else "there is no reader")
        self._connection = matching[0].createConnection()
        try:
            self._connection.connect()
        except Exception as error:
            raise CardError(f"{matching[0]}: {error}") from None

    def transmit(self, command: bytes) -> bytes:
        try:
            data, first, second = self._connection.transmit(list(command))
        except Exception as error:
            raise CardError(f"the reader: {error}") from None
        return bytes([*data, first, second])

    def close(self) -> None:
        self._connection.disconnect()


class VirtualCard:
    """Waits for a virtual card to connect, on the loopback, and powers it on."""

    def __init__(self, port: int = VPCD_PORT, patience: float = PATIENCE) -> None:
        self._server = socket.create_server(("127.0.0.1", port))
        self._server.settimeout(patience)
        self.port = self._server.getsockname()[1]
        self._card: Optional[socket.socket] = None
        self.atr = b""

    def connect(self) -> None:
        try:
            self._card, _ = self._server.accept()
        except socket.timeout:
            raise CardError(f"no card connected to port {self.port}") from None
        self._card.settimeout(self._server.gettimeout())
        self._send(ON)
        self._send(RESET)
        self._send(ATR)
        self.atr = self._receive()

    def transmit(self, command: bytes) -> bytes:
        self._send(command)
        return self._receive()

    def _send(self, message: bytes) -> None:
        assert self._card is not None, "connect() comes first"
        try:
            self._card.sendall(len(message).to_bytes(2, "big") + message)
        except OSError as error:
            raise CardError(f"the card went: {error}") from None

    def _receive(self) -> bytes:
        return self._exactly(int.from_bytes(self._exactly(2), "big"))

    def _exactly(self, size: int) -> bytes:
        assert self._card is not None, "connect() comes first"
        data = b""
        while len(data) < size:
            try:
                more = self._card.recv(size - len(data))
            except OSError as error:
                raise CardError(f"the card does not answer: {error}") from None
            if not more:
                raise CardError("the card went")
            data += more
        return data

    def close(self) -> None:
        if self._card:
            try:
                self._send(OFF)
            except CardError:
                pass  # it went before
            self._card.close()
        self._server.close()

    def __enter__(self) -> VirtualCard:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()
