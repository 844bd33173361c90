"""Looks at everything a process depends on, one line for each thing, and changes nothing at AntCRM.

`check.py` is what a line says; `asking.py` the few requests there are; `crm.py`, `shapes.py`, `pages.py`, `filters.py`
and `days.py` what AntCRM is like; `here.py` what is on this machine.
"""
