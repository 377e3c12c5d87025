"""The trainings that figures show are the labs' own, and stored as their code stands now."""

import pytest

from course import ROOT
from course.explorers import explorers, record, spirals

RUNS = [(e.name, e.module) for e in explorers() if hasattr(e.module, "record")]
each_run = pytest.mark.parametrize(("name", "module"), RUNS, ids=[name for name, _ in RUNS])


@each_run
def test_a_run_is_stored_and_of_the_code_of_now(name, module):
    assert record.is_stored(name, module), f"run: python -m course.explorers.record {name}"
    facts = record.stored(name).attrs
    assert facts["command"] == f"python -m course.explorers.record {name}"
    assert facts["versions"]["torch"]
    columns = record.stored(name).columns
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    described = text.partition(f"`run_{name}.csv`")[2].partition("\n`")[0]
    assert all(f"`{column}`" in described for column in columns)


@each_run
def test_another_code_of_the_lab_or_of_the_record_is_another_run(name, module, monkeypatch):
    before = record.code(module)
    program = module.program()
    monkeypatch.setattr(module, "program", lambda: [*program[:-1], program[-1] + "\npass"])
    assert record.code(module) != before
    monkeypatch.setattr(module, "program", lambda: program)
    assert record.code(module) == before
    monkeypatch.setattr(module, "record", spirals.data)
    assert record.code(module) != before


@each_run
def test_a_run_is_written_with_what_made_it(name, module, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    table = record.stored(name)
    monkeypatch.setattr(record, "ROOT", tmp_path)
    monkeypatch.setattr(module, "record", lambda: table)
    monkeypatch.setattr(record, "code", lambda _: "the code")
    assert not record.is_stored(name, module)
    record.write(name, module)  # twice the same text: what is read is what was written
    assert record.is_stored(name, module)
    written = (tmp_path / "data" / f"run_{name}.csv").read_text(encoding="utf-8")
    original = (ROOT / "data" / f"run_{name}.csv").read_text(encoding="utf-8")
    assert written.partition("\n")[2] == original.partition("\n")[2]
    assert f"run_{name}.csv" in (tmp_path / "data" / "SHA256SUMS").read_text(encoding="utf-8")
