"""`python -m prunebench`."""

from prunebench.commands.app import main

main()
