"""The shared library: found once, its functions typed."""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, c_char_p, c_int32, c_size_t, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p
from functools import cache
from pathlib import Path as File
from typing import Any

from . import structs

FORMATS = ("tlv", "json", "text", "opaque")
FEATURES = ("reporting", "transfers", "creation", "deferral")

_CLIENT: dict[str, tuple[Any, ...]] = {
    "whimbrel_client_poll": (POINTER(c_uint64),),
    "whimbrel_client_deadline": (POINTER(structs.Deadline),),
    "whimbrel_changed": (structs.Path,),
    "whimbrel_complete": (structs.Path, c_int32),
    "whimbrel_client_network": (c_int32, c_int32),
    "whimbrel_client_stop": (),
    "whimbrel_client_end": (),
    "whimbrel_account_add": (POINTER(structs.Account),),
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
}


def path() -> File:
    """WHIMBREL_LIBRARY, or what `make library` builds."""
    given = os.environ.get("WHIMBREL_LIBRARY")
    if given:
        return File(given)
    found = File(__file__).resolve().parents[3] / "target" / "release" / "libwhimbrel.so"
    if not found.exists():
        raise FileNotFoundError(f"{found}: run `make library`, or set WHIMBREL_LIBRARY")
    return found


@cache
def load() -> ctypes.CDLL:
    """The library, with the types of its functions."""
    library = ctypes.CDLL(str(path()))
    library.whimbrel_version.restype = c_uint32
    library.whimbrel_client_size.restype = c_size_t
    library.whimbrel_client_size.argtypes = [POINTER(structs.Limits)]
    library.whimbrel_client_init.restype = c_int32
    library.whimbrel_client_init.argtypes = [
        *(c_void_p, c_size_t, POINTER(structs.Config), POINTER(structs.Port), POINTER(c_void_p)),
    ]
    for name, arguments in _CLIENT.items():
        function = getattr(library, name)
        function.restype, function.argtypes = c_int32, [c_void_p, *arguments]
    for name, (result, *arguments) in structs.CALLS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, [c_void_p, *arguments]
    return library


def address(symbol: str) -> int:
    """Where a constant of the library lies, such as a format."""
    return ctypes.addressof(c_uint8.in_dll(load(), symbol))
