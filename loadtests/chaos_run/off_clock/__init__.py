"""Empty, but for sitecustomize.py: a folder for PYTHONPATH."""
