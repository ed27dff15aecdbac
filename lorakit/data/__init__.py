"""What is learned from: photos and texts, read with care. No torch here."""
