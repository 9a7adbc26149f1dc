"""The structs of include/whimbrel.h and of the backend's header. tests/bench/test_layout.py compares each with what the C
compiler makes of it."""

from __future__ import annotations

from ctypes import CFUNCTYPE, POINTER, Structure, c_char, c_char_p, c_double, c_int32, c_int64, c_size_t
from ctypes import c_uint8, c_uint16, c_uint32, c_uint64, c_void_p
from typing import Any

NONE = 65535


class Limits(Structure):
    _c_name_ = "whimbrel_limits_t"
    _fields_ = [("size", c_size_t)] + [
        (name, c_uint16)
        for name in (
            *("servers", "objects", "instances", "access", "observations", "attributes"),
            *("recent", "deferred", "changes", "datagram", "credentials", "undo"),
        )
    ] + [
        *(("body", c_uint32), ("mtu", c_uint16), ("bootstrap", c_uint32)),
        *(("sms", c_uint16), ("uicc", c_uint16), ("uicc_messages", c_uint16)),
    ]


class Coap(Structure):
    _c_name_ = "whimbrel_coap_t"
    _fields_ = [
        ("ack_timeout_ms", c_uint32),
        ("ack_random_permille", c_uint16),
        ("max_retransmit", c_uint8),
        ("nstart", c_uint8),
    ]


class Path(Structure):
    """A place in the object tree, as `/3/0/9`."""

    _c_name_ = "whimbrel_path_t"
    _fields_ = [("object", c_uint16), ("instance", c_uint16), ("resource", c_uint16), ("resource_instance", c_uint16)]

    @classmethod
    def of(cls, text: str) -> Path:
        """From text; "/" and "" are the root."""
        ids = [int(part) for part in text.split("/") if part]
        if len(ids) > 4 or not all(0 <= id < NONE for id in ids):
            raise ValueError(f"not a path: {text!r}")
        return cls(*ids, *[NONE] * (4 - len(ids)))

    def ids(self) -> tuple[int, int, int, int]:
        return (self.object, self.instance, self.resource, self.resource_instance)

    def __str__(self) -> str:
        ids = self.ids()
        depth = ids.index(NONE) if NONE in ids else 4
        return "/" + "/".join(str(id) for id in ids[:depth])


class RawEvent(Structure):
    _c_name_ = "whimbrel_event_t"
    _fields_ = [
        ("code", c_uint16),
        ("short_server_id", c_uint16),
        ("status", c_int32),
        ("path", Path),
        ("at", c_uint64),
    ]


class Deadline(Structure):
    _c_name_ = "whimbrel_deadline_t"
    _fields_ = [("at", c_uint64), ("short_server_id", c_uint16), ("reason", c_uint8)]


EVENT = CFUNCTYPE(None, c_void_p, POINTER(RawEvent))


UICC_CMAC = CFUNCTYPE(c_int32, c_void_p, c_uint8, c_void_p, c_size_t, POINTER(c_uint8))
UICC_PIN = CFUNCTYPE(c_int32, c_void_p, c_uint8, c_uint8, POINTER(c_uint8))


class Uicc(Structure):
    """How a smartcard is read."""

    _c_name_ = "whimbrel_uicc_t"
    _fields_ = [
        ("size", c_size_t),
        ("context", c_void_p),
        ("secure", c_uint8),
        ("key_version", c_uint8),
        ("s16", c_uint8),
        ("key_length", c_uint8),
        ("key_enc", c_void_p),
        ("key_mac", c_void_p),
        ("cmac", UICC_CMAC),
        ("pin", UICC_PIN),
        ("timeout_ms", c_uint32),
        ("look_s", c_uint32),
        ("ask_s", c_uint32),
        ("message_aid", c_void_p),
        ("message_aid_length", c_uint8),
        ("message_tag", c_uint8),
        ("message_object", c_uint16),
    ]


