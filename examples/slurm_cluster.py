"""Repeat a configuration on the nodes of a SLURM cluster.

    python examples/slurm_cluster.py configs/snn_test_run.yaml simulations/many --n-repeats 1000 --jobs 20

Run it where it can keep running: on a login node, or in a small job of its own. If it is stopped, rerun the command to
resume. With --local, jobs are processes on this machine, for a first test.
"""

import argparse

from dask_jobqueue import SLURMCluster
from dask_jobqueue.local import LocalCluster

from neuro_mod import Repeater

parser = argparse.ArgumentParser(description="Repeat a configuration on a cluster.")
parser.add_argument("config")
parser.add_argument("save_dir")
parser.add_argument("--n-repeats", type=int, default=100)
parser.add_argument("--jobs", type=int, default=4, help="number of simultaneous jobs")
parser.add_argument("--local", action="store_true", help="run jobs as processes on this machine")
chosen = parser.parse_args()

# The resources of one job: adapt them to your cluster. With one process per core, each item runs on one core.
cores = 2 if chosen.local else 16
job = {"cores": cores, "processes": cores, "memory": "4GB" if chosen.local else "32GB"}
slurm = {"queue": "normal", "walltime": "04:00:00", "job_extra_directives": ["--requeue"]}

with LocalCluster(**job) if chosen.local else SLURMCluster(**job, **slurm) as cluster:
    cluster.scale(jobs=chosen.jobs)
    Repeater(chosen.config, chosen.n_repeats).execute(
        chosen.save_dir, executor="dask", address=cluster.scheduler_address, progress=True
    )
