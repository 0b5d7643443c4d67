"""Bad cells and bad rows: what the quarantine file says, who still takes part, and odd files."""

import pytest

HEADER = ["line", "firm_id", "field", "value", "reason"]
NUMBER = "is not a number"
DATE = "is not a date; dates are written 2026-11-23"
FLAG = "is not a flag; flags are true/false, 1/0 or 是/否"
UNTIL = "has an element whose last valid day is not a date"
WEIGHT = "has a tag whose weight is not a number from 0 to 1 with at most 3 decimals"
BAD_CELLS = [
    ("revenue", "high", NUMBER),
    ("revenue", "+5", NUMBER),
    ("revenue", "--5", NUMBER),
    ("revenue", "1.2E+08", NUMBER),
    ("revenue", "20,000", NUMBER),
    ("revenue", "２０００", NUMBER),
    ("revenue", "1..5", NUMBER),
    ("revenue", "5.", NUMBER),
    ("revenue", ".5", NUMBER),
    ("revenue", "NaN", NUMBER),
    ("revenue", "inf", NUMBER),
    ("revenue", "0x10", NUMBER),
    ("revenue", "#DIV/0!", NUMBER),
    ("revenue", "3%", "has a unit that does not fit the field's"),
    ("employees", "5万元", "has a unit that does not fit the field's"),
    ("revenue", "0.001", "has more decimals than the field"),
    ("revenue", "0.0000001万元", "has more decimals than the field"),
    ("employees", "2.5", "has more decimals than the field"),
    ("revenue", "92233720368547758.08", "is too large"),
    ("revenue", "922337203686亿元", "is too large"),
    ("revenue", "9" * 50, "is too large"),
    ("established", "2026-02-29", DATE),
    ("established", "2026-13-01", DATE),
    ("established", "soon", DATE),
    ("established", "0000-01-01", DATE),
    ("established", "2026.01.05", DATE),
    ("established", "2026-01/05", DATE),
    ("established", "45000", DATE),
    ("dishonest", "maybe", FLAG),
    ("dishonest", "2", FLAG),
    ("dishonest", "yes", FLAG),
    ("grade", "D", "is not one of the field's values"),
    ("grade", "a", "is not one of the field's values"),
    ("industry", "C99999", "is on no list of the field's codes"),
    ("place", "4419", "is a code of another level than the field asks for"),
    ("place", "999999", "is on no list of the field's codes"),
    ("quals", "高新技术企业@soon", UNTIL),
    ("quals", "高新技术企业@2026-02-30|专精特新", UNTIL),
    ("quals", "@2026-01-01", UNTIL),
    ("quals", "a@", UNTIL),
    ("follows", "智能制造:2", WEIGHT),
    ("follows", "智能制造:-0.1", WEIGHT),
    ("follows", "智能制造:0.1234", WEIGHT),
    ("follows", "智能制造:", WEIGHT),
    ("follows", ":0.5", "has a tag without a name"),
    ("follows", "a:0.5|b|a", "names a tag twice"),
]
GOOD_CELLS = [
    ("revenue", "1.50万元"), ("revenue", " 5 "), ("revenue", "-0"), ("revenue", "1 元"),
    ("revenue", "92233720368547758.07"), ("revenue", "000.10000000000000000000000"),
    ("rd", "3000000元"), ("growth", "12.34%"), ("established", "2024/2/29"),
    ("established", "20260101"), ("established", "9999-12-31"), ("dishonest", "TRUE"),
    ("dishonest", "否"), ("place", "441901"), ("industry", "C3911"), ("quals", "||"),
    ("quals", "a@2026-01-01|a"), ("labels", "a@b"), ("follows", "出口"), ("follows", "a:b:0.001"),
    ("name", "=1+1"), ("name", "任何\n东西"), ("prefix", "anything"), ("free", "x"),
]


def csv_cell(text):
    return '"' + text.replace('"', '""') + '"'


@pytest.mark.parametrize("field,value,reason", BAD_CELLS, ids=lambda x: x[:30])
def test_bad_cell(world, field, value, reason):
    world.write("f.csv", f"uscc,{field}\nA,\nB,{csv_cell(value)}\nC,\n")
    run = world.match("--quarantine", "bad.csv", "--raw-csv", code=3)
    assert world.rows("bad.csv") == [HEADER, ["3", "B", field, value, reason]]
    assert run.out.splitlines()[1:] == [f"{firm},eligible,1,P,0.000000" for firm in "ABC"]
    strict = world.match("--quarantine", "bad.csv", "--raw-csv", "--strict", code=3)
    assert world.rows("bad.csv") == [HEADER, ["3", "B", field, value, reason]]
    assert strict.out.splitlines()[1:] == [f"{firm},eligible,1,P,0.000000" for firm in "AC"]


