"""D: destinations, plans and shares."""

from typing import Final

from ccrouter.config.codes.code import Code

DESTINATIONS: Final = (
    Code(
        "D101",
        "share-with-limit",
        "A share has no limit of its own, for each of its sites has one.",
        "- {name: busy, when: {mode: crisis}, to: [{share: {paris: 70, tunis: 30}, for: 30s}]}",
        "- {name: busy, when: {mode: crisis}, to: [{share: {paris: 70, tunis: 30}}]}",
    ),
    Code(
        "D102",
        "shares-of-nothing",
        "All parts of a share are 0: no site would ever have its turn.",
        "- {name: busy, when: {mode: crisis}, to: [{share: {paris: 0, tunis: 0}}]}",
        "- {name: busy, when: {mode: crisis}, to: [{share: {paris: 0, tunis: 1}}]}",
    ),
    Code(
        "D103",
        "no-last-message",
        "`otherwise` ends with a site. When it does not answer either, the caller would hear nothing at all.",
        "services: {support: {otherwise: [paris, tunis]}}",
        "services: {support: {otherwise: [paris, tunis, closed]}}",
    ),
    Code(
        "D104",
        "message-not-last",
        "A message ends the call, so that nothing after it is reached.",
        "- {name: busy, when: {mode: crisis}, to: [closed, tunis]}",
        "- {name: busy, when: {mode: crisis}, to: [tunis, closed]}",
    ),
    Code(
        "D105",
        "message-with-limit",
        "A message is played to its end; it has no limit.",
        "- {name: busy, when: {mode: crisis}, to: [{site: closed, for: 10s}]}",
        "- {name: busy, when: {mode: crisis}, to: [{site: tunis, for: 10s}, closed]}",
    ),
    Code(
        "D106",
        "share-of-message",
        "A share is between sites. Callers who take turns at hearing a message would be turned away by lot.",
        "- {name: busy, when: {mode: crisis}, to: [{share: {paris: 70, closed: 30}}]}",
        "- {name: busy, when: {mode: crisis}, to: [{share: {paris: 70, tunis: 30}}, closed]}",
    ),
    Code(
        "D107",
        "share-of-waiting",
        "A rule of `while_waiting` is asked again and again. Those whose turn is an in-house site stay "
        "where they are, and take their turn anew with each asking, until all are outside.",
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, closed]\n"
        "    while_waiting:\n"
        "      - {name: too long, when: {waited: 90s}, to: [{share: {paris: 50, tunis: 50}}]}\n",
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, closed]\n"
        "    while_waiting:\n"
        "      - {name: too long, when: {waited: 90s}, to: tunis}\n",
    ),
    Code(
        "D108",
        "plan-too-long",
        "A plan is handed to Asterisk in channel variables, which hold so much and no more. Dial strings "
        "and names are its length.",
        "sites:\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "  tunis: {external: {dial: PJSIP/1@trunk, answer_within: 25s}}\n"
        "  far away site number 0: {external: {dial: "
        "PJSIP/9999999999999999999999999999999999999999999999999999999999990@trunk, answer_within: 25s}}\n"
        "  far away site number 1: {external: {dial: "
        "PJSIP/9999999999999999999999999999999999999999999999999999999999991@trunk, answer_within: 25s}}\n"
        "  far away site number 2: {external: {dial: "
        "PJSIP/9999999999999999999999999999999999999999999999999999999999992@trunk, answer_within: 25s}}\n"
        "  far away site number 3: {external: {dial: "
        "PJSIP/9999999999999999999999999999999999999999999999999999999999993@trunk, answer_within: 25s}}\n"
        "  far away site number 4: {external: {dial: "
        "PJSIP/9999999999999999999999999999999999999999999999999999999999994@trunk, answer_within: 25s}}\n"
        "  far away site number 5: {external: {dial: "
        "PJSIP/9999999999999999999999999999999999999999999999999999999999995@trunk, answer_within: 25s}}\n"
        "  far away site number 6: {external: {dial: "
        "PJSIP/9999999999999999999999999999999999999999999999999999999999996@trunk, answer_within: 25s}}\n"
        "  far away site number 7: {external: {dial: "
        "PJSIP/9999999999999999999999999999999999999999999999999999999999997@trunk, answer_within: 25s}}\n"
        "services:\n"
        "  support:\n"
        "    otherwise: [far away site number 0, far away site number 1, far away site number 2, far "
        "away site number 3, far away site number 4, far away site number 5, far away site number 6, far "
        "away site number 7, closed]\n",
        "sites:\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "  tunis: {external: {dial: PJSIP/1@trunk, answer_within: 25s}}\n"
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, closed]\n",
    ),
    Code(
        "D109",
        "never-reached",
        "A rule stands behind one that has no condition, or the same: it never decides.",
        "- {name: busy, when: {mode: crisis}, to: tunis}\n- {name: later, when: {mode: crisis}, to: paris}",
        "- {name: busy, when: {mode: crisis}, to: tunis}\n- {name: later, when: {closed: office}, to: paris}",
    ),
    Code(
        "D110",
        "moves-everybody",
        "A rule of `while_waiting` without a condition would take every caller out of the queue as soon "
        "as he is in it.",
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, closed]\n"
        "    while_waiting:\n"
        "      - {name: too long, to: tunis}\n",
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, closed]\n"
        "    while_waiting:\n"
        "      - {name: too long, when: {waited: 90s}, to: tunis}\n",
    ),
    Code(
        "D111",
        "share-in-percent",
        "Parts of a share are whole numbers. They need not add up to 100.",
        "- {name: busy, when: {mode: crisis}, to: [{share: {paris: 70%, tunis: 30%}}]}",
        "- {name: busy, when: {mode: crisis}, to: [{share: {paris: 70, tunis: 30}}]}",
    ),
)
