"""Sense: does the mimic expect what the person says, and do its replies answer?"""
