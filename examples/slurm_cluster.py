"""Repeat a configuration in jobs of SLURM, as the cluster file ``cluster.yaml`` says.

``neuro-mod cluster init slurm`` writes that file, and ``neuro-mod cluster check cluster.yaml`` tries it. Run the script
where it can keep running: on a login node, or in a small job of its own. If it is stopped, rerun it to resume.
"""

from neuro_mod import Repeater, load_cluster

repeater = Repeater("configs/snn_test_run.yaml", 1000)
repeater.execute("simulations/many", executor="slurm", cluster=load_cluster("cluster.yaml"), progress=True)
