"""FastAGI requests as real Asterisks sent them, and ways to change them."""

RECORDED = {
    "16": b"""\
agi_network: yes
agi_network_script: route/paris
agi_request: agi://127.0.0.1:14586/route/paris
agi_channel: PJSIP/anonymous-00000000
agi_language: en
agi_type: PJSIP
agi_uniqueid: 1795297251.0
agi_version: 16.28.0~dfsg-0+deb11u4
agi_callerid: 0612345678
agi_calleridname: Ren\xc3\xa9e
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: 0800123456
agi_rdnis: unknown
agi_context: in
agi_extension: 0800123456
agi_priority: 2
agi_enhanced: 0.0
agi_accountcode:\x20
agi_threadid: 140532771071744

""",
    "22": b"""\
agi_network: yes
agi_network_script: route/paris
agi_request: agi://127.0.0.1:14592/route/paris
agi_channel: PJSIP/anonymous-00000000
agi_language: en
agi_type: PJSIP
agi_uniqueid: 1795297266.0
agi_version: 22.10.1+dfsg+~cs6.17.60671434-1
agi_callerid: 0612345678
agi_calleridname: Ren\xc3\xa9e
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: 0800123456
agi_rdnis: unknown
agi_context: in
agi_extension: 0800123456
agi_priority: 2
agi_enhanced: 0.0
agi_accountcode:\x20
agi_threadid: 140049718814400

""",
}
"""A SIP call to 0800123456, Asterisk 16.28 and 22.10, byte for byte."""

KEY = "0123456789abcdef0123456789abcdef"
"""Of routers in tests that need no other one."""

CALLER = "0612345678"
UNIQUEID = "1795297266.0"


def request(version: str = "22", **values: bytes) -> bytes:
    """Return a recorded request with other values, by key without its `agi_`."""
    lines = RECORDED[version].split(b"\n")
    for key, value in values.items():
        prefix = b"agi_" + key.encode() + b": "
        (at,) = [number for number, line in enumerate(lines) if line.startswith(prefix)]
        lines[at] = prefix + value
    return b"\n".join(lines)


def keyed(asked: bytes, key: str = KEY, patience: str = "0.5") -> bytes:
    """Return a request with the arguments of the dialplan."""
    return asked.removesuffix(b"\n") + f"agi_arg_1: 0800123456\nagi_arg_2: {patience}\nagi_arg_3: {key}\n\n".encode()


def without(key: str, version: str = "22") -> bytes:
    """Return a recorded request that lacks a line."""
    prefix = b"agi_" + key.encode() + b":"
    return b"\n".join(line for line in RECORDED[version].split(b"\n") if not line.startswith(prefix))
