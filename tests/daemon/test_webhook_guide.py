"""The receiver of docs/webhooks.md, run as it stands there."""

import os
import re
import socket
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
from pydantic import SecretStr

from ccrouter.app.webhook_letters import body_of
from ccrouter.app.webhook_post import signed
from ccrouter.clock import SystemClock
from ccrouter.config.settings import compile_settings
from ccrouter.config.webhooks import HAPPENINGS, Webhook
from ccrouter.telemetry.webhooks import RESULTS
from ccrouter.web.board import Happened
from small_pabx import free_port
from support.receiver import OTHER_SECRET, SECRET

GUIDE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")
PATIENCE_S = 20.0


def block(language: str) -> str:
    """Return the first example in a language."""
    found = re.search(rf"(?ms)^ *```{language}\n(.*?)^ *```", GUIDE)
    assert found is not None
    return found[1]


def post(url: str, event: str, body: bytes, *secrets: str, late_s: int = 0) -> int:
    """Post an event as ccrouter does, and return the status."""
    webhook = Webhook("crm", url, tuple(map(SecretStr, secrets)), frozenset())
    headers = signed(webhook, event, int(SystemClock().now()) - late_s, body)
    try:
        with urlopen(Request(url, body, dict(headers)), timeout=5) as answer:  # noqa: S310 - our own loopback address
            return int(answer.status)
    except HTTPError as error:
        return error.code


@pytest.fixture
def receiver(tmp_path: Path) -> object:
    """Start the example, and give its process and address."""
    file, port = tmp_path / "receiver.py", free_port(socket.SOCK_STREAM)
    file.write_text(block("python"))
    environment = {**os.environ, "WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    with subprocess.Popen(  # noqa: S603 - our own example
        [sys.executable, file], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        url, clock = f"http://127.0.0.1:{port}/", SystemClock()
        until = clock.steady() + PATIENCE_S
        while clock.steady() < until:
            try:
                urlopen(url, timeout=5)
            except HTTPError:
                break
            except URLError:
                continue
        yield process, url
        process.kill()


def test_the_receiver_of_the_guide_takes_what_is_genuine_once(receiver: tuple[subprocess.Popen[str], str]) -> None:
    """Repeats are answered and dropped; another secret, an old event and a changed body are refused."""
    process, url = receiver
    happened = Happened("answered", 1.0, "main", "1.0", "0800 123 456", "", "support", target="paris")
    one, two = (body_of(event, happened) for event in ("evt_1", "evt_2"))
    assert post(url, "evt_1", one, SECRET) == 204
    assert post(url, "evt_1", one, SECRET) == 204
    assert post(url, "evt_2", two, OTHER_SECRET) == 401
    assert post(url, "evt_2", two, SECRET, late_s=400) == 401
    assert post(url, "evt_9", two, OTHER_SECRET, SECRET) == 204
    assert process.stdout is not None
    # The first and the last; each is told after it was answered.
    assert [process.stdout.readline() for _ in range(2)] == ["answered 0800 123 456 paris\n"] * 2
    process.kill()
    assert process.stdout.read() == ""


def test_the_receiver_is_short_enough_to_be_read() -> None:
    """Nobody verifies what takes a page."""
    assert len(block("python").splitlines()) <= 30


def test_the_settings_of_the_guide_are_good(tmp_path: Path) -> None:
    """With the file of the secret that they name."""
    secret = tmp_path / "crm.secret"
    secret.touch(0o600)
    secret.write_text(f"whsec_{b64encode(bytes(32)).decode()}\n")
    text = re.sub(r"(?m)^   ", "", block("yaml")).replace("/etc/ccrouter/crm.secret", str(secret))
    pabx = "pabxs: [{name: main, host: 127.0.0.1, username: ccrouter, secret: {env: SECRET}}]\nrouting: routing.yaml\n"
    found = compile_settings((pabx + text).encode(), tmp_path / "settings.yaml", {"SECRET": "a secret"})
    [webhook] = found.webhooks
    assert (webhook.name, webhook.caller, webhook.services) == ("crm", "masked", frozenset({"support"}))


def test_each_kind_and_each_metric_is_in_the_guide() -> None:
    """Those that may be asked for, and those that are counted."""
    told = GUIDE.partition("\n## What is told\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"(?m)^\| `(\w+)` \| \w", told)) - {"kind"} == set(HAPPENINGS)
    assert all(f"`{result}`" in GUIDE for result in RESULTS)