class Config(Structure):
    _c_name_ = "whimbrel_config_t"
    _fields_ = [
        ("size", c_size_t),
        ("endpoint", c_char_p),
        ("limits", POINTER(Limits)),
        ("formats", POINTER(c_void_p)),
        ("format_count", c_size_t),
        ("features", POINTER(c_void_p)),
        ("feature_count", c_size_t),
        ("access", c_void_p),
        ("version_min", c_uint8),
        ("version_max", c_uint8),
        ("confirm_notifications", c_uint8),
        ("coap", Coap),
        ("awake_ms", c_uint32),
        ("retry_first_s", c_uint32),
        ("retry_longest_s", c_uint32),
        ("event", EVENT),
        ("event_context", c_void_p),
        ("handshake_first_ms", c_uint32),
        ("handshake_longest_ms", c_uint32),
        ("server_initiated", c_uint8),
        ("sms_flags", c_uint8),
        ("sms_protocol", c_uint8),
        ("sms_coding", c_uint8),
        ("sms_number", c_char_p),
        ("sms_answer_s", c_uint32),
        ("uicc", POINTER(Uicc)),
    ]


NOW = CFUNCTYPE(c_uint64, c_void_p)
RANDOM = CFUNCTYPE(None, c_void_p, POINTER(c_uint8), c_size_t)
LINK_OPEN = CFUNCTYPE(c_int32, c_void_p, c_uint8, c_void_p, c_size_t, c_uint16, c_int32)
LINK_SEND = CFUNCTYPE(c_int32, c_void_p, c_uint8, c_void_p, c_size_t)
LINK_RECEIVE = CFUNCTYPE(c_int32, c_void_p, c_uint8, c_void_p, c_size_t)
LINK_CLOSE = CFUNCTYPE(None, c_void_p, c_uint8)
WALL_CLOCK = CFUNCTYPE(c_int64, c_void_p)
SMS_SEND = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t)
SMS_RECEIVE = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t)
LOCK = CFUNCTYPE(c_uint32, c_void_p)
UNLOCK = CFUNCTYPE(None, c_void_p, c_uint32)
WAKE = CFUNCTYPE(None, c_void_p)
UICC_TRANSMIT = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, POINTER(c_size_t))
STORAGE = CFUNCTYPE(c_int32, c_void_p, c_uint16, c_void_p, c_size_t)


class Session(Structure):
    """What a session is made of: a backend written in Python could take this."""

    _c_name_ = "whimbrel_session_t"
    _fields_ = [
        ("size", c_size_t),
        ("mode", c_uint8),
        ("serves", c_uint8),
        ("certificate_usage", c_uint8),
        ("matching_type", c_uint8),
        ("check_name", c_uint8),
        ("name_is_address", c_uint8),
        ("mtu", c_uint16),
        ("first_timeout_ms", c_uint32),
        ("longest_timeout_ms", c_uint32),
        ("wall_clock_s", c_int64),
        ("ciphersuites", POINTER(c_uint16)),
        ("ciphersuite_count", c_size_t),
        ("identity", POINTER(c_uint8)),
        ("identity_length", c_size_t),
        ("server_key", POINTER(c_uint8)),
        ("server_key_length", c_size_t),
        ("secret_key", POINTER(c_uint8)),
        ("secret_key_length", c_size_t),
        ("name", c_void_p),
        ("name_length", c_size_t),
    ]


class Outlet(Structure):
    _c_name_ = "whimbrel_outlet_t"
    _fields_ = [("context", c_void_p), ("send", CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t))]


class SessionState(Structure):
    _c_name_ = "whimbrel_session_state_t"
    _fields_ = [
        ("deadline_ms", c_uint64),
        ("sequence", c_uint64),
        ("alert", c_int32),
        ("ciphersuite", c_uint16),
        ("overhead", c_uint16),
        ("established", c_uint8),
        ("resumed", c_uint8),
        ("connection_id", c_uint8),
        ("savable", c_uint8),
    ]


