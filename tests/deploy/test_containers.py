"""The files of deploy/containers: what they promise of users, secrets, versions and paths."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from ccrouter.config.load import compile_text

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "deploy" / "containers"
COMPOSE: Final = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
CONTAINERFILES: Final = sorted(FOLDER.glob("*.containerfile"))
IGNORED: Final = (ROOT / ".dockerignore").read_text().splitlines()


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_may_do_little(name: str) -> None:
    """A file system that is read-only, no capability, no new privilege, an ordinary user, a health check."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert service["healthcheck"]["test"][0] == "CMD"
    user = service.get("user") or _users(ROOT / service["build"]["dockerfile"])[-1]
    assert not re.match(r"(root|0)(:|$)", user)


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_is_in_an_environment(name: str) -> None:
    """What is secret comes from a file, and each such file is declared."""
    service = SERVICES[name]
    for key in service.get("environment", {}):
        assert not re.search(r"PASSWORD|SECRET|TOKEN|KEY", key) or key.endswith("__FILE"), key
    assert set(service.get("secrets", ())) <= COMPOSE["secrets"].keys()
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    assert not list(FOLDER.glob("secrets/*")), "secrets are not for the checkout"


def test_images_have_versions_and_no_registry() -> None:
    """By name and version: what an image is must not change under a name, and registries are the user's choice."""
    images = [service["image"] for service in SERVICES.values()]
    images += [
        line.split()[1] for path in CONTAINERFILES for line in path.read_text().splitlines() if line[:5] == "FROM "
    ]
    for image in images:
        name, _, tag = image.partition(":")
        assert tag
        assert tag != "latest"
        assert "." not in name.split("/")[0]


def test_what_is_mounted_and_built_from_exists() -> None:
    """Paths of the checkout, seen from where the files stand."""
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (FOLDER / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], volume
        if "build" in service:
            context = FOLDER / service["build"]["context"]
            assert context.resolve() == ROOT
            assert (context / service["build"]["dockerfile"]).exists()


@pytest.mark.parametrize("path", CONTAINERFILES, ids=lambda path: path.stem)
def test_what_is_copied_into_an_image_is_not_ignored(path: Path) -> None:
    """Each source exists, and .dockerignore, which leaves out all but what it names, lets it through."""
    kept = [line[1:] for line in IGNORED if line.startswith("!")]
    for line in path.read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert list(ROOT.glob(source)), source
                assert any(source == each or source.startswith(f"{each}/") or Path(source).match(each) for each in kept)


def test_the_routing_file_is_good_and_fits_the_pabx() -> None:
    """Its queue is one that Asterisk has, and the static plan names the same site and message."""
    rules = compile_text((FOLDER / "ccrouter" / "routing.yaml").read_bytes(), "routing.yaml")
    queues = (FOLDER / "asterisk" / "queues.conf").read_text()
    assert all(f"[{site.queue}]" in queues for site in rules.sites.values() if hasattr(site, "queue"))
    static = re.search(r"CCROUTER_STATIC = (.+)", (FOLDER / "asterisk" / "extensions.conf").read_text())
    assert static is not None
    assert {static[1].split("|")[1]} == set(rules.sites)
    assert {static[1].partition("play|")[2].split("|")[0]} == set(rules.messages)


def _users(path: Path) -> list[str]:
    return re.findall(r"^USER (\S+)$", path.read_text(), re.MULTILINE)
