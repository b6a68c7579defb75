"""The checker: what must have happened, computed from the source alone, against both sides' databases.

It shares no code with the product or with the rest of the demo, so that a mistake on either side shows.
"""