class Security(Structure):
    """A backend; made by C, so its functions are only addresses here."""

    _c_name_ = "whimbrel_security_t"
    _fields_ = [
        ("size", c_size_t),
        ("context", c_void_p),
        ("capabilities", c_void_p),
        ("start", c_void_p),
        ("step", c_void_p),
        ("feed", c_void_p),
        ("write", c_void_p),
        ("state", c_void_p),
        ("save", c_void_p),
        ("load", c_void_p),
        ("fence", c_void_p),
        ("end", c_void_p),
    ]


class Credentials(Structure):
    _c_name_ = "whimbrel_credentials_t"
    _fields_ = [
        ("size", c_size_t),
        ("mode", c_uint8),
        ("certificate_usage", c_uint8),
        ("matching_type", c_uint8),
        ("identity", POINTER(c_uint8)),
        ("identity_length", c_size_t),
        ("server_key", POINTER(c_uint8)),
        ("server_key_length", c_size_t),
        ("secret_key", POINTER(c_uint8)),
        ("secret_key_length", c_size_t),
        ("sni", c_char_p),
        ("ciphersuites", POINTER(c_uint16)),
        ("ciphersuite_count", c_size_t),
    ]


class Port(Structure):
    _c_name_ = "whimbrel_port_t"
    _fields_ = [
        ("size", c_size_t),
        ("context", c_void_p),
        ("now", NOW),
        ("random", RANDOM),
        ("link_open", LINK_OPEN),
        ("link_send", LINK_SEND),
        ("link_receive", LINK_RECEIVE),
        ("link_close", LINK_CLOSE),
        ("lock", LOCK),
        ("unlock", UNLOCK),
        ("wake", WAKE),
        ("security", POINTER(Security)),
        ("wall_clock", WALL_CLOCK),
        ("storage_read", STORAGE),
        ("storage_write", STORAGE),
        ("sms_send", SMS_SEND),
        ("sms_receive", SMS_RECEIVE),
        ("crypto", c_void_p),
        ("uicc_transmit", UICC_TRANSMIT),
    ]


class Chunk(Structure):
    _c_name_ = "whimbrel_chunk_t"
    _fields_ = [("data", POINTER(c_uint8)), ("size", c_size_t)]


CBC = CFUNCTYPE(
    c_int32, c_void_p, c_uint8, c_uint8, c_void_p, c_size_t, POINTER(c_uint8), POINTER(c_uint8), c_size_t
)
MAC = CFUNCTYPE(c_int32, c_void_p, c_uint8, c_void_p, c_size_t, POINTER(Chunk), c_size_t, POINTER(c_uint8))


class Crypto(Structure):
    """Ciphers; the library has some, `whimbrel_crypto_software`."""

    _c_name_ = "whimbrel_crypto_t"
    _fields_ = [("size", c_size_t), ("context", c_void_p), ("cbc", CBC), ("mac", MAC)]


class Sms(Structure):
    _c_name_ = "whimbrel_sms_t"
    _fields_ = [
        ("size", c_size_t),
        ("mode", c_uint8),
        ("trigger", c_uint8),
        ("number", c_char_p),
        ("parameters", POINTER(c_uint8)),
        ("parameters_length", c_size_t),
        ("keys", POINTER(c_uint8)),
        ("keys_length", c_size_t),
    ]


MODEM_EVENT = CFUNCTYPE(None, c_void_p, c_uint16, c_int32)


class ModemConfig(Structure):
    _c_name_ = "whimbrel_modem_config_t"
    _fields_ = [
        ("size", c_size_t),
        ("pin", c_char_p),
        ("service_centre", c_char_p),
        ("storage", c_char_p),
        ("commands", POINTER(c_char_p)),
        ("stored", c_uint8),
        ("bearer", c_uint8),
        ("outgoing", c_uint16),
        ("incoming", c_uint16),
        ("check_s", c_uint32),
        ("event", MODEM_EVENT),
        ("event_context", c_void_p),
        ("card", c_void_p),
    ]


