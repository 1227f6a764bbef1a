"""The named data sets: declared, bundled, from scikit-learn, generated, from OpenML."""
