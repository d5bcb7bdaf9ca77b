"""Spikes of recordings: reading them from files and objects of many kinds, and writing them.

`core` uses the containers (`spikes`, `layout`, `windows`); the analysis opens sessions with `opening.open_source`;
`execution` writes and reads the spikes of runs with `saved`. Users convert with `neo_objects` and `nwb`.
"""
