"""The parts of docs/ that are written from the code: schemas, and tables of keys."""
