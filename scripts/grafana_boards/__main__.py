"""Writes the dashboards anew, and tells which have changed."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from grafana_boards.written import DOCS, FOLDER, wanted


def main() -> None:
    """Write them."""
    parser = ArgumentParser(prog="scripts/dashboards")
    parser.add_argument("--docs", default=DOCS)
    parser.add_argument("--output", type=Path, default=FOLDER)
    asked = parser.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    for name, text in wanted(asked.docs).items():
        path = asked.output / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"written: {path}\n")


if __name__ == "__main__":
    main()
