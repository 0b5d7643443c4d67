/* The golden run (golden.c) from Node: prints the same bytes.
 *
 *   node golden.js FOLDER SECONDS|measure */
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { setTimeout as sleep } from "node:timers/promises";
import {
    abiVersion, Answer, Engine, Firm, Firms, formatDay, KINDS, LIFE_CYCLES, parseDay, Pushes, QiceError,
    Rows, Schema, STATUSES, version,
} from "qice";
import { ask, ASKED, matched } from "./asking.js";
import { measure } from "./measure.js";

const DRAFT = '{"id": "DRAFT", "title": "研发补助", "priority": 0.5, "rule": {"all": [{"field": "revenue", ' +
    '"ge": "2000万元"}, {"field": "employees", "ge": 10}]}}';
const THREADS = 8;

const printed = [];
const print = (line) => printed.push(line);

function check(holds) {
    if (!holds) throw new Error("not true");
}

function open(folder) {
    const day = parseDay("2026-06-15");
    const schema = Schema.standard();
    const engine = Engine.open(schema, day, `${folder}/policies.jsonl`);
    const options = { top: 5, statuses: STATUSES, threads: 2 };
    const lines = readFileSync(`${folder}/firms.jsonl`, "utf8").trimEnd().split("\n");
    check(lines.length >= ASKED);
    const field = (name) => schema.field(name);
    return {
        folder, schema, engine, options, lines, reading: { day }, snapshot: engine.snapshot(),
        firms: Firms.open(schema, `${folder}/firms.csv`, { day }), answer: Answer.create(options),
        firm: Firm.create(schema),
        fields: {
            region: field("region"), industry: field("industry"), revenue: field("revenue"),
            employees: field("employees"), rdExpense: field("rd_expense"), patents: field("patents"),
            established: field("established"), legal: field("legal_entity"),
            qualifications: field("qualifications"), follows: field("follows"),
        },
    };
}

function close(world) {
    for (const name of ["firm", "answer", "firms", "snapshot", "engine", "schema"]) world[name].close();
}

/* ---------------------------------------------------------------------------------------- load */

function load({ schema, snapshot, firms }) {
    print(`qice ${version()} interface ${abiVersion()}`);
    schema.fields().forEach(({ name, kind, decimals, derived }, number) =>
        print(`field ${number} ${name} kind ${KINDS.indexOf(kind)} decimals ${decimals} derived ${+derived}`));
    print(`policies ${snapshot.size} as of ${formatDay(snapshot.day)}`);
    for (let number = 0; number < snapshot.size; ++number) {
        const policy = snapshot.policy(number);
        print(`policy ${number} ${policy.id} ${policy.title} version ${policy.version} ` +
            `life ${LIFE_CYCLES.indexOf(policy.lifeCycle)}`);
    }
    print(`firms ${firms.size} set aside ${firms.setAside}`);
    for (const { line, firm, field, value, reason } of firms.bad())
        print(`bad ${line}|${firm}|${field}|${value}|${reason}`);
}

/* --------------------------------------------------------------------------------------- batch */

async function batch({ snapshot }, firms, options) {
    const result = await snapshot.match(firms, options);
    print(`match policies ${result.policies} pushes ${result.pushes}`);
    STATUSES.forEach((status, number) => print(`total ${number} ${result.total(status)}`));
    for (let policy = 0; policy < 20; ++policy)
        print(`count ${policy} ${STATUSES.map((status) => result.count(policy, status)).join(" ")}`);
    const pushes = new Pushes(1000);
    let first = 0;
    do {
        result.read(first, pushes);
        for (let i = 0; i < pushes.size; ++i)
            print(`push ${firms.id(pushes.firm(i))} ${pushes.statuses[i]} ${pushes.ranks[i]} ` +
                `${snapshot.id(pushes.policies[i])} ${pushes.score(i)}`);
        first += pushes.size;
    } while (pushes.size === pushes.capacity);
    check(first === result.pushes);
    result.close();
}

/* ------------------------------------------------------------------------ one firm, one policy */

