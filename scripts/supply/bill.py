"""The bill of materials of a lock, in CycloneDX 1.6 JSON; the same lock gives the same bytes."""

import sys
import tomllib
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from supply.locked import Pin, pins_of

ROOT: Final = Path(__file__).parents[2]
LOCK: Final = ROOT / "requirements" / "runtime.txt"
EPOCH: Final = datetime(1980, 1, 1, tzinfo=UTC)
"""Stands for no date: the bill is of a lock, whenever it is written."""


def bill_of(lock: Path) -> str:
    """Return the bill of a lock.

    Raises:
        ValueError: the lock can't be read, or the bill is not as CycloneDX wants it.

    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    own = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref=project["name"],
        licenses=[LicenseExpression(project["license"])],
    )
    parts = [_component(pin) for pin in pins_of(lock)]
    serial = uuid5(NAMESPACE_URL, sha256(lock.read_bytes()).hexdigest())
    bom = Bom(components=parts, metadata=BomMetaData(component=own, timestamp=EPOCH), serial_number=serial)
    bom.register_dependency(own, parts)
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise ValueError(f"the bill is not as CycloneDX 1.6 wants it: {fault}")
    return f"{text}\n"


def _component(pin: Pin) -> Component:
    purl = PackageURL("pypi", name=pin.name, version=str(pin.version))
    return Component(
        name=pin.name,
        version=str(pin.version),
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=str(purl),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in pin.hashes],
        licenses=_licences(pin.name),
    )


def _licences(name: str) -> list[LicenseExpression]:
    try:
        told = metadata(name).json.get("license_expression")
    except PackageNotFoundError:  # of another platform
        return []
    return [LicenseExpression(told)] if isinstance(told, str) else []


def main() -> None:
    """Print the bill of requirements/runtime.txt."""
    sys.stdout.write(bill_of(LOCK))


if __name__ == "__main__":
    main()
