"""How much longer does DuckDB need to read the firms' CSV into a typed table?

Both read the same file out of the page cache with one thread, in turn, round after round, and qice before the first round
and after each. What they made of each column must be equal, or there is no measurement.
"""

import tempfile
from pathlib import Path

from catalogue import HERE, OWN_READER, Peer, set_up, why_not
from cities import city_of
from compare import Failed, Running, described, in_turn, say, skip

SIZES = (((550_000, 10_000), 5), ((20_000, 500), 2))  # in full, quick: a city and rounds


def reader(form, how, leaves_out):
    return Peer(
        f"duckdb_read_{form}",
        f"DuckDB, read_csv, {form}",
        "",
        leaves_out,
        ("node", str(HERE / "duckdb_read.mjs"), "{city}", form),
        how,
        npm="@duckdb/node-api",
        work=False,
    )


TYPED = "CREATE TABLE … AS SELECT … FROM read_csv(…), all types given; "
LEFT = "codes are not looked up in their lists, no cell is reported, nothing is derived; "
PEERS = [
    reader("text", TYPED + "sets and tags as text", LEFT + "sets and tags are not taken apart"),
    reader("lists", TYPED + "sets and tags split into lists", LEFT + "last days and weights stay in the elements' text"),
]


def check(ours, theirs):
    if ours["firms"] != theirs["firms"]:
        raise Failed(f"it read {theirs['firms']} firms, qice {ours['firms']}")
    for name, said in theirs["fields"].items():
        if said != ours["fields"].get(name):
            raise Failed(f"{name}: qice has {ours['fields'].get(name)}, it {said}")


def measure(qice, quick, emit):
    set_up(say)
    (firms, policies), rounds = SIZES[quick]
    city = city_of(qice, firms, policies)
    with tempfile.TemporaryDirectory() as folder:
        start = lambda peer: Running(peer, city, Path(folder) / f"{peer.name}.csv")
        own = start(OWN_READER)
        ours = own.work()
        for peer in PEERS:
            try:
                if why_not(peer):
                    raise Failed(why_not(peer))
                running = start(peer)
                theirs, qices = in_rounds(own, ours, running, rounds)
            except Failed as failed:
                skip(peer, str(failed), emit)
                continue
            emit(
                what="reading",
                **described(running),
                firms=ours["firms"],
                columns=len(ours["fields"]) + 1,
                bytes=(city / "firms.csv").stat().st_size,
                **in_turn(theirs, qices, [slow / fast for slow, fast in zip(theirs, qices)]),
            )
        own.end()


def in_rounds(own, ours, running, rounds):
    """Seconds of both, a round each; qice's are the mean of the times before and after."""
    theirs, qices = [], []
    try:
        before = own.work()["seconds"]
        for turn in range(rounds):
            say(f"{running.peer.title}: round {turn + 1} of {rounds}")
            said = running.work()
            check(ours, said)
            after = own.work()["seconds"]
            theirs.append(said["seconds"])
            qices.append((before + after) / 2)
            before = after
    finally:
        running.end()
    return theirs, qices
