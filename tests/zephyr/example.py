#!/usr/bin/env python3
"""tests/c/examples.py with more patience: several of its checks run at a time here, on a machine that does other things as well.

usage: example.py NAME PROGRAM
"""

import support  # noqa: F401  its first effect is that the next can be found

import examples

if __name__ == "__main__":
    examples.PEER_PATIENCE = support.PATIENCE
    examples.main()
