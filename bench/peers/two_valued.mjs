// A rule for engines that know only true and false: where is it surely true?
//
//   surely(rule, manual)   of all, any, at_least, points and conditions; `not` is gone
//
// Negations are pushed to the conditions, where "surely false" means known and outside. So what is left is true
// exactly where qice's rule is true, if each condition on an unknown value is false. Conditions are
//   {column, from, to}   {column, is: true | false}   {column, known: true | false}
export class CannotSay extends Error {}

export function surely(node, manual, want = true) {
  const parts = nodes => nodes.map(part => surely(part, manual, want));
  if (node.column !== undefined) return condition(node, want);
  if (node.all) return want ? { all: parts(node.all) } : { any: parts(node.all) };
  if (node.any) return want ? { any: parts(node.any) } : { all: parts(node.any) };
  if (node.not) return surely(node.not, manual, !want);
  if (node.at_least !== undefined) return { at_least: want ? node.at_least : node.of.length - node.at_least + 1, of: parts(node.of) };
  if (node.points !== undefined) return table(node, manual, want);
  if (node.manual) return { always: manual && want };
  return { always: node.always === want };
}

function condition({ column, from, to, known }, want) {
  if (known) return { column, known: want };
  if (from === undefined && to === undefined) return { column, is: want };
  if (want) return { column, from, to };
  const outside = [];
  if (from !== undefined) outside.push({ column, to: from - 1 });
  if (to !== undefined) outside.push({ column, from: to + 1 });
  return outside.length === 1 ? outside[0] : { any: outside };
}

/** Points that fall from tier to tier are least where unknown tiers are taken as false; others are not translated. */
function table({ points, of }, manual, want) {
  if (!want) throw new CannotSay('a scoring table under not');
  return { points, of: of.map(item => {
    if (!item.tiers) return [{ when: { always: manual }, points: item.points }];
    if (item.tiers.some((tier, at) => tier.points < (item.tiers[at + 1]?.points ?? 0))) throw new CannotSay('tiers that rise');
    return item.tiers.map(tier => ({ when: surely(tier.when, manual), points: tier.points }));
  }) };
}

const isManual = node => node !== null && typeof node === 'object'
  && (node.manual !== undefined || (node.points !== undefined && !node.of && !node.when) || Object.values(node).some(isManual));

/** [{id, certain, hopeful}]: hopeful only where manual conditions make it differ; policies that `translate` refuses are left out. */
export function translated(rules, translate) {
  return rules.flatMap(({ id, rule }) => {
    try {
      return [{ id, certain: translate(surely(rule, false)), hopeful: isManual(rule) ? translate(surely(rule, true)) : null }];
    } catch (error) {
      if (error instanceof CannotSay) return [];
      throw error;
    }
  });
}

/** at_least k of n as any of all: every choice of k, if there are not too many. */
export function choices({ at_least, of }) {
  const picked = [];
  const pick = (from, chosen) => {
    if (chosen.length === at_least) picked.push({ all: chosen });
    else for (let at = from; at < of.length; at++) pick(at + 1, [...chosen, of[at]]);
    if (picked.length > 1000) throw new CannotSay('at_least of too many');
  };
  if (at_least <= 0) return { always: true };
  pick(0, []);
  return { any: picked };
}
