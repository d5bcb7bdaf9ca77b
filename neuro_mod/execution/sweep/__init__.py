"""Many runs of configurations that differ in some parameters."""
