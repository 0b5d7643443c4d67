"""Makes docs/benchmarks.md and its figures from the JSON lines of the measurements.

The words are in benchmarks.md.in; {{name}} there is filled by the function `name` below. What has not been measured
says so. Nothing is measured here.
"""

import json
import re
from pathlib import Path

import plot

HERE = Path(__file__).resolve().parent
NOT_MEASURED = "*Not measured yet.*"


def number(value):
    """Three figures, as a person would write them: 0.0242, 12.5, 1,230"""
    if value == 0:
        return "0"
    if abs(value) >= 999.5:
        digits = len(str(round(abs(value)))) - 3
        return f"{int(round(value, -digits)):,}"
    return f"{value:.3g}"


def duration(seconds):
    if seconds >= 1:
        return f"{number(seconds)} s"
    if seconds < 1e-6:
        return f"{number(seconds * 1e9)} ns"
    return f"{number(seconds * 1e3)} ms" if seconds >= 1e-3 else f"{number(seconds * 1e6)} µs"


def per_pair(nanoseconds):
    """ns, µs or ms a pair."""
    if nanoseconds >= 1e6:
        return f"{number(nanoseconds / 1e6)} ms"
    return f"{number(nanoseconds / 1e3)} µs" if nanoseconds >= 1e3 else f"{number(nanoseconds)} ns"


def percent(share):
    return f"{share * 100:.2g} %" if share < 0.1 else f"{share * 100:.0f} %"


def table(header, rows, right=()):
    """`right`: columns of numbers."""
    line = lambda cells: "| " + " | ".join(cells) + " |"
    rule = ["---:" if place in right else "---" for place in range(len(header))]
    return "\n".join([line(header), "|" + "|".join(rule) + "|", *map(line, rows)])


