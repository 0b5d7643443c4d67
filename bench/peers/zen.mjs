// zen-engine (GoRules) judges one firm at a time: one decision whose expression node has a line a policy.
import { ZenEngine } from '@gorules/zen-engine';
import { readFirms, readRules, serve, versionOf } from './peer.mjs';
import { translated } from './two_valued.mjs';

const [work, counts] = process.argv.slice(2);

const joined = (parts, word, none) => (parts.length ? `(${parts.map(expression).join(` ${word} `)})` : none);
const sum = items => items.map(tiers => `(${tiers.reduceRight((rest, { when, points }) => `(${expression(when)} ? ${points} : ${rest})`, '0')})`).join(' + ');

function expression(node) {
  if (node.all) return joined(node.all, 'and', 'true');
  if (node.any) return joined(node.any, 'or', 'false');
  if (node.at_least !== undefined) return `((${sum(node.of.map(when => [{ when, points: 1 }])) || '0'}) >= ${node.at_least})`;
  if (node.points !== undefined) return `((${sum(node.of) || '0'}) >= ${node.points})`;
  if (node.always !== undefined) return `${node.always}`;
  const { column, from, to, known, is } = node;
  if (known !== undefined) return `(${column} ${known ? '!=' : '=='} null)`;
  if (is !== undefined) return `(${column} == ${is})`;
  const parts = [`${column} != null`];
  if (from !== undefined) parts.push(`${column} >= ${from}`);
  if (to !== undefined) parts.push(`${column} <= ${to}`);
  return `(${parts.join(' and ')})`;
}

const rules = readRules(work);
const policies = translated(rules, expression);
const lines = policies.flatMap(({ certain, hopeful }, at) => [
  { id: `c${at}`, key: `certain${at}`, value: certain }, ...(hopeful ? [{ id: `h${at}`, key: `hopeful${at}`, value: hopeful }] : [])]);
const node = (id, type, content = {}) => ({ id, name: id, type, content, position: { x: 0, y: 0 } });
const edge = (sourceId, targetId) => ({ id: `${sourceId}-${targetId}`, type: 'edge', sourceId, targetId });
const decision = new ZenEngine().createDecision({
  nodes: [node('in', 'inputNode'), node('policies', 'expressionNode', { expressions: lines }), node('out', 'outputNode')],
  edges: [edge('in', 'policies'), edge('policies', 'out')],
});
const firms = readFirms(work);

await serve(counts, { version: `zen-engine ${versionOf('@gorules/zen-engine')}`, expressed: policies.length, of: rules.length }, async () => {
  const sums = policies.map(() => ({ certain: 0, hopeful: 0 }));
  for (const firm of firms) {
    const { result } = await decision.evaluate(firm);
    sums.forEach((sum, at) => {
      sum.certain += result[`certain${at}`] === true;
      sum.hopeful += result[`hopeful${at}`] === true;
    });
  }
  return policies.map(({ id, hopeful }, at) => ({ id, eligible: sums[at].certain, review: hopeful ? sums[at].hopeful - sums[at].certain : 0 }));
});
