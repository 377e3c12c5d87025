"""The package as a whole: quick to import, documented, and with imports that point one way."""

import ast
import graphlib
import importlib
import importlib.util
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import labkit

FOLDER = Path(labkit.__file__).parent
HEAVY = {"torch", "pandas", "matplotlib", "scipy", "sklearn", "joblib", "tqdm", "IPython"}
TORCH_MODULES = {
    "alike", "batched", "batches", "chain", "checkpoint", "describe", "devices", "digest", "graph",
    "losses", "mapped", "modes", "monitor", "optimizers", "pairs", "partial_likelihood", "sealed",
    "stack", "stopping", "surroundings", "tally", "tensors", "together", "train", "trained",
}  # fmt: skip
HAS_TORCH = importlib.util.find_spec("torch") is not None
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def stub():
    """What `__init__.pyi` offers: name → module."""
    tree = ast.parse((FOLDER / "__init__.pyi").read_text(encoding="utf-8"))
    found = [(alias.asname, node.module) for node in tree.body for alias in node.names]
    assert len({name for name, _ in found}) == len(found)
    return dict(found)


OFFERED = {n: m for n, m in stub().items() if HAS_TORCH or m not in TORCH_MODULES}
CALLABLE = [name for name in OFFERED if name not in {"COLORS", "NotAttempted"}]


def loaded_by(code):
    """The heavy packages that a fresh Python has loaded after running some code."""
    code += f"\nimport sys; print(*sorted({HEAVY!r} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_labkit_loads_nothing_heavy():
    assert loaded_by("import labkit") == set()


def test_the_numpy_half_works_without_torch_pandas_and_matplotlib():
    code = """
import labkit
d = labkit.make_linear(30, 3, rng=1)
labkit.fit_linear(d.X, d.y); labkit.fit_mlp(d.X, d.y, rng=0); labkit.fit_ols(d.X, d.y)
labkit.largest_stable_lr(d.X); labkit.finite_differences(lambda x: float(x @ x), d.y)
labkit.Checks(); labkit.Exercise; labkit.session_info(); labkit.skip_torch_cells
"""
    assert loaded_by(code) == set()


def test_r_needs_scipy_tables_need_pandas_and_studies_need_joblib_but_none_needs_torch():
    assert "torch" not in loaded_by("""
import labkit.figures
d = labkit.make_linear(30, 3, rng=labkit.RStream(1))
labkit.fit_linear(d.X, d.y).history
labkit.run_study(lambda rng: rng, {"e": lambda d, r: d.normal()}, replicates=2).summary()
labkit.figures.plot_history
labkit.load_reference("stream_seed42")
""")


@pytest.mark.skipif(HAS_TORCH, reason="torch is installed")
def test_without_torch_the_torch_loop_names_what_is_missing():
    with pytest.raises(ModuleNotFoundError, match="torch"):
        _ = labkit.fit_torch


@pytest.mark.parametrize("name", OFFERED)
def test_every_name_on_offer_resolves_to_its_module(name):
    assert name in dir(labkit)
    module = importlib.import_module(f"labkit.{OFFERED[name]}")
    assert getattr(labkit, name) is getattr(module, name)


def test_nothing_else_is_on_offer():
    public = {name for name in dir(labkit) if not name.startswith("_")}
    assert public - set(MODULES) - {"lazy_loader"} <= set(stub())
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = labkit.no_such_name


# --- imports point one way -----------------------------------------------------------------------


def imports(module, *, at_top):
    """The modules that one of labkit's imports: at its top level alone, or anywhere."""
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    found = set()
    for node in tree.body if at_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            found.add(node.module)
    return found


def test_the_modules_of_labkit_import_each_other_without_a_circle():
    graph = {
        m: {n.removeprefix("labkit.") for n in imports(m, at_top=False) if n.startswith("labkit.")}
        for m in MODULES
    }
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert order.index("inputs") < order.index("manual")
    for module in ("inputs", "result", "cell", "predict", "datasets", "rstream", "torchless"):
        assert graph[module] <= {"inputs", "course"}, module


@pytest.mark.parametrize("module", MODULES)
def test_only_the_modules_about_torch_import_it(module):
    outside = {name.split(".")[0] for name in imports(module, at_top=True)}
    assert ("torch" in outside) is (module in TORCH_MODULES)
    drawing = {"architecture", "drawable", "figures", "graph", "style"}
    assert "matplotlib" not in outside or module in drawing
    assert not outside & {"pandas", "sklearn", "joblib", "tqdm", "scipy"}


@pytest.mark.parametrize("module", sorted(set(MODULES) - TORCH_MODULES))
def test_no_other_module_reaches_torch_through_them(module):
    own = {name for name in imports(module, at_top=True) if name.startswith("labkit.")}
    assert not {name.removeprefix("labkit.") for name in own} & TORCH_MODULES


def test_training_neither_prints_nor_draws():
    for module in ("manual", "train", "batched", "ols", "study", "monitor", "checkpoint"):
        source = (FOLDER / f"{module}.py").read_text(encoding="utf-8")
        assert "matplotlib" not in source
        assert not [
            n for n in ast.walk(ast.parse(source))
            if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "print"
        ]  # fmt: skip


HOLDS_ARRAYS = re.compile(r"\b(NDArray|Floats|DataFrame|Series|Tensor)\b")


@pytest.mark.parametrize("module", MODULES)
def test_a_result_that_holds_arrays_is_compared_by_identity(module):
    """Field by field, == would ask an array for one truth value, and raise NumPy's error."""
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    for kind in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        how = " ".join(map(ast.unparse, kind.decorator_list))
        fields = [field for field in kind.body if isinstance(field, ast.AnnAssign)]
        types = " ".join(ast.unparse(field.annotation) for field in fields)
        if "dataclass" in how and HOLDS_ARRAYS.search(types):
            assert "eq=False" in how, kind.name


# --- documentation -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CALLABLE)
def test_what_a_function_returns_and_raises_is_documented(name):
    found = getattr(labkit, name)
    if not inspect.isfunction(found):
        return
    doc, source = inspect.getdoc(found) or "", inspect.getsource(found)
    returns = inspect.signature(found).return_annotation
    if len(inspect.signature(found).parameters) > 2 and returns not in {"None", None}:
        assert "Returns\n---" in doc
    if re.search(r"^\s+raise \w+Error", source, re.MULTILINE):
        assert "Raises\n---" in doc
        for error in set(re.findall(r"^\s+raise (\w+Error)\(", source, re.MULTILINE)):
            assert error in doc, f"{name} raises {error} and doesn't say so"


def test_the_types_are_shipped():
    assert (FOLDER / "py.typed").is_file()
    assert not (FOLDER / "utils.py").exists()
