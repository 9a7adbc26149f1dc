"""What the tests share: a client at a registrar, over UDP or in memory."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from coap import Message, Registrar
from whimbrel import Client, EventCode, VirtualPort


class UdpServer(Registrar):
    """A registrar on a UDP socket of this machine, in a thread of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._peer: tuple[str, int] | None = None
        self.on_heard: Callable[[], None] = lambda: None
        self.uri = f"coap://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            datagram, self._peer = self._socket.recvfrom(2048)
            if not datagram:
                return
            for answer in self.answer(datagram):
                self._socket.sendto(answer, self._peer)
            self.on_heard()

    def send(self, message: Message) -> None:
        assert self._peer, "nobody has registered"
        self._socket.sendto(message.encode(), self._peer)

    def close(self) -> None:
        # an empty datagram to itself ends the thread
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()


class Virtual:
    """A registered client under virtual time."""

    def __init__(self, furnish: Callable[[Client], object] = lambda _: None, **settings: int) -> None:
        self.server = Registrar()
        self.port = VirtualPort(lambda _, datagram: self.server.answer(datagram))
        self.client = Client("virtual", port=self.port, **settings)
        furnish(self.client)
        self.client.add_account("coap://server", lifetime_s=600)
        self.client.wait_for(EventCode.REGISTERED)

    def ask(self, code: int, path: str, payload: bytes = b"", *options: tuple[int, bytes]) -> Message:
        """A request and its answer."""
        request = self.server.request(code, path, payload, *options)
        self.port.deliver(request.encode())
        self.client.run(lambda: self.server.response(request) is not None)
        response = self.server.response(request)
        assert response
        return response
