"""One file for each kind of job: what it may ask for, and what it does."""
