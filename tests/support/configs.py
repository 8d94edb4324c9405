"""The files that come with ccrouter."""

from pathlib import Path
from typing import Final

CONFIGS: Final = Path(__file__).parents[2] / "configs"
EXAMPLE: Final = CONFIGS / "example.yaml"
