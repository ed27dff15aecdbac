"""The adapter library: one folder per adapter, each ready to be shared."""
