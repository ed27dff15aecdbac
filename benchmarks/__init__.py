"""Figures beside PEFT and diffusers, as ratios taken in one run: `python -m benchmarks.run --json F`."""
