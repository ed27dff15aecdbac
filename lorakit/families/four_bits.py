"""A 4-bit linear layer that keeps the types of a model as they would be without it.

Imports bitsandbytes, so it is imported where a base is loaded in 4 bits only.
"""

from bitsandbytes.nn import Linear4bit
from torch import Tensor


class Nf4Linear(Linear4bit):
    """Puts out its compute type.

    bitsandbytes' own layer returns the type of x, so that one float32 norm makes everything behind it
    float32: twice the activations, and a VAE that refuses the result.
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.to(self.compute_dtype))
