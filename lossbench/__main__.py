"""`python -m lossbench`."""

import sys

from lossbench.cli import main

sys.exit(main())
