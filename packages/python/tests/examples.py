"""Writes the files that a README shows into a folder: examples.py README FOLDER."""

import re
import sys
from pathlib import Path

readme, folder = map(Path, sys.argv[1:])
for name, code in re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```\n", readme.read_text(encoding="utf-8"), re.DOTALL):
    (folder / name).write_text(code, encoding="utf-8")
