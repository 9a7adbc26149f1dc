"""Lets the modules of tools/provision be imported: the bootstrap file is theirs."""

from __future__ import annotations

import sys
from pathlib import Path

PROVISION = str(Path(__file__).resolve().parent.parent / "provision")
if PROVISION not in sys.path:
    sys.path.insert(0, PROVISION)
