"""`examples-c/card_pcsc.c`: a device whose only knowledge is the card in the reader."""

import pathlib
import sys
import unittest

import cards
from pcscd import ROOT, Pcscd

sys.path.insert(1, str(ROOT / "tests/c"))
sys.path.insert(1, str(ROOT / "tests/interop"))
sys.path.insert(1, str(ROOT / "tools/card"))
import os

import neighbour  # noqa: F401
import cardset
import description as descriptions
from build import build  # noqa: F401
from peer import CHANGED, POST, Peer, coap, running

PROGRAM = str(ROOT / "target/examples-c/card_pcsc")
