"""A local copy of AntCRM's customers, for what AntCRM cannot be asked: words of a name, stages, owners, how many.

A cache: one file, rebuildable at any time, never the truth.
"""