@pytest.mark.parametrize("field,value", GOOD_CELLS, ids=lambda x: x[:30])
def test_good_cell(world, field, value):
    world.write("f.csv", f"uscc,{field}\nA,{csv_cell(value)}\n")
    world.match("--quarantine", "bad.csv", code=0)
    assert world.rows("bad.csv") == [HEADER]


def test_bad_cell_is_unknown_not_no(world):
    """A bad cell is neither below nor above any bound, and a bad set holds neither this nor not."""
    conditions = ['{"field": "revenue", "ge": 1}', '{"field": "revenue", "lt": 1}',
                  '{"field": "dishonest", "is": false}', '{"field": "quals", "has_any": "x"}',
                  '{"field": "quals", "has_none": "x"}', '{"field": "grade", "not_in": "A"}']
    world.write("p.jsonl", "".join(
        f'{{"id": "P{i}", "rule": {text}}}\n' for i, text in enumerate(conditions)))
    world.write("f.csv", "uscc,revenue,dishonest,quals,grade\nA,x,x,x@y,x\n")
    world.write("f.jsonl", '{"uscc": "A", "revenue": [], "dishonest": 5, "quals": 5, "grade": {}}\n')
    for firms in ("f.csv", "f.jsonl"):
        run = world.match("--status", "eligible,review,needs_data,near", policies="p.jsonl",
                          firms=firms, code=3)
        assert run.out.splitlines()[1:] == [
            f"A,needs_data,{i + 1},P{i},0.000000" for i in range(6)], firms


def test_derived_number_too_large(world):
    world.write("f.csv", "uscc,revenue,cost\nA,92233720368547758.07,0.01\nB,1,1\n")
    world.match("--quarantine", "bad.csv", code=3)
    assert world.rows("bad.csv")[1:] == [["2", "A", "total", "", "the derived number is too large"]]


BAD_ROWS = [
    ("no id", "uscc,revenue\n,5\nB,1\n", ["2", "", "", "", "the row has no uscc"], "B"),
    ("blank id", 'uscc,revenue\n" \t",5\nB,1\n', ["2", "", "", "", "the row has no uscc"], "B"),
    ("id twice", "uscc,revenue\nA,5\nA,1\nB,1\n",
     ["3", "A", "", "A", "this uscc was seen before, on line 2"], "AB"),
    ("id twice, blanks around", "uscc,revenue\nA,5\n A ,1\n",
     ["3", "A", "", "A", "this uscc was seen before, on line 2"], "A"),
    ("too many cells", "uscc,revenue\nA,5,6\nB,1\n",
     ["2", "A", "", "A,5,6", "the row has 3 cells, the header 2"], "B"),
    ("text after quote", 'uscc,name\nA,"x"y\nB,z\n',
     ["2", "", "", 'A,"x"y', "text after a closing quote"], "B"),
    ("quote never closed", 'uscc,name\nA,"x\nB,z\nC,z\n',
     ["2", "", "", 'A,"x', "a quote is opened and never closed"], "BC"),
    ("stray quote closed far below", 'uscc,name\nA,"x\nB,z\nC,"z" \nD,\n',
     ["2", "", "", 'A,"x', "text after a closing quote"], None),
    ("not UTF-8", b"uscc,name\nA,\xff\nB,z\n", ["2", "", "", "", "the row is not UTF-8"], "B"),
    ("cut UTF-8", "uscc,name\nA,企".encode()[:-1] + b"\nB,z\n",
     ["2", "", "", "", "the row is not UTF-8"], "B"),
    ("surrogate", b"uscc,name\nA,\xed\xa0\x80\nB,z\n", ["2", "", "", "", "the row is not UTF-8"], "B"),
]


