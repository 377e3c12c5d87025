# Two commands: `make site` and `make test`. `make help` lists the rest; `make test TORCH=` works without torch.

PYTHON ?= python3
TORCH ?= yes
ZIP ?= yes
UPGRADE ?= yes
PORT ?= 8000
SITE := _site$(if $(filter student,$(EDITION)),-student)
VENV := $(if $(TORCH),.venv,.venv-notorch)
BIN := $(VENV)/bin
# What is installed: for most commands requirements/site.txt, for the tests test.txt, for the benchmarks the whole lock.
READY := $(VENV)/ready-site
READY_TEST := $(VENV)/ready-test
READY_BENCH := $(VENV)/ready-bench

# One thread per test worker: two workers with two BLAS threads each are slower than two with one.
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
NBVAL := --nbval-lax --nbval-current-env --nbval-cell-timeout=120
WITHOUT_TORCH := $(if $(TORCH),,--doctest-ignore-import-errors)

# Another environment may be active in the shell; IPython would warn that it is not the one in use.
unexport VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help site pdf student test lab labs stale new-lab move-lab new-analysis grade serve doctor studies bench lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1@/' | tr '@' '\t' | expand -t 18

site: $(READY)  ## execute the labs that are stale, render the site to _site/ (EDITION=student: without solutions; ZIP=: without the students' zip)
	@$(BIN)/python -m course.publishing.colab
	@$(BIN)/python -m course.run
	$(if $(ZIP),@$(BIN)/python -m course.student.edition --unless-current)
	@$(BIN)/python -m course.site.render $(if $(EDITION),--edition $(EDITION))

pdf: $(READY)  ## a PDF of each lab in _pdf/, where Quarto is installed [LAB=4] (EDITION=student: without solutions, in _pdf-student/)
	@$(BIN)/python -m course.site.quarto >/dev/null
	@$(BIN)/python -m course.run
	@$(BIN)/python -m course.site.pdf $(call given,LAB,lab) $(if $(EDITION),--edition $(EDITION))

student: $(READY)  ## the zip for students in _student/: no solutions (WHEELS=yes: with every package, for this system)
	@$(BIN)/python -m course.run
	@$(BIN)/python -m course.student.edition $(if $(WHEELS),--wheels)

test: $(READY_TEST)  ## style, types, unit tests, every lab, the rendered site
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(if $(TORCH),$(BIN)/mypy,@echo "mypy is skipped: it needs torch to check the modules about torch")
	@$(ONE_THREAD) $(BIN)/python -m pytest -n 2 --dist loadfile --doctest-modules $(WITHOUT_TORCH) $(NBVAL) $(wildcard notebooks) labkit tests

lab: $(READY)  ## open JupyterLab in notebooks/
	cd notebooks && ../$(BIN)/python -I -m jupyterlab

labs: $(READY)  ## execute every lab, stale or not, and store its outputs
	@$(BIN)/python -m course.publishing.colab
	@$(BIN)/python -m course.run --all
	@$(BIN)/python -m course.pages.write

stale: $(READY)  ## name each lab whose stored outputs are stale, and what changed
	@$(BIN)/python -m course.stale

# A variable counts only where it stands on the command line: some shells have a NAME of their own.
given = $(if $(filter command,$(origin $(1))),--$(2) "$$$(1)")

new-lab: $(READY)  ## make a lab that keeps every rule: NAME=competing-risks [TITLE="…"] [NUMBER=11]
	@$(BIN)/python -m course.new_lab $(call given,NAME,name) $(call given,TITLE,title) $(call given,NUMBER,number)

move-lab: $(READY)  ## give a lab another place or name, and mend every link to it: LAB=11 [NUMBER=9] [NAME=competing-risks]
	@$(BIN)/python -m course.move_lab $(call given,LAB,lab) $(call given,NUMBER,number) $(call given,NAME,name)

new-analysis: $(READY)  ## make a notebook for a table of your own, in analyses/: FILE=my.csv OUTCOME=y [NAME=…] [GROUPS=person] [EVENT=died] [AT=5]
	@$(BIN)/python -m course.new_analysis $(if $(filter command,$(origin FILE)),"$$FILE" "$$OUTCOME") $(call given,NAME,name) $(call given,EVENT,event) $(call given,POSITIVE,positive) \
		$(call given,AT,at) $(call given,GROUPS,groups) $(call given,KIND,kind) $(call given,LEAVE_OUT,leave-out) $(call given,CATEGORIES,categories) $(call given,NUMBERS,numbers) $(call given,MISSING,missing)

grade: $(READY)  ## grade students' notebooks: FOLDER=submissions [OUT=grades.csv] [JOBS=2] [SECONDS=600] [MEMORY=4000]
	@test -n "$$FOLDER" || { echo "Say where the students' notebooks are: make grade FOLDER=submissions"; exit 1; }
	@$(BIN)/python -m course.grading "$$FOLDER" $(call given,OUT,out) $(call given,JOBS,jobs) $(call given,SECONDS,seconds) $(call given,MEMORY,memory)

serve: $(READY)  ## look at the rendered site in a browser
	@test -f $(SITE)/index.html || { echo "There is no site yet: run 'make site$(if $(EDITION), EDITION=$(EDITION))' first."; exit 1; }
	@echo "The site is at http://127.0.0.1:$(PORT)/ (Ctrl-C stops it)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory $(SITE) >/dev/null 2>&1 || echo "Stopped. If port $(PORT) is taken: make serve PORT=8001"

doctor: $(READY)  ## is this machine ready?
	@$(BIN)/python -m course.doctor

studies: $(READY)  ## run the studies too long for a lab and store them in data/ (STUDY=name: that one)
	@$(BIN)/python -m course.studies $(STUDY)

.PHONY: mutants
mutants: $(READY_TEST)  ## change labkit's code, or a lab's, at random: does a test or a check notice? [SAMPLE=100] [SEED=1] [MODULES=labkit/ols.py] [LABS=07]
	@$(BIN)/python -m course.mutants $(call given,SAMPLE,sample) $(call given,SEED,seed) $(MODULES) $(LABS)

bench: $(READY_BENCH)  ## compare labkit's speed with the alternatives
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.scale

lock:  ## pin every dependency anew in requirements.lock and requirements/ (UPGRADE=: only what pyproject.toml asks for)
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install -q uv
	sh course/environment/lock.sh .venv-lock/bin/uv $(if $(UPGRADE),--upgrade)

clean:  ## remove everything that the commands above have made
	rm -rf .venv .venv-notorch .venv-lock _site _site-student _pdf _pdf-student _student .quarto .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment holds its full path: where the folder was moved, renamed or copied, it is fitted to its new place.
MOVED := $(shell cd $(VENV) 2>/dev/null && test -f pyvenv.cfg && ! grep -qF -e " $$(pwd)" -e " $$(pwd -P)" pyvenv.cfg && echo moved)
.PHONY: moved

# The last thing that make_venv does is to write this file, so a half-made environment never counts as ready.
$(VENV)/ready-%: requirements.lock $(wildcard requirements/*.txt) pyproject.toml course/environment/make_venv.py $(MOVED)
	@command -v $(PYTHON) >/dev/null || { echo "There is no '$(PYTHON)' here: install Python 3.11 to 3.14, or say which to use: make PYTHON=/path/to/python3.14"; exit 1; }
	@$(PYTHON) course/environment/make_venv.py $(VENV) $* $(if $(TORCH),,--no-torch)
