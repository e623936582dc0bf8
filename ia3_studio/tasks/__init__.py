"""Tasks: what depends on the kind of data and model, a file for each kind."""
