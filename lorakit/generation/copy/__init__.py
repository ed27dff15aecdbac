"""Copy: from a brief to texts that fit their channel."""
