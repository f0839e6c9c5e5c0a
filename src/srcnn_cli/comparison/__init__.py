"""Methods side by side, to look at."""
