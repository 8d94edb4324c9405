"""The API over HTTPS with tokens, by the real daemon and the real commands; and no secret in anything that it tells."""

import json
import os
import re
import shlex
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from ccrouter.config.settings_file import SettingsFile
from support.ami_peer import SECRET
from support.daemon_process import CCROUTER, DaemonError
from support.office import Office, open_office

GUIDE: Final = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
PEM: Final = Path(__file__).parent.parent / "support" / "tls" / "pbx.example.pem"


def refusing_pabx(listener: socket.socket) -> None:
    """Let nobody in, whoever logs in, until the listener is closed."""
    with suppress(OSError):
        while True:
            link, _ = listener.accept()
            with link:
                link.sendall(b"Asterisk Call Manager/7.0.3\r\n")
                found = re.search(rb"ActionID: (\S+)", link.recv(4096))
                if found:
                    link.sendall(
                        b"Response: Error\r\nActionID: " + found[1] + b"\r\nMessage: Authentication failed\r\n\r\n"
                    )


@pytest.fixture
def office() -> Iterator[Office]:
    """Give an office whose daemon serves HTTPS with tokens, and whose PABX refuses the log-in."""
    with open_office() as office, socket.create_server(("127.0.0.1", 0)) as pabx:
        threading.Thread(target=refusing_pabx, args=(pabx,), daemon=True).start()
        folder = office.daemon.folder
        office.write_settings(pabx.getsockname()[1])
        text = office.daemon.settings.read_text()
        served = "tokens: tokens, tls: {certificate: http.pem, key: http.pem}}"
        office.daemon.settings.write_text(re.sub(r"(?m)^(http: .*)}$", rf"\1, {served}", text))
        (folder / "http.pem").write_bytes(PEM.read_bytes())
        (folder / "tokens").write_text("tokens:\n")
        for name in ("http.pem", "tokens"):
            (folder / name).chmod(0o600)
        office.start()
        yield office
        pabx.shutdown(socket.SHUT_RDWR)


def command(office: Office, *arguments: str) -> tuple[int, str]:
    """Run `ccrouter`, and return its exit code with all that it says."""
    where = {"CCROUTER_SOCKET": str(office.control), "CCROUTER_SETTINGS": str(office.daemon.settings)}
    done = subprocess.run(  # noqa: S603 - our own program with our own arguments
        [CCROUTER, *arguments], capture_output=True, text=True, check=False, timeout=30, env={**os.environ, **where}
    )
    return done.returncode, done.stdout + done.stderr


def new_token(office: Office, name: str, role: str) -> str:
    """Make a token as an admin does, keep its line, and return it."""
    code, said = command(office, "token", "new", name, "--role", role, "--for", "90d")
    assert code == 0
    token, line = re.search(r"(?m)^ccrouter_\S{43}$", said), re.search(r"(?m)^  \S+: {role: .*}$", said)
    assert token is not None
    assert line is not None
    assert token[0] not in line[0]
    with (office.daemon.folder / "tokens").open("a") as file:
        file.write(f"{line[0]}\n")
    return token[0]


def ask(office: Office, method: str, path: str, token: str, body: object = None) -> tuple[int, str]:
    """Return status and text of an answer over HTTPS."""
    context = ssl.create_default_context(cafile=str(PEM))
    context.check_hostname = False  # the certificate is of pbx.example
    data = None if body is None else json.dumps(body).encode()
    url = f"https://127.0.0.1:{office.http_port}{path}"
    request = Request(url, data, {"Authorization": f"Bearer {token}"}, method=method)
    try:
        with urlopen(request, timeout=10, context=context) as answer:  # noqa: S310 - our own loopback address
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_mode_is_switched_over_https_and_the_token_revoked(office: Office) -> None:
    """From `token new` to the audit journal, which has the token's name; `token revoke` ends it at once."""
    desk, board = new_token(office, "night-desk", "switch"), new_token(office, "board", "read")
    body = {"on": True, "reason": "flooded"}
    assert ask(office, "PUT", "/api/v1/modes/crisis", board, body)[0] == 403
    assert ask(office, "PUT", "/api/v1/modes/crisis", desk, body)[0] == 200
    deed: dict[str, Any] = json.loads(command(office, "history", "--json")[1])["deeds"][0]
    assert (deed["who"], deed["what"], deed["why"]) == ("night-desk (token)", "mode on", "flooded")
    assert [line.split()[0] for line in command(office, "token", "list", "--file", tokens(office))[1].splitlines()][
        -2:
    ] == ["night-desk", "board"]
    assert command(office, "token", "revoke", "night-desk", "--file", tokens(office)) == (0, "night-desk is revoked\n")
    assert ask(office, "GET", "/api/v1/modes", desk)[0] == 401
    assert ask(office, "GET", "/api/v1/modes", board)[0] == 200
    assert (office.daemon.folder / "tokens").stat().st_mode & 0o777 == 0o600
    code, said = command(office, "token", "revoke", "night-desk", "--file", tokens(office))
    assert (code, "`ccrouter token list` lists them" in said) == (1, True)


def test_the_guides_requests_do_what_it_says(office: Office) -> None:
    """Each curl of docs/operations.md, with the token that its command makes."""
    made = re.search(r"(?m)^    ccrouter token new (\S+) --role (\S+) --for 90d +# or --until \S+$", GUIDE)
    assert made is not None
    token = new_token(office, made[1], made[2])
    asked = [shlex.split(line) for line in re.findall(r"(?m)^    (curl .*)$", GUIDE)]
    assert len(asked) == 2
    for words in asked:
        method = words[words.index("-X") + 1] if "-X" in words else "GET"
        body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
        path = next(word for word in words if word.startswith("http://")).removeprefix("http://127.0.0.1:9470")
        status, text = ask(office, method, path, token, body)
        assert status == 200, text
    assert json.loads(ask(office, "GET", "/api/v1/modes", token)[1])[0]["author"] == "night-desk (token)"


