"""A CSV of one's own: the same table in any dress, and a word where it may mean two things."""

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from labkit import load_table

N = 60
RNG = np.random.default_rng(5)
CLEAN = pd.DataFrame(
    {
        "age": RNG.normal(60, 9, N).round(1),
        "crp": RNG.lognormal(1, 1, N).round(2),
        "arm": RNG.choice(["Plazebo", "Präparat"], N),
        "pain": RNG.normal(5, 2, N).round(3),
        "died": np.arange(N) % 2,
        "person": [f"p{i // 2}" for i in range(N)],
    }
)
FEATURES = ["age", "crp", "arm"]


@pytest.fixture
def read(tmp_path):
    """Write a frame, or bytes, and load it."""

    def read(table, outcome="pain", **options):
        path = tmp_path / "mine.csv"
        if isinstance(table, pd.DataFrame):
            table = table.to_csv(index=False).encode()
        path.write_bytes(table.encode() if isinstance(table, str) else table)
        return load_table(path, outcome, **options)

    return read


def without(*names):
    return CLEAN.drop(columns=list(names))


def dressed(delimiter=",", decimal=".", encoding="utf-8", **options):
    table = without("died", "person")
    return table.to_csv(index=False, sep=delimiter, decimal=decimal, **options).encode(encoding)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (dressed(), ""),
        (dressed(encoding="utf-8-sig"), ""),
        (dressed(encoding="utf-16"), "UTF-16"),
        (dressed(encoding="cp1252"), "Windows-1252"),
        (dressed(";"), "semicolons"),
        (dressed(";", ","), "decimal comma"),
        (dressed(",", ",", quoting=csv.QUOTE_ALL), "decimal comma"),
        (dressed("\t"), "tabs"),
        (dressed("|", lineterminator="\r\n"), "vertical bars"),
        (b"sep=;\r\n" + dressed(";", ","), "decimal comma"),
        (dressed() + b"\n\n,,,\n", ""),
        (dressed().replace(b"\n", b",\n"), ""),
        (dressed(quoting=csv.QUOTE_NONNUMERIC).replace(b",", b", "), ""),
    ],
)
def test_a_table_is_the_same_in_any_dress(read, content, said):
    table = read(content)
    assert (table.X[["age", "crp"]] == CLEAN[["age", "crp"]]).all().all()
    assert table.X["arm"].tolist() == CLEAN["arm"].tolist()
    assert (table.y == CLEAN["pain"]).all()
    assert list(table.X) == FEATURES
    assert said in " ".join(table.notes)


@pytest.mark.parametrize("header", ["", "Unnamed: 0"])
def test_names_of_rows_are_left_out_and_that_is_said(read, header):
    text = without("died", "person").to_csv().replace(",", header + ",", 1)
    table = read(text)
    assert list(table.X) == FEATURES
    assert "The first column holds the names of rows, and was left out." in table.notes


NUMBER = st.floats(-1e6, 1e6).map(lambda x: float(f"{x:.6g}"))


@given(
    st.lists(NUMBER, min_size=N, max_size=N, unique=True),
    st.lists(NUMBER | st.none(), min_size=N, max_size=N),
    st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", ","), ("|", ".")]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["", "NA", "NaN", "."]),
)
@settings(max_examples=25, deadline=None)
def test_any_numbers_come_back_as_they_were_written(tmp_path_factory, y, x, how, code, gap):
    frame = pd.DataFrame({"y": y, "x": x, "z": np.sin(np.arange(N))})
    known = frame.dropna()
    assume(known["x"].nunique() > 2 and abs(np.corrcoef(known["x"], known["y"])[0, 1]) < 0.999)
    text = frame.to_csv(index=False, sep=how[0], decimal=how[1], na_rep=gap)
    path = tmp_path_factory.mktemp("any") / "t.csv"
    path.write_bytes(text.encode(code))
    table = load_table(path, "y", kind="continuous", numbers=["x", "y"])
    assert table.y.tolist() == y
    expected = [np.nan if value is None else value for value in x]
    np.testing.assert_array_equal(table.X["x"], expected)
    np.testing.assert_array_equal(table.X["z"], frame["z"])


# --- what is handled, and said -------------------------------------------------------------------


