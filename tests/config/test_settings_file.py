"""The settings file: paths, defaults, and secrets that are named but never written down."""

from pathlib import Path

import pytest

from ccrouter.config.load import load_routing, load_settings
from ccrouter.config.problems import RefusedFileError
from ccrouter.config.settings import Http, HttpTls, JournalSettings, Listen, LogSettings, Tls

SMALL = """\
pabxs:
  - {name: main, host: pbx.example, username: ccrouter, secret: {file: ami.secret}}
routing: routing.yaml
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a small good settings file with its secret beside it."""
    secret = tmp_path / "ami.secret"
    secret.write_text("s3cret\n")
    secret.chmod(0o640)
    file = tmp_path / "settings.yaml"
    file.write_text(SMALL)
    return file


def test_defaults(file: Path) -> None:
    """Whatever is left out listens on the loopback only, masks callers, and lies where systemd puts it."""
    settings = load_settings(file)
    assert settings.agi == Listen("127.0.0.1", 4573)
    assert settings.http == Http("127.0.0.1", 9470)
    assert settings.log == LogSettings("json", "info", mask_callers=True)
    assert settings.journal == JournalSettings(30 * 86_400, mask_callers=True)
    assert settings.control == Path("/run/ccrouter/control.sock")
    assert settings.state_dir == Path("/var/lib/ccrouter")
    assert (settings.pabxs[0].port, settings.pabxs[0].tls) == (5038, None)


