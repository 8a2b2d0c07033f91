"""Real noise reduction, and the worker that carries jobs out."""
