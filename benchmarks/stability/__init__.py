"""Does the stack report foresee what a stack does to pictures? `python -m benchmarks.stability`.

Real adapters are trained on the starter base (`adapters`), stacked at random with random weights (`stacks`),
rendered and judged by classifiers that never see the report (`judge`), and compared with it (`study`).
"""
