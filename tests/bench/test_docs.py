"""Every Python block of docs/python-bench.md runs as it stands, with the fixtures that the package brings."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python-bench.md"


def test_the_examples_of_the_manual(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) >= 10
    for number, block in enumerate(blocks):
        assert "def test_" in block, f"block {number} tests nothing"
        (tmp_path / f"test_block_{number}.py").write_text(block)
    expected = sum(len(re.findall(r"^def test_", block, re.MULTILINE)) for block in blocks)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{expected} passed" in done.stdout
