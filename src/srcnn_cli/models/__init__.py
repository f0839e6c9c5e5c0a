"""What a network is, its weights files, and the networks that ship."""
