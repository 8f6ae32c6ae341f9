"""Style: do the replies read like the person's?"""
