# Targets set everything up themselves: only Python >= 3.11 and make are needed.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
PEERS := .venv/peers
BRIAN2 := .venv/brian2/installed
DEMO := simulations/demo
PAPER := examples/papers/papadopoulos_2024
PAPER_RESULTS := simulations/papers/papadopoulos_2024

FREEZE = .venv/lock/bin/pip freeze --all --exclude-editable --exclude pip | sed 's/+cpu$$//'
# Of linear algebra, in each of two processes: on two cores, more would wait for one another.
ONE_THREAD := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
# Tests start hundreds of processes, each of which would compile the whole package again.
unexport PYTHONDONTWRITEBYTECODE
export HEADER_RUNTIME = \# Everything the package runs on, pinned. Made by `make lock`.
export HEADER_DEV = \# What testing and checking need besides, pinned. Made by `make lock`.

.PHONY: help demo paper test test-all test-slow test-slurm test-peers test-wheel check bench bench-long bench-theory lock format templates clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(INSTALLED)  ## simulate the default network and plot it
	$(BIN)/neuro-mod run configs/default_snn_params.yaml --out $(DEMO)
	@echo
	@echo "The raster is saved as $(DEMO)/plots/raster.png"

paper: $(INSTALLED)  ## simulate and draw the figures of examples/papers; takes minutes, and 2 GB of disk
	for study in spontaneous stimuli_clustered stimuli_homogeneous coupling; do \
		$(BIN)/neuro-mod sweep $(PAPER)/$$study.yaml --out $(PAPER_RESULTS)/$$study || exit 1; done
	for script in $(PAPER)/fig*.py; do $(BIN)/python $$script $(PAPER_RESULTS) || exit 1; done

test: $(INSTALLED)  ## run the test suite
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 --dist worksteal

test-all: $(INSTALLED)  ## run all tests that need no other simulator: those of `test`, slow ones, and hundreds of faults
	$(BIN)/python -m pytest -m "not peers and not slurm and not wheel"

test-slow: $(INSTALLED)  ## run the tests that take minutes
	$(BIN)/python -m pytest -m slow

test-slurm: $(INSTALLED)  ## run studies on a SLURM of this machine; needs root, and the packages slurm-wlm and munge
	$(BIN)/python -m tests.helpers.slurm
	$(BIN)/python -m pytest -m slurm

test-peers: $(PEERS) $(BRIAN2)  ## compare with NEST, Brian2, NNMT and Elephant; takes minutes
	$(BIN)/python -m pytest -m peers

test-wheel: $(INSTALLED)  ## build the package, install it by itself, and run the README's commands; downloads what it needs
	$(BIN)/python -m pytest -m wheel

check: $(INSTALLED)  ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports

bench: $(PEERS)  ## time engine, batches, studies, commands, mean field and analysis, against other simulators
	-$(MAKE) $(BRIAN2)
	$(BIN)/python -m benchmarks.simulators --out .venv/simulators.md
	$(BIN)/python -m benchmarks.whole_process --out .venv/whole_process.md
	$(BIN)/python -m benchmarks.parts --out .venv/parts.md
	$(BIN)/python -m benchmarks.scaling --out .venv/scaling.md
	$(BIN)/python -m benchmarks.weights --out .venv/weights.md
	$(BIN)/python -m benchmarks.batches --out .venv/batches.md
	$(BIN)/python -m benchmarks.studies --out .venv/studies.md
	$(BIN)/python -m benchmarks.mean_field --out .venv/mean_field.md
	$(BIN)/python -m benchmarks.detection_accuracy --out .venv/detection_accuracy.md
	$(BIN)/python -m benchmarks.detection_network --out .venv/detection_network.md
	$(BIN)/python -m benchmarks.hidden_markov --out .venv/hidden_markov.md
	(echo "# Measured by \`make bench\`"; for name in simulators whole_process parts scaling weights batches studies \
		mean_field detection_accuracy detection_network hidden_markov; do echo; cat .venv/$$name.md; done) > benchmarks/RESULTS.md

bench-long: $(INSTALLED)  ## time and memory of an hour of simulated time and of the analysis of 100 sessions
	$(BIN)/python -m benchmarks.long_run --out .venv/long_run.md
	$(BIN)/python -m benchmarks.analysis --out .venv/analysis.md
	$(BIN)/python -m benchmarks.drivers --out .venv/drivers.md
	(echo "# Measured by \`make bench-long\`"; for name in long_run analysis drivers; do echo; cat .venv/$$name.md; done) \
		> benchmarks/RESULTS_LONG.md

bench-theory: $(PEERS)  ## compare the mean-field theories with simulations of large networks; takes half an hour
	rm -f .venv/large_networks.csv
	$(BIN)/python -m benchmarks.large_networks .venv/large_networks.csv
	mv .venv/large_networks.csv benchmarks/large_networks.csv
	$(BIN)/python -m benchmarks.theory --out .venv/theory.md
	$(BIN)/python -m benchmarks.microcircuit --out .venv/microcircuit.md
	(echo "# Measured by \`make bench-theory\`"; for name in theory microcircuit; do echo; cat .venv/$$name.md; done) \
		> benchmarks/THEORY.md

format: $(INSTALLED)  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

templates: $(INSTALLED)  ## generate configs/templates from the definitions of the parameters
	$(BIN)/python -m neuro_mod.config.template

lock:  ## pin the newest versions that pyproject.toml allows
	rm -rf .venv/lock && $(PYTHON) -m venv .venv/lock
	.venv/lock/bin/pip install -q "$(shell grep '^torch==' requirements.txt)" -e .
	(echo "$$HEADER_RUNTIME"; $(FREEZE)) > requirements.new
	.venv/lock/bin/pip install -q -e ".[dev]"
	(echo "$$HEADER_DEV"; $(FREEZE) | grep -v -x -F -f requirements.new) > requirements-dev.txt
	mv requirements.new requirements.txt && rm -rf .venv/lock

clean:  ## remove the environment and build files
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(INSTALLED): requirements.txt requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q -r requirements.txt -r requirements-dev.txt
	$(BIN)/pip install -q --no-deps -e .
	touch $@

$(PEERS): $(INSTALLED)
	$(BIN)/pip install -q -e ".[peers]"
	touch $@

$(BRIAN2): benchmarks/requirements-brian2.txt
	$(PYTHON) -m venv .venv/brian2
	.venv/brian2/bin/pip install -q -r $<
	touch $@
