"""Is the judge fair? `make calibrate` measures how often `compare-losses` sees a difference where there is none, and
how often it finds one that was planted."""
