"""The statistics of a comparison: arrays in, estimates out; nothing here knows of losses or records."""
