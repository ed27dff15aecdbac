"""Sets of texts: reading them and checking them."""
