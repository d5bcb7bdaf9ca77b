"""From spikes to visits of states, session by session."""
