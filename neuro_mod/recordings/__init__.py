"""Where spikes come from: files of many kinds, and results in memory."""
