/* What the Node package promises beyond the golden run: slips are errors with a sentence, never a dead
 * process nor another number than the one that was given. */
import { Answer, Engine, Firm, Firms, Pushes, QiceError, Rows, Schema } from "qice";

const day = "2026-06-15";
const POLICY = '{"id": "A", "title": "t", "rule": {"field": "revenue", "ge": 1}}';

function check(holds) {
    if (!holds) throw new Error("not true");
}

/* The call is refused, with words, and those of them that are given. */
function refused(type, call, words = " ") {
    try {
        call();
    } catch (wrong) {
        if (!(wrong instanceof type) || !wrong.message.includes(words)) throw wrong;
        return wrong;
    }
    throw new Error(`not refused: ${call}`);
}

function numbers({ schema, firm, snapshot, firms, result, answer }) {
    const revenue = schema.field("revenue");
    for (const value of [NaN, Infinity, 1.5, 2 ** 60, 2n ** 63n, "1", undefined, null])
        refused(TypeError, () => firm.setNumber(revenue, value));
    for (const field of [-1, 0.5, 2 ** 32 + revenue, undefined])
        refused(TypeError, () => firm.setNumber(field, 1));
    firm.setNumber(revenue, 10n ** 9n, 2);
    for (const top of [0, -1, 2.5, "x"]) refused(TypeError, () => snapshot.matchSync(firms, { top }));
    for (const threads of [0, 1025]) refused(TypeError, () => Firms.csv(schema, "uscc\n", { day, threads }));
    for (const statuses of ["eligible", ["fine"]])
        refused(TypeError, () => snapshot.matchSync(firms, { statuses }));
    for (const number of [-1, 0.5]) {
        refused(TypeError, () => snapshot.id(number));
        refused(TypeError, () => firms.id(number));
        refused(TypeError, () => result.read(number, new Pushes(1)));
    }
    for (const at of [NaN, 2 ** 40, undefined, {}]) refused(TypeError, () => Engine.open(schema, at));
    refused(TypeError, () => Engine.open(schema, day, "", { urgency: [1, -5] }));
    refused(TypeError, () => result.read(0, { capacity: 9 }));
    refused(TypeError, () => new Pushes(-1));
    check(answer.askFirm(snapshot, firm).count("eligible") === 1);
    refused(TypeError, () => answer.read("eligible", new Uint8Array(4), new BigInt64Array(4)));
    refused(TypeError, () => answer.read("eligible", new Uint32Array(4), new Float64Array(4)));
}

function texts({ schema, engine, firm }) {
    for (const text of [undefined, null, 5, {}]) refused(TypeError, () => engine.put(text));
    refused(TypeError, () => firm.setJson("{}"));
    check(Firms.csv(schema, Buffer.from([117, 115, 99, 99, 10, 255, 10]), { day }).bad().length === 1);
    const id = "企".repeat(600_000); // longer than what is kept for texts
    firm.setId(id);
    engine.put(POLICY.replace('"t"', `"${id}"`));
    const now = engine.snapshot();
    check(now.policy(0).title === id);
    now.close();
    engine.replace(POLICY);
}

/* Nothing, or something else, in place of each argument: the sentence names it. */
function nothing({ schema, engine, snapshot, firms, firm, answer }) {
    const json = '{"always": true}';
    const calls = {
        "the schema": [(none) => Engine.open(none, day), (none) => Firm.create(none),
            (none) => Firms.csv(none, "uscc\n", { day }), (none) => Rows.create(none, { day })],
        "the firms": [(none) => snapshot.matchSync(none), (none) => answer.askPolicy(snapshot, none, 0),
            (none) => snapshot.explainRow(none, 0, 0), (none) => answer.askDraft(snapshot, none, json)],
        "the firm ": [(none) => answer.askFirm(snapshot, none), (none) => snapshot.explainFirm(none, 0),
            (none) => snapshot.explainDraft(none, json)],
        "the snapshot": [(none) => answer.askFirm(none, firm), (none) => answer.askPolicy(none, firms, 0)],
        json: [(none) => engine.put(none), (none) => engine.replace(none), (none) => Schema.parse(none),
            (none) => firm.setJson(none, { day })],
        path: [(none) => engine.reload(none), (none) => Schema.open(none)],
        id: [(none) => engine.remove(none), (none) => snapshot.find(none), (none) => firms.find(none)],
        text: [(none) => firm.setText(0, none), (none) => Firms.csv(schema, none, { day })],
        "a day": [(none) => engine.setDay(none), (none) => Engine.open(schema, none),
            (none) => Firms.csv(schema, "uscc\n", { day: none })],
        status: [(none) => answer.count(none), (none) => answer.ranked(none)],
        form: [(none) => snapshot.explainFirm(firm, 0, none ?? null)],
        "is made by": [(none) => new Engine(none), (none) => Engine.at(none)],
    };
    for (const [words, each] of Object.entries(calls))
        for (const call of each)
            for (const none of [null, undefined, {}, Symbol("s")]) refused(TypeError, () => call(none), words);
    snapshot.matchSync(firms, null).close(); // the usual options
    check(engine.snapshot().size === 1);
}

async function closing({ engine, schema, firms, firm }) {
    const kept = engine.snapshot();
    refused(TypeError, () => kept.matchSync(schema), "not a value of type Schema");
    const now = engine.snapshot();
    const table = Firms.csv(schema, "uscc,revenue\nF,3\n", { day });
    const matches = [now.match(table, { threads: 2 }), now.match(table)];
    now.close(); // while they are under way
    table.close();
    for (const match of matches) {
        const result = await match;
        check(result.pushes === 1);
        result.close();
    }
    for (const closed of [() => now.size, () => table.id(0), () => now.matchSync(firms)])
        check(refused(QiceError, closed, "NULL").code === "BAD_HANDLE");
    firm.close();
    firm.close();
    check(refused(QiceError, () => firm.clear()).code === "BAD_HANDLE");
    kept.close();
}

const schema = Schema.standard();
const engine = Engine.open(schema, day);
engine.put(POLICY);
const snapshot = engine.snapshot();
const firms = Firms.csv(schema, "uscc,revenue\nF,3\n", { day });
const world = { schema, engine, snapshot, firms, firm: Firm.create(schema), answer: Answer.create(),
    result: snapshot.matchSync(firms) };
numbers(world);
texts(world);
nothing(world);
await closing(world);
