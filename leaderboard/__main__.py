"""`python -m leaderboard`: translates the command line, decides nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import typer

from prunebench.common.errors import PrunebenchError
from prunebench.records.mlflow_store import resolve_uri

from .site import challenges, collect, pages

ABOUT = """The leaderboard: pages of what runs have found.

`build` writes them from the runs logged in MLflow or from exported records, `serve` shows them on this machine,
`export` writes the logged records as files for git, `validate` checks such files before they are published, and
`rejudge` judges them anew where tests or margins have changed.
"""

app = typer.Typer(help=ABOUT, add_completion=False, no_args_is_help=True)

Records = Annotated[Path | None, typer.Option("--records", help="Folder of record JSON files, instead of MLflow.")]
Uri = Annotated[str | None, typer.Option("--uri", help="MLflow store; else MLFLOW_TRACKING_URI, else ./mlflow.db.")]
Challenged = Annotated[
    Path | None,
    typer.Option("--challenges", exists=True, dir_okay=False, help="YAML file of challenges, instead of ours."),
]
Exported = Annotated[Path, typer.Option("--out", help="Folder of the files, one below it for each tier.")]
Judged = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of record files.")]
Out = Annotated[Path, typer.Option("--out", help="Folder of the site; an earlier site there is replaced.")]


@app.command()
def build(records: Records = None, uri: Uri = None, out: Out = Path("site"), challenged: Challenged = None) -> None:
    """Write the pages."""
    skipped: list[str] = []
    held = challenges.read(challenged or challenges.FILE, skipped)
    again = challenges.read_reruns(challenges.RERUNS, skipped)
    try:
        if records:
            sources = collect.sources_in(records)
            found = pages.build_from(sources, out, held, collect.nothing_in(records), records, again)
        else:
            store = resolve_uri(uri, Path.cwd())
            logged = collect.sources_logged(store, skipped)
            found = pages.build_from(logged, out, held, collect.nothing_logged(store), None, again)
    finally:
        _report(skipped)
    _report(found.skipped)
    typer.echo(f"{found.count} records -> {out / 'index.html'}")


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
def export(uri: Uri = None, out: Exported = Path("leaderboard/results")) -> None:
    """Write the newest records of the MLflow store as JSON files, for git, in place of those of the same names."""
    found = collect.from_store(resolve_uri(uri, Path.cwd()))
    _report(found.skipped)
    files = collect.export(found.records, out)
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
    from .submissions import report as submission_report
    from .submissions.validate import RESULTS, validate

    report = validate(paths or [RESULTS], against)
    form = "json" if as_json else "markdown" if markdown else "text"
    typer.echo(getattr(submission_report, f"as_{form}")(report))
    raise typer.Exit(0 if report.valid else 1)


@app.command()
def rejudge(folder: Judged = Path("leaderboard/results")) -> None:
    """Judge the records of a folder anew, by the claims and margins of this version; nothing is trained."""
    from .submissions.rejudge import rejudge as judge

    done = judge(folder)
    _report(done.left)
    for line in done.changed:
        typer.echo(line)
    typer.echo(f"{done.records} records, {len(done.written)} written, {len(done.changed)} verdicts with another state")


def _report(skipped: list[str]) -> None:
    for line in skipped:
        typer.echo(f"skipped {line}", err=True)


def main(name: str = "python -m leaderboard", arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an error that is meant for people ends it with code 1.

    Args:
        name: of the command, as people have typed it.
        arguments: that follow it; those of this process if None.
    """
    try:
        app(prog_name=name, args=arguments)
    except PrunebenchError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
