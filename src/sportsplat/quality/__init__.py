"""What is stored of a league, and what is missing of it: arithmetic on counts, words, one page."""
