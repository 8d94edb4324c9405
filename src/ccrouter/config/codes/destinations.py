"""D: destinations, plans and shares."""

from typing import Final

from ccrouter.config.codes.code import Code

DESTINATIONS: Final = (
    Code("D101", "share-with-limit"),
    Code("D102", "shares-of-nothing"),
    Code("D103", "no-last-message"),
    Code("D104", "message-not-last"),
    Code("D105", "message-with-limit"),
    Code("D106", "share-of-message"),
    Code("D107", "share-of-waiting"),
    Code("D108", "plan-too-long"),
    Code("D109", "never-reached"),
    Code("D110", "moves-everybody"),
    Code("D111", "share-in-percent"),
)