def test_missing_values_stay_missing_and_are_counted(read):
    frame = without("died", "person").astype({"age": object})
    frame.loc[[3, 9], "age"] = ["NA", "-999"]
    frame.loc[5, "arm"] = None
    frame.loc[7, "pain"] = None
    table = read(frame, missing=["-999"])
    assert len(table.X) == N - 1
    assert table.X["age"].isna().to_numpy().nonzero()[0].tolist() == [3, 8], "row 7 is gone"
    assert table.X["arm"].tolist().count("(missing)") == 1
    notes = " ".join(table.notes)
    assert "Rows without an outcome, which were left out: 1." in notes
    assert "'age' is missing in 2 of 59 rows" in notes
    assert "'arm' is a category with 3 levels, 1 rows as '(missing)'." in notes


def test_constant_and_duplicate_columns_are_left_out_and_named(read):
    frame = without("died", "person").assign(
        unit="mg", scale="1.0", empty=None, age_again=CLEAN["age"],
        treated=np.where(CLEAN["arm"] == "Plazebo", "no", "yes"),
        drug=1 + (CLEAN["arm"] != "Plazebo"),
    )  # fmt: skip
    frame.loc[::2, "scale"] = "1"
    table = read(frame)
    assert list(table.X) == FEATURES
    for words in ("'unit' is mg in every row", "'scale' is 1 in every row",
                  "'empty' is missing in every row", "'age_again' says the same as 'age'",
                  "'treated' says the same as 'arm'",
                  "'drug' says the same as 'arm'"):  # fmt: skip
        assert f"{words}: left out." in table.notes


def test_groups_are_kept_as_numbers_and_twins_are_pointed_at(read):
    table = read(without("died"), groups="person")
    same = CLEAN["person"].to_numpy()[:, None] == CLEAN["person"].to_numpy()
    assert ((table.group[:, None] == table.group) == same).all()
    twins = read(without("died", "person", "age", "crp").assign(dose=np.arange(N) % 2 + 0.5))
    assert any("rows agree with another row in every feature" in note for note in twins.notes)


@pytest.mark.parametrize(
    ("values", "positive", "events"),
    [
        (["0", "1"], None, 1), (["no", "YES"], None, 1), (["False", "True"], None, 1),
        (["1.0", "0"], None, 0), (["B", "M"], "M", 1), (["1", "2"], "2", 1), (["1", "2"], 1, 0),
    ],
)  # fmt: skip
def test_an_outcome_with_two_values_is_binary(read, values, positive, events):
    frame = without("died", "person", "pain").assign(y=[values[i % 2] for i in range(N)])
    table = read(frame, "y", positive=positive)
    assert table.kind == "binary"
    assert table.y.tolist() == [float(i % 2 == events) for i in range(N)]


def test_a_time_with_an_event_is_both(read):
    frame = without("person").assign(months=np.arange(N) + 0.5)
    table = read(frame, "months", event="died")
    assert table.kind == "time and event"
    assert table.y["time"].tolist() == frame["months"].tolist()
    assert table.y["event"].tolist() == frame["died"].tolist()
    assert list(table.X) == [*FEATURES, "pain"]


def test_whole_numbers_in_order_may_be_an_outcome_and_eight_digits_an_amount(read):
    cells = [20210150 + 7 * i % 40 for i in range(N)]
    table = read(without("died", "person").assign(cells=cells, pain=range(N)))
    assert table.y.tolist() == list(range(N))
    assert table.X["cells"].tolist() == cells, "there is no 50th of January"


def test_the_name_of_the_outcome_tells_the_delimiter(read):
    lines = ["dose, mg, daily, oral;age;pain", *(f"{i % 7}.5;{i % 11}.5;{i}" for i in range(N))]
    assert list(read("\n".join(lines)).X) == ["dose, mg, daily, oral", "age"]


# --- what is refused -----------------------------------------------------------------------------

BASE = without("died", "person")
DAYS = pd.date_range("2021-03-01", periods=N)
TWO = CLEAN["died"]


