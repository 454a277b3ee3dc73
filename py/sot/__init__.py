"""SOT with imports: a function that imports stays one graph, and stays the same program.

Paddle's translator has no handler for IMPORT_NAME and IMPORT_FROM, so that a function with an
import statement in it runs in dygraph. `installation.install` brings the handlers.

`resolution`, `checks`, `finders`, `bytecode` and `unwinding` know nothing of Paddle.
"""
