"""Campaigns: from scenes and formats to finished images."""
