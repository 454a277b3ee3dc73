"""Stands in for nvcc: notes its words beside itself and makes an object of nothing."""

import subprocess
import sys
from pathlib import Path

words = sys.argv[1:]
Path(__file__).with_name("words").write_text(" ".join(words))
output = words[words.index("-o") + 1]
Path(words[words.index("-MF") + 1]).write_text(f"{output}:\n")
subprocess.run(["cc", "-x", "c", "-c", "/dev/null", "-o", output], check=True)
