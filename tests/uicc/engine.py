"""The engine behind `lab-uicc-peer`, as an object whose answers are dictionaries."""

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAB = ROOT / "target/release/lab-uicc-peer"


class Peer:
    def __init__(self):
        self.lab = subprocess.Popen([LAB], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def close(self):
        self.lab.stdin.close()
        self.lab.stdout.close()
        self.lab.wait()

    def ask(self, what, **arguments):
        line = {name: value.hex() if isinstance(value, bytes) else value for name, value in arguments.items()}
        self.lab.stdin.write(json.dumps({"do": what, **line}) + "\n")
        answer = json.loads(self.lab.stdout.readline())
        assert "usage" not in answer, answer
        return answer