def with_value(name, value, at=(4,)):
    column = BASE[name].astype(object).copy()
    column.iloc[list(at)] = value
    return BASE.assign(**{name: column})


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (BASE.head(12), {}, "12 rows with an outcome; at least 50"),
        (BASE, {"outcome": "pian"}, "no column 'pian', which is named as outcome. Did you mean 'p"),
        (BASE, {"groups": "clinic"}, "no column 'clinic', which is named as groups"),
        (BASE, {"leave_out": ["pain"]}, "'pain' is named as outcome and as leave_out"),
        (BASE, {"leave_out": FEATURES}, "no column is left that could be a feature"),
        (BASE.assign(day=DAYS.strftime("%Y-%m-%d")), {}, "holds dates or times ('2021-03-01')"),
        (BASE.assign(day=DAYS.strftime("%d.%m.%Y")), {}, "'day' holds dates or times"),
        (BASE.assign(day=DAYS.strftime("%d-%b-%y")), {}, "'day' holds dates or times"),
        (BASE.assign(day=DAYS.strftime("%Y%m%d")), {}, "'day' holds dates or times ('20210301')"),
        (BASE.assign(at=DAYS.strftime("%H:%M")).assign(at="12:30"), {}, None),
        (BASE.assign(row=range(N)), {}, "'row' counts the rows: if rows that share it"),
        (BASE.assign(z=range(7, N + 7)), {}, "'z' counts the rows"),
        (BASE.assign(patient_id=CLEAN["person"]), {}, "'patient_id' has 30 different words"),
        (BASE.assign(PatientID=np.arange(N) % 30), {}, "'PatientID' is named like a code"),
        (BASE.assign(words=[f"w{i}" for i in range(N)]), {}, "groups='words'; else"),
        (BASE.assign(words=[f"w{i % 25}" for i in range(N)]), {}, "'words' has 25 different words"),
        (BASE.assign(zip=[f"0{i % 9 + 1}" for i in range(N)]), {}, "'zip' has zeros in front"),
        (with_value("crp", "<0.5"), {}, "'crp' holds numbers, and '<0.5' in line 6"),
        (with_value("crp", "1,234.5"), {}, "'crp' has a mark between thousands in line 6"),
        (with_value("crp", "2,5"), {}, "both points and commas stand in numbers"),
        (with_value("age", -999, (4, 5)), {}, "'age' has 2 times the value -999"),
        (with_value("age", 999, (4, 5)), {}, "name '999' in missing"),
        (with_value("crp", -9, (4, 5)), {}, "'crp' has 2 times the value -9"),
        (with_value("age", "1e400"), {}, "'age' holds 1e400, which is too large"),
        (with_value("pain", "none"), {}, "the outcome 'pain' holds numbers, and 'none' in line 6"),
        (with_value("pain", -999, (4, 5)), {}, "the outcome 'pain' has 2 times the value -999"),
        (BASE.assign(pain=7), {}, "'pain' is '7' in every row: there is one class only"),
        (BASE.assign(pain=7.5), {"kind": "continuous"}, "is 7.5 in every row: it never varies"),
        (BASE.assign(pain=np.arange(N) % 3), {}, "'pain' has 3 different values. If they are am"),
        (BASE.assign(pain=np.arange(N) % 5), {}, "'pain' has 5 different values. If they are am"),
        (BASE.assign(pain=np.arange(N) % 6), {}, None),
        (BASE.assign(pain=list("abc") * 20), {}, "the outcome 'pain' holds 3 different words"),
        (BASE.assign(pain=["B", "M"] * 30), {}, "Say which of them is the event: positive='B' or"),
        (BASE.assign(pain=["B", "M"] * 30), {"positive": "m"}, "not positive='m'"),
        (BASE.assign(pain=["0.1", "0.20"] * 30), {}, "'pain' is '0.1' or '0.2'. Say which of them"),
        (BASE.assign(pain=np.arange(N) < 5), {}, "5 rows (or groups) are with the event"),
        (BASE.assign(pain=np.arange(N) > 5), {}, "6 rows (or groups) are without it"),
        (BASE.assign(stress=BASE["pain"] * 9 + 1), {}, "'stress' is the outcome again"),
        (BASE.assign(pain=TWO, dead=TWO.map({0: "alive", 1: "dead"})), {}, "'dead' is the outcome"),
        (BASE, {"event": "age"}, "'age' has"),
        (BASE.assign(died=list("abcde") * 12), {"event": "died"}, "not two: 'a', 'b', 'c', 'd', …"),
        (BASE.assign(died=TWO, pain=BASE["pain"] - 9), {"event": "died"}, "the time 'pain' is -"),
        (BASE, {"kind": "time and event"}, "needs event"),
        (BASE.assign(died=TWO), {"event": "died", "kind": "binary"}, "the kind is 'time and e"),
        (BASE, {"kind": "counts"}, "kind='counts' is unknown"),
        (BASE.assign(g=list("abcd") * 15), {"groups": "g"}, "'g' has 4 groups; at least 20"),
        (with_value("arm", None).rename(columns={"arm": "g"}), {"groups": "g"}, "missing in line"),
        (BASE, {"numbers": ["arm"]}, "'arm' is named in numbers, and is 'P"),
        (BASE.join(pd.DataFrame(RNG.normal(size=(N, 40)))), {}, "are too many for 60 rows"),
        (BASE, {"missing": "-9"}, "missing must be a list: missing=['-9']"),
    ],
)  # fmt: skip
def test_what_may_mean_two_things_is_refused_by_name(read, table, options, message):
    options = {"outcome": "pain", **options}
    if message is None:  # a constant says nothing, whatever it looks like
        assert list(read(table, **options).X) == FEATURES
        return
    with pytest.raises((ValueError, TypeError)) as error:
        read(table, **options)
    assert message in str(error.value)


