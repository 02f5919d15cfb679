"""The engine of the rings: the same for every spec, whose numbers it has from `.._layout`."""
