"""How good an imitation is."""
