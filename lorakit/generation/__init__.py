"""Campaigns of product scenes and copy in a brand's voice.

`formats`, `plan`, `provenance` and `export` need no torch, so that the page can use them; `runners` does.
"""
