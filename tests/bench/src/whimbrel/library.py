"""The shared libraries: found once, their functions typed."""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, c_char_p, c_int32, c_size_t, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p
from functools import lru_cache
from pathlib import Path as File
from typing import Any

from . import structs

FORMATS = ("tlv", "json", "text", "opaque")
FEATURES = ("reporting", "transfers", "creation", "deferral")
"""The parts of a client that are there unless others are named."""

ALL_FEATURES = (
    *FEATURES,
    *("dtls", "persistence", "bootstrap", "sms", "secured_packets", "secure_channel", "uicc"),
)
"""All parts, in the order in which the C API wants them."""

_CLIENT: dict[str, tuple[Any, ...]] = {
    "whimbrel_client_poll": (POINTER(c_uint64),),
    "whimbrel_client_deadline": (POINTER(structs.Deadline),),
    "whimbrel_client_capabilities": (),
    "whimbrel_changed": (structs.Path,),
    "whimbrel_complete": (structs.Path, c_int32),
    "whimbrel_client_network": (c_int32, c_int32),
    "whimbrel_client_stop": (),
    "whimbrel_client_end": (),
    "whimbrel_account_add": (POINTER(structs.Account),),
    "whimbrel_account_secure": (c_uint16, POINTER(structs.Credentials)),
    "whimbrel_account_remove": (c_uint16,),
    "whimbrel_account_registered": (c_uint16,),
    "whimbrel_account_update": (c_uint16,),
    "whimbrel_object_add": (POINTER(structs.Object), c_void_p),
    "whimbrel_object_remove": (c_uint16,),
    "whimbrel_instance_add": (c_uint16, c_uint16, c_void_p),
    "whimbrel_instance_remove": (c_uint16, c_uint16),
    "whimbrel_device_add": (POINTER(structs.Device), c_void_p),
    "whimbrel_device_error": (c_uint8,),
    "whimbrel_access_add": (POINTER(structs.AccessEntry),),
    "whimbrel_bootstrap_start": (),
    "whimbrel_provision": (c_char_p, c_size_t),
    "whimbrel_configuration_load": (),
    "whimbrel_configuration_erase": (),
    "whimbrel_sms_number": (c_char_p,),
    "whimbrel_card_changed": (),
    "whimbrel_card_message": (),
    "whimbrel_card_unsent": (),
}
_MODEM: dict[str, tuple[Any, ...]] = {
    "whimbrel_modem_input": (c_uint64, c_char_p, c_size_t),
    "whimbrel_modem_output": (c_void_p, c_size_t),
    "whimbrel_modem_poll": (c_uint64, POINTER(c_uint64)),
    "whimbrel_modem_line": (c_uint64, c_int32),
    "whimbrel_modem_serve": (c_uint64, POINTER(structs.Line), POINTER(c_uint64)),
    "whimbrel_modem_send": (c_char_p, c_size_t),
    "whimbrel_modem_receive": (c_void_p, c_size_t),
    "whimbrel_modem_transmit": (c_char_p, c_size_t, c_void_p, c_size_t, POINTER(c_size_t)),
    "whimbrel_modem_state": (POINTER(structs.ModemState),),
}

_PACKAGE = File(__file__).resolve().parent


def native(name: str, variable: str, in_tree: str, target: str) -> File:
    """A file that was built: by an environment variable, in the installed package, or where the source tree has it."""
    given = os.environ.get(variable)
    if given:
        return File(given)
    packaged = _PACKAGE / "_native" / name
    if packaged.exists():
        return packaged
    found = _PACKAGE.parents[3] / in_tree / name
    if not found.exists():
        raise FileNotFoundError(f"{name}: not in {_PACKAGE}; in the source tree run `make {target}`, or set {variable}")
    return found


def path() -> File:
    """Where the library is: WHIMBREL_LIBRARY, the package, or what `make library` builds."""
    return native("libwhimbrel.so", "WHIMBREL_LIBRARY", "target/release", "library")


@lru_cache(maxsize=None)
def load() -> ctypes.CDLL:
    """The library, with the types of its functions."""
    library = ctypes.CDLL(str(path()))
    library.whimbrel_version.restype = c_uint32
    library.whimbrel_version.argtypes = []
    library.whimbrel_client_size.restype = c_size_t
    library.whimbrel_client_size.argtypes = [POINTER(structs.Limits)]
    library.whimbrel_client_init.restype = c_int32
    library.whimbrel_client_init.argtypes = [
        *(c_void_p, c_size_t, POINTER(structs.Config), POINTER(structs.Port), POINTER(c_void_p)),
    ]
    library.whimbrel_modem_size.restype = c_size_t
    library.whimbrel_modem_size.argtypes = [POINTER(structs.ModemConfig)]
    library.whimbrel_modem_init.restype = c_int32
    library.whimbrel_modem_init.argtypes = [c_void_p, c_size_t, POINTER(structs.ModemConfig), POINTER(c_void_p)]
    for name, arguments in {**_CLIENT, **_MODEM}.items():
        function = getattr(library, name)
        function.restype, function.argtypes = c_int32, [c_void_p, *arguments]
    for name, types in structs.CALLS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = types[0], [c_void_p, *types[1:]]
    return library


@lru_cache(maxsize=None)
def load_mbedtls() -> ctypes.CDLL:
    """The DTLS backend of ports/mbedtls, with Mbed TLS in it."""
    found = native("libwhimbrel_mbedtls.so", "WHIMBREL_MBEDTLS_LIBRARY", "target/bench-native", "bench-native")
    library = ctypes.CDLL(str(found))
    library.whimbrel_mbedtls_open.restype = c_int32
    library.whimbrel_mbedtls_open.argtypes = [POINTER(structs.MbedTlsConfig), POINTER(c_void_p)]
    library.whimbrel_mbedtls_security.restype = POINTER(structs.Security)
    library.whimbrel_mbedtls_security.argtypes = [c_void_p]
    library.whimbrel_mbedtls_close.restype = None
    library.whimbrel_mbedtls_close.argtypes = [c_void_p]
    return library


def version() -> tuple[int, int, int]:
    """The version of the C library."""
    number = load().whimbrel_version()
    return number >> 16, number >> 8 & 0xFF, number & 0xFF


def address(symbol: str) -> int:
    """Where a constant of the library lies, such as a format."""
    return ctypes.addressof(c_uint8.in_dll(load(), symbol))
