// How a peer talks with the runner: the same as peer.py, for Node.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const jsonLines = text => text.split('\n').filter(Boolean).map(line => JSON.parse(line));
export const readRules = work => jsonLines(readFileSync(join(work, 'rules.jsonl'), 'utf8'));

/** One object a firm: column -> number or true/false; what is not known is left out. */
export function readFirms(work) {
  const columns = JSON.parse(readFileSync(join(work, 'columns.json'), 'utf8'));
  const [, ...lines] = readFileSync(join(work, 'table.csv'), 'utf8').trimEnd().split('\n');
  return lines.map(line => {
    const firm = {};
    line.split(',').forEach((cell, at) => {
      if (cell) firm[columns[at].name] = columns[at].flag ? cell === '1' : Number(cell);
    });
    return firm;
  });
}

/** The version of an installed package. */
export const versionOf = name => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;

const csvCell = text => (/[,"\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** `once` does the work and gives [{id, eligible, review}]. */
export async function serve(counts, loaded, once) {
  console.log(JSON.stringify({ node: process.version, ...loaded }));
  let first = true;
  for await (const _ of createInterface({ input: process.stdin })) {
    const start = performance.now();
    const rows = await once();
    const seconds = (performance.now() - start) / 1e3;
    if (first) writeFileSync(counts, ['policy_id,eligible,review', ...rows.map(row => `${csvCell(row.id)},${row.eligible},${row.review}`), ''].join('\n'));
    first = false;
    console.log(JSON.stringify({ seconds }));
  }
  process.exit(0);
}