@pytest.mark.parametrize("how", ["gone", "open to all"])
def test_a_daemon_starts_without_its_tokens(office: Office, how: str) -> None:
    """Calls are not concerned: nobody is let in, log and status say why, and all is well with the next good file."""
    token = new_token(office, "board", "read")
    file = Path(tokens(office))
    content = file.read_text()
    office.daemon.stop()
    if how == "gone":
        file.unlink()
    else:
        file.chmod(0o644)
    office.start()
    line = office.daemon.wait_for_line(event="degraded", state="tokens_unusable")
    assert str(file) in str(line["why"])
    assert ask(office, "GET", "/api/v1/modes", token)[0] == 401
    said = command(office, "status")[1]
    assert "tokens_unusable" in said
    assert str(file) in said
    if how == "gone":
        file.touch(0o600)
        file.write_text(content)
    else:
        file.chmod(0o600)
    assert ask(office, "GET", "/api/v1/modes", token)[0] == 200
    office.daemon.wait_for_line(event="degraded no more", state="tokens_unusable")


def tokens(office: Office) -> str:
    """Return the path of the file of tokens."""
    return str(office.daemon.folder / "tokens")


def test_what_is_older_than_tls_1_2_is_refused(office: Office) -> None:
    """And what is in the clear gets nothing."""
    with socket.create_connection(("127.0.0.1", office.http_port), timeout=5) as link:
        link.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with suppress(ConnectionError):
            assert b"alive" not in link.recv(4096)
    context = ssl.create_default_context(cafile=str(PEM))
    with (
        socket.create_connection(("127.0.0.1", office.http_port), timeout=5) as link,
        context.wrap_socket(link, server_hostname="pbx.example") as secured,
    ):
        assert secured.version() in {"TLSv1.2", "TLSv1.3"}


def test_no_secret_is_in_anything_that_is_told(office: Office) -> None:
    """Status, metrics, log, journal, errors, `check`, the process list: neither password nor token nor key."""
    office.daemon.wait_for_line(event="PABX refuses the link")
    token = new_token(office, "admin", "administer")
    key = "".join(PEM.read_text().partition("PRIVATE KEY-----\n")[2].splitlines()[:2])
    told = [ask(office, "GET", f"/api/v1{page}", token)[1] for page in PAGES]
    told += [ask(office, "GET", page, token)[1] for page in ("/metrics", "/readyz", "/healthz", "/none")]
    told += [ask(office, "GET", "/api/v1/status", token[:-1])[1], ask(office, "POST", "/api/v1/reload", token)[1]]
    for arguments in COMMANDS:
        told.append(command(office, *arguments)[1])
    settings = office.daemon.settings
    told.append(command(office, "check", str(settings))[1])
    # Mistakes with secrets: in the file itself, as a token, and in a file that everybody may read.
    plain = settings.with_name("plain.yaml")
    plain.write_text(re.sub(r'\{file: "[^"]*"\}', SECRET, settings.read_text()))
    told.append(command(office, "check", str(plain))[1])
    Path(tokens(office)).write_text(f"tokens:\n  careless: {{role: read, sha256: {token}}}\n")
    told.append(command(office, "check", tokens(office))[1])
    told.append(ask(office, "GET", "/api/v1/status", token)[1])
    (settings.parent / "ami.secret").chmod(0o644)
    told.append(command(office, "check", str(settings))[1])
    process = Path("/proc") / str(office.daemon.pid)
    told.append((process / "cmdline").read_text())
    told.append((process / "environ").read_text())
    office.daemon.stop()
    told.append((office.daemon.folder / "ccrouter.log").read_text())
    told += [
        file.read_bytes().decode("latin-1") for file in (office.daemon.folder / "state").rglob("*") if file.is_file()
    ]
    everything = "\n".join(told)
    assert "Authentication failed" in everything
    assert "[S101]" in everything
    assert "[S116]" in everything
    assert [canary for canary in (SECRET, token, token[9:25], key[:40]) if canary in everything] == []


PAGES: Final = ("/status", "/modes", "/rules", "/versions", "/facts", "/overrides", "/journal", "/history", "/none")
COMMANDS: Final = (
    ("status",),
    ("history", "--json"),
    ("journal",),
    ("reload",),
    ("rollback",),
    ("mode", "set", "nosuch", "--reason", "x"),
    ("explain", "0800123456"),
)


def test_no_setting_takes_a_secret_itself() -> None:
    """Each key of the settings whose name tells of a secret is the name of a file or of a variable."""
    schema = json.dumps(SettingsFile.model_json_schema())
    keys = set(re.findall(r'"(\w*(?:secret|password|passphrase|token|key|credential)\w*)": \{', schema, re.IGNORECASE))
    assert keys <= {"secret", "second_secret", "tokens", "key", "SecretSource"}


def test_a_daemon_that_can_not_have_its_certificate_does_not_start(office: Office) -> None:
    """Rather than to serve in the clear what was to be encrypted."""
    office.daemon.stop()
    (office.daemon.folder / "http.pem").write_text("no certificate")
    since = len(office.daemon.lines)
    office.daemon.start()
    with suppress(DaemonError):
        office.daemon.wait()
    said = " ".join(line["event"] for line in office.daemon.lines[since:])
    assert "http can't use the certificate" in said
