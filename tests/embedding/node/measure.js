/* What calls cost from Node: what measure.c measures, under the same names. */
import { createRequire } from "node:module";
import { Answer, Firm, Pushes } from "qice";

const FIRMS = 100;
const MOST = 20;

const koffi = createRequire(new URL("node_modules/qice/", import.meta.url))("koffi");
const clockGettime = koffi.load("libc.so.6").func("int clock_gettime(int clock, void* at)");
const at = new BigInt64Array(new ArrayBuffer(16));

/* Of the thread, in seconds: Node itself tells only that of the process, and roughly. */
function processorTime() {
    clockGettime(3, at); // CLOCK_THREAD_CPUTIME_ID
    return Number(at[0]) + Number(at[1]) * 1e-9;
}

function report(name, work, times, scale, unit) {
    const end = performance.now() + 2000;
    let best = Infinity;
    do {
        const begin = processorTime();
        work(times);
        best = Math.min(best, (processorTime() - begin) / times);
    } while (performance.now() < end);
    console.log(`${name} ${(best * scale).toFixed(3)} ${unit}`);
}

export function measure(world, fillTyped) {
    const { schema, snapshot, firm, lines, reading } = world;
    const answer = Answer.create();
    const firms = lines.slice(0, FIRMS).map((line) => {
        const one = Firm.create(schema);
        one.setJson(line, reading);
        return one;
    });
    const others = new Uint32Array(MOST);
    const scores = new BigInt64Array(MOST);
    let sum = 0;
    const ask = (of) => {
        answer.askFirm(snapshot, of);
        sum += answer.read("eligible", others, scores) + answer.read("review", others, scores);
    };
    report("call", (times) => {
        for (let i = 0; i < times; ++i) sum += snapshot.size;
    }, 10000, 1e9, "ns");
    report("one_firm", (times) => {
        for (let i = 0; i < times; ++i) ask(firms[i]);
    }, FIRMS, 1e6, "us");
    report("one_firm_filled", (times) => {
        for (let i = 0; i < times; ++i) {
            fillTyped(world);
            ask(firm);
        }
    }, FIRMS, 1e6, "us");
    report("one_firm_json", (times) => {
        for (let i = 0; i < times; ++i) {
            firm.setJson(lines[i], reading);
            sum += answer.askFirm(snapshot, firm).json().length;
        }
    }, FIRMS, 1e6, "us");
    report("explain", (times) => {
        for (let i = 0; i < times; ++i) sum += snapshot.explainFirm(firms[i], i).length;
    }, FIRMS, 1e6, "us");
    const options = { ...world.options, top: 20, threads: 1 };
    report("match", () => snapshot.matchSync(world.firms, options).close(), 1, 1e3, "ms");
    const result = snapshot.matchSync(world.firms, options);
    const pushes = new Pushes(65536);
    report("million_pushes", (times) => {
        for (let first = 0; first < times; first += pushes.size) {
            result.read(first, pushes);
            for (let i = 0; i < pushes.size; ++i)
                sum += pushes.firm(i) + pushes.statuses[i] + pushes.ranks[i] + pushes.policies[i] +
                    pushes.score(i);
        }
    }, result.pushes, 1e9, "ms");
    result.close();
    if (sum === 42) console.log();
}
