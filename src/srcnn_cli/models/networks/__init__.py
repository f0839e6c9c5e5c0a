"""The families of networks, one file each."""
