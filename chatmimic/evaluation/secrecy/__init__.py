"""Secrecy: does the mimic recite what it was trained on?"""
