"""The MLflow store: its address, a quiet client for it, what it holds of ours, and its errors in plain words.

MLflow is imported by the functions that need it, never with this module: it takes a second.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlparse

from filelock import FileLock, Timeout

from prunebench.common.errors import PrunebenchError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

EXPERIMENTS = "prunebench/"
"""Every experiment of ours has a name that starts so."""

PATIENCE = 4.0
"""Seconds that a locked database or a silent server is waited for."""

_ENVIRONMENT = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": f"{PATIENCE:.0f}",
}
_CAUSES = {
    r"locked|lock file": "is locked by another program; wait for it, or close it (an open `mlflow ui`, another run)",
    r"unsupported uri|filesystem tracking": "is no address that MLflow takes; give sqlite:///FILE or http://SERVER:PORT",
    r"not a database": "is no SQLite database; give another address or move the file away",
    r"malformed|corrupt|disk i/o": "is damaged; move its file away and run `prunebench sync`, which logs all records "
    "into a new one ({first})",
    r"schema|revision": "was written by another MLflow than this {version} ({first}); if it is older, back it up and "
    "run `mlflow db upgrade {uri}`; if it is newer, upgrade MLflow or give another address",
    r"unable to open|read-?only|permission|no such file|not a directory": "cannot be written; check "
    "that its folder exists and is yours",
    r"no module named": "needs what is not installed here ({first}); install MLflow again: `pip install mlflow`",
    r"connect|refused|timed? ?out|resol": "does not answer; start the server or check the address ({first})",
}
"""What an error's text says -> what that means to the user."""


class TrackingError(PrunebenchError):
    """The tracking store cannot be used now; the text says why and what to do. No record is lost by it."""


def resolve_uri(option: str | None, root: Path) -> str:
    """Return the address of the tracking store: `option`, else `MLFLOW_TRACKING_URI`, else `mlflow.db` in `root`."""
    return option or os.environ.get("MLFLOW_TRACKING_URI") or address(root.resolve() / "mlflow.db")


def address(file: Path) -> str:
    """Return the address of a SQLite file; what has a meaning of its own in an address is written in its other form."""
    return f"sqlite:///{re.sub('[%?]', lambda odd: quote(odd[0]), str(file))}"


def sqlite_file(uri: str) -> Path | None:
    """Return the file of a SQLite address, None for any other kind of store."""
    path = uri.partition(":///")[2].partition("?")[0]
    return Path(unquote(path)) if uri.startswith("sqlite") and path not in ("", ":memory:") else None


@contextmanager
def plain_words(uri: str) -> Iterator[None]:
    """Turn what MLflow and its drivers raise into a `TrackingError` about `uri`, and keep their warnings quiet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (OSError, ImportError, sqlite3.Error, Timeout) as error:
        raise TrackingError(_explain(uri, str(error))) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("mlflow", "sqlalchemy", "alembic"):
            raise
        raise TrackingError(_explain(uri, str(error))) from error


def _explain(uri: str, text: str) -> str:
    first = text.strip().partition("\n")[0][:200]
    words = next(
        (words for pattern, words in _CAUSES.items() if re.search(pattern, text, re.IGNORECASE)), "fails: {first}"
    )
    full = f"the tracking store {uri} " + words.format(uri=uri, first=first, version=version("mlflow"))
    return re.sub(r"//[^@/\s]*@", "//***@", full)


def connect(uri: str) -> MlflowClient:
    """Return a quiet client of the store at `uri`; a SQLite store that is not there is created.

    Raises:
        TrackingError: the store is unreachable, locked, or of another schema.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with plain_words(uri):
        import mlflow
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        file = sqlite_file(uri)
        if file is None:
            return MlflowClient(tracking_uri=uri)
        file.parent.mkdir(parents=True, exist_ok=True)
        # Two processes that create the tables of one fresh file at once would both crash.
        with FileLock(f"{file}.lock", timeout=PATIENCE):
            check_writable(file)
            _check_schema(file, Path(mlflow.__file__).parent / "store" / "db_migrations")
            return _client(uri, file)


def _client(uri: str, file: Path) -> MlflowClient:
    """Return a client; MLflow makes the folder that an address with other forms of letters would be as it stands."""
    from mlflow import MlflowClient

    spelt = Path(uri.partition(":///")[2]).parent
    strange = spelt != file.parent and not spelt.exists()
    client = MlflowClient(tracking_uri=uri)
    if strange:
        with suppress(OSError):
            spelt.rmdir()
    return client


def check_writable(file: Path) -> None:
    """Raise sqlite3's error where `file` stays locked, cannot be written or is no database; creates it empty."""
    with closing(sqlite3.connect(file, timeout=PATIENCE)) as database:
        database.execute("BEGIN IMMEDIATE").execute("ROLLBACK")


def _check_schema(file: Path, migrations: Path) -> None:
    """Check that a database has the schema of MLflow's last migration; its scripts are read, which is faster."""
    with closing(sqlite3.connect(file)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return
        found = database.execute("SELECT version_num FROM alembic_version").fetchone()
    scripts = "".join(script.read_text(encoding="utf-8") for script in (migrations / "versions").glob("*.py"))
    every, left = (set(re.findall(rf'^{name} = "(\w+)"', scripts, re.M)) for name in ("revision", "down_revision"))
    if found and {found[0]} != every - left:
        raise TrackingError(_explain(f"sqlite:///{file}", f"schema {found[0]}, not {', '.join(every - left)}"))


def own_runs(client: MlflowClient) -> list[Run]:
    """Return all runs of prunebench's experiments, oldest first."""
    experiments = client.search_experiments(filter_string=f"name LIKE '{EXPERIMENTS}%'", max_results=1000)
    ids = [experiment.experiment_id for experiment in experiments]
    runs: list[Run] = []
    token: str | None = ""
    while ids and token is not None:
        page = client.search_runs(ids, max_results=1000, page_token=token or None)
        runs, token = runs + list(page), page.token or None
    return sorted(runs, key=lambda run: (run.info.start_time, run.info.run_id))


def artifact_text(client: MlflowClient, run: Run, name: str) -> str:
    """Return the text of one of the run's artifacts.

    Raises:
        OSError: it is not there.
    """
    folder = local_folder(run)
    return Path(folder / name if folder else client.download_artifacts(run.info.run_id, name)).read_text("utf-8")


def local_folder(run: Run) -> Path | None:
    """Return the folder of the run's artifacts, None where they go through a server."""
    address = urlparse(run.info.artifact_uri)
    if address.scheme == "file":
        return Path(unquote(address.path))
    return None if address.scheme else Path(run.info.artifact_uri)


@dataclass
class Index:
    """What the store holds of ours.

    Attributes:
        records: complete runs of a record's (kind, tier, name), oldest first.
        digests: outcomes that have a complete run.
        half: runs that were left half-written.
    """

    records: dict[tuple[str, str, str], list[Run]] = field(default_factory=dict)
    digests: set[str] = field(default_factory=set)
    half: list[Run] = field(default_factory=list)

    @classmethod
    def read(cls, client: MlflowClient) -> Index:
        """Return what is in the store, with one search."""
        index = cls()
        for run in own_runs(client):
            index.add(run)
        return index

    def add(self, run: Run) -> None:
        """Enter a run by its tags."""
        tags = run.data.tags
        if "pb.complete" not in tags:
            self.half.append(run)
        elif "pb.record" in tags:
            self.records.setdefault((tags["pb.kind"], tags["pb.tier"], tags["pb.row"]), []).append(run)
        else:
            self.digests.add(tags["pb.digest"])
