"""What lies in a home, and what is wrong with it: traces of people, runs, leftovers, checks."""