const others = new Uint32Array(5);
const scores = new BigInt64Array(5);

function printAnswer(answer) {
    print(`answer ${STATUSES.map((status) => answer.count(status)).join(" ")} away ${answer.oneFactAway} ` +
        `life ${LIFE_CYCLES.indexOf(answer.lifeCycle)}`);
    STATUSES.forEach((status, number) => {
        const ranked = answer.ranked(status);
        check(answer.read(status, others, scores) === ranked.length);
        ranked.forEach(({ id, score }, rank) => {
            check(Number(scores[rank]) === score);
            print(`  ${number} ${others[rank]} ${id} ${score}`);
        });
    });
}

async function singly(world) {
    const { schema, snapshot, firms, answer, firm, reading, lines } = world;
    const rows = Rows.create(schema, reading);
    lines.forEach((line, number) => {
        firm.setJson(line, reading);
        for (const { field, value, reason } of firm.bad()) print(`bad ${field}|${value}|${reason}`);
        printAnswer(answer.askFirm(snapshot, firm));
        if (number < 20) rows.add(firm);
    });
    fillTyped(world);
    rows.add(firm);
    print(answer.askFirm(snapshot, firm).json());
    const table = rows.finish();
    rows.close();
    await batch(world, table, world.options);
    table.close();
    for (let policy = 0; policy < 20; ++policy) printAnswer(answer.askPolicy(snapshot, firms, policy));
    printAnswer(answer.askDraft(snapshot, firms, DRAFT));
}

export function fillTyped({ firm, fields }) {
    firm.clear();
    firm.setId("91441900MA4W000061");
    firm.setText(fields.region, "441900003");
    firm.setText(fields.industry, "C3911");
    firm.setNumber(fields.revenue, 2_500_000_050, 2);
    firm.setNumber(fields.employees, 120);
    firm.setNumber(fields.rdExpense, 1_200_000);
    firm.setNumber(fields.patents, 7);
    firm.setDate(fields.established, 16495); // 2015-03-01
    firm.setFlag(fields.legal, true);
    firm.addElement(fields.qualifications, "高新技术企业", 21183); // 2027-12-31
    firm.addTag(fields.follows, "智能制造", 800);
}

function explain({ snapshot, firms, firm }) {
    for (const form of ["json", "zh", "en"]) {
        print(snapshot.explainRow(firms, 0, 0, form));
        print(snapshot.explainFirm(firm, 1, form));
        print(snapshot.explainDraft(firm, DRAFT, form));
    }
    print(snapshot.lint());
}

/* -------------------------------------------------------------------------------------- errors */

async function refused(call) {
    try {
        await call();
    } catch (wrong) {
        if (!(wrong instanceof QiceError)) throw wrong;
        print(`error ${wrong.number} faults ${wrong.faults.length}`);
        for (const { file, line, column, message } of wrong.faults)
            print(`  ${file}:${line}:${column} ${message}`);
        return;
    }
    throw new Error("that was not refused");
}

async function errors({ schema, engine, snapshot, firms, answer, firm, reading, options, fields }) {
    const late = { day: 20000 };
    const bad = '[{"id":"A","title":"t","rule":{"field":"revenue",\n"ge":"high"}},{"id":"B","rule":3}]';
    await refused(() => parseDay("2026-13-01"));
    await refused(() => Schema.open("/no/such"));
    await refused(() => Schema.parse('{"fields": 3}', "mine.json"));
    await refused(() => schema.field("revenu"));
    await refused(() => engine.put(bad));
    await refused(() => engine.put(Buffer.from([0xff, 0xfe])));
    await refused(() => snapshot.find("nobody"));
    await refused(() => firm.setJson("[1", reading));
    await refused(() => firm.setJson('{"revenu":1}', reading));
    await refused(() => firm.setText(fields.revenue, "许多"));
    await refused(() => firm.setNumber(fields.revenue, 1, 9));
    await refused(() => firm.setFlag(fields.revenue, true));
    await refused(() => snapshot.explainFirm(firm, 99999));
    await refused(() => answer.askDraft(snapshot, firms, '{"id":1}'));
    const other = Firms.csv(schema, "uscc\nA\n", late);
    await refused(() => snapshot.matchSync(other, options));
    other.close();
    await refused(() => Firms.jsonLines(schema, '{"uscc":"A","no":1}\n', late));
    await refused(() => snapshot.match(firms, { ...options, signal: AbortSignal.abort() }));
    const closed = Firm.create(schema);
    closed.close();
    closed.close();
    try {
        closed.clear();
        throw new Error("a closed handle was taken");
    } catch (wrong) {
        check(wrong.code === "BAD_HANDLE");
        print("what is closed is refused");
    }
}

