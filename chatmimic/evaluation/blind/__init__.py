"""The blind test: can people tell a mimic's replies from the real ones?"""
