"""`python -m lorakit ...`: the command line."""
