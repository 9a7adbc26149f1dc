"""A Whimbrel client in this process."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Mapping
from ctypes import byref, c_uint64, c_void_p
from types import TracebackType
from typing import Any

from . import objects, structs
from ._glue import Callbacks, port_table
from .card import CardReader
from .errors import Status, WhimbrelError, check
from .events import NEVER, Deadline, Event, EventCode, Wake
from .library import ALL_FEATURES, FEATURES, FORMATS, address, load
from .port import Port, UdpPort
from .security import Capability, Credentials, MbedTls, Sms

_ROOM = {"dtls": {"mtu": 1280}, "bootstrap": {"bootstrap": 2048}, "sms": {"sms": 2}, "uicc": {"uicc": 1024}}
"""Limits that a part needs, unless they are said."""


class Client:
    """A client with its memory, its port and what has happened to it.

    Errors of the C API are WhimbrelError. What a port function, a handler or a getter raises comes out of the call
    that ran it, mostly poll() and run().
    """

    def __init__(
        self,
        endpoint: str,
        *,
        port: Port | None = None,
        limits: Mapping[str, int] | None = None,
        formats: Iterable[str] = FORMATS,
        features: Iterable[str] = FEATURES,
        access_control: bool = False,
        confirm_notifications: bool = False,
        coap: Mapping[str, int] | None = None,
        security: MbedTls | None = None,
        card: CardReader | None = None,
        sms_number: str | None = None,
        **settings: int,
    ) -> None:
        """`limits`, `coap` and `settings` (version_max, awake_ms, retry_first_s …) are named as in the C structs.

        `features` are names of ALL_FEATURES. With `security` there is DTLS; `card` says how a smartcard is read, `sms_number` is
        the device's own.
        """
        self.port = port or UdpPort()
        self.events: list[Event] = []
        self._seen = 0
        self.callbacks = Callbacks()
        self._client: int | None = None
        self._objects: dict[int, dict[int, objects.Object]] = {}
        self._security = security
        parts_wanted = set(features) | ({"dtls"} if security else set())
        if not parts_wanted <= set(ALL_FEATURES):
            raise ValueError(f"no such parts: {parts_wanted - set(ALL_FEATURES)}")
        listed_features = [name for name in ALL_FEATURES if name in parts_wanted]
        named = [address(f"whimbrel_format_{name}") for name in formats]
        wanted = [address(f"whimbrel_{name}") for name in listed_features]
        most = {key: value for name in listed_features for key, value in _ROOM.get(name, {}).items()}
        most.update(limits or {})
        room = structs.Limits(size=ctypes.sizeof(structs.Limits), **most)
        listed, parts = (c_void_p * len(named))(*named), (c_void_p * len(wanted))(*wanted)
        config = structs.Config(
            size=ctypes.sizeof(structs.Config),
            endpoint=endpoint.encode(),
            limits=ctypes.pointer(room),
            formats=listed,
            format_count=len(named),
            features=parts,
            feature_count=len(wanted),
            access=address("whimbrel_access_control") if access_control else None,
            confirm_notifications=confirm_notifications,
            coap=structs.Coap(**(coap or {})),
            event=self.callbacks.make(structs.EVENT, self._event, 0),
            sms_number=sms_number.encode() if sms_number else None,
            uicc=ctypes.pointer(card.table(self.callbacks)) if card else None,
            **settings,
        )
        table = port_table(self.callbacks, self.port)
        if security:
            table.security = security.open(table, room.servers or 1)
        size = load().whimbrel_client_size(byref(room))
        if not size:
            raise WhimbrelError(Status.ERR_ARGUMENT, "whimbrel_client_size")
        self._memory = (c_uint64 * (size // 8 + 1))()
        handle = c_void_p()
        self.callbacks.keep(config, listed, parts, room, table)
        try:
            status = load().whimbrel_client_init(self._memory, size, byref(config), byref(table), byref(handle))
            self.callbacks.raise_pending()
            check(status, "whimbrel_client_init")
        except BaseException:
            if security:
                security.close()
            raise
        self._client = handle.value

    def _event(self, _: Any, raw: Any) -> None:
        self.events.append(Event.of(raw.contents))

    def _call(self, name: str, *arguments: Any) -> int:
        """A function of the C API; raises what its callbacks raised, or its error."""
        status = getattr(load(), f"whimbrel_{name}")(self._client, *arguments)
        self.callbacks.raise_pending()
        return check(status, f"whimbrel_{name}")

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    # ---- time

    def poll(self) -> int | None:
        """Does what is due. When to call again, in milliseconds on the port's clock; None: when input comes."""
        next_ms = c_uint64()
        self._call("client_poll", byref(next_ms))
        return None if next_ms.value == NEVER else next_ms.value

    def run(self, until: Callable[[], bool], timeout: float = 60.0) -> None:
        """Polls and waits until `until()` is true; TimeoutError if it is not within `timeout` seconds of the port's
        clock."""
        end = self.port.now() + int(timeout * 1000)
        while True:
            due = self.poll()
            if until():
                return
            if self.port.now() >= end:
                raise TimeoutError(f"not within {timeout} s; events: {self.events}")
            self.port.wait(end if due is None else min(due, end))

    def wait_for(self, code: EventCode, timeout: float = 60.0) -> Event:
        """Runs until such an event comes; those up to the one waited for last time do not count."""

        def place() -> int | None:
            return next((at for at in range(self._seen, len(self.events)) if self.events[at].code == code), None)

        self.run(lambda: place() is not None, timeout)
        at = place()
        assert at is not None
        self._seen = at + 1
        return self.events[at]

    def deadline(self) -> Deadline:
        """When the client wants to be called next, and why."""
        raw = structs.Deadline()
        self._call("client_deadline", byref(raw))
        return Deadline(None if raw.at == NEVER else raw.at, Wake(raw.reason), raw.short_server_id)

    # ---- servers

    def add_account(
        self,
        uri: str,
        short_server_id: int = 1,
        *,
        binding: str | None = None,
        security: Credentials | None = None,
        sms: Sms | None = None,
        **settings: int,
    ) -> None:
        """`settings` are named as in whimbrel_account_t: lifetime_s, pmin_s … The bootstrap server's account has the Short
        Server ID 0 and `bootstrap_server=1`."""
        account = structs.Account(
            size=ctypes.sizeof(structs.Account),
            uri=uri.encode(),
            binding=binding.encode() if binding else None,
            short_server_id=short_server_id,
            security=ctypes.pointer(security.table()) if security else None,
            sms=ctypes.pointer(sms.table()) if sms else None,
            **settings,
        )
        self._call("account_add", byref(account))

    def secure_account(self, short_server_id: int, security: Credentials) -> None:
        """Replaces what an account is secured with: a new session and a Register follow."""
        self._call("account_secure", short_server_id, byref(security.table()))

    def capabilities(self) -> Capability:
        """What the DTLS backend can do; none without one."""
        return Capability(self._call("client_capabilities"))

    def remove_account(self, short_server_id: int) -> None:
        self._call("account_remove", short_server_id)

    def registered(self, short_server_id: int = 1) -> bool:
        return self._call("account_registered", short_server_id) == 1

    def update(self, short_server_id: int = 0) -> None:
        """Asks for an Update."""
        self._call("account_update", short_server_id)

    def network(self, online: bool, new_address: bool = False) -> None:
        """Tells the client that the network went, or came; while it is away nothing is sent."""
        self._call("client_network", online, new_address)

    # ---- bootstrap, and what is stored

    def bootstrap(self) -> None:
        """Asks for a bootstrap. The bootstrap server is an account: add_account(uri, 0, bootstrap_server=1)."""
        self._call("bootstrap_start")

    def provision(self, blob: bytes) -> None:
        """Takes a bootstrap file (TS 1.0 Appendix G.3.3)."""
        self._call("provision", blob, len(blob))

    def load(self) -> int:
        """Takes up what the port's storage holds; the number of accounts, 0 where nothing was stored."""
        try:
            return self._call("configuration_load")
        except WhimbrelError as error:
            if error.status == Status.ERR_NOT_FOUND:
                return 0
            raise

    def erase(self) -> None:
        """Removes what load() would take up."""
        self._call("configuration_erase")

    # ---- short messages, and the smartcard

    def set_sms_number(self, number: str) -> None:
        """The device's number, where it was not known before: servers are told with the next Update."""
        self._call("sms_number", number.encode())

    def card_changed(self) -> None:
        """The card may be another one, or gone, or there: it is looked at with the next poll."""
        self._call("card_changed")

    def card_message(self) -> None:
        """Messages may wait on the card: they are fetched with the next poll."""
        self._call("card_message")

    def card_unsent(self) -> bool:
        """Whether messages wait until the card takes them."""
        return self._call("card_unsent") == 1

    # ---- objects

    def add_device(
        self,
        *,
        reboot: Callable[[], None] = lambda: None,
        factory_reset: Callable[[], None] | None = None,
        get_time: Callable[[], int] | None = None,
        set_time: Callable[[int], None] | None = None,
        variables: Mapping[str, int] | None = None,
        **texts: str,
    ) -> dict[str, ctypes.c_int32]:
        """`texts` and `variables` are named as in whimbrel_device_t: manufacturer …, battery_level …

        Returns the variables: set their `.value`, then call changed().
        """

        def asks(function: Callable[[], None] | None) -> Any:
            def ask(_: Any) -> int:
                assert function
                function()
                return int(Status.OK)

            return self.callbacks.make(structs.ASK, ask) if function else structs.ASK()

        def set_clock(_: Any, seconds: int) -> int:
            assert set_time
            set_time(seconds)
            return int(Status.OK)

        made = {name: ctypes.c_int32(value) for name, value in (variables or {}).items()}
        device = structs.Device(
            size=ctypes.sizeof(structs.Device),
            reboot=asks(reboot),
            factory_reset=asks(factory_reset),
            **{name: text.encode() for name, text in texts.items()},
            **{name: ctypes.pointer(variable) for name, variable in made.items()},
        )
        if get_time:
            device.get_time = self.callbacks.make(structs.GET_TIME, lambda _: get_time(), -1)
        if set_time:
            device.set_time = self.callbacks.make(structs.SET_TIME, set_clock)
        self.callbacks.keep(device, made)
        self._call("device_add", byref(device), None)
        return made

    def device_error(self, code: int) -> None:
        self._call("device_error", code)

    def add_object(self, cls: type[objects.Object], *instances: objects.Object) -> dict[int, objects.Object]:
        """Adds an object, with instances 0, 1, 2 … as they are given. Returns them by ID; servers may change that."""
        single = not (cls.multiple_instances or cls.creatable)
        given = dict(enumerate(instances or ([cls()] if single else [])))
        table = objects.table(self, cls, given)
        self._call("object_add", byref(table), None)
        self._objects[cls.object_id] = given
        for id, instance in given.items():
            instance._client, instance._instance = self, id
            if not single:
                self._call("instance_add", cls.object_id, id, None)
        return given

    def remove_object(self, id: int) -> None:
        self._call("object_remove", id)
        for instance in self._objects.pop(id, {}).values():
            instance._client = None

    def add_access(self, path: str, owner: int, rights: Mapping[int, int]) -> None:
        """Rights by Short Server ID, 0 for all others, on an instance (`/3/0`) or, to create, an object (`/3`)."""
        place = structs.Path.of(path)
        entry = structs.AccessEntry(
            size=ctypes.sizeof(structs.AccessEntry),
            object=place.object,
            instance=place.instance,
            owner=owner,
            right_count=len(rights),
            rights=(structs.Right * len(rights))(*(structs.Right(*right) for right in rights.items())),
        )
        self._call("access_add", byref(entry))

    def add_instance(self, instance: objects.Object, id: int) -> None:
        """One more instance of an object that was added with `multiple_instances`."""
        known = self._objects[instance.object_id]
        if id in known:
            raise WhimbrelError(Status.ERR_EXISTS, "add_instance")
        known[id] = instance
        try:
            self._call("instance_add", instance.object_id, id, None)
        except WhimbrelError:
            del known[id]
            raise
        instance._client, instance._instance = self, id

    def remove_instance(self, object_id: int, id: int) -> None:
        self._call("instance_remove", object_id, id)
        gone = self._objects[object_id].pop(id, None)
        if gone:
            gone._client = None

    def changed(self, path: str) -> None:
        """The value at `path` has changed. From any thread, from handlers and from signal handlers of Python."""
        check(load().whimbrel_changed(self._client, structs.Path.of(path)), "whimbrel_changed")

    def complete(self, path: str, status: int = Status.OK) -> None:
        """The answer to what raised Deferred at `path`."""
        self._call("complete", structs.Path.of(path), status)

    # ---- the end

    def stop(self, timeout: float = 100.0) -> None:
        """De-registers from all servers."""
        self._call("client_stop")
        self.wait_for(EventCode.STOPPED, timeout)

    def end(self) -> None:
        """Ends the client at once, without a word to its servers. A second time does nothing."""
        client, self._client = self._client, None
        if client is not None:
            try:
                status = load().whimbrel_client_end(client)
                self.callbacks.raise_pending()
                check(status, "whimbrel_client_end")
            finally:
                if self._security:
                    self._security.close()
