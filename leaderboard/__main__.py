"""`python -m leaderboard`: translates the command line, decides nothing."""

from __future__ import annotations

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import typer

from leaderboard import collect, pages
from prunebench.errors import PrunebenchError
from prunebench.mlflow_store import resolve_uri

app = typer.Typer(help=__doc__, add_completion=False, no_args_is_help=True)

Records = Annotated[Path | None, typer.Option("--records", help="Folder of record JSON files, instead of MLflow.")]
Uri = Annotated[str | None, typer.Option("--uri", help="MLflow store; else MLFLOW_TRACKING_URI, else ./mlflow.db.")]
Out = Annotated[Path, typer.Option("--out", help="Folder of the site; an earlier site there is replaced.")]


@app.command()
def build(records: Records = None, uri: Uri = None, out: Out = Path("site")) -> None:
    """Write the pages."""
    found = _collected(records, uri)
    pages.build(found.records, out)
    typer.echo(f"{len(found.records)} records -> {out / 'index.html'}")


@app.command()
def serve(records: Records = None, uri: Uri = None, out: Out = Path("site"), port: int = 8000) -> None:
    """Write the pages and show them on this machine, until Ctrl-C."""
    build(records, uri, out)
    handler = partial(SimpleHTTPRequestHandler, directory=str(out))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise PrunebenchError(f"port {port} cannot be served on ({error}); give another --port") from error
    typer.echo(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)")
    with server:
        server.serve_forever()


@app.command()
def export(uri: Uri = None, out: Out = Path("leaderboard/results")) -> None:
    """Write the records of the MLflow store as JSON files, for git."""
    files = collect.export(_collected(None, uri).records, out)
    typer.echo(f"{len(files)} records -> {out}")


@app.command()
def validate(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Record files or folders; else leaderboard/results.")
    ] = None,
    against: Annotated[str | None, typer.Option(help="Folder or git ref of the published records.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a comment for a pull request.")] = False,
) -> None:
    """Check records before they are published: schema, digests and verdicts derived again, changes explained."""
    from leaderboard import submission_report
    from leaderboard.validate import RESULTS, validate

    report = validate(paths or [RESULTS], against)
    form = "json" if as_json else "markdown" if markdown else "text"
    typer.echo(getattr(submission_report, f"as_{form}")(report))
    raise typer.Exit(0 if report.valid else 1)


def _collected(records: Path | None, uri: str | None) -> collect.Collected:
    found = collect.from_folder(records) if records else collect.from_store(resolve_uri(uri, Path.cwd()))
    for line in found.skipped:
        typer.echo(f"skipped {line}", err=True)
    return found


def main() -> None:
    """Run the command line; an error that is meant for people ends it with code 1."""
    try:
        app(prog_name="python -m leaderboard")
    except PrunebenchError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
