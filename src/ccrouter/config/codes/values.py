"""V: single values."""

from typing import Final

from ccrouter.config.codes.code import Code

VALUES: Final = (
    Code("V101", "line-break-in-value"),
    Code("V102", "sign-in-name"),
    Code("V103", "space-in-name"),
    Code("V104", "name-too-long"),
    Code("V105", "accents-apart"),
    Code("V106", "no-sound-file"),
    Code("V107", "no-mailbox"),
    Code("V108", "no-language"),
    Code("V109", "no-endpoint"),
    Code("V110", "not-dialable"),
    Code("V111", "dials-two"),
    Code("V112", "dial-options"),
    Code(
        "V113",
        "no-mode-code",
        explanation="The code of a mode is what a telephone dials after the prefix, so it has digits only. It stands "
        "in quotes, for YAML would drop a zero at its begin.",
        bad="modes: {crisis: {code: A1, phones: PJSIP/101}}",
        good='modes: {crisis: {code: "01", phones: PJSIP/101}}',
    ),
    Code(
        "V114",
        "no-telephone",
        explanation="Who may switch a mode is an endpoint that the PABX knows by its password. A number would not do, "
        "for callers choose what they show; nor would a Local channel, which anybody's call may run through.",
        bad='modes: {crisis: {code: "1", phones: ["101"]}}',
        good='modes: {crisis: {code: "1", phones: [PJSIP/101]}}',
    ),
    Code("V115", "sound-file-with-ending"),
    Code("V120", "unit-missing"),
    Code("V121", "no-duration"),
    Code("V122", "duration-too-long"),
    Code("V123", "duration-zero"),
    Code("V130", "no-such-choice"),
    Code("V140", "number-in-quotes"),
    Code("V141", "no-whole-number"),
    Code("V142", "out-of-range"),
    Code("V150", "no-percentage"),
    Code("V151", "over-100-percent"),
    Code("V160", "no-truth-value"),
    Code("V170", "no-money"),
    Code("V180", "sign-in-number"),
    Code("V181", "number-length"),
    Code("V182", "no-number-of-country"),
    Code("V183", "no-country"),
)
