# Targets set everything up themselves: only Python >= 3.11 and make are needed.
PYTHON ?= python3
# The newest versions of libraries need a newer Python than the oldest ones.
NEWEST_PYTHON ?= $(PYTHON)
BIN := .venv/bin
LIGHT := .venv/light
INSTALLED := .venv/installed
SITE := .venv/site
# One for each version of Python: make test-light PYTHON=python3.13
LIGHT_TESTS := .venv/light-tests/$(notdir $(PYTHON))
PEERS := .venv/peers
BRIAN2 := .venv/brian2/installed
DEMO := simulations/demo
DEMO_CONFIG := configs/default_snn_params.yaml
PAPER := examples/papers/papadopoulos_2024
PAPER_RESULTS := simulations/papers/papadopoulos_2024

export COMPILE = from neuro_mod import StageSNNSimulation, load_experiment; \
	StageSNNSimulation(load_experiment("$(DEMO_CONFIG)", ["init_params.duration_sec=0.01"])).run()
# Of linear algebra, in each of two processes: on two cores, more would wait for one another.
ONE_THREAD := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
# Tests start hundreds of processes, each of which would compile the whole package again.
unexport PYTHONDONTWRITEBYTECODE
export HEADER_LIGHT = \# Everything the package runs on, without PyTorch, pinned. Made by `make lock`.
export HEADER_ALL = \# Everything the package runs on, with PyTorch and Parquet, pinned. Made by `make lock`.
export HEADER_DOCS = \# What building the site needs besides, pinned. Made by `make lock`.
export HEADER_DEV = \# What testing and checking need besides, pinned. Made by `make lock`.
# Of a report of benchmarks: what made it, and what it measured.
section = echo "\#\# \`benchmarks.$$name\`"; echo; cat .venv/$$name.md
# $(call step,WHAT,COMMANDS): say what is done, and in how many seconds.
step = printf '%-50s' '$(1)'; began=$$(date +%s); { $(2); } || exit 1; echo "$$(($$(date +%s) - began)) s"

.PHONY: help demo paper test test-all test-slow test-light test-versions test-wheel test-slurm test-peers docs check bench bench-long bench-explore bench-theory lock format templates clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(LIGHT)  ## simulate the default network and plot it
	@$(call step,compiling the simulator for this machine,$(BIN)/python -c "$$COMPILE")
	@$(call step,simulating 2.5 s of 2000 neurons, \
		said=$$($(BIN)/neuro-mod run $(DEMO_CONFIG) --out $(DEMO) 2>&1) || { echo; echo "$$said"; false; }); echo "$$said"
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

test-slow: $(INSTALLED)  ## run the tests that are left out of `test` because they take long, or vary what others try
	$(BIN)/python -m pytest -m slow

test-light: $(LIGHT_TESTS)/installed  ## run the test suite without PyTorch, in an environment of its own
	$(ONE_THREAD) $(LIGHT_TESTS)/bin/python -m pytest -n 2 --dist worksteal

test-versions:  ## run the test suite with the oldest and the newest NumPy, SciPy, Numba and pandas, without PyTorch
	mkdir -p .venv && $(PYTHON) tests/helpers/oldest.py > .venv/oldest.txt && : > .venv/newest.txt
	for each in oldest newest; do \
		test $$each = oldest && python=$(PYTHON) || python=$(NEWEST_PYTHON); \
		rm -rf .venv/$$each && $$python -m venv .venv/$$each && \
		.venv/$$each/bin/pip install -q --no-compile -c .venv/$$each.txt -e ".[test]" && \
		.venv/$$each/bin/pip list | grep -E '^(numpy|scipy|numba|pandas) ' && \
		NEURO_MOD_OTHER_VERSIONS=1 $(ONE_THREAD) .venv/$$each/bin/python -m pytest -n 2 --dist worksteal || exit 1; done

test-slurm: $(INSTALLED)  ## run studies on a SLURM of this machine; needs root, and the packages slurm-wlm and munge
	$(BIN)/python -m tests.helpers.slurm
	$(BIN)/python -m pytest -m slurm

test-peers: $(PEERS) $(BRIAN2)  ## compare with NEST, Brian2, NNMT and Elephant; takes minutes
	$(BIN)/python -m pytest -m peers

test-wheel: $(INSTALLED)  ## build the package, install it by itself, and run the README's commands; downloads what it needs
	$(BIN)/python -m pytest -m wheel

docs: $(SITE)  ## build the site in docs/_build/html, executing what changed, and visit its pages in Chromium, where there is one
	$(BIN)/python -m sphinx -W --keep-going -q -j 2 docs docs/_build/html
	$(BIN)/python -m pytest -m site -n 2 tests/site

check: $(INSTALLED)  ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports

bench: $(PEERS)  ## time engine, batches, studies, commands, mean field and analysis, against other simulators
	-$(MAKE) $(BRIAN2)
	$(BIN)/python -m benchmarks.simulators --out .venv/simulators.md
	$(BIN)/python -m benchmarks.mean_rates --out .venv/mean_rates.md
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
	$(BIN)/python -m benchmarks.assemblies --out .venv/assemblies.md
	(echo "# Measured by \`make bench\`"; for name in simulators mean_rates whole_process parts scaling weights batches studies \
		mean_field detection_accuracy detection_network hidden_markov assemblies; do echo; $(section); done) > benchmarks/RESULTS.md

