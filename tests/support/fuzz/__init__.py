"""Targets of fuzzing: bytes in, promises checked. The same ones run in CI and for hours with scripts/fuzz."""
