"""The commands of `prunebench`, one file each: typer glue that translates and decides nothing."""
