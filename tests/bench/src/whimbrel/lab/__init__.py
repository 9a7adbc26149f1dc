"""The lab: LwM2M servers, a network with weather, an SMS centre, AT modems and smartcards, for tests of devices.

    with Lab() as lab:
        server, device = lab.server(), lab.device()
        server.enroll(device)
        device.wait_for(EventCode.REGISTERED)
        assert server.read("/3/0/0").text == "Whimbrel"

None of it is built on the library's own codecs, so that the two check each other.
"""

from .answers import Link, LogEntry, NoAnswer, Notification, Registration, Response
from .bootstrap import Configuration, LabBootstrapServer, Session
from .card import LabCard
from .device import LabDevice, LabPort
from .modem import LabModem
from .process import LabError
from .server import JSON, LINKS, OPAQUE, TEXT, TLV, LabServer, Observation, Request
from .sms import Centre, ShortMessage
from .time import Lab, RealTimeLab

__all__ = [
    "Lab",
    "RealTimeLab",
    "LabDevice",
    "LabPort",
    "LabServer",
    "LabBootstrapServer",
    "LabCard",
    "LabModem",
    "Centre",
    "Configuration",
    "Session",
    "Request",
    "Observation",
    "ShortMessage",
    "Response",
    "Notification",
    "Registration",
    "LogEntry",
    "Link",
    "LabError",
    "NoAnswer",
    "TEXT",
    "LINKS",
    "OPAQUE",
    "TLV",
    "JSON",
]
