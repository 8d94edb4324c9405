"""A link over TLS to a real Asterisk, set up as docs/pabx.md says."""

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from small_pabx import Layout, SmallPabx, free_port
from support.office import Office, open_office
from support.real_house import in_sync

GUIDE: Final = Path(__file__).parents[2] / "docs" / "pabx.md"


def example(begins: str) -> str:
    """Return an indented example of the guide, by its first words."""
    found = re.search(rf"(?m)^    {re.escape(begins)}.*\n(?:    .*\n)*", GUIDE.read_text())
    assert found is not None
    return re.sub(r"(?m)^    ", "", found[0])


@pytest.fixture(params=[22, 16], ids=lambda version: f"asterisk{version}")
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    """Give an office whose PABX speaks TLS with a certificate made by the guide's command."""
    with TemporaryDirectory(prefix="ccrouter-") as name, open_office() as office:
        folder, port = Path(name), free_port(socket.SOCK_STREAM)
        subprocess.run(["bash", "-ec", example("openssl req")], cwd=folder, check=True, capture_output=True)  # noqa: S603, S607 - the guide's own words
        said = example("[general]\n    tlsenable").replace("0.0.0.0:5039", f"127.0.0.1:{port}")
        said = said.replace("[general]", "[general](+)").replace("/etc/asterisk/keys", name)
        layout = Layout(version=request.param, extra={"manager.conf": f"\n{said}"})
        with SmallPabx(layout, folder / "pabx") as pabx:
            settings = example("pabxs:").replace("/etc/ccrouter", name)
            settings = settings.replace("host: pbx.example.org", "host: 127.0.0.1").replace("5039", str(port))
            (office.daemon.folder / "ami.secret").write_text(pabx.ami_secret)
            (folder / "ami-secret").write_text(pabx.ami_secret)
            (folder / "ami-secret").chmod(0o600)
            office.write_settings(port)
            rest = re.sub(r"(?m)^pabxs: .*\n", "", office.daemon.settings.read_text())
            office.daemon.settings.write_text(settings + rest)
            yield office


def test_the_guides_example_links_over_tls(office: Office) -> None:
    """Certificate, manager.conf and settings as they stand there; without the certificate to trust there is no link."""
    office.start()
    office.daemon.wait_until(in_sync)
    office.daemon.stop()
    settings = office.daemon.settings
    settings.write_text(re.sub(r"ca_file: [^,}]+, ", "", settings.read_text()))
    since = len(office.daemon.lines)
    office.start()
    told = office.daemon.wait_for_line(since=since, level="warning")
    assert "certificate verify failed" in str(told)
