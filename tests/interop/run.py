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
    # A failing class or module fixture counts as one failure, although none of its tests ran.
    bad = {str(test).split(" [")[0].split(" (form")[0] for test, _ in result.failures + result.errors}
    failed = max(len(bad), 0 if result.wasSuccessful() else 1)
    skipped = len(result.skipped)
    print(f"{max(result.testsRun - failed - skipped, 0)} passed, {failed} failed, {skipped} skipped", flush=True)
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
