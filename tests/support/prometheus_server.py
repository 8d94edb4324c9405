"""A real Prometheus with the rules of deploy/prometheus, that looks each second where the example looks each ten."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from math import isnan
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from small_pabx import END_WITH_US, free_port
from support.prometheus_files import ALERTS, PROGRAM, PROMETHEUS, RECORDED

EVERY: Final = "1s"
READY_WITHIN_S: Final = 20.0


class Prometheus:
    """One server, in a folder of its own; it runs inside its `with` block.

    Args:
        folder: an empty folder.
        target: host and port of the router that it scrapes.

    """

    def __init__(self, folder: Path, target: str) -> None:
        self._folder = folder
        self._address = f"127.0.0.1:{free_port()}"
        self._log = folder / "prometheus.log"
        self._process: subprocess.Popen[bytes] | None = None
        config = (PROMETHEUS / "prometheus.yml").read_text()
        config = re.sub(r"(scrape_interval|evaluation_interval|scrape_timeout): \w+", rf"\1: {EVERY}", config)
        config = config.replace('"127.0.0.1:9470", "127.0.0.1:9471"', f'"{target}"')
        (folder / "prometheus.yml").write_text(config.replace("127.0.0.1:9090", self._address))
        shutil.copy(ALERTS, folder)
        (folder / RECORDED.name).write_text(re.sub(r"interval: \w+\n", f"interval: {EVERY}\n", RECORDED.read_text()))

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own script with our own arguments
                [
                    *END_WITH_US,
                    PROGRAM,
                    "server",
                    f"--config.file={self._folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._folder / 'series'}",
                    f"--web.listen-address={self._address}",
                    "--log.level=warn",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait(self._ready)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)

    def wait_for(self, expr: str) -> None:
        """Wait until an expression has a figure: a machine that is busy misses looks."""
        self._wait(lambda: self.now(expr))

    def now(self, expr: str) -> list[dict[str, Any]]:
        """Return the series of an expression with their values now, those that are figures."""
        found = self._asked("query", {"query": expr})["result"]
        return [series for series in found if not isnan(float(series["value"][1]))]

    def course(self, expr: str, begin: float, end: float) -> list[dict[str, Any]]:
        """Return the series of an expression that have a figure at any second between two instants."""
        found = self._asked("query_range", {"query": expr, "start": begin, "end": end, "step": 1})["result"]
        return [series for series in found if not all(isnan(float(value)) for _, value in series["values"])]

    def figure(self, expr: str) -> float:
        """Return the one value of an expression."""
        (series,) = self.now(expr)
        return float(series["value"][1])

    def values_of(self, label: str, series: str) -> list[str]:
        """Return the values that a label of a series has."""
        found = self._asked(f"label/{label}/values", {"match[]": series})
        return [str(value) for value in found]

    def rules(self) -> list[dict[str, Any]]:
        """Return all rules as they fare, alerts with the texts that they show."""
        return [rule for group in self._asked("rules", {})["groups"] for rule in group["rules"]]

    def _wait(self, holds: Callable[[], object]) -> None:
        assert self._process is not None
        deadline = time.monotonic() + READY_WITHIN_S  # noqa: TID251 - the clock of a test
        while not holds():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()  # noqa: TID251 - the clock of a test
            time.sleep(0.1)

    def _asked(self, what: str, parameters: Mapping[str, str | float]) -> Any:  # noqa: ANN401 - JSON has the form it has
        address = f"http://{self._address}/api/v1/{what}?{urlencode(parameters)}"
        with urlopen(address, timeout=20) as answer:
            return json.load(answer)["data"]

    def _ready(self) -> bool:
        try:
            with urlopen(f"http://{self._address}/-/ready", timeout=5):
                return True
        except (URLError, ConnectionError, TimeoutError):
            return False