class ModemState(Structure):
    _c_name_ = "whimbrel_modem_state_t"
    _fields_ = [
        ("size", c_size_t),
        ("state", c_uint8),
        ("registration", c_uint8),
        ("sms", c_uint8),
        ("cms_error", c_uint16),
        ("cme_error", c_uint16),
        ("waiting", c_uint16),
        ("sent", c_uint32),
        ("received", c_uint32),
        ("failed", c_uint32),
        ("dropped", c_uint32),
        ("restarts", c_uint32),
        ("service_centre", c_char * 25),
        ("card", c_uint8),
    ]


LINE_RECEIVE = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t)
LINE_SEND = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t)


class Line(Structure):
    _c_name_ = "whimbrel_line_t"
    _fields_ = [("size", c_size_t), ("context", c_void_p), ("receive", LINE_RECEIVE), ("send", LINE_SEND)]


class Account(Structure):
    _c_name_ = "whimbrel_account_t"
    _fields_ = [
        ("size", c_size_t),
        ("uri", c_char_p),
        ("binding", c_char_p),
        ("lifetime_s", c_uint32),
        ("pmin_s", c_uint32),
        ("pmax_s", c_uint32),
        ("disable_timeout_s", c_uint32),
        ("short_server_id", c_uint16),
        ("discard_offline", c_uint8),
        ("security", POINTER(Credentials)),
        ("bootstrap_server", c_uint8),
        ("hold_off_s", c_uint32),
        ("account_timeout_s", c_uint32),
        ("sms", POINTER(Sms)),
    ]


ASK = CFUNCTYPE(c_int32, c_void_p)
GET_TIME = CFUNCTYPE(c_int64, c_void_p)
SET_TIME = CFUNCTYPE(c_int32, c_void_p, c_int64)


class Device(Structure):
    _c_name_ = "whimbrel_device_t"
    _fields_ = [
        ("size", c_size_t),
        ("manufacturer", c_char_p),
        ("model_number", c_char_p),
        ("serial_number", c_char_p),
        ("firmware_version", c_char_p),
        ("device_type", c_char_p),
        ("hardware_version", c_char_p),
        ("software_version", c_char_p),
        ("binding", c_char_p),
        ("reboot", ASK),
        ("factory_reset", ASK),
        ("get_time", GET_TIME),
        ("set_time", SET_TIME),
        ("utc_offset", c_void_p),
        ("utc_offset_capacity", c_uint16),
        ("timezone_capacity", c_uint16),
        ("power_source_count", c_uint16),
        ("timezone", c_void_p),
        ("power_sources", POINTER(c_int32)),
        ("power_voltages", POINTER(c_int32)),
        ("power_currents", POINTER(c_int32)),
        ("battery_level", POINTER(c_int32)),
        ("battery_status", POINTER(c_int32)),
        ("memory_free", POINTER(c_int32)),
        ("memory_total", POINTER(c_int32)),
    ]


HANDLER = CFUNCTYPE(c_int32, c_void_p, c_void_p)


class Resource(Structure):
    _c_name_ = "whimbrel_resource_t"
    _fields_ = [
        ("id", c_uint16),
        ("data_type", c_uint8),
        ("operations", c_uint8),
        ("flags", c_uint8),
        ("reserved", c_uint8),
        ("capacity", c_uint16),
        ("value", c_void_p),
        ("read", HANDLER),
        ("write", HANDLER),
        ("execute", HANDLER),
    ]


CREATE = CFUNCTYPE(c_int32, c_void_p, c_uint16, POINTER(c_void_p))
REMOVE = CFUNCTYPE(c_int32, c_void_p, c_uint16, c_void_p)


