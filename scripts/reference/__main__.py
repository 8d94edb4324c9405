"""Writes the generated parts of docs/ anew, and tells which have changed."""

import sys

from reference.pages import HOUSE, wanted

for path, text in wanted().items():
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
        sys.stdout.write(f"written: {path.relative_to(HOUSE)}\n")
