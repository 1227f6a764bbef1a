"""What a comparison's scores say: statistics, words, and the sentence."""
