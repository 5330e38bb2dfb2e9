"""`python -m cycletrain` is the console script `cycletrain`."""

from cycletrain.cli import main

main()