/* ------------------------------------------------------------------------------------- changes */

function size({ engine }) {
    const now = engine.snapshot();
    const policies = now.size;
    now.close();
    return policies;
}

function changes(world) {
    const { engine, folder, snapshot } = world;
    engine.put(DRAFT);
    print(`after put ${size(world)}`);
    for (let i = 0; i < 2; ++i) print(`removed ${+engine.remove("DRAFT")}`);
    print(`after remove ${size(world)}`);
    engine.replace(readFileSync(`${folder}/others.jsonl`));
    print(`after replace ${size(world)}`);
    engine.reload(`${folder}/policies.jsonl`);
    print(`after reload ${size(world)}`);
    print(`before ${snapshot.size}`);
}

/* ------------------------------------------------------------------------------------- threads */

/* What is true with one of the two sets of policies. */
function learn(world, file) {
    const policies = readFileSync(`${world.folder}/${file}`);
    world.engine.replace(policies);
    const now = world.engine.snapshot();
    const answer = Answer.create();
    const answers = world.lines.slice(0, ASKED).map((line) => ask(answer, world.firm, now, line, world.reading));
    const moment = { policies, answers, size: now.size, explanation: now.explainRow(world.firms, 0, 0),
        pushes: matched(now, world.firms) };
    answer.close();
    now.close();
    return moment;
}

async function threads(world, seconds) {
    const moments = [learn(world, "policies.jsonl"), learn(world, "others.jsonl")];
    check(moments[0].size !== moments[1].size);
    const shared = new Int32Array(new SharedArrayBuffer(12)); // stop, and how often each moment was seen
    const seen = (moment) => Atomics.load(shared, 1 + moment);
    const workerData = { shared, moments, lines: world.lines, reading: world.reading,
        schema: world.schema.address, engine: world.engine.address, firms: world.firms.address };
    console.error("threads begin");
    const asking = Array.from({ length: THREADS }, () => new Promise((done, failed) => {
        // Left to themselves, eight engines of JavaScript collect their garbage once in a minute or two;
        // with heaps of a fixed size, what grows is outside of them.
        const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16 };
        const worker = new Worker(new URL("asking.js", import.meta.url), { workerData, resourceLimits });
        worker.on("exit", done).on("error", failed);
    }));
    let failed = false;
    const all = Promise.all(asking);
    all.catch(() => (failed = true)); // and thrown below
    const begin = performance.now();
    let made = 0;
    const over = () => failed || (seen(0) > 0 && seen(1) > 0);
    for (; made < 8 || performance.now() - begin < seconds * 1000 || !over(); ++made) {
        world.engine.replace(moments[made % 2].policies);
        await sleep(50);
    }
    Atomics.store(shared, 0, 1);
    await all;
    console.error(`threads end: ${seen(0) + seen(1)} questions, ${made} changes`);
    print(`${THREADS} threads: every answer was that of its moment`);
}

const [, , folder, what] = process.argv;
const world = open(folder);
if (what === "measure") {
    measure(world, fillTyped);
} else {
    load(world);
    await batch(world, world.firms, world.options);
    await batch(world, world.firms, { ...world.options, byPolicy: true });
    await singly(world);
    explain(world);
    await errors(world);
    changes(world);
    await threads(world, Number(what));
    process.stdout.write(printed.join("\n") + "\n");
}
close(world);
