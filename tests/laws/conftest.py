"""The law tests share one small machine; tests are not a package, so its folder is named here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
