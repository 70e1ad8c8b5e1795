"""The commands of `prunebench`, one file each: typer glue only."""
