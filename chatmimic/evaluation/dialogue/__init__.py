"""The figures that papers on dialogue report, so that a mimic can be compared with theirs.

As DialoGPT and the DSTC-7 challenge define them (`dstc.py`): NIST, BLEU, METEOR, entropy, distinct
and length, over replies to contexts with several references. As ConvAI2 defines them
(`convai2.py`): hits@1, perplexity and F1, of a mimic that is given a persona's sentences.
"""
