// DuckDB counts the eligible and review firms of each policy: one prepared SELECT a policy over a table in memory.
//
//   node duckdb.mjs WORK COUNTS where|filter
//
// The rows are sorted by the codes that most conditions name, so that min-max indexes can skip blocks; columns have
// their narrowest types; one thread. Parsing and planning are not timed.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance, version } from '@duckdb/node-api';
import { jsonLines, serve } from './peer.mjs';

const [work, counts, form] = process.argv.slice(2);
const script = fileURLToPath(new URL('sql_statements.py', import.meta.url));
const [{ table }, ...policies] = jsonLines(execFileSync('/usr/bin/python3', [script, work, 'duckdb', form], { encoding: 'utf8', maxBuffer: 1 << 30 }));
const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run('SET threads = 1');
await connection.run(table);
await connection.run(`COPY firms FROM '${resolve(work, 'table.csv')}' (HEADER, NULLSTR '')`);
for (const policy of policies) policy.prepared = await connection.prepare(policy.sql);

await serve(counts, { version: `DuckDB ${version()}` }, async () => {
  const rows = [];
  for (const { id, prepared } of policies) {
    const [[eligible, hopeful]] = (await prepared.runAndReadAll()).getRows();
    rows.push({ id, eligible: Number(eligible), review: Number(hopeful - eligible) });
  }
  return rows;
});
