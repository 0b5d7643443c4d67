"""How much longer do peers need for what `qice match` does?

For each size: qice and the peers of that size are loaded, then they work in turn, round after round, so that a
slow minute of the machine falls on all. qice works before the first peer of a round and after each; the median of
these is its time in that round. A peer's first answer must be equal to that of `qice match`, or there is no
measurement. Ratios are medians over the rounds of (peer's seconds a pair) / (qice's seconds a pair); qice's seconds
are those of Matcher::match: conditions, rules, scores and the top 20 of every firm, eligible and review.
"""

import csv
import json
import signal
import subprocess
import sys
import threading
from statistics import median

import catalogue
from cities import AS_OF, city_of, match, work_of


def say(message):
    print(f"bench: {message}", file=sys.stderr, flush=True)


class Failed(Exception):
    pass


class Running:
    """A peer that has loaded and waits for its rounds."""

    LIMIT = 900  # seconds to load, or for one round

    def __init__(self, peer, city, counts):
        self.peer, self.counts, self.errors = peer, counts, counts.with_suffix(".log")
        places = {"city": city, "counts": counts, "as_of": AS_OF, "work": work_of(city) if peer.work else ""}
        command = [word.format(**places) for word in peer.command]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(self.errors, "w"), text=True
        )
        self.loaded = self.read()

    def read(self):
        watch = threading.Timer(self.LIMIT, self.process.terminate)
        watch.start()
        line = self.process.stdout.readline()
        watch.cancel()
        if not line:
            if self.process.wait() == -signal.SIGTERM:
                raise Failed(f"it took more than {self.LIMIT} s")
            said = self.errors.read_text(errors="replace").strip().splitlines()
            raise Failed(f"it ended with {self.process.returncode}: {' '.join(said[-3:])[-300:]}")
        return json.loads(line)

    def round(self):
        """The middle one of three, if these take less than a second in all: who has waited for minutes is cold."""
        said = [self.work()]
        while len(said) < 3 and sum(each["seconds"] for each in said) < 1:
            said.append(self.work())
        return sorted(said, key=lambda each: each["seconds"])[(len(said) - 1) // 2]

    def work(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # read() will say how it ended
        return self.read()

    def end(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()


def read_counts(path):
    with open(path, newline="", encoding="utf-8") as file:
        return {row["policy_id"]: (int(row["eligible"]), int(row["review"])) for row in csv.DictReader(file)}


def check_counts(ours, theirs):
    """How many policies both judged; raises Failed unless they count the same."""
    different = [id for id in theirs if ours.get(id) != theirs[id]]
    if different or not theirs:
        first = (
            f"{different[0]}: qice {ours.get(different[0])}, it {theirs[different[0]]}" if different else "it gave none"
        )
        raise Failed(f"its counts differ for {len(different)} of {len(theirs)} policies ({first})")
    return len(theirs)


def described(running):
    """Of a measurement: who was measured."""
    peer = running.peer
    return dict(
        peer=peer.name,
        title=peer.title,
        version=running.loaded["version"],
        how=peer.how,
        leaves_out=peer.leaves_out,
    )


def in_turn(seconds, qice_seconds, ratios):
    """Of a measurement: what all rounds took, a number a round."""
    return dict(
        rounds=seconds,
        qice_rounds=qice_seconds,
        seconds=median(seconds),
        qice_seconds=median(qice_seconds),
        ratio=median(ratios),
        ratio_low=min(ratios),
        ratio_high=max(ratios),
    )


def measure_size(qice, size, firms, policies, rounds, peers, emit):
    able = []
    for peer in peers:
        reason = catalogue.why_not(peer)
        if reason:
            skip(peer, reason, emit)
        else:
            able.append(peer)
    if not able:
        return
    city = city_of(qice, firms, policies)
    results = city / "results"
    results.mkdir(exist_ok=True)
    summary = match(qice, city, "--counts", results / "qice.csv", "--status", "eligible,review,needs_data,near")
    ours, open_policies = read_counts(results / "qice.csv"), summary["policies_matched"]
    running = []
    for peer in able:
        say(f"{size}: loading {peer.title}")
        try:
            running.append(Running(peer, city, results / f"{peer.name}.csv"))
        except Failed as reason:
            skip(peer, str(reason), emit)
    own = Running(catalogue.OWN, city, results / "matcher.csv")
    times = {peer.name: [] for peer in able}
    qice_times, compared = [], {}
    for turn in range(rounds):
        own_times = [own.round()["seconds"]]
        for each in list(running):
            say(f"{size}: round {turn + 1} of {rounds}, {each.peer.title}")
            try:
                said = each.round()
                if turn == 0:
                    if each.peer.writes_counts:
                        compared[each.peer.name] = check_counts(ours, read_counts(each.counts))
                    elif said.get("equal"):
                        compared[each.peer.name] = each.loaded.get("expressed", open_policies)
                    else:
                        raise Failed("it did not compare its answer")
                times[each.peer.name].append(said)
            except Failed as reason:
                skip(each.peer, str(reason), emit)
                running.remove(each)
                each.end()
            own_times.append(own.round()["seconds"])
        qice_times.append(median(own_times))
    own.end()
    qice_pairs = summary["firms"] * open_policies
    for each in running:
        each.end()
        peer, said = each.peer, times[each.peer.name]
        expressed = each.loaded.get("expressed", compared[peer.name])
        pairs = summary["firms"] * expressed
        seconds = [line["seconds"] for line in said]
        ratios = [theirs / pairs / (mine / qice_pairs) for theirs, mine in zip(seconds, qice_times)]
        emit(
            what="peer",
            **described(each),
            size=size,
            firms=summary["firms"],
            policies=open_policies,
            expressed=expressed,
            counts_equal=compared[peer.name],
            eligible_share=sum(eligible for eligible, _ in ours.values()) / qice_pairs,
            **in_turn(seconds, qice_times, ratios),
            ns_per_pair=median(seconds) / pairs * 1e9,
            qice_ns_per_pair=median(qice_times) / qice_pairs * 1e9,
            parts={key: median(line[key] for line in said) for key in said[0] if key not in ("seconds", "equal")},
        )


def skip(peer, reason, emit):
    say(f"SKIPPED {peer.title}: {reason}")
    emit(what="skipped", peer=peer.name, title=peer.title, why=reason)


def measure(qice, sizes, emit, only=None):
    catalogue.set_up(say)
    for size, (firms, policies, rounds) in sizes.items():
        peers = [peer for peer in catalogue.PEERS if peer.size == size and (not only or peer.name in only)]
        if peers:
            measure_size(qice, size, firms, policies, rounds, peers, emit)
