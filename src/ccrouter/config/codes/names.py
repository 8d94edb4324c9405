"""N: names, and what they refer to."""

from typing import Final

from ccrouter.config.codes.code import Code

NAMES: Final = (
    Code("N101", "name-taken"),
    Code("N102", "site-and-message-alike"),
    Code("N103", "mode-twice"),
    Code("N104", "rule-twice"),
    Code("N105", "numbers-alike"),
    Code(
        "N106",
        "codes-alike",
        explanation="A telephone that dials this code could mean either mode.",
        bad='modes: {crisis: {code: "1", phones: PJSIP/101}, all_outside: {code: "1", phones: PJSIP/101}}',
        good='modes: {crisis: {code: "1", phones: PJSIP/101}, all_outside: {code: "2", phones: PJSIP/101}}',
    ),
    Code("N202", "unused-calendar", severity="note"),
    Code("N203", "unused-site", severity="note"),
    Code("N204", "unused-message", severity="note"),
    Code("N205", "unused-mode", severity="warning"),
    Code("N206", "unused-service", severity="warning"),
    Code("N301", "unknown-destination"),
    Code("N302", "unknown-calendar"),
    Code("N303", "unknown-mode"),
    Code("N304", "unknown-service"),
    Code("N305", "unknown-queue"),
    Code("N306", "unknown-site"),
    Code("N307", "unknown-message"),
    Code("N308", "unknown-number"),
)
