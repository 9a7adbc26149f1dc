"""The example of the README runs as it stands."""

from __future__ import annotations

import contextlib
import io
import re
import unittest
from pathlib import Path

from support import UdpServer


class Readme(unittest.TestCase):
    def test_the_example_registers(self) -> None:
        text = Path(__file__).with_name("README.md").read_text()
        found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
        assert found
        server = UdpServer()
        self.addCleanup(server.close)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(found[1].replace("coap://127.0.0.1:5683", server.uri), {"__name__": "readme"})
        self.assertIn("REGISTERED", printed.getvalue())
        self.assertIn(b"</3303/0>", server.heard[0].payload)


if __name__ == "__main__":
    unittest.main()
