"""S: the settings file."""

from typing import Final

from ccrouter.config.codes.code import Code

SETTINGS: Final = (
    Code(
        "S101",
        "secret-in-file",
        "A secret stands in the file itself, where every copy, backup and repository has it. Name the "
        "variable or the file that holds it.",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: hunter2}",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: CCROUTER_AMI_SECRET}}",
        of="settings",
    ),
    Code(
        "S103",
        "secret-not-set",
        "The environment variable that should hold the secret is not set. `ccrouter check` takes no "
        "offence, for the daemon has another environment; the daemon does not start.",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: CCROUTER_NOT_SET}}",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: CCROUTER_AMI_SECRET}}",
        of="settings",
    ),
    Code(
        "S104",
        "secret-unreadable",
        "The file that should hold the secret is not there, or may not be read. A note where `ccrouter check` runs.",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {file: no.secret}}",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {file: ami.secret}}",
        of="settings",
    ),
    Code(
        "S105",
        "no-secret",
        "The variable or the file is empty, or holds more than a secret: several lines would be several "
        "headers of AMI.",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: CCROUTER_EMPTY}}",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: CCROUTER_AMI_SECRET}}",
        of="settings",
    ),
    Code(
        "S106",
        "secret-open-to-all",
        "Every user of the machine can read or change the file with the secret, the key or the tokens, or its group "
        "can change that of the tokens. The daemon starts in spite of such tokens, and lets nobody in over HTTP.",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {file: open.secret}}",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {file: ami.secret}}",
        of="settings",
    ),
    Code(
        "S107",
        "no-such-file",
        "A file that the settings name is not there. A note where `ccrouter check` runs.",
        "pabxs:\n"
        "  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: CCROUTER_AMI_SECRET}, tls: "
        "{ca_file: none.pem}}",
        "pabxs:\n"
        "  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: CCROUTER_AMI_SECRET}, tls: "
        "{ca_file: ca.pem}}",
        of="settings",
    ),
    Code(
        "S108",
        "pabx-twice",
        "Two PABXs have one name: logs, metrics and orders could not tell them apart.",
        "pabxs:\n"
        "  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: CCROUTER_AMI_SECRET}}\n"
        "  - {name: main, host: 192.0.2.2, username: ccrouter, secret: {env: CCROUTER_AMI_SECRET}}",
        "pabxs:\n"
        "  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: CCROUTER_AMI_SECRET}}\n"
        "  - {name: second, host: 192.0.2.2, username: ccrouter, secret: {env: CCROUTER_AMI_SECRET}}",
        of="settings",
    ),
    Code(
        "S109",
        "no-host",
        "A host is a name or an address.",
        "http: {host: 127.0.0.1/8}",
        "http: {host: 127.0.0.1}",
        of="settings",
    ),
    Code(
        "S110",
        "no-user-name",
        "A user of manager.conf has letters, digits and . _ - @ in its name.",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: cc router, secret: {env: CCROUTER_AMI_SECRET}}",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: CCROUTER_AMI_SECRET}}",
        of="settings",
    ),
    Code(
        "S111",
        "no-variable",
        "An environment variable is named without `$` and without its value.",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: $CCROUTER_AMI_SECRET}}",
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: CCROUTER_AMI_SECRET}}",
        of="settings",
    ),
    Code(
        "S112",
        "no-folder-here",
        "The folder is not there on this machine. Where the daemon runs, the systemd unit makes it.",
        "state_dir: nowhere",
        "state_dir: .",
        severity="note",
        of="settings",
    ),
    Code(
        "S113",
        "not-writable-here",
        "You may not write in this folder; the user who runs the daemon must.",
        severity="note",
        of="settings",
    ),
    Code(
        "S114",
        "no-age",
        "The age at which a decision leaves the journal is said in whole days, hours or minutes; `off` keeps none.",
        "journal: {keep: 2 weeks}",
        "journal: {keep: 14d}",
        of="settings",
    ),
    Code(
        "S115",
        "http-in-the-clear",
        "HTTP would be heard beyond this machine without TLS: whoever is on the way reads metrics, names and tokens, "
        "and a token that was read is used.",
        "http: {host: 0.0.0.0}",
        "http: {host: 127.0.0.1}",
        of="settings",
    ),
    Code(
        "S116",
        "no-hash",
        "A token is kept as the SHA-256 of it, 64 hexadecimal digits, so that who reads the file can't use it. "
        "`ccrouter token new` prints the line. The token itself must not stand here.",
        "tokens:\n  wallboard: {role: read, sha256: the token itself}",
        "tokens:\n  wallboard: {role: read, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}",
        of="tokens",
    ),
    Code(
        "S117",
        "no-group",
        "A group of the system has small letters, digits, _ and - in its name.",
        "control_group: The Telephonists",
        "control_group: telephony",
        of="settings",
    ),
    Code(
        "S118",
        "token-twice",
        "Two names have one token: the journal could not tell who did what.",
        "tokens:\n"
        "  one: {role: read, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}\n"
        "  two: {role: read, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}",
        "tokens:\n  one: {role: read, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}",
        of="tokens",
    ),
    Code(
        "S119",
        "no-tokens-file",
        "The file of tokens is not there. The daemon starts without it, for calls are not concerned, and lets nobody "
        "in over HTTP.",
        "http: {tokens: none}",
        "http: {tokens: tokens}",
        severity="warning",
        of="settings",
    ),
    Code(
        "S120",
        "no-receiver",
        "A receiver is named by its address, https://host/path, without a name and a password: receivers know by the "
        "signature who tells them.",
        "webhooks:\n"
        "  - {name: crm, url: https://me:hunter2@crm.example.org, secret: {env: CCROUTER_HOOK_SECRET}, events: ended}",
        "webhooks:\n"
        "  - {name: crm, url: https://crm.example.org/hook, secret: {env: CCROUTER_HOOK_SECRET}, events: ended}",
        of="settings",
    ),
    Code(
        "S121",
        "webhook-in-the-clear",
        "A receiver on another machine would be told without TLS: whoever is on the way reads numbers and times of "
        "calls.",
        "webhooks:\n"
        "  - {name: crm, url: http://crm.example.org/hook, secret: {env: CCROUTER_HOOK_SECRET}, events: ended}",
        "webhooks:\n"
        "  - {name: crm, url: https://crm.example.org/hook, secret: {env: CCROUTER_HOOK_SECRET}, events: ended}",
        of="settings",
    ),
    Code(
        "S122",
        "no-webhook-secret",
        "What webhooks are signed with is `whsec_` and 24 to 64 bytes in base64, as Standard Webhooks has it. "
        "`ccrouter webhook secret` prints one.",
        "webhooks:\n"
        "  - {name: crm, url: https://crm.example.org/hook, secret: {env: CCROUTER_AMI_SECRET}, events: ended}",
        "webhooks:\n"
        "  - {name: crm, url: https://crm.example.org/hook, secret: {env: CCROUTER_HOOK_SECRET}, events: ended}",
        of="settings",
    ),
    Code(
        "S123",
        "webhook-twice",
        "Two webhooks have one name: logs, metrics and what waits for each could not be told apart.",
        "webhooks:\n"
        "  - {name: crm, url: https://crm.example.org/hook, secret: {env: CCROUTER_HOOK_SECRET}, events: ended}\n"
        "  - {name: crm, url: https://dwh.example.org/hook, secret: {env: CCROUTER_HOOK_SECRET}, events: ended}",
        "webhooks:\n"
        "  - {name: crm, url: https://crm.example.org/hook, secret: {env: CCROUTER_HOOK_SECRET}, events: ended}\n"
        "  - {name: warehouse, url: https://dwh.example.org/hook, secret: {env: CCROUTER_HOOK_SECRET}, events: ended}",
        of="settings",
    ),
    Code(
        "S124",
        "webhook-of-no-service",
        "The webhook is for calls of a service that the routing file does not have: of that one it is told nothing. "
        "The settings are taken all the same.",
        "webhooks:\n"
        "  - name: crm\n"
        "    url: https://crm.example.org/hook\n"
        "    secret: {env: CCROUTER_HOOK_SECRET}\n"
        "    events: ended\n"
        "    services: [suport]",
        "webhooks:\n"
        "  - name: crm\n"
        "    url: https://crm.example.org/hook\n"
        "    secret: {env: CCROUTER_HOOK_SECRET}\n"
        "    events: ended\n"
        "    services: [support]",
        severity="warning",
        of="settings",
    ),
    Code(
        "S140",
        "token-of-nobody",
        "A token with the role `position` or `site` is good for one position, or one site; the key of that name "
        "says for which.",
        "tokens:\n  anna: {role: position, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}",
        "tokens:\n"
        "  anna:\n"
        "    role: position\n"
        "    position: PJSIP/101\n"
        "    sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        of="tokens",
    ),
    Code(
        "S141",
        "token-of-all",
        "A token with this role is good for all positions and sites: who wrote the name of one meant less than that.",
        "tokens:\n"
        "  tunis: {role: read, site: tunis, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}",
        "tokens:\n"
        "  tunis: {role: site, site: tunis, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}",
        of="tokens",
    ),
    Code(
        "S142",
        "no-position",
        "A position goes by its interface, as the queue of the PABX has it: a technology, a `/` and a name. `ccrouter` "
        "does not see whether there is such a position.",
        "tokens:\n"
        "  anna:\n"
        "    role: position\n"
        "    position: anna\n"
        "    sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "tokens:\n"
        "  anna:\n"
        "    role: position\n"
        "    position: PJSIP/101\n"
        "    sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        of="tokens",
    ),
    Code(
        "S143",
        "queues-of-no-position",
        "Only a token of one position says to which queues that one may log in.",
        "tokens:\n"
        "  board:\n"
        "    role: read\n"
        "    queues: [support]\n"
        "    sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "tokens:\n  board: {role: read, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}",
        of="tokens",
    ),
    Code(
        "S145",
        "token-of-no-queue",
        "The token of a position is for a queue that no site of the routing file has: nobody can log in to it. It is "
        "told where the settings are checked, for they name both files; `queues: [suport]` where the routing file has "
        "`queue: support`.",
        severity="warning",
        of="tokens",
    ),
    Code(
        "S146",
        "token-of-no-site",
        "The token is for a site that the routing file does not have: whoever holds it sees nothing. It is told where "
        "the settings are checked, for they name both files; `site: tunise` where the routing file has `tunis`.",
        severity="warning",
        of="tokens",
    ),
    Code(
        "S150",
        "no-pause-reason",
        "The reason of a pause is kept by the PABX and written into its queue_log, where these signs part fields: what "
        "comes after a `|` would be read as another member of the queue. It has 40 signs at the most.",
        "positions: {pause_reasons: [lunch|dinner]}",
        "positions: {pause_reasons: [lunch, dinner]}",
        of="settings",
    ),
    Code(
        "S144",
        "no-origin",
        "The origin of a page is what its browser sends: scheme, name and perhaps port. It is compared as a whole; no "
        "sign stands for all.",
        'http: {origins: ["*"]}',
        "http: {origins: [https://wall.example.org]}",
        of="settings",
    ),
)
