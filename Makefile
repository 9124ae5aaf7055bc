PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo check test mutation fuzz docs validate bench reference clean

demo: $(READY)
	mkdir -p demo
	$(BIN)/moiety sample ising-square --size 64 --temperature 2.269185 --samples 2048 --seed 1 --out demo/ising.nc --force
	$(BIN)/moiety estimate demo/ising.nc --out demo/result.nc --report report.html --force
	$(BIN)/moiety exact ising-square --temperature 2.269185 --size 64

# Lint, format, layers of imports and types; each prints only what is wrong.
check: $(READY)
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	@out=$$($(BIN)/lint-imports --no-logo) || { echo "$$out"; exit 1; }
	$(BIN)/mypy --no-error-summary

# One process per core, each with one thread: threads that wait for a busy core make small networks slow.
test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

# Mutate the modules that [tool.mutmut] names, one change at a time, and list the changes that no test notices.
mutation: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mutation]'
	$(BIN)/python validation/mutation.py

# Feed every parser with broken input, SECONDS each, and print what crashed.  atheris has wheels for Linux only.
SECONDS ?= 600
fuzz: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fuzz]'
	OMP_NUM_THREADS=1 $(BIN)/python fuzz/run.py --seconds $(SECONDS)

# The site, in site/, to be read from the disk.  The build runs the tutorials and fails if one of them does (except with --quiet).
docs: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	NO_MKDOCS_2_WARNING=1 OMP_NUM_THREADS=1 $(BIN)/python -m mkdocs build --strict --clean
	@echo open site/index.html

validate: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[validate]'
	status=0; for part in accuracy coverage levels particles insertions particle_baselines free_energies; do $(BIN)/python validation/$$part.py || status=1; done; exit $$status

bench: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python benchmarks/pair_making.py
	$(BIN)/python benchmarks/samplers.py
	$(BIN)/python benchmarks/fig1_samples.py
	$(BIN)/python benchmarks/routes.py --seed 2  # xgboost's settings were compared on seed 1
	$(BIN)/python benchmarks/sweeps.py
	$(BIN)/python benchmarks/sizes.py

# Rebuild the table src/moiety/exact/xy_reference.csv: a quarter of an hour for each of two seeds.
# xy_rows.csv keeps what has been measured, so that a run can be interrupted; delete it to start again.
reference: $(READY)
	$(BIN)/python validation/xy_reference.py --rows xy_rows.csv

clean:
	rm -rf .venv demo report.html site build dist mutants fuzz-out

# Pinned versions.  The pin of torch also accepts a CPU build where an index offers one.
$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(READY)
