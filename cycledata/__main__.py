"""`python -m cycledata` is the console script `cycledata`."""

from cycledata.cli import main

main()
