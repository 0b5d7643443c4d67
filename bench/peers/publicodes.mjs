// publicodes judges one pair at a time: a firm is the situation, a policy is a rule, evaluate(rule) gives its value.
import Engine from 'publicodes';
import { readFirms, readRules, serve, versionOf } from './peer.mjs';
import { CannotSay, choices, translated } from './two_valued.mjs';

const [work, counts] = process.argv.slice(2);

function rule(node) {
  if (node.all) return node.all.length ? { 'toutes ces conditions': node.all.map(rule) } : 'oui';
  if (node.any) return node.any.length ? { 'une de ces conditions': node.any.map(rule) } : 'non';
  if (node.at_least !== undefined) return rule(choices(node));
  if (node.points !== undefined) throw new CannotSay('a scoring table');
  if (node.always !== undefined) return node.always ? 'oui' : 'non';
  const { column, from, to, known, is } = node;
  if (known !== undefined) return { [known ? 'est défini' : 'est non défini']: column };
  if (is !== undefined) return `${column} = ${is ? 'oui' : 'non'}`;
  const parts = [];
  if (from !== undefined) parts.push(`${column} >= ${from}`);
  if (to !== undefined) parts.push(`${column} <= ${to}`);
  return parts.length === 1 ? parts[0] : { 'toutes ces conditions': parts };
}

const rules = readRules(work), firms = readFirms(work);
const policies = translated(rules, rule);
const names = { certain: at => `certain${at}`, hopeful: at => `hopeful${at}` };
const columns = new Set(JSON.stringify(policies).match(/\bc[0-9]+\b/g));
const book = Object.fromEntries([...columns].map(name => [name, null]));
policies.forEach((policy, at) => {
  for (const kind of ['certain', 'hopeful']) if (policy[kind]) book[names[kind](at)] = typeof policy[kind] === 'string' ? { valeur: policy[kind] } : policy[kind];
});
const quiet = { log: () => {}, warn: () => {}, error: console.error };
const engine = new Engine(book, { logger: quiet });
const situation = firm => Object.fromEntries(Object.entries(firm).filter(([name]) => columns.has(name))
  .map(([name, value]) => [name, typeof value === 'boolean' ? (value ? 'oui' : 'non') : value]));

await serve(counts, { version: `publicodes ${versionOf('publicodes')}`, expressed: policies.length, of: rules.length }, () => {
  const sums = policies.map(() => ({ certain: 0, hopeful: 0 }));
  for (const firm of firms) {
    engine.setSituation(situation(firm));
    policies.forEach((policy, at) => {
      for (const kind of ['certain', 'hopeful'])
        if (policy[kind]) sums[at][kind] += engine.evaluate(names[kind](at)).nodeValue === true;
    });
  }
  return policies.map(({ id, hopeful }, at) => ({ id, eligible: sums[at].certain, review: hopeful ? sums[at].hopeful - sums[at].certain : 0 }));
});