class Report:
    def __init__(self, results, figures):
        self.parts = {
            path.stem: [json.loads(each) for each in path.read_text(encoding="utf-8").splitlines()]
            for path in sorted(Path(results).glob("*.jsonl"))
        }
        self.figures = figures

    def all(self, part, **wanted):
        return [
            line for line in self.parts.get(part, []) if all(line.get(key) == value for key, value in wanted.items())
        ]

    def one(self, part, **wanted):
        found = self.all(part, **wanted)
        return found[0] if found else None

    def curve(self, name):
        return self.all("curves", what="curve", curve=name)

    def figure(self, name, drawn, words):
        self.figures.mkdir(parents=True, exist_ok=True)
        (self.figures / f"{name}.svg").write_text(drawn, encoding="utf-8")
        return f"![{words}](figures/{name}.svg)"

    # --- what the template names

    def machine(self):
        rows = []
        for part in ("shape", "peers", "curves", "bench", "programs", "reading", "night"):
            made, took = self.one(part, what="machine"), self.one(part, what="took")
            if made:
                rows.append(
                    [
                        part,
                        f"{made['cpu']}, {made['cores']} cores, {made['memory_gib']} GiB",
                        made["system"],
                        f"{made['compiler']}, {made['flags']}",
                        f"{made['commit']}, {made['day']}",
                        f"{took['seconds'] / 60:.1f} min" if took else "",
                        f"{made['load']:.1f}",
                    ]
                )
        return (
            table(["part", "machine", "system", "compiler", "commit, day", "took", "load before"], rows)
            if rows
            else NOT_MEASURED
        )

    def peers(self):
        measured = sorted(self.all("peers", what="peer"), key=lambda line: line["ratio"])
        rows = [
            [
                line["title"],
                line["version"],
                f"{line['firms']:,} × {line['policies']:,}",
                duration(line["seconds"]),
                duration(line["qice_seconds"]),
                f"**{number(line['ratio'])}** ({number(line['ratio_low'])} to {number(line['ratio_high'])})",
                per_pair(line["ns_per_pair"]),
                per_pair(line["qice_ns_per_pair"]),
            ]
            for line in measured
        ]
        if not rows:
            return NOT_MEASURED
        return table(
            ["peer", "version", "firms × policies", "its time", "qice's time", "ratio", "a pair, it", "a pair, qice"],
            rows,
            right=range(3, 8),
        )

    def peers_left_out(self):
        rows = []
        for line in sorted(self.all("peers", what="peer"), key=lambda line: line["ratio"]):
            said = (
                ""
                if line["expressed"] == line["policies"]
                else f"; {line['expressed']} of {line['policies']} policies can be said in it"
            )
            parts = (
                ", ".join(f"{name} {duration(value)}" for name, value in line["parts"].items())
                if len(line["parts"]) > 1
                else ""
            )
            rows.append([line["title"], line["how"], line["leaves_out"] + said, parts])
        return table(["peer", "how it is used", "what it leaves out", "its parts"], rows) if rows else NOT_MEASURED

    def peers_skipped(self):
        skipped = self.all("peers", what="skipped")
        if not skipped:
            return "No peer was skipped." if self.parts.get("peers") else NOT_MEASURED
        return "**Skipped:**\n\n" + "\n".join(f"* {line['title']}: {line['why']}" for line in skipped)

    def peers_figure(self):
        measured = sorted(self.all("peers", what="peer"), key=lambda line: line["ratio"])
        if not measured:
            return NOT_MEASURED
        rows = [(line["title"], line["ratio"], f"{number(line['ratio'])} ×") for line in measured]
        return self.figure(
            "peers",
            plot.bars("How much longer peers need a pair", "times qice's, at the same size, one thread", rows),
            "Ratios of the peers to qice",
        )

    def curve_figure(self, name, title, x_label):
        points = [line for line in self.curve(name) if isinstance(line["x"], (int, float))]
        if len(points) < 2:
            return NOT_MEASURED
        parts = {"match": "match", "index": "index", "read": "read", "compile": "compile"}
        series = {
            words: [(line["x"], line["seconds"][part]) for line in points if line["seconds"][part] > 0]
            for part, words in parts.items()
        }
        return self.figure(
            name,
            plot.lines(title, x_label, "seconds", {name: points for name, points in series.items() if points}),
            title,
        )

    def curve_table(self, name, x_words, write_x=lambda line: str(line["x"]), more=()):
        points = self.curve(name)
        if not points:
            return NOT_MEASURED
        rows = [
            [
                write_x(line),
                *[write(line) for _, write in more],
                duration(line["seconds"]["match"]),
                per_pair(line["ns_per_pair"]),
                duration(line["seconds"]["read"]),
                duration(line["seconds"]["compile"]),
                duration(line["seconds"]["index"]),
                f"{number(line['peak_mib'])} MiB",
            ]
            for line in points
        ]
        header = [x_words, *[word for word, _ in more], "match", "a pair", "read", "compile", "index", "peak memory"]
        return table(header, rows, right=range(1, len(header)))

    def firms_figure(self):
        return self.curve_figure(
            "firms",
            "Time over firms (3,000 policies, one thread)" if not self.is_quick() else "Time over firms",
            "firms",
        )

    def firms_table(self):
        text = self.curve_table("firms", "firms", lambda line: f"{line['firms']:,}")
        streamed = self.curve("firms streamed")
        if streamed:
            rows = [
                [
                    f"{line['firms']:,}",
                    duration(sum(line["seconds"].values())),
                    duration(line["seconds"]["match"]),
                    per_pair(line["ns_per_pair"]),
                    f"{number(line['peak_mib'])} MiB",
                ]
                for line in streamed
            ]
            text += "\n\nThat match is the first in its process, and the more firms, the more it waits for fresh memory to write the answer to. "
            text += "With `--stream`, which uses its memory again, every push written:\n\n" + table(
                ["firms", "in all", "match", "a pair", "peak memory"], rows, right=range(1, 5)
            )
        for line in self.all("curves", what="left_out"):
            text += f"\n\n{line['x']:,} firms were left out: {line['why']}."
        return text

    def policies_figure(self):
        return self.curve_figure("policies", "Time over policies (one thread)", "policies loaded")

    def policies_table(self, curve="policies"):
        return self.curve_table(
            curve,
            "policies open",
            lambda line: f"{line['policies']:,}",
            [("firms", lambda line: f"{line['firms']:,}")],
        )

    def policies_of_nine_cities_table(self):
        return self.policies_table("policies of nine cities")

    def density_figure(self):
        points = self.curve("density")
        if len(points) < 2:
            return NOT_MEASURED
        series = {"random rules": [(line["eligible"] * 100, line["ns_per_pair"]) for line in points]}
        return self.figure(
            "density",
            plot.lines(
                "Cost of a pair over the share of eligible pairs (no shape to use)",
                "% of pairs eligible",
                "ns a pair",
                series,
            ),
            "Cost over density",
        )

    def density_table(self):
        return self.curve_table("density", "pairs eligible", lambda line: percent(line["eligible"]))

    def threads_figure(self):
        return self.curve_figure("threads", "Time over threads", "threads")

    def threads_table(self):
        return self.curve_table("threads", "threads")

    def statuses_table(self):
        return self.curve_table("statuses", "statuses ranked")

    def whole_table(self):
        points = self.curve("whole")
        if not points:
            return NOT_MEASURED
        rows = [
            [
                line["x"],
                f"{line['pushes']:,}",
                duration(sum(line["seconds"].values())),
                *[duration(line["seconds"][part]) for part in ("read", "compile", "index", "match", "write")],
                f"{number(line['peak_mib'])} MiB",
            ]
            for line in points
        ]
        header = ["statuses", "pushes written", "in all", "read", "compile", "index", "match", "write", "peak memory"]
        return table(header, rows, right=range(1, len(header)))

    def kernels_table(self):
        return self.curve_table("kernels", "CPU level")

    def shapes_table(self):
        points = self.curve("shapes")
        if not points:
            return NOT_MEASURED
        flat = points[0]["ns_per_pair"]
        words = {
            "flat": "all of 20",
            "apart": "all of 20, hardly a condition twice",
            "deep": "12 deep, all and any in turn",
            "any": "any of 4 alternatives of 5",
            "at_least": "at least 10 of 20",
            "points": "a table of 10 items with 2 tiers each",
            "nested": "all, any and at least k in each other as they come",
            "lists": "all of 20, one lists 1,000 texts",
            "sets": "all of 20, one has any of 1,000 elements",
        }
        return self.curve_table(
            "shapes",
            "20 conditions",
            lambda line: words[line["x"]],
            [
                ("eligible", lambda line: percent(line["eligible"])),
                ("to flat", lambda line: number(line["ns_per_pair"] / flat)),
            ],
        )

    def benchmarks(self):
        lines = self.all("bench", what="benchmark")
        if not lines:
            return NOT_MEASURED
        scale = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
        rows = []
        for line in lines:
            took = line.get("error_message") or duration(line["real_time"] * scale[line["time_unit"]])
            rows.append(
                [
                    f"`{line['name']}`",
                    took,
                    ", ".join(f"{name} {number(value)}" for name, value in line["counters"].items()),
                    line["label"],
                ]
            )
        return table(["benchmark", "time", "counters", ""], rows, right=(1,))

    def program(self, name):
        """The command and what it printed."""
        made = self.one("programs", what="program", name=name)
        if not made:
            return NOT_MEASURED
        command = " ".join(["build/bench/bench/" + made.get("program", name), *made["arguments"]])
        return "\n".join(["```text", "$ " + command, *made["lines"], "```"])

    def one_firm(self):
        return self.program("qice_bench_one_firm")

    def one_firm_any_rules(self):
        return self.program("one firm, any rules")

    def one_policy(self):
        return self.program("qice_bench_one_policy")

    def small_night(self):
        return self.program("qice_bench_night")

    def ideas(self):
        return self.program("qice_bench_ideas")

    def reading(self):
        lines = self.all("reading", what="reading")
        if not lines:
            return NOT_MEASURED
        rows = [
            (
                line["title"],
                line["version"],
                line["leaves_out"],
                duration(line["seconds"]),
                duration(line["qice_seconds"]),
                f"**{number(line['ratio'])}** ({number(line['ratio_low'])} to {number(line['ratio_high'])})",
            )
            for line in lines
        ]
        first = lines[0]
        text = f"{first['firms']:,} firms in {first['columns']} columns, {number(first['bytes'] / 1e6)} MB; "
        text += f"qice takes {number(first['bytes'] / 1e6 / first['qice_seconds'])} MB a second.\n\n"
        header = ("reader", "version", "what it leaves out", "its time", "qice's time", "ratio")
        return text + table(header, rows, right=range(3, 6))

    def night(self):
        """Both nights: qice, the same as SQL, and how often the one goes into the other."""
        rows = [
            (
                line["night"],
                f"{line['firms']:,} × {line['policies']:,}",
                f"{line['pushes']:,}",
                duration(line["seconds"]),
                duration(line["qice_seconds"]),
                f"**{number(line['ratio'])}** ({number(line['ratio_low'])} to {number(line['ratio_high'])})",
            )
            for line in self.all("night", what="night")
        ]
        if not rows:
            return NOT_MEASURED
        header = ("night", "firms × open policies", "pushes", "as SQL", "`qice push`", "times faster")
        return table(header, rows, right=range(2, 6))

    def shape_pairs(self):
        made = self.one("shape", what="shape_of_pairs")
        if not made:
            return NOT_MEASURED
        shares = made["shares"]
        return (
            f"{made['firms']:,} firms × {made['policies']:,} open policies: "
            f"{percent(shares['eligible'])} of the pairs are eligible, {percent(shares['review'])} review, "
            f"{percent(shares['needs_data'])} needs_data, {percent(shares['near'])} near. "
            f"The median policy has {percent(made['median_policy'])} of the firms, one in a hundred has more than "
            f"{percent(made['top_hundredth'])}, {percent(made['policies_nobody'])} have nobody, "
            f"{percent(made['policies_over_half'])} more than half."
        )

    def shape_policies(self):
        made = self.one("shape", what="shape_of_policies")
        if not made:
            return NOT_MEASURED
        shared = made["sharing"]
        rows = [
            ["levels", ", ".join(f"{name} {percent(share)}" for name, share in made["levels"].items())],
            ["conditions a policy", number(made["conditions_a_policy"])],
            [
                "depth of rules",
                ", ".join(f"{depth}: {percent(share)}" for depth, share in sorted(made["depth"].items())),
            ],
            ["groups", ", ".join(f"{name} {count:,}" for name, count in made["groups"].items())],
        ]
        for kind in ("conditions", "sub_rules"):
            each = shared[kind]
            rows.append(
                [
                    f"{kind.replace('_', '-')} written, distinct",
                    f"{each['written']:,}, {each['distinct']:,}: each is written {number(each['sharing'])} times; "
                    f"{percent(each['at_two_levels'])} stand at two levels of government or more",
                ]
            )
        rows += [
            [
                "fields named",
                f"{made['fields']}: "
                + ", ".join(f"{name} {percent(share)}" for name, share in made["most_named"].items()),
            ],
            ["tags a policy", number(made["tags_a_policy"])],
            ["with preferences", percent(made["with_preferences"])],
            ["with windows", percent(made["with_windows"])],
        ]
        return table(["policies", f"{made['policies']:,}"], rows)

    def shape_firms(self):
        made = self.one("shape", what="shape_of_firms")
        if not made:
            return NOT_MEASURED
        rows = [
            [
                "places",
                f"{made['regions']}; the largest has {percent(made['largest_region'])}, "
                f"the median {percent(made['median_region'])}",
            ],
            [
                "industry divisions",
                f"{made['industry_divisions']}; the largest: "
                + ", ".join(f"{name} {percent(share)}" for name, share in made["largest_divisions"].items()),
            ],
            ["tags a firm", number(made["tags_a_firm"])],
            ["with a qualification", percent(made["with_qualification"])],
            ["not known", ", ".join(f"{name} {percent(share)}" for name, share in made["empty"].items())],
        ]
        return table(["firms", f"{made['firms']:,}"], rows)

    def is_quick(self):
        return any(line.get("quick") for lines in self.parts.values() for line in lines if line["what"] == "machine")


def make(results, page, figures, template=HERE / "benchmarks.md.in"):
    report = Report(results, Path(figures))
    text = Path(template).read_text(encoding="utf-8")
    Path(page).write_text(re.sub(r"\{\{(\w+)\}\}", lambda match: getattr(report, match[1])(), text), encoding="utf-8")
