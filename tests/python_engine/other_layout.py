"""Runs the engine with another message header than that of the default spec."""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

PACKAGE = "shared_memory_api"
LAYOUT = f"{PACKAGE}._layout"


def install(**constants: int) -> None:
    """Changes constants of the layout before anything has imported them."""
    package = find_spec(PACKAGE)
    assert PACKAGE not in sys.modules
    assert package is not None
    assert package.origin is not None
    spec = spec_from_file_location(LAYOUT, Path(package.origin).with_name("_layout.py"))
    assert spec is not None
    assert spec.loader is not None
    layout = module_from_spec(spec)
    spec.loader.exec_module(layout)
    for name, value in constants.items():
        assert hasattr(layout, name)
        setattr(layout, name, value)
    sys.modules[LAYOUT] = layout
