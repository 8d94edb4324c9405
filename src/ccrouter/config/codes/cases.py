"""C: loads and cases, what the routing file is asked with."""

from typing import Final

from ccrouter.config.codes.code import Code

CASES: Final = (
    Code("C101", "no-load"),
    Code("C102", "unknown-measure"),
    Code("C103", "measure-of-what"),
    Code("C104", "load-contradicts-itself"),
    Code("C105", "measure-twice"),
    Code("C110", "no-instant"),
    Code("C111", "nothing-expected"),
    Code("C112", "calls-without-counts"),
    Code("C113", "counts-do-not-add-up"),
    Code("C114", "unknown-rule"),
    Code("C115", "waits-nowhere"),
    Code("C116", "case-twice"),
    Code("C117", "no-routing-file"),
)
