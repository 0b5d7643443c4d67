/* qice from Node: match firms with policies, ask about one firm, say why, change a policy.
 *
 *   npm ci && node example.js
 *
 * Everything is in memory here; Engine.open and Firms.open read files. */
import { Answer, Engine, Firm, Firms, Pushes, QiceError, Schema, STATUSES } from "./qice.js";

const POLICIES = `{"id": "TECH-GROWTH", "title": "Growth of technology firms", "priority": 0.5, "rule": {"all": [
  {"field": "revenue", "ge": "2000万元"},
  {"field": "qualifications", "has_any": ["高新技术企业"]}]}}`;
const FIRMS = `uscc,revenue,qualifications
91441900MA4W000037,2500万元,高新技术企业
91441900MA4W000045,1800万元,高新技术企业
91441900MA4W000053,much,
`;
const day = "2026-06-15";

/* All firms, all policies: what a night does. */
async function matchAll(schema, snapshot) {
    const firms = Firms.csv(schema, FIRMS, { day });
    console.log(firms.bad());
    const result = await snapshot.match(firms);
    const pushes = new Pushes(1000);
    for (let first = 0; result.read(first, pushes) > 0; first += pushes.size) {
        for (let i = 0; i < pushes.size; ++i) {
            const [policy, firm] = [snapshot.id(pushes.policies[i]), firms.id(pushes.firm(i))];
            console.log(`push ${policy} to ${firm}, score ${(pushes.score(i) / 1e6).toFixed(6)}`);
        }
    }
    result.close();
    firms.close();
}

/* One firm, as a form on a page would have it: what it is near to, and why. */
function askOne(schema, snapshot) {
    const firm = Firm.create(schema);
    const answer = Answer.create({ statuses: STATUSES });
    firm.setNumber(schema.field("revenue"), 19_000_000);
    firm.addElement(schema.field("qualifications"), "高新技术企业");
    answer.askFirm(snapshot, firm);
    for (const { id } of answer.ranked("near"))
        console.log(`near: ${id}\n${snapshot.explainFirm(firm, snapshot.find(id), "en")}`);
    answer.close();
    firm.close();
}

const schema = Schema.standard();
const engine = Engine.open(schema, day);
engine.put(POLICIES);
const snapshot = engine.snapshot();
await matchAll(schema, snapshot);
askOne(schema, snapshot);
try {
    engine.put(POLICIES.replace("2000万元", "high"));
} catch (wrong) {
    if (!(wrong instanceof QiceError)) throw wrong;
    console.log(wrong.code, wrong.message, wrong.faults);
}
snapshot.close();
engine.close();
schema.close();
