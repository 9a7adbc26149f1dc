"""Runs the interop suite and ends with the line that CI reads: `N passed, N failed, N skipped`."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    sys.path.insert(0, str(HERE))
    pattern = sys.argv[1:]
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(pattern) if pattern else loader.discover(str(HERE), top_level_dir=str(HERE))
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
    # A case whose sub-tests fail is one failure; so is a fixture, whose cases then did not run at all.
    bad = {getattr(test, "test_case", test) for test, _ in result.failures + result.errors}
    ran = {test for test in bad if isinstance(test, unittest.TestCase)}
    skipped = len(result.skipped)
    print(f"{result.testsRun - len(ran) - skipped} passed, {len(bad)} failed, {skipped} skipped", flush=True)
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