bench-long: $(INSTALLED)  ## an hour of simulated time, the analysis of 100 sessions, studies with 200 workers
	$(BIN)/python -m benchmarks.long_run --out .venv/long_run.md
	$(BIN)/python -m benchmarks.analysis --out .venv/analysis.md
	$(BIN)/python -m benchmarks.drivers --out .venv/drivers.md
	(echo "# Measured by \`make bench-long\`"; for name in long_run analysis drivers; do echo; $(section); done) \
		> benchmarks/RESULTS_LONG.md

bench-explore: $(INSTALLED)  ## cost of simulating in pieces, and the explorer in Chromium; takes minutes
	$(BIN)/python -m benchmarks.stepping --out .venv/stepping.md
	$(BIN)/python -m benchmarks.exploring --out .venv/exploring.md
	(echo "# Measured by \`make bench-explore\`"; for name in stepping exploring; do echo; $(section); done) \
		> benchmarks/EXPLORING.md

bench-theory: $(PEERS)  ## compare the mean-field theories with simulations of large networks; takes half an hour
	rm -f .venv/large_networks.csv
	$(BIN)/python -m benchmarks.large_networks .venv/large_networks.csv
	mv .venv/large_networks.csv benchmarks/large_networks.csv
	$(BIN)/python -m benchmarks.theory --out .venv/theory.md
	$(BIN)/python -m benchmarks.microcircuit --out .venv/microcircuit.md
	(echo "# Measured by \`make bench-theory\`"; for name in theory microcircuit; do echo; $(section); done) \
		> benchmarks/THEORY.md

format: $(INSTALLED)  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

templates: $(INSTALLED)  ## generate configs/templates from the definitions of the parameters
	$(BIN)/python -m neuro_mod.config.template

lock:  ## pin the newest versions that pyproject.toml allows; with Python 3.11, whose packages exist for newer ones too
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Python 3.11 is needed: make lock PYTHON=python3.11")'
	rm -rf .venv/lock && $(PYTHON) -m venv .venv/lock/light && $(PYTHON) -m venv .venv/lock/all
	.venv/lock/light/bin/pip install -q -e .
	.venv/lock/light/bin/pip freeze --exclude-editable > .venv/lock/light.txt
	.venv/lock/light/bin/pip install -q -c .venv/lock/light.txt -e ".[test]"
	.venv/lock/light/bin/pip freeze --exclude-editable > .venv/lock/test.txt
	.venv/lock/light/bin/pip install -q -c .venv/lock/test.txt -e ".[docs]"
	.venv/lock/light/bin/pip freeze --exclude-editable > .venv/lock/docs.txt
	.venv/lock/all/bin/pip install -q -c .venv/lock/docs.txt "$(shell grep '^torch==' requirements.txt)" -e ".[parquet,torch]"
	.venv/lock/all/bin/pip freeze --all --exclude-editable --exclude pip | sed 's/+cpu$$//' > .venv/lock/all.txt
	(echo "$$HEADER_LIGHT"; cat .venv/lock/light.txt) > requirements-light.txt
	(echo "$$HEADER_ALL"; echo "-r requirements-light.txt"; grep -v -x -F -f .venv/lock/light.txt .venv/lock/all.txt) > requirements.txt
	(echo "$$HEADER_DEV"; grep -v -x -F -f .venv/lock/light.txt .venv/lock/test.txt) > requirements-dev.txt
	(echo "$$HEADER_DOCS"; grep -v -x -F -f .venv/lock/test.txt .venv/lock/docs.txt) > requirements-docs.txt
	rm -rf .venv/lock

clean:  ## remove the environment and build files
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@$(call step,creating the environment .venv,$(PYTHON) -m venv .venv)

# Compiling all modules of all packages takes as long as installing them; Python compiles those that are imported.
$(LIGHT): requirements-light.txt pyproject.toml | $(BIN)/python
	@$(call step,installing packages (without PyTorch),$(BIN)/pip install -q --no-compile -r requirements-light.txt -e .)
	@touch $@

$(INSTALLED): requirements-light.txt requirements.txt requirements-dev.txt pyproject.toml | $(BIN)/python
	@$(call step,installing packages (with PyTorch), \
		$(BIN)/pip install -q --no-compile -r requirements.txt -r requirements-dev.txt -e .)
	@touch $(LIGHT) $@

$(SITE): requirements-docs.txt $(INSTALLED)
	@$(call step,installing what builds the site,$(BIN)/pip install -q --no-compile -r requirements-docs.txt)
	@touch $@

$(LIGHT_TESTS)/installed: requirements-light.txt requirements-dev.txt pyproject.toml
	test -x $(LIGHT_TESTS)/bin/python || $(PYTHON) -m venv $(LIGHT_TESTS)
	$(LIGHT_TESTS)/bin/pip install -q --no-compile -r requirements-light.txt -r requirements-dev.txt -e .
	touch $@

$(PEERS): $(INSTALLED)
	$(BIN)/pip install -q -e ".[peers]"
	touch $@

$(BRIAN2): benchmarks/requirements-brian2.txt
	$(PYTHON) -m venv .venv/brian2
	.venv/brian2/bin/pip install -q -r $<
	touch $@
