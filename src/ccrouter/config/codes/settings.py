"""S: the settings file."""

from typing import Final

from ccrouter.config.codes.code import Code

SETTINGS: Final = (
    Code("S101", "secret-in-file"),
    Code("S103", "secret-not-set"),
    Code("S104", "secret-unreadable"),
    Code("S105", "no-secret"),
    Code("S106", "secret-open-to-all"),
    Code("S107", "no-such-file"),
    Code("S108", "pabx-twice"),
    Code("S109", "no-host"),
    Code("S110", "no-user-name"),
    Code("S111", "no-variable"),
    Code("S112", "no-folder-here", severity="note"),
    Code("S113", "not-writable-here", severity="note"),
    Code(
        "S114",
        "no-days",
        "How long the journal of decisions is kept is said in whole days, or with `off`.",
        "journal: {keep: 2 weeks}",
        "journal: {keep: 14d}",
        settings=True,
    ),
)
