/* A thread of the golden run that asks while the policies change: started by golden.js, with the
 * addresses of what it shares. */
import { isMainThread, workerData } from "node:worker_threads";
import { Answer, Engine, Firm, Firms, Schema } from "qice";

export const ASKED = 40;

export function ask(answer, firm, snapshot, line, reading) {
    firm.setJson(line, reading);
    return answer.askFirm(snapshot, firm).json();
}

export function matched(snapshot, firms) {
    const result = snapshot.matchSync(firms);
    const pushes = result.pushes;
    result.close();
    return pushes;
}

function check(holds) {
    if (!holds) throw new Error("not true");
}

async function askOnAndOn({ shared, moments, lines, reading, schema, engine, firms }) {
    const table = Firms.at(firms);
    const policies = Engine.at(engine);
    const answer = Answer.create();
    const firm = Firm.create(Schema.at(schema));
    for (let i = 0; Atomics.load(shared, 0) === 0; ++i) {
        const now = policies.snapshot();
        const which = now.size === moments[0].size ? 0 : 1;
        const moment = moments[which];
        check(now.size === moment.size);
        check(ask(answer, firm, now, lines[i % ASKED], reading) === moment.answers[i % ASKED]);
        if (i % 16 === 0) {
            check(now.explainRow(table, 0, 0) === moment.explanation);
            check(matched(now, table) === moment.pushes);
            await new Promise(setImmediate); // as a server's loop turns
        }
        now.close();
        Atomics.add(shared, 1 + which, 1);
    }
    firm.close();
    answer.close();
}

if (!isMainThread) await askOnAndOn(workerData);
