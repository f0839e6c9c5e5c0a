"""Picture files: reading, writing, and what both need."""
