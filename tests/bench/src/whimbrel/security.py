"""What accounts are secured with, and the DTLS backend that does it."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, byref, c_uint8, c_uint16, c_void_p
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any

from . import structs
from .errors import Status, WhimbrelError, check
from .library import load_mbedtls


class Mode(IntEnum):
    """Security Mode (`/0/x/2`)."""

    PSK = 0
    RAW_PUBLIC_KEY = 1
    CERTIFICATE = 2
    NOSEC = 3


class SmsMode(IntEnum):
    """SMS Security Mode (`/0/x/6`)."""

    DTLS = 1
    PACKETS = 2
    NOSEC = 3


class Capability(IntFlag):
    """What a DTLS backend can do: WHIMBREL_CAN_…"""

    PSK = 1
    RAW_PUBLIC_KEY = 2
    CERTIFICATE = 4
    CONNECTION_ID = 8
    RESUME = 16
    SAVE = 32
    SERVE = 64


def octets(data: bytes) -> Any:
    """Bytes as C sees them; NULL if there are none."""
    return (c_uint8 * len(data)).from_buffer_copy(data) if data else POINTER(c_uint8)()


@dataclass(frozen=True)
class Credentials:
    """What an account is secured with: `psk()`, `certificate()`, or field by field as whimbrel_credentials_t has them.

    The secret is not shown by repr().
    """

    mode: int
    identity: bytes = b""
    secret_key: bytes = b""
    server_key: bytes = b""
    certificate_usage: int = 0
    matching_type: int = 0
    sni: str | None = None
    ciphersuites: Sequence[int] = ()

    def __repr__(self) -> str:
        return f"Credentials(mode={self.mode}, identity of {len(self.identity)} bytes)"

    @classmethod
    def psk(cls, identity: str | bytes, key: bytes, ciphersuites: Sequence[int] = ()) -> Credentials:
        """A Pre-Shared Key."""
        name = identity.encode() if isinstance(identity, str) else identity
        return cls(Mode.PSK, name, key, ciphersuites=ciphersuites)

    @classmethod
    def certificate(
        cls, own: bytes, private_key: bytes, server: bytes, *, usage: int = 0, sni: str | None = None
    ) -> Credentials:
        """X.509, all DER. `server` is the server's certificate, or with `usage` 3 (trust anchor) who vouches for it."""
        return cls(Mode.CERTIFICATE, own, private_key, server, certificate_usage=usage, sni=sni)

    def table(self) -> structs.Credentials:
        """The same for C."""
        return structs.Credentials(
            size=ctypes.sizeof(structs.Credentials),
            mode=self.mode,
            certificate_usage=self.certificate_usage,
            matching_type=self.matching_type,
            identity=octets(self.identity),
            identity_length=len(self.identity),
            server_key=octets(self.server_key),
            server_key_length=len(self.server_key),
            secret_key=octets(self.secret_key),
            secret_key_length=len(self.secret_key),
            sni=self.sni.encode() if self.sni else None,
            ciphersuites=(c_uint16 * len(self.ciphersuites))(*self.ciphersuites) if self.ciphersuites else None,
            ciphersuite_count=len(self.ciphersuites),
        )


AES_PACKETS = bytes.fromhex("121216b20203")
"""SMS Binding Key Parameters: AES-CBC, AES-CMAC, a counter, and the LwM2M application's TAR."""


@dataclass(frozen=True)
class Sms:
    """How a server is reached by SMS: its number (None where the account's URI is `tel:`), and secured with what."""

    number: str | None = None
    keys: bytes = b""
    parameters: bytes = AES_PACKETS
    mode: int | None = None
    trigger: bool = False

    def __repr__(self) -> str:
        return f"Sms(number={self.number!r}, mode={self.security_mode})"

    @property
    def security_mode(self) -> int:
        """SMS Security Mode: secured packets where there are keys, unless said otherwise."""
        return self.mode if self.mode is not None else SmsMode.PACKETS if self.keys else SmsMode.NOSEC

    def table(self) -> structs.Sms:
        """The same for C."""
        packets = bool(self.keys)
        return structs.Sms(
            size=ctypes.sizeof(structs.Sms),
            mode=self.security_mode,
            trigger=self.trigger,
            number=self.number.encode() if self.number else None,
            parameters=octets(self.parameters) if packets else None,
            parameters_length=len(self.parameters) if packets else 0,
            keys=octets(self.keys),
            keys_length=len(self.keys),
        )


class MbedTls:
    """DTLS by ports/mbedtls, for one Client: PSK and X.509, Connection ID, resumption.

    `trust_store` is certificates of authorities, DER, one after the other, for Certificate Usage 0 and 1.
    """

    def __init__(
        self, *, trust_store: bytes = b"", connection_id: bool = True, ignore_dates: bool = False, psk_tickets: bool = False
    ) -> None:
        self._trust = octets(trust_store)
        self._config = structs.MbedTlsConfig(
            size=ctypes.sizeof(structs.MbedTlsConfig),
            trust_store=self._trust,
            trust_store_length=len(trust_store),
            without_clock=ignore_dates,
            no_connection_id=not connection_id,
            psk_tickets=psk_tickets,
        )
        self._backend = c_void_p()

    def open(self, port: structs.Port, sessions: int) -> Any:
        """The table for whimbrel_port_t.security."""
        if self._backend:
            raise WhimbrelError(Status.ERR_STATE, "a backend serves one client")
        self._config.port, self._config.sessions = ctypes.pointer(port), sessions
        check(load_mbedtls().whimbrel_mbedtls_open(byref(self._config), byref(self._backend)), "whimbrel_mbedtls_open")
        return load_mbedtls().whimbrel_mbedtls_security(self._backend)

    def close(self) -> None:
        """Ends all sessions without a word and gives the memory back; the client has ended before."""
        if self._backend:
            load_mbedtls().whimbrel_mbedtls_close(self._backend)
            self._backend = c_void_p()
