"""From spikes to the visits of states, session by session."""
