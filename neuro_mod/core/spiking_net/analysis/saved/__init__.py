"""An analysis in its folder."""
