"""`python -m solvent.lab.guards`."""

import sys

from solvent.lab.guards.pairs import main

sys.exit(main(sys.argv[1:]))
