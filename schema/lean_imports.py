"""Imports structlog without Rich, which is here for Typer and would be imported, too: 50 of the 1,000 ms of a start.

With Rich it renders tracebacks, which `tracebacks` does here. `server` imports this before all that import structlog.
"""

import importlib
import sys

if "structlog" not in sys.modules and "rich" not in sys.modules:
    # By None, `import` is told that there is none: https://docs.python.org/3/reference/import.html#the-module-cache
    sys.modules["rich"] = None  # type: ignore[assignment]
    importlib.import_module("structlog")
    del sys.modules["rich"]
