// json-rules-engine judges one firm at a time: one rule a policy in one Engine, run(firm) fires the true ones.
import { Engine } from 'json-rules-engine';
import { readFirms, readRules, serve, versionOf } from './peer.mjs';
import { CannotSay, choices, translated } from './two_valued.mjs';

const [work, counts] = process.argv.slice(2);

function conditions(node) {
  if (node.all || node.any) {
    const [name, parts] = Object.entries(node)[0];
    if (!parts.length) return conditions({ always: name === 'all' });
    // Falling priorities: one part after the other, until one settles it.
    return { [name]: parts.map((part, at) => ({ ...conditions(part), priority: parts.length - at })) };
  }
  if (node.at_least !== undefined) return conditions(choices(node));
  if (node.points !== undefined) throw new CannotSay('a scoring table');
  if (node.always !== undefined) return { fact: 'always', operator: 'equal', value: node.always };
  const fact = node.column;
  if (node.known !== undefined) return { fact, operator: 'known', value: node.known };
  if (node.is !== undefined) return { fact, operator: 'equal', value: node.is };
  const parts = [];
  if (node.from !== undefined) parts.push({ fact, operator: 'greaterThanInclusive', value: node.from });
  if (node.to !== undefined) parts.push({ fact, operator: 'lessThanInclusive', value: node.to });
  return parts.length === 1 ? parts[0] : { all: parts };
}

const root = ({ priority, ...node }) => (node.all || node.any ? node : { all: [node] });
const rules = readRules(work);
const policies = translated(rules, conditions);
const engine = new Engine([], { allowUndefinedFacts: true });
engine.addOperator('known', (value, known) => (value !== undefined) === known);
policies.forEach((policy, at) => {
  for (const kind of ['certain', 'hopeful'])
    if (policy[kind]) engine.addRule({ conditions: root(policy[kind]), event: { type: 'true', params: { at, kind } } });
});
const firms = readFirms(work);
for (const firm of firms) firm.always = true;

await serve(counts, { version: `json-rules-engine ${versionOf('json-rules-engine')}`, expressed: policies.length, of: rules.length }, async () => {
  const sums = policies.map(() => ({ certain: 0, hopeful: 0 }));
  for (const firm of firms)
    for (const { params } of (await engine.run(firm)).events) sums[params.at][params.kind]++;
  return policies.map(({ id, hopeful }, at) => ({ id, eligible: sums[at].certain, review: hopeful ? sums[at].hopeful - sums[at].certain : 0 }));
});
