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
    Code(
        "K114",
        "code-and-phones",
        explanation="A code is of use where a telephone may dial it, and a list of telephones where they have a code. "
        "An empty list says that the code is a lamp only.",
        bad='modes: {crisis: {code: "1"}}',
        good='modes: {crisis: {code: "1", phones: [PJSIP/101]}}',
    ),
)
