"""`python -m cycleeval` is the console script `cycleeval`."""

from cycleeval.cli import main

main()