def test_paths_begin_in_the_folder_of_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the daemon was started plays no part."""
    monkeypatch.chdir("/")
    settings = load_settings(file)
    assert settings.routing == file.parent / "routing.yaml"
    monkeypatch.chdir(file.parent)
    assert load_settings("settings.yaml").routing == file.parent / "routing.yaml"


def test_all_that_can_be_said(file: Path) -> None:
    """Every key is taken over."""
    (file.parent / "ca.pem").write_text("")
    for name in ("tokens", "http.key"):
        (file.parent / name).write_text("")
        (file.parent / name).chmod(0o600)
    file.write_text(
        "pabxs:\n"
        "  - name: main\n"
        "    host: '::1'\n"
        "    port: 5039\n"
        "    username: ccrouter\n"
        "    secret: {env: SECRET}\n"
        "    tls: {ca_file: ca.pem, server_name: pbx.example}\n"
        "agi: {host: 0.0.0.0, port: 0}\n"
        "http:\n"
        "  host: '::'\n"
        "  port: 80\n"
        "  tokens: tokens\n"
        "  tls: {certificate: ca.pem, key: http.key}\n"
        "  names: [router.example]\n"
        "control_group: telephony\n"
        "log: {format: console, level: debug, mask_callers: false}\n"
        "journal: {keep: 7d, mask_callers: false}\n"
        "control: control.sock\n"
        "state_dir: state\n"
        "routing: /etc/ccrouter/routing.yaml\n"
    )
    settings = load_settings(file, {"SECRET": "s3cret"})
    pabx = settings.pabxs[0]
    assert (pabx.host, pabx.port, pabx.username, pabx.secret.get_secret_value()) == ("::1", 5039, "ccrouter", "s3cret")
    assert pabx.tls == Tls(file.parent / "ca.pem", "pbx.example")
    assert settings.agi == Listen("0.0.0.0", 0)  # noqa: S104 - an admin may want it
    tls = HttpTls(file.parent / "ca.pem", file.parent / "http.key")
    assert settings.http == Http("::", 80, file.parent / "tokens", tls, ("router.example",))
    assert settings.control_group == "telephony"
    assert settings.log == LogSettings("console", "debug", mask_callers=False)
    assert settings.journal == JournalSettings(7 * 86_400, mask_callers=False)
    assert settings.control == file.parent / "control.sock"
    assert settings.state_dir == file.parent / "state"
    assert settings.routing == Path("/etc/ccrouter/routing.yaml")


@pytest.mark.parametrize(("keep", "seconds"), [("90d", 7_776_000), ("12h", 43_200), ("10min", 600), ("010min", 600)])
def test_a_journal_is_kept_for_days_hours_or_minutes(file: Path, keep: str, seconds: int) -> None:
    """As short as the rules on personal data ask."""
    file.write_text(f"{SMALL}journal: {{keep: {keep}}}\n")
    assert load_settings(file).journal == JournalSettings(seconds)


def test_a_journal_can_be_done_without(file: Path) -> None:
    """Where nobody may keep who called when."""
    file.write_text(f"{SMALL}journal: {{keep: off}}\n")
    assert load_settings(file).journal == JournalSettings(0, mask_callers=True)


def test_secret_is_read_and_never_shown(file: Path) -> None:
    """The secret comes from its file without the line end, and no representation holds it."""
    settings = load_settings(file)
    assert settings.pabxs[0].secret.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "router.example"])  # noqa: S104 - refused
def test_http_beyond_this_machine_is_encrypted(file: Path, host: str) -> None:
    """Or the admin says in the file itself that it need not be."""
    file.write_text(f"{SMALL}http: {{host: '{host}'}}\n")
    with pytest.raises(
        RefusedFileError, match=r"4:14: error: .* nothing is encrypted \[S115\]. Add tls: .* in_clear: true"
    ):
        load_settings(file)
    file.write_text(f"{SMALL}http: {{host: '{host}', in_clear: true}}\n")
    assert load_settings(file).http == Http(host, 9470)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_the_loopback_needs_no_certificate(file: Path, host: str) -> None:
    """Nobody is on the way there."""
    file.write_text(f"{SMALL}http: {{host: '{host}'}}\n")
    assert load_settings(file).http.local


@pytest.mark.parametrize("named", ["open", "none"])
def test_tokens_that_can_not_be_used_refuse_no_settings(file: Path, named: str) -> None:
    """Calls are not concerned: the daemon starts, and lets nobody in over HTTP."""
    (file.parent / "open").write_text("")
    (file.parent / "open").chmod(0o644)
    file.write_text(f"{SMALL}http: {{tokens: {named}}}\n")
    assert load_settings(file).http.tokens == file.parent / named


def test_a_key_that_everybody_may_touch_is_refused(file: Path) -> None:
    """As other files that are to be closed."""
    (file.parent / "open").write_text("")
    (file.parent / "open").chmod(0o644)
    file.write_text(f"{SMALL}http: {{tls: {{certificate: open, key: open}}}}\n")
    with pytest.raises(RefusedFileError, match=r"everybody may touch the file .*open \[S106\]"):
        load_settings(file)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o641])
def test_secret_file_that_everybody_may_touch_is_refused(file: Path, mode: int) -> None:
    """A secret that every user of the machine can read or change is none."""
    secret = file.parent / "ami.secret"
    secret.chmod(mode)
    with pytest.raises(RefusedFileError) as raised:
        load_settings(file)
    assert str(raised.value) == (
        f"{file}:2:72: error: everybody may touch the file {secret} [S106]. Close it: chmod o= {secret}."
    )


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb\n", b"a\r\nAction: Command", b"\xff\xfe", b"x" * 5000])
def test_secret_file_with_anything_else_is_refused(file: Path, content: bytes) -> None:
    """An empty secret, or one that would break a line of AMI, is refused without being shown."""
    (file.parent / "ami.secret").write_bytes(content)
    with pytest.raises(RefusedFileError) as raised:
        load_settings(file)
    assert "holds no secret" in str(raised.value)


@pytest.mark.parametrize("load", [load_routing, load_settings])
@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_file_that_is_not_there_is_told(load: object, name: str, tmp_path: Path) -> None:
    """A path that leads nowhere, or to a folder, is a problem like others."""
    assert callable(load)
    with pytest.raises(RefusedFileError) as raised:
        load(tmp_path / name)
    assert "the file can't be read" in str(raised.value)
