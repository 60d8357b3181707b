"""What the imports from older systems share: doubting their rows, converting them, writing them, reporting on it."""
