# make book      the book, executed and built       make test    every test
# make serve     look at it                         make page P=drd/relation_maps
PYTHON ?= python3
VENV   ?= .venv
PORT   ?= 8000
LOCK   ?= constraints.txt
BIN    := $(VENV)/bin
PY     := $(BIN)/python
STAMP  := $(VENV)/.installed

.PHONY: book serve page lab test check unit notebooks booktest mutants bench experiments offline gpu versions configure manifest lock clean

book: $(STAMP)            ## execute what changed, build _build/html
	$(PY) tools/manifest.py
	$(PY) tools/pages.py
	$(PY) tools/build.py

serve: book               ## the book at http://localhost:$(PORT)
	$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

page: $(STAMP)            ## execute one page and build: make page P=drd/relation_maps
	@test -n "$(P)" || { echo "which page? make page P=drd/relation_maps"; exit 2; }
	$(PY) tools/pages.py $(P)
	$(PY) tools/build.py

lab: $(STAMP)             ## a page in JupyterLab: make lab P=drd/relation_maps
	$(PY) -c 'import jupyterlab' 2>/dev/null || $(PY) -m pip install -q -c $(LOCK) jupyterlab
	$(BIN)/jupyter lab $(if $(P),book/$(P).ipynb,book)

test: check unit notebooks booktest   ## everything CI runs

check: $(STAMP)           ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PY) tools/manifest.py

unit: $(STAMP)            ## the package's tests
	$(PY) -m pytest -q -n 2 --dist=loadfile tests --ignore=tests/book

notebooks: $(STAMP)       ## nbval over every notebook, from the wheel, outside the repository
	$(PY) tools/nbval_outside.py

booktest: $(STAMP)        ## build from the notebooks just run, then the book's own tests
	$(PY) tools/build.py
	$(PY) -m pytest -q tests/book

mutants: $(STAMP)         ## small faults that the tests must notice
	$(PY) tools/mutants.py

bench: $(STAMP)           ## side-by-side timings, written to data/results/
	for script in benchmarks/*.py; do $(PY) $$script || exit 1; done

experiments: $(STAMP)     ## the long runs; stop and start them as you like
	$(PY) -m rsnotes experiments run

offline: $(STAMP)         ## every page executed and the book built with the network cut off
	$(PY) tools/offline.py

gpu: $(STAMP)             ## every page on this machine's GPU; the book then says that it ran there
	$(PY) tools/gpu.py

versions: $(STAMP)        ## unit tests and a notebook on every Python found, or on one: make versions V=3.12
	$(PY) tools/versions.py $(V)

configure: $(STAMP)       ## make configure REPO=https://github.com/OWNER/NAME, or REPO=none
	$(PY) tools/configure.py $(REPO)

manifest: $(STAMP)        ## after a change under data/
	$(PY) tools/manifest.py --write

lock:                     ## new versions into constraints.txt (needs uv)
	uv pip compile --universal --python-version 3.11 --extra dev --upgrade pyproject.toml \
	  --no-header --no-annotate -o constraints.txt

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "rsnotes needs Python 3.11 to 3.13, this is %d.%d: make PYTHON=python3.12 ..." % v)'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -q -c $(LOCK) -e '.[dev]'
	touch $@

clean:
	rm -rf _build dist
