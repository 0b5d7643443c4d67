// DuckDB reads the firms' CSV into a typed table in memory, one thread; no type is guessed.
//
//   node duckdb_read.mjs CITY text|lists
//
// Numbers are BIGINT or DECIMAL, as the schema has decimals; sets and tags stay text as the cell has it, or are split
// into lists. What is said of each field is what reader.cpp says.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { DuckDBInstance, version } from '@duckdb/node-api';

const [city, form] = process.argv.slice(2);
const { id, fields } = JSON.parse(readFileSync(resolve(city, 'schema.json'), 'utf8'));
const field = Object.fromEntries(fields.map(each => [each.name, each]));
const file = resolve(city, 'firms.csv');
const header = readFileSync(file, 'utf8').split('\n', 1)[0].split(',');
const quoted = name => `"${name}"`;
const isMany = name => ['set', 'tags'].includes(field[name]?.kind);
const typeOf = name => {
  const { kind = 'text', decimals = 0 } = field[name] ?? {};
  if (kind === 'number') return decimals ? `DECIMAL(18, ${decimals})` : 'BIGINT';
  return { date: 'DATE', flag: 'BOOLEAN' }[kind] ?? 'VARCHAR';
};
const columns = header.map(name => `'${name}': '${typeOf(name)}'`).join(', ');
const taken = header.map(name => (form === 'lists' && isMany(name) ? `string_split(${quoted(name)}, '|') AS ${quoted(name)}` : quoted(name))).join(', ');
const read = `CREATE TABLE firms AS SELECT ${taken}
  FROM read_csv('${file}', auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', nullstr = '', columns = {${columns}})`;

/** An expression: what all values of a field come to. */
const sumOf = name => {
  const { kind, decimals = 0 } = field[name];
  const column = quoted(name);
  if (kind === 'number') return `sum(${column}) * ${10 ** decimals}`;
  if (kind === 'date') return `sum(date_diff('day', DATE '1970-01-01', ${column}))`;
  if (kind === 'flag') return `sum(${column}::INTEGER)`;
  if (!isMany(name)) return '0';
  return form === 'lists' ? `sum(len(${column}))` : `sum(length(${column}) - length(replace(${column}, '|', '')) + 1)`;
};
const names = header.filter(name => name !== id);
const digest = `SELECT count(*)::VARCHAR, ${names.map(name => `count(${quoted(name)})::VARCHAR, coalesce(${sumOf(name)}, 0)::HUGEINT::VARCHAR`).join(', ')} FROM firms`;

const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run('SET threads = 1');
console.log(JSON.stringify({ version: `DuckDB ${version()}` }));
for await (const _ of createInterface({ input: process.stdin })) {
  await connection.run('DROP TABLE IF EXISTS firms');
  const start = performance.now();
  await connection.run(read);
  const seconds = (performance.now() - start) / 1e3;
  const [[firms, ...said]] = (await connection.runAndReadAll(digest)).getRows();
  const told = Object.fromEntries(names.map((name, at) => [name, [said[2 * at], said[2 * at + 1]]]));
  console.log(JSON.stringify({ seconds, firms: Number(firms), fields: told }));
}
process.exit(0);