@pytest.mark.parametrize("name,text,entry,firms", BAD_ROWS, ids=[row[0] for row in BAD_ROWS])
def test_bad_row(world, name, text, entry, firms):
    world.write("f.csv", text)
    run = world.match("--quarantine", "bad.csv", code=3)
    assert world.rows("bad.csv")[1] == entry
    if firms is None:
        assert [row[0] for row in world.rows("bad.csv")[1:]] == ["2", "4"]
        firms = "BD"
    else:
        assert len(world.rows("bad.csv")) == 2
    assert [line[0] for line in run.out.splitlines()[1:]] == list(firms)


def test_line_numbers_count_physical_lines(world):
    world.write("f.csv", '\n\nuscc,name,revenue\r\n\r\nA,"two\nlines",x\r\n\nB,"three\r\n\r\nlines",y\nC,,z')
    world.match("--quarantine", "bad.csv", code=3)
    assert [row[:2] for row in world.rows("bad.csv")[1:]] == [["5", "A"], ["8", "B"], ["11", "C"]]


def test_stray_quote_loses_one_line_of_many(world):
    lines = [f"F{i},n" for i in range(1000)]
    lines[500] = 'F500,"n'
    world.write("f.csv", "uscc,name\n" + "\n".join(lines) + "\n")
    summary = world.summary("--quarantine", "bad.csv", code=3)
    assert (summary["firms"], summary["quarantined"], summary["rows_set_aside"]) == (999, 1, 1)
    assert world.rows("bad.csv")[1][0] == "502"


@pytest.mark.parametrize("end", ["", '"x'])
def test_quotes_that_never_close_cost_no_square(world, end):
    """Each of these lines leaves a quote open to the end of the file."""
    world.write("f.csv", "uscc,name\n" + 'a","\n' * 200_000 + end)
    summary = world.summary(code=3, timeout=10)
    assert summary["quarantined"] >= 199_999


# ------------------------------------------------------------------------------ odd files


@pytest.mark.parametrize("text", [
    b"\xef\xbb\xbfuscc,name,revenue\nA,x,1\nB,y,2\n",
    b"uscc,name,revenue\r\nA,x,1\r\nB,y,2\r\n",
    b"uscc,name,revenue\nA,x,1\nB,y,2",
    b"uscc,name,revenue\r\nA,x,1\r\nB,y,2\r",
    b'\n\r\n"uscc", name ,"revenue"\n\nA,x,1\n\r\nB,y,2\n\n',
    b'revenue,uscc,name\n1,A,x\n2,B\n',
    b'uscc,revenue,name\n"A","1","a ""quoted"" name"\n"B","2"\n',
    b'uscc,revenue,name\nA,1,"x\r\ny,\n"\nB,2,"lone\rCR"\n',
    b'uscc,revenue,name\nA,1,x"y\nB,2,x""\n',
])
def test_harmless_variants(world, text):
    world.write("f.csv", text)
    world.write("p.json", '{"id": "P", "rule": {"field": "revenue", "eq": 2}}')
    assert world.match("--status", "eligible,near").out.splitlines()[1:] == [
        "A,near,1,P,0.000000", "B,eligible,1,P,0.000000"]


def test_only_a_header(world):
    world.write("f.csv", "uscc,revenue")
    run = world.match("--counts", "c.csv", "--quarantine", "bad.csv")
    assert run.out == "firm_id,status,rank,policy_id,score\n"
    assert world.read("c.csv") == "policy_id,eligible,review,needs_data,near\nP,0,0,0,0\n"
    assert world.read("bad.csv") == "line,firm_id,field,value,reason\n"


def test_gb18030(world):
    text = "uscc,name,labels\nA,东莞市企业𠮷,智能制造\nB,x,出口\n"
    world.write("p.json", '{"id": "P", "rule": {"field": "labels", "has_any": "智能制造"}}')
    world.write("f.csv", text.encode("gb18030"))
    world.write("u.csv", text)
    run = world.match("--encoding", "gb18030")
    assert run.out == world.match(firms="u.csv").out
    assert run.out.splitlines()[1:] == ["A,eligible,1,P,0.000000"]
    world.match(code=3)  # without --encoding the Chinese rows are no UTF-8


@pytest.mark.parametrize("bad", [b"\xff", b"\x81", b"\x81\x30", b"\x81\x30\x81", b"\xfe\x7f"])
def test_gb18030_bad_bytes(world, bad):
    world.write("f.csv", b"uscc,name\nA," + bad + b"\nB," + "东莞".encode("gb18030") + b"\nC," + bad)
    run = world.match("--encoding", "gb18030", "--quarantine", "bad.csv", code=3)
    assert world.rows("bad.csv")[1:] == [["2", "", "", "", "the row is not UTF-8"],
                                         ["4", "", "", "", "the row is not UTF-8"]]
    assert run.out.splitlines()[1:] == ["B,eligible,1,P,0.000000"]