TEXT = BASE.to_csv(index=False)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "mine.csv is empty"),
        ("\n \n", "mine.csv is empty"),
        ("age,pain\n", "has a header and no row"),
        ("pain\n1\n2\n", "one column: neither commas, semicolons, tabs, vertical bars sep"),
        ('"age" "pain"\n"1" 50 3\n', "mine.csv has one column"),
        (b"PK\x03\x04rest", "is an Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest", "is an old Excel file"),
        (b"age,pain\n1\x00,2\n", "holds zero bytes"),
        (TEXT.replace("age,", "pain,"), "has 2 columns called 'pain'"),
        (TEXT.replace("crp,", ","), "column 2 has no name"),
        (TEXT.replace("crp,", ""), "row.names = FALSE"),
        (TEXT + "1,2\n", "line 62: 2 fields where the header has 4; so 1 of 61 rows"),
        (TEXT + '1,2,"open,3\n', "a quotation mark is opened and never closed"),
        (BASE.to_csv(index=False, decimal=",", quoting=csv.QUOTE_NONE, escapechar="\\")
         .replace("\\", ""), "such as a decimal comma, needs quotation marks"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_the_line(read, content, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is looked at below
        read(content)
    assert message in str(error.value)


def test_several_columns_are_named_at_once(read):
    with pytest.raises(ValueError, match="3 columns need a word") as error:
        read(BASE.assign(day=DAYS.strftime("%Y-%m-%d"),
             row=range(N), words=[f"w{i}" for i in range(N)]))  # fmt: skip
    assert [line[:7] for line in str(error.value).splitlines()[1:]] == [
        "- 'day'",
        "- 'row'",
        "- 'word",
    ]


def test_a_comma_that_may_part_thousands_is_asked_about(read):
    frame = BASE.assign(cost=[f"{i % 9 + 1},{100 + i}" for i in range(N)])
    frame = frame[["cost", "arm"]].assign(pain=np.arange(N) * 7 % 31)
    with pytest.raises(ValueError, match="a decimal comma, or does the comma part thousands"):
        read(frame)
    frame.loc[3, "cost"] = "0,125"
    assert read(frame).X["cost"].iloc[3] == 0.125


@pytest.mark.parametrize(("unit", "said"), [(1, True), (0.25, False)])
def test_a_few_whole_numbers_may_be_codes_and_that_is_said(read, unit, said):
    table = read(BASE.assign(stage=np.arange(N) % 7 * unit))
    assert table.X["stage"].nunique() == 7
    note = "'stage' has 7 different whole numbers, and is taken as an amount. If they are codes,"
    assert (note in " ".join(table.notes)) == said


@pytest.mark.parametrize("role", ["categories", "numbers"])
def test_who_says_what_a_column_is_gets_it(read, role):
    table = read(BASE.assign(site=np.arange(N) % 7), **{role: ["site"]})
    assert (table.X["site"].dtype == "category") == (role == "categories")
    assert "codes" not in str(table.notes)


def test_a_file_that_is_not_there_is_named_with_its_neighbours(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n")
    with pytest.raises(FileNotFoundError, match=r"CSV files beside it: other\.csv"):
        load_table(tmp_path / "mine.csv", "y")
    with pytest.raises(OSError, match="is a folder"):
        load_table(tmp_path, "y")