class Object(Structure):
    _c_name_ = "whimbrel_object_t"
    _fields_ = [
        ("size", c_size_t),
        ("id", c_uint16),
        ("version_major", c_uint8),
        ("version_minor", c_uint8),
        ("flags", c_uint8),
        ("resource_count", c_uint16),
        ("resources", POINTER(Resource)),
        ("create", CREATE),
        ("remove", REMOVE),
    ]


class Bytes(Structure):
    _c_name_ = "whimbrel_bytes_t"
    _fields_ = [("length", c_uint16), ("capacity", c_uint16), ("bytes", POINTER(c_uint8))]


class List(Structure):
    _c_name_ = "whimbrel_list_t"
    _fields_ = [("count", c_uint16), ("capacity", c_uint16), ("ids", POINTER(c_uint16)), ("values", c_void_p)]


class Right(Structure):
    _c_name_ = "whimbrel_right_t"
    _fields_ = [("short_server_id", c_uint16), ("rights", c_uint16)]


class AccessEntry(Structure):
    _c_name_ = "whimbrel_access_entry_t"
    _fields_ = [
        ("size", c_size_t),
        ("object", c_uint16),
        ("instance", c_uint16),
        ("owner", c_uint16),
        ("right_count", c_uint16),
        ("rights", POINTER(Right)),
    ]


class MbedTlsConfig(Structure):
    _c_name_ = "whimbrel_mbedtls_config_t"
    _fields_ = [
        ("size", c_size_t),
        ("port", POINTER(Port)),
        ("memory", c_void_p),
        ("memory_size", c_size_t),
        ("allocate", c_void_p),
        ("release", c_void_p),
        ("trust_store", POINTER(c_uint8)),
        ("trust_store_length", c_size_t),
        ("without_clock", c_uint8),
        ("no_connection_id", c_uint8),
        ("psk_tickets", c_uint8),
        ("sessions", c_uint8),
    ]


ALL: tuple[type[Structure], ...] = (
    *(Limits, Coap, Path, RawEvent, Deadline, Config, Port, Account, Device, Resource, Object, Bytes, List),
    *(Right, AccessEntry),
    *(Session, Outlet, SessionState, Security, Credentials),
    *(Chunk, Crypto, Sms, Uicc, ModemConfig, ModemState, Line),
)

# What handlers are answered through: name, result, arguments behind the call.
CALLS: dict[str, tuple[Any, ...]] = {
    "whimbrel_call_path": (Path,),
    "whimbrel_reply_instance": (c_int32, c_uint16),
    "whimbrel_reply_integer": (c_int32, c_int64),
    "whimbrel_reply_unsigned": (c_int32, c_uint64),
    "whimbrel_reply_float": (c_int32, c_double),
    "whimbrel_reply_boolean": (c_int32, c_int32),
    "whimbrel_reply_time": (c_int32, c_int64),
    "whimbrel_reply_objlnk": (c_int32, c_uint16, c_uint16),
    "whimbrel_reply_string": (c_int32, c_char_p, c_size_t),
    "whimbrel_reply_opaque": (c_int32, c_char_p, c_size_t),
    "whimbrel_value_integer": (c_int32, POINTER(c_int64)),
    "whimbrel_value_unsigned": (c_int32, POINTER(c_uint64)),
    "whimbrel_value_float": (c_int32, POINTER(c_double)),
    "whimbrel_value_boolean": (c_int32, POINTER(c_int32)),
    "whimbrel_value_objlnk": (c_int32, POINTER(c_uint16), POINTER(c_uint16)),
    "whimbrel_value_bytes": (c_int32, POINTER(c_void_p), POINTER(c_size_t)),
    "whimbrel_value_part": (c_int32, POINTER(c_size_t), POINTER(c_int32)),
    "whimbrel_value_clears": (c_int32,),
    "whimbrel_argument": (c_int32, c_uint8, POINTER(c_void_p), POINTER(c_size_t)),
}