PAYLOADS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0", '=HYPERLINK("x")',
            "\0=1"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_formulas_are_neutralised(world, payload):
    world.write("f.csv", f"uscc,revenue\n{csv_cell(payload + 'z')},{csv_cell(payload + 'w')}\n")
    run = world.match("--quarantine", "bad.csv", code=3)
    firm, value = payload.strip("\t") + "z", payload + "w"
    quarantined = world.rows("bad.csv")[1]
    if payload[0] == "\t":  # ids are trimmed
        assert quarantined[1] == firm
    else:
        assert quarantined[1] == "'" + firm
        cell = run.out.split("\n", 1)[1]
        assert cell.startswith(("'", "\"'"))
    assert quarantined[3] == "'" + value
    raw = world.match("--quarantine", "bad.csv", "--raw-csv", code=3)
    assert world.rows("bad.csv")[1][1:4] == [firm, "revenue", value]
    assert "'" + firm[:1] not in raw.out.replace("|' /C", "")


def test_negative_scores_are_numbers(world):
    world.write("p.json", '{"id": "P", "rule": {"all": []}, "priority": -0.5}')
    assert world.match().out.splitlines()[1] == "A,eligible,1,P,-0.500000"


def test_hostile_policy_id(world):
    world.write("p.json", r'{"id": "=1+\"2\",\n3", "rule": {"all": []}}')
    world.match("--out", "x.csv", "--counts", "c.csv")
    assert world.rows("x.csv")[1][3] == "'=1+\"2\",\n3"
    assert world.rows("c.csv")[1][0] == "'=1+\"2\",\n3"
    run = world.match("--out", "x.jsonl")
    assert world.read("x.jsonl").startswith(r'{"firm_id":"A","status":"eligible","rank":1,"policy_id":"=1+\"2\",\n3"')
    assert run.out == ""


def test_terminal_stays_clean(world):
    """What a file holds is shown, not run by the terminal."""
    world.write("f.csv", "uscc,revenue\nA\x1b[2J,x\x1b]0;title\x07\n")
    run = world.match(code=3)
    assert not any(ord(c) < 32 for c in run.err.replace("\n", ""))
    world.write("p.json", '{"id": "P\\u001b[2J", "rule": {"al": []}}')
    run = world.match(code=4)
    assert not any(ord(c) < 32 for c in run.err.replace("\n", ""))


def test_cell_of_50_mib(world):
    with open(world.folder / "f.csv", "w") as file:
        file.write("uscc,name,revenue\nA,")
        file.write("x" * (50 << 20))
        file.write(",1\nB,y," + "7" * (1 << 20) + "\nC,z,3\n")
    run = world.match("--quarantine", "bad.csv", code=3)
    assert [line[0] for line in run.out.splitlines()[1:]] == ["A", "B", "C"]
    assert world.rows("bad.csv")[1:] == [["3", "B", "revenue", "7" * 200 + "…", "is too large"]]


def test_header_of_100_000_columns(world):
    columns = [f"c{i}" for i in range(100_000)]
    world.write("f.csv", "uscc," + ",".join(columns) + "\nA" + "," * 100_000 + "\n")
    assert "f.csv:1: column \"c0\" is not a field of the schema" in world.match(code=4).err
    run = world.match("--ignore-unknown-columns")
    assert run.out.splitlines()[1:] == ["A,eligible,1,P,0.000000"]
    assert len(run.err.splitlines()) < 100


def test_quarantine_shown_where_no_file_keeps_it(world):
    world.write("f.csv", "uscc,revenue\n" + "".join(f"F{i},x\n" for i in range(12)) + ",1\n")
    run = world.match(code=3)
    lines = run.err.splitlines()
    assert lines[0] == ("qice: 13 entries quarantined, 1 of them whole rows; "
                        "--quarantine FILE keeps them all:")
    assert lines[1] == 'qice: f.csv:2: F0: revenue: "x" is not a number'
    assert lines[11] == "qice: ... and 3 more"
    run = world.match("--quarantine", "bad.csv", code=3)
    assert run.err.splitlines()[0] == "qice: 13 entries quarantined, 1 of them whole rows, see bad.csv"
    assert len(world.rows("bad.csv")) == 14


