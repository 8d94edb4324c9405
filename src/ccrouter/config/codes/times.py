"""T: times and calendars."""

from typing import Final

from ccrouter.config.codes.code import Code

TIMES: Final = (
    Code(
        "T101",
        "no-time-zone",
        "Time zones have the names of the tz database: a place. Abbreviations such as CEST stand for one "
        "half of the year.",
        "timezone: CEST",
        "timezone: Europe/Paris",
    ),
    Code(
        "T102",
        "no-date",
        "A date is year, month, day; and it must exist.",
        "calendars: {office: {hours: 24/7, exceptions: {24/12/2026: closed}}}",
        "calendars: {office: {hours: 24/7, exceptions: {2026-12-24: closed}}}",
    ),
    Code(
        "T103",
        "no-such-time",
        "As summer time begins, an hour is left out; this time lies in it.",
        "- {name: busy, when: {from: 2026-03-29 02:30}, to: tunis}",
        "- {name: busy, when: {from: 2026-03-29 03:30}, to: tunis}",
    ),
    Code(
        "T110",
        "no-opening-hours",
        "Opening hours are written as in OpenStreetMap: English days of two letters, and times with a colon.",
        "calendars: {office: {hours: lun-ven 8h30-18h30}}",
        'calendars: {office: {hours: "Mo-Fr 08:30-18:30"}}',
    ),
    Code(
        "T111",
        "holidays-in-hours",
        "`PH` knows no regional holidays, and `SH` has no effect in the library that reads the hours. "
        "Write `holidays`, and school holidays as `exceptions`.",
        'calendars: {office: {hours: "Mo-Fr 08:30-18:30; PH off"}}',
        'calendars: {office: {hours: "Mo-Fr 08:30-18:30", holidays: FR}}',
    ),
    Code(
        "T112",
        "sun-in-hours",
        "A telephone line does not open at sunrise.",
        'calendars: {office: {hours: "Mo-Fr sunrise-sunset"}}',
        'calendars: {office: {hours: "Mo-Fr 08:00-20:00"}}',
    ),
    Code(
        "T113",
        "unusable-hours",
        "OpenStreetMap's syntax has more than a telephone line can follow: open ends, repetitions, remarks, `unknown`.",
        'calendars: {office: {hours: "Mo-Fr 08:30+"}}',
        'calendars: {office: {hours: "Mo-Fr 08:30-18:30"}}',
    ),
    Code(
        "T114",
        "days-twice",
        "The same days are there twice, or a rule comes after one for some of its days. In this syntax the later rule "
        "replaces the earlier one, which nobody means.",
        'calendars: {office: {hours: "Mo-Fr 08:30-12:00; Mo-Fr 14:00-18:30"}}',
        'calendars: {office: {hours: "Mo-Fr 08:30-12:00,14:00-18:30"}}',
    ),
    Code(
        "T115",
        "range-too-long",
        "A range may run past midnight, but not past the next day.",
        'calendars: {office: {hours: "Fr 22:00-48:00"}}',
        'calendars: {office: {hours: "Fr 22:00-24:00; Sa 00:00-24:00"}}',
    ),
    Code(
        "T116",
        "hours-misread",
        "The hours can be read, but other programs may read them differently.",
        'calendars: {office: {hours: "mo-fr 08:30-18:30"}}',
        'calendars: {office: {hours: "Mo-Fr 08:30-18:30"}}',
    ),
    Code(
        "T117",
        "hours-without-days",
        "A rule without days comes after another one. In this syntax it replaces all before it; a second range of the "
        "same days stands behind a `,`.",
        'calendars: {office: {hours: "Mo-Fr 09:00-12:00; 13:30-18:00"}}',
        'calendars: {office: {hours: "Mo-Fr 09:00-12:00,13:30-18:00"}}',
    ),
    Code(
        "T118",
        "hours-overlap",
        "Two ranges of the same days overlap: one of their times is a slip.",
        'calendars: {office: {hours: "Mo-Fr 09:00-12:30,12:00-18:00"}}',
        'calendars: {office: {hours: "Mo-Fr 09:00-12:00,12:30-18:00"}}',
    ),
    Code(
        "T119",
        "odd-range",
        "A range ends past 24:00, or at the time at which it begins. OpenStreetMap's syntax can read both, but they "
        "are slips more often than not. A range over midnight has its end on the clock: 22:00-02:00.",
        'calendars: {office: {hours: "Mo-Fr 08:00-25:00"}}',
        'calendars: {office: {hours: "Mo-Fr 08:00-15:00"}}',
    ),
    Code(
        "T120",
        "unknown-holidays",
        "No public holidays are known under this code: a country (FR), or a part of one (FR-57 is Moselle).",
        "calendars: {office: {hours: 24/7, holidays: FR-75}}",
        "calendars: {office: {hours: 24/7, holidays: FR-57}}",
    ),
    Code(
        "T121",
        "no-hours-of-a-day",
        "An exception is `closed`, or the hours of that day, without days of the week.",
        "calendars: {office: {hours: 24/7, exceptions: {2026-12-24: morning}}}",
        'calendars: {office: {hours: 24/7, exceptions: {2026-12-24: "08:30-12:00"}}}',
    ),
    Code(
        "T122",
        "days-without-times",
        "Days without times are open day and night in this syntax. Write their times, or `off`.",
        'calendars: {office: {hours: "Mo-Fr 09:00-18:00; Sa-Su"}}',
        'calendars: {office: {hours: "Mo-Fr 09:00-18:00; Sa-Su off"}}',
    ),
    Code(
        "T201",
        "exceptions-over",
        "All exceptions of a calendar are in the past: those of the new year may have been forgotten.",
        "calendars: {office: {hours: 24/7, exceptions: {2020-12-25: closed}}}",
        "calendars: {office: {hours: 24/7, exceptions: {2020-12-25: closed, 2050-12-25: closed}}}",
        severity="note",
    ),
)
