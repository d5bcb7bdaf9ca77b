"""Workers in the jobs of a batch system such as SLURM, which come and go."""
