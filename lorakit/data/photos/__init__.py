"""Sets of photos: reading them, checking them, cropping them."""
