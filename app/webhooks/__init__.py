"""Our events out."""
