"""K: keys, and the shape of what stands under them."""

from typing import Final

from ccrouter.config.codes.code import Code

KEYS: Final = (
    Code("K101", "unknown-key"),
    Code("K102", "missing-key"),
    Code("K103", "missing-value"),
    Code("K104", "mapping-expected"),
    Code("K105", "list-expected"),
    Code("K106", "wrong-shape"),
    Code("K107", "single-value-expected"),
    Code("K108", "nothing-in-it"),
    Code("K110", "one-of-several"),
    Code("K112", "no-condition"),
    Code("K113", "nobody-named"),
)
