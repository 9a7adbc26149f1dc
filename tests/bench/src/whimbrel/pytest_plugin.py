"""Fixtures for pytest: a lab for each test, and what a test mostly wants of it.

`@pytest.mark.lab(real_time=True, seed=7)` says how the lab of a test is.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .lab import Centre, Configuration, Lab, LabBootstrapServer, LabCard, LabDevice, LabModem, LabServer, RealTimeLab


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "lab(real_time=False, seed=1): how the Whimbrel lab of this test is")


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab, under virtual time unless the mark says otherwise."""
    mark = request.node.get_closest_marker("lab")
    how = dict(mark.kwargs) if mark else {}
    made = RealTimeLab if how.pop("real_time", False) else Lab
    with made(**how) as lab:
        yield lab


@pytest.fixture
def lab_server(lab: Lab) -> LabServer:
    """An LwM2M server without security."""
    return lab.server()


@pytest.fixture
def lab_device(lab: Lab, lab_server: LabServer) -> LabDevice:
    """A device with the object Device and an account with `lab_server`, lifetime ten minutes. It has not registered yet."""
    device = lab.device()
    lab_server.enroll(device, lifetime_s=600)
    return device


@pytest.fixture
def lab_bootstrap(lab: Lab, lab_server: LabServer) -> LabBootstrapServer:
    """A bootstrap server that sends devices to `lab_server`, under the Short Server ID 101."""
    bootstrap = lab.bootstrap_server()
    bootstrap.configure(Configuration().bootstrap_server(bootstrap).server(lab_server, 101))
    return bootstrap


@pytest.fixture
def lab_sms(lab: Lab) -> Centre:
    """The short message service centre."""
    return lab.sms


@pytest.fixture
def lab_modem(lab: Lab) -> LabModem:
    """An AT modem with the number +15555550199, for `lab.device(modem=...)`."""
    return lab.modem("+15555550199")


@pytest.fixture
def lab_card(lab: Lab, lab_server: LabServer) -> LabCard:
    """A smartcard whose bootstrap file sends devices to `lab_server`, under the Short Server ID 101."""
    return lab.card(Configuration().server(lab_server, 101))