# ------------------------------------------------------------------------------ JSON Lines

JSON_ROWS = [
    ("no object", "[1]", ["", "", "[1]", "a firm is a JSON object"]),
    ("not JSON", '{"uscc": "A"', ["", "", '{"uscc": "A"',
                                  "not valid JSON: Missing a comma or '}' after an object member."]),
    ("no id", '{"revenue": 1}', ["", "", "", "the row has no uscc"]),
    ("id null", '{"uscc": null}', ["", "", "", "the row has no uscc"]),
    ("id a list", '{"uscc": ["A"]}', ["", "", "", "the row has no uscc"]),
    ("key twice", '{"uscc": "A", "revenue": 1, "revenue": 2}',
     ["", "", '{"uscc": "A", "revenue": 1, "revenue": 2}', 'key "revenue" stands twice in one object']),
    ("number a flag", '{"uscc": "A", "revenue": true}',
     ["A", "revenue", "true", "is no value of a field of kind number"]),
    ("number too fine", '{"uscc": "A", "revenue": 1e-3}',
     ["A", "revenue", "1e-3", "has more decimals than the field"]),
    ("number too large", '{"uscc": "A", "revenue": 1e300}',
     ["A", "revenue", "1e300", "is too large"]),
    ("text a number", '{"uscc": "A", "name": 5}', ["A", "name", "5", "is no value of a field of kind text"]),
    ("set an object", '{"uscc": "A", "quals": {"a": 1}}',
     ["A", "quals", '{"a":1}', "is no value of a field of kind set"]),
    ("set of numbers", '{"uscc": "A", "quals": [5]}',
     ["A", "quals", "[5]", "is no value of a field of kind set"]),
    ("until a number", '{"uscc": "A", "quals": [{"value": "x", "until": 20260101}]}',
     ["A", "quals", '[{"value":"x","until":20260101}]', "is no value of a field of kind set"]),
    ("until misspelt", '{"uscc": "A", "quals": [{"value": "x", "untl": "2026-01-01"}]}',
     ["A", "quals", '[{"value":"x","untl":"2026-01-01"}]', "is no value of a field of kind set"]),
    ("until no date", '{"uscc": "A", "quals": [{"value": "x", "until": "soon"}]}',
     ["A", "quals", "x@soon", UNTIL]),
    ("tag weight", '{"uscc": "A", "follows": {"x": 2}}', ["A", "follows", "x:2", WEIGHT]),
    ("tag weight a text", '{"uscc": "A", "follows": {"x": "1"}}',
     ["A", "follows", '{"x":"1"}', "is no value of a field of kind tags"]),
]


@pytest.mark.parametrize("name,row,entry", JSON_ROWS, ids=[row[0] for row in JSON_ROWS])
def test_json_lines_bad_row(world, name, row, entry):
    world.write("f.jsonl", '{"uscc": "X"}\n\n' + row + '\n{"uscc": "Y"}\n')
    run = world.match("--quarantine", "bad.csv", firms="f.jsonl", code=3)
    assert world.rows("bad.csv")[1:] == [["3", *entry]]
    firms = ["X", "A", "Y"] if entry[0] else ["X", "Y"]
    assert [line[0] for line in run.out.splitlines()[1:]] == firms


def test_json_lines_good_values(world):
    world.write("f.jsonl", '\ufeff{"uscc": 5, "revenue": 1.5e3, "established": "2026/1/5", '
                '"dishonest": false, "quals": ["a", {"value": "b", "until": "2026-01-01"}, '
                '{"value": "c", "until": null}], '
                '"follows": {"x": 0.5}, "name": null, "grade": "", "labels": "a|b"}\r\n')
    world.write("p.json", '{"id": "P", "tags": {"x": 1}, "rule": {"all": ['
                '{"field": "revenue", "eq": 1500}, {"field": "dishonest", "is": false}, '
                '{"field": "quals", "has_all": ["a", "c"], "has_none": "b", "ever_has_any": "b"}, '
                '{"field": "labels", "has_all": ["a", "b"]}, {"field": "grade", "known": false}]}}')
    assert world.match(firms="f.jsonl").out.splitlines()[1:] == ["5,eligible,1,P,0.500000"]
