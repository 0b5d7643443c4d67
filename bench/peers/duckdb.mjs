// DuckDB as a peer of `qice match`: how many firms of a table does each policy's rule admit?
//
//   node duckdb.mjs --schema schema.json --policies policies.jsonl --firms firms.csv --as-of 2026-11-23
//                   --counts counts.csv [--standards DIR] [--forms where,filter] [--sample N] [--rounds R]
//                   [--wait] [--sql FILE]
//
// What it does: one typed in-memory table, one thread, one prepared statement a policy, which counts the
// firms that are `eligible` and those that are `review`. What DuckDB leaves out: `needs_data` and `near`,
// scores, ranking, the top 20 of each firm, reasons, writing the pushes.
//
// The table is the best form we know for DuckDB:
// * only fields that a rule names; numbers BIGINT at the field's decimals, dates DATE, flags BOOLEAN;
// * a code list is a column of preorder numbers, so `under` is BETWEEN; categories and prefix codes are
//   ENUMs in byte order, so `under` is BETWEEN there too;
// * one BOOLEAN a set element that a rule names: held on the as-of date, or ever held;
// * rows are sorted by the codes that most conditions name, so that min-max indexes can skip blocks;
// * derived fields are stored. A ratio is stored as its floor and its ceiling at 9 decimals, computed in
//   HUGEINT: constants have at most 9 decimals, so comparing these is exact.
// Unknown is NULL, and SQL's AND, OR and NOT are Kleene's. A part of a rule that is only asked "surely
// true?" (or "surely false?", under `not`) is translated to just that, so `at_least` and `points` count once.
//
// Two forms of statement are timed:
// * where:  SELECT count(*) FROM firms WHERE <rule>: DuckDB may skip rows that one part of the rule settled;
// * filter: SELECT count(*) FILTER (WHERE <rule>) FROM firms: every part is computed for every row.
//
// Firms are read by the rules of qice (bad cells are NULL, bad rows are left out), policies are trusted.
// Output, one JSON object a line: {"event": "loaded", ...}, then {"event": "round", "form": ..., "seconds": ...}
// for each round and form: the sum of the prepared statements' times (parsing and planning are `prepare_seconds`).
// With --sample only N evenly spaced policies are run, and counts.csv has no others. With --wait a round starts
// when a line arrives on standard input.

import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BIGINT, BOOLEAN, DATE, INTEGER, VARCHAR, DuckDBDataChunk, DuckDBDateValue, DuckDBInstance, version } from '@duckdb/node-api';

const HERE = dirname(fileURLToPath(import.meta.url));
const INT64_MAX = 2n ** 63n - 1n;
const RATIO_DECIMALS = 9;
const CHUNK_ROWS = 2048;

// --- values -------------------------------------------------------------------------------------
// parse*(text) gives the value, null when it is unknown; BAD when the text cannot be read.

const BAD = Symbol('bad');
const trim = text => text.replace(/^[ \t\r\n\v\f]+|[ \t\r\n\v\f]+$/g, '');
const MULTIPLIERS = [['千万', 7], ['百万', 6], ['千', 3], ['万', 4], ['亿', 8], ['', 0]];

/** '万元' -> [4, '元'] */
function splitUnit(unit) {
  const [word, exponent] = MULTIPLIERS.find(([word]) => unit.startsWith(word));
  return [exponent, unit.slice(word.length)];
}

/** `text` in `unit` x 10^decimals as a BigInt, exactly; `ratio`: with unit %, 3% is held as 0.03. */
function parseNumber(text, unit, decimals, ratio = false, exponents = false) {
  const match = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+)(?=$))?([^]*)$/.exec(trim(text));
  if (!match || (match[4] !== undefined && !exponents)) return BAD;
  const [, minus, whole, fraction = '', power = '0', suffix] = match;
  const [times, base] = splitUnit(unit);
  let exponent = Number(power) - fraction.length + decimals;
  if (suffix === '%' && unit !== '%') {
    if (unit) return BAD;
    exponent -= 2;
  } else {
    if (suffix && suffix !== unit) {
      const [suffixTimes, suffixBase] = splitUnit(suffix);
      if (suffixBase && suffixBase !== base && (unit || suffixBase !== '元')) return BAD;
      exponent += suffixTimes - times;
    }
    if (ratio && unit === '%') exponent -= 2;
  }
  let value = BigInt(whole + fraction);
  if (value === 0n) return 0n;
  if (exponent > 40) return BAD;
  if (exponent >= 0) {
    value *= 10n ** BigInt(exponent);
  } else {
    const scale = 10n ** BigInt(-exponent);
    if (value % scale) return BAD;
    value /= scale;
  }
  return value > INT64_MAX ? BAD : minus ? -value : value;
}

/** Days since 1970-01-01. */
function parseDate(text) {
  const match = /^([0-9]{4})(?:([0-9]{2})([0-9]{2})|-([0-9]{1,2})-([0-9]{1,2})|\/([0-9]{1,2})\/([0-9]{1,2}))$/.exec(trim(text));
  if (!match) return BAD;
  const [year, month, day] = [match[1], match[2] ?? match[4] ?? match[6], match[3] ?? match[5] ?? match[7]].map(Number);
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  if (year === 0 || at.getUTCMonth() !== month - 1 || at.getUTCDate() !== day) return BAD;
  return at.getTime() / 86400000;
}

const dateText = days => new Date(days * 86400000).toISOString().slice(0, 10);

const FLAGS = { true: true, 1: true, 是: true, false: false, 0: false, 否: false };

/** Map element -> last valid day. */
function parseSet(text, expires) {
  const elements = new Map();
  for (const part of text.split('|')) {
    let name = trim(part), until = Infinity;
    const at = expires ? name.lastIndexOf('@') : -1;
    if (at >= 0) {
      until = parseDate(name.slice(at + 1));
      if (until === BAD) return BAD;
      name = name.slice(0, at);
    }
    if (name) elements.set(name, Math.max(until, elements.get(name) ?? -Infinity));
  }
  return elements;
}

/** JSON with each number kept as its text behind a NUL, so that no digit is lost. */
function parseJson(text) {
  return JSON.parse(text.replace(/^\ufeff/, '').replace(/"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*/g,
    token => token[0] === '"' ? token : `"\\u0000${token}"`));
}

const isNumber = value => value[0] === '\0';
const toNumber = value => Number(value.slice(1));
const list = value => typeof value === 'string' ? [value] : value;

// --- schema -------------------------------------------------------------------------------------

/** A hierarchical list, its codes numbered in preorder. */
class CodeList {
  constructor(path) {
    const [header, ...rows] = [...records(readFileSync(path))].map(([cells]) => cells);
    const column = name => header.indexOf(name);
    const [code, parent, level, alias] = ['code', 'parent', 'level', 'alias'].map(column);
    const children = new Map();
    for (const row of rows) {
      const above = row[parent] || '';
      children.set(above, [...(children.get(above) ?? []), row]);
    }
    this.number = new Map(), this.last = [], this.level = [];
    const visit = above => {
      for (const row of children.get(above) ?? []) {
        const number = this.last.push(0) - 1;
        this.level.push(row[level]);
        for (const name of [row[code], ...(row[alias] || '').split('|')]) if (name) this.number.set(name, number);
        visit(row[code]);
        this.last[number] = this.last.length - 1;
      }
    };
    visit('');
  }

  read(text) { return this.number.get(text) ?? BAD; }
  exactly(code) { return [this.number.get(code), this.number.get(code)]; }
  under(code) { return [this.number.get(code), this.last[this.number.get(code)]]; }
  literal(number) { return `${number}`; }
}

/** The strings of a category, or codes that are under their prefixes: an ENUM of what the firms have. */
class Strings {
  constructor(type, values = []) { this.type = type, this.seen = new Set(values), this.sorted = values; }
  read(text) { this.seen.add(text); return text; }
  sort() { this.sorted = [...this.seen].sort(); }
  exactly(text) { const at = this.sorted.indexOf(text); return at < 0 ? null : [at, at]; }
  under(prefix) {
    const first = this.sorted.findIndex(value => value.startsWith(prefix));
    return first < 0 ? null : [first, this.sorted.findLastIndex(value => value.startsWith(prefix))];
  }
  literal(number) { return `${quote(this.sorted[number])}::${this.type}`; }
}

const quote = text => `'${text.replaceAll("'", "''")}'`;

const SIZES = ['micro', 'small', 'medium', 'large'];

function loadSchema(path, standards) {
  const spec = JSON.parse(readFileSync(path, 'utf8').replace(/^\ufeff/, ''));
  const fields = new Map(spec.fields.map((field, at) => [field.name, { ...field, column: `f${at}` }]));
  const shared = new Map();
  const settle = field => {
    [field.how, field.operands] = Object.entries(field.derive ?? {})[0] ?? [null, []];
    field.operands = list(field.operands).map(name => fields.get(name));
    if (['sum', 'difference'].includes(field.how)) {
      field.operands.forEach(settle);
      field.decimals ??= Math.max(...field.operands.map(operand => operand.decimals ?? 0));
      field.unit ??= field.operands[0].unit;
    }
    field.unit ??= '', field.decimals ??= 0;
    if (field.kind === 'code' && field.codes !== 'prefix') {
      const file = ['regions', 'gbt4754'].includes(field.codes) ? join(standards, `${field.codes}.csv`) : join(dirname(path), field.codes);
      if (!shared.has(file)) shared.set(file, new CodeList(file));
      field.domain = shared.get(file);
    } else if (field.kind === 'code' || field.kind === 'category') {
      field.domain ??= new Strings(`e${field.column}`, field.how === 'sme_size' ? SIZES : []);
    }
  };
  for (const field of fields.values()) settle(field);
  return { id: spec.id, fields, standards };
}

/** The value of a CSV cell: null when unknown, BAD when it cannot be read. */
function parseCell(field, text) {
  if (field.kind === 'set') return !text && field.missing === 'unknown' ? null : parseSet(text, field.expires);
  if (field.kind === 'text') return text || null;
  if (field.kind === 'category') return !text ? null : field.values && !field.values.includes(text) ? BAD : field.domain.read(text);
  text = trim(text);
  if (!text) return null;
  if (field.kind === 'number') return parseNumber(text, field.unit, field.decimals);
  if (field.kind === 'date') return parseDate(text);
  if (field.kind === 'flag') return FLAGS[text.toLowerCase()] ?? BAD;
  const code = field.domain.read(text);
  return field.level && code !== BAD && !list(field.level).includes(field.domain.level[code]) ? BAD : code;
}

// --- CSV ----------------------------------------------------------------------------------------

/** [cells] of each record that is not a blank line; [null] for one with a quoting fault or invalid UTF-8. */
function* records(bytes) {
  const text = bytes.toString('latin1').replace(/^\xef\xbb\xbf/, ''); // one character a byte
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = cell => /^[\0-\x7f]*$/.test(cell) ? cell : utf8.decode(Buffer.from(cell, 'latin1'));
  let at = 0;
  while (at < text.length) {
    const newline = text.indexOf('\n', at), end = newline < 0 ? text.length : newline;
    let cells, line = text.slice(at, end);
    if (line.includes('"')) {
      [cells, at] = quotedRecord(text, at) ?? [null, end + 1];
    } else {
      at = end + 1;
      if (/^\r*$/.test(line)) continue;
      if (line.endsWith('\r')) line = line.slice(0, -1);
      cells = line.split(',');
    }
    try {
      yield [cells && cells.map(decode)];
    } catch {
      yield [null];
    }
  }
}

/** [cells, where the next record starts], null for a quoting fault. */
function quotedRecord(text, at) {
  const quoted = /"([^"]*(?:""[^"]*)*)"(?=,|\r?\n|\r?$)/y, plain = /[^,\n]*/y;
  const cells = [];
  for (;;) {
    const pattern = text[at] === '"' ? quoted : plain;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) return null;
    at = pattern.lastIndex;
    let cell = pattern === quoted ? match[1].replaceAll('""', '"') : match[0];
    if (pattern === plain && text[at] !== ',' && cell.endsWith('\r')) cell = cell.slice(0, -1);
    if (text[at] === '\r') at++;
    cells.push(cell);
    if (text[at] !== ',') return [cells, at + 1];
    at++;
  }
}

/** The cells of each good row, by column; bad rows are left out. */
function* firmRows(path, schema) {
  const rows = records(readFileSync(path));
  const [header] = rows.next().value;
  const id = header.indexOf(schema.id), seen = new Set();
  yield header;
  for (const [cells] of rows) {
    if (!cells || cells.length > header.length || !cells[id] || seen.has(cells[id])) continue;
    seen.add(cells[id]);
    yield cells;
  }
}

// --- policies -----------------------------------------------------------------------------------

function policyFiles(path) {
  if (!statSync(path).isDirectory()) return [path];
  const files = readdirSync(path, { recursive: true }).filter(name => /\.jsonl?$/.test(name)).map(name => join(path, name));
  return files.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function loadPolicies(path, asOf) {
  const policies = policyFiles(path).flatMap(file => {
    const text = readFileSync(file, 'utf8');
    return file.endsWith('.jsonl') ? text.split('\n').filter(line => line.trim()).map(parseJson) : parseJson(text);
  });
  const reached = day => day === undefined || parseDate(day) <= asOf;
  const passed = day => day !== undefined && parseDate(day) < asOf;
  const published = policy => (policy.status ?? 'published') === 'published';
  const superseded = new Set(policies.filter(policy => published(policy) && reached(policy.effective?.from))
    .flatMap(policy => policy.supersedes ?? []));
  for (const policy of policies) {
    policy.open = published(policy) && reached(policy.effective?.from) && !passed(policy.effective?.to)
      && !superseded.has(policy.id)
      && (!policy.windows?.length || policy.windows.some(window => reached(window.opens) && !passed(window.closes)));
  }
  return policies;
}

function* conditions(node) {
  if (node.field !== undefined) yield node;
  for (const part of [node.all, node.any, node.not, node.of].flat()) {
    if (part?.tiers) for (const tier of part.tiers) yield* conditions(tier.when);
    else if (part) yield* conditions(part);
  }
}

const NOTES = ['field', 'id', 'text', 'source', 'note'];
const operators = condition => Object.entries(condition).filter(([name]) => !NOTES.includes(name));
const SET_OPERATOR = /^(ever_)?has_(any|all|none)$/;

// --- the table ----------------------------------------------------------------------------------

const TYPES = { number: BIGINT, date: DATE, flag: BOOLEAN, text: BOOLEAN, category: VARCHAR };
const PICK = { date: value => new DuckDBDateValue(value), text: () => true };

/** What the rules need: field.used conditions name it, field.elements of sets, field.loaded in the firms' file. */
function plan(schema, rules) {
  const load = field => {
    field.loaded = !field.how;
    field.operands.forEach(load);
  };
  for (const rule of rules) {
    for (const condition of conditions(rule)) {
      const field = schema.fields.get(condition.field);
      if (field.kind === 'tags') continue;
      field.used = (field.used ?? 0) + 1;
      load(field);
      if (field.kind !== 'set') continue;
      field.elements ??= new Map(); // 'v' or 'e' (ever) and the name -> column
      for (const [name, value] of operators(condition)) {
        const operator = SET_OPERATOR.exec(name);
        for (const element of operator ? list(value) : []) elementColumn(field, element, operator[1]);
      }
    }
  }
}

function elementColumn(field, element, ever) {
  const key = (ever && field.expires ? 'e' : 'v') + element;
  if (!field.elements.has(key)) field.elements.set(key, `${field.column}_${field.elements.size}`);
  return field.elements.get(key);
}

/** The columns that one field of the firms' file fills: name, type, and how to get it from the value. */
function fileColumns(field, asOf) {
  if (field.kind !== 'set') {
    const type = TYPES[field.kind] ?? (field.domain instanceof CodeList ? INTEGER : VARCHAR);
    return [{ name: field.column, type, pick: PICK[field.kind] ?? (value => value) }];
  }
  return [{ name: field.column, type: BOOLEAN, pick: () => true }, // known
    ...[...field.elements].map(([key, name]) => ({
      name, type: BOOLEAN,
      pick: key[0] === 'e' ? value => value.has(key.slice(1)) : value => (value.get(key.slice(1)) ?? -Infinity) >= asOf,
    }))];
}

/** Creates table `raw` from the file and `firms` from it, with the derived columns; returns how many firms. */
async function createTable(connection, schema, path, asOf) {
  const rows = firmRows(path, schema);
  const header = rows.next().value;
  const loaded = [...schema.fields.values()].filter(field => field.loaded).map(field => ({
    field, at: header.indexOf(field.name), columns: fileColumns(field, asOf), memo: field.kind === 'number' ? null : new Map(),
  }));
  const columns = loaded.flatMap(({ columns }) => columns);
  for (const column of columns) column.values = [];
  await connection.run(`CREATE TABLE raw (firm INTEGER${columns.map(({ name, type }) => `, ${name} ${type}`).join('')})`);
  const appender = await connection.createAppender('raw');
  let firms = 0, filled = [];
  const flush = () => {
    const chunk = DuckDBDataChunk.create([INTEGER, ...columns.map(({ type }) => type)], filled.length);
    chunk.setColumns([filled, ...columns.map(({ values }) => values)]);
    appender.appendDataChunk(chunk);
    filled = [];
    for (const column of columns) column.values = [];
  };
  for (const cells of rows) {
    for (const { field, at, columns, memo } of loaded) {
      const text = cells[at] ?? '';
      let value = memo?.get(text);
      if (value === undefined) {
        value = parseCell(field, text);
        if (value === BAD) value = null;
        memo?.set(text, value);
      }
      for (const column of columns) column.values.push(value === null ? null : column.pick(value));
    }
    filled.push(firms++);
    if (filled.length === CHUNK_ROWS) flush();
  }
  if (filled.length) flush();
  appender.closeSync();

  const used = [...schema.fields.values()].filter(field => field.used);
  for (const { domain } of schema.fields.values()) {
    if (!(domain instanceof Strings)) continue;
    if (domain.sorted !== SIZES) domain.sort();
    await connection.run(`CREATE TYPE ${domain.type} AS ENUM (${(domain.sorted.length ? domain.sorted : ['']).map(quote)})`);
  }
  const selected = used.flatMap(field => {
    if (field.how === 'ratio') return ['floor', 'ceil'].map(side => `${ratio(field, side)} AS ${field.column}_${side}`);
    return [`${stored(field, schema, asOf)} AS ${field.column}`, ...(field.elements?.values() ?? [])];
  });
  const order = used.filter(field => field.kind === 'code').sort((a, b) => b.used - a.used).map(field => field.column);
  await connection.run(`CREATE TABLE firms AS SELECT ${['firm', ...selected].join(',\n')} FROM raw ORDER BY ${[...order, 'firm']}`);
  await connection.run('DROP TABLE raw');
  return firms;
}

const power = decimals => `${10n ** BigInt(decimals)}::HUGEINT`;

/** SQL over `raw`: the value of a field that is not a ratio. */
function stored(field, schema, asOf) {
  const operands = field.how === 'sme_size' ? [] : field.operands.map(operand => stored(operand, schema, asOf));
  if (field.how === 'sme_size') return sizeClass(field, schema, asOf);
  if (field.how === 'months_since') {
    const [year, month, day] = dateText(asOf).split('-').map(Number);
    const [date] = operands;
    return `((${year * 12 + month} - year(${date}) * 12 - month(${date}) - CASE WHEN day(${date}) > ${day} THEN 1 ELSE 0 END) * ${10n ** BigInt(field.decimals)})::BIGINT`;
  }
  if (field.how === 'sum' || field.how === 'difference') {
    const common = Math.max(field.decimals, ...field.operands.map(operand => operand.decimals));
    const total = operands.map((operand, at) => `(${operand})::HUGEINT * ${power(common - field.operands[at].decimals)}`)
      .join(field.how === 'sum' ? ' + ' : ' - ');
    const scale = power(common - field.decimals);
    const fits = `(${total}) % ${scale} = 0 AND (${total}) // ${scale} BETWEEN -${INT64_MAX} AND ${INT64_MAX}`;
    return `(CASE WHEN ${fits} THEN ((${total}) // ${scale})::BIGINT END)`;
  }
  return field.domain instanceof Strings ? `${field.column}::${field.domain.type}` : field.column;
}

/** SQL over `raw`: the ratio at RATIO_DECIMALS, rounded down or up; NULL when the denominator is zero. */
function ratio(field, side) {
  const [above, below] = field.operands;
  const shift = below.decimals - above.decimals;
  const [top, bottom] = field.operands.map(operand => `(${stored(operand)})::HUGEINT`);
  const n = `(${top} * sign(${bottom})::HUGEINT * ${power(RATIO_DECIMALS + Math.max(shift, 0))})`;
  const d = `(abs(${bottom}) * ${power(Math.max(-shift, 0))})`;
  const rounded = `${n} // ${d} ${side === 'floor' ? `- (${n} % ${d} < 0)::HUGEINT` : `+ (${n} % ${d} > 0)::HUGEINT`}`;
  return `CASE WHEN ${bottom} <> 0 AND ${top} IS NOT NULL THEN greatest(least(${rounded}, ${INT64_MAX}), -${INT64_MAX})::BIGINT END`;
}

/** SQL over `raw`: micro, small, medium or large by data/standards/sme_size.csv, whose money is in 万元. */
function sizeClass(field, schema, asOf) {
  const [header, ...rows] = [...records(readFileSync(join(schema.standards, 'sme_size.csv')))].map(([cells]) => cells);
  const [industry, ...indicators] = field.operands;
  const listed = rows.flatMap(cells => {
    const row = Object.fromEntries(header.map((name, at) => [name, cells[at] ?? '']));
    return row.codes.split('|').map(code => ({ code, row, range: industry.domain.under(code) }));
  }).filter(({ range }) => range && range[0] !== undefined);
  listed.sort((a, b) => a.range[1] - a.range[0] - (b.range[1] - b.range[0]) || b.code.length - a.code.length); // nearest first
  const code = stored(industry, schema, asOf);
  const cases = listed.map(({ row, range }) => {
    const classes = ['employees', 'revenue', 'assets'].flatMap((name, at) => {
      const bounds = SIZES.slice(1).map(size => row[`${name}_${size}`]);
      if (!bounds.some(Boolean)) return [];
      const operand = indicators[at];
      const value = stored(operand, schema, asOf);
      const steps = bounds.map(bound => `(${value} >= ${atLeastBound(bound, operand, name !== 'employees')})::TINYINT`);
      return [`(${steps.join(' + ')})`];
    });
    const micro = classes.map(value => `${value} = 0`).join(' OR ');
    const unknown = classes.map(value => `${value} IS NULL`).join(' OR ');
    return `WHEN ${within(code, industry.domain, [range])} THEN CASE WHEN ${micro} THEN 0 WHEN ${unknown} THEN NULL ELSE least(${classes}) END`;
  });
  if (!cases.length) return `NULL::${field.domain.type}`;
  return `(CASE CASE ${cases.join('\n')} END ${SIZES.map((size, at) => `WHEN ${at} THEN ${quote(size)}`).join(' ')} END)::${field.domain.type}`;
}

/** The least stored value of `field` that reaches `bound` (money: in 万元). */
function atLeastBound(bound, field, money) {
  const exponent = field.decimals + (money ? 4 - splitUnit(field.unit)[0] : 0);
  const [whole, fraction = ''] = bound.split('.');
  const scale = 10n ** BigInt(Math.max(fraction.length - exponent, 0));
  const value = BigInt(whole + fraction) * 10n ** BigInt(Math.max(exponent - fraction.length, 0));
  return (value + scale - 1n) / scale;
}

// --- rules to SQL -------------------------------------------------------------------------------

/** Is the column in one of the ranges of its domain? NULL where it is NULL. */
function within(column, domain, ranges) {
  const merged = [];
  for (const [first, last] of ranges.filter(Boolean).sort((a, b) => a[0] - b[0])) {
    const before = merged.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  if (!merged.length) return `(${column} IS NULL AND NULL)`;
  return `(${merged.map(([first, last]) => first === last ? `${column} = ${domain.literal(first)}`
    : `${column} BETWEEN ${domain.literal(first)} AND ${domain.literal(last)}`).join(' OR ')})`;
}

const COMPARE = { ge: '>=', gt: '>', le: '<=', lt: '<', eq: '=', ne: '<>' };

function operatorSql(field, name, value) {
  const { column, domain } = field;
  if (name === 'known') {
    if (field.kind === 'tags') return value ? 'TRUE' : 'FALSE';
    return `(${column}${field.how === 'ratio' ? '_floor' : ''} IS ${value ? 'NOT ' : ''}NULL)`;
  }
  if (field.kind === 'date') return `(${column} ${COMPARE[name]} DATE '${dateText(parseDate(value))}')`;
  if (field.kind === 'number') {
    const decimals = field.how === 'ratio' ? RATIO_DECIMALS : field.decimals;
    const exact = isNumber(value);
    const constant = parseNumber(exact ? value.slice(1) : value, field.unit, decimals, field.how === 'ratio', exact);
    if (constant === BAD) throw new Error(`field ${field.name}: ${name} needs a number, got ${value}`);
    if (field.how !== 'ratio') return `(${column} ${COMPARE[name]} ${constant})`;
    if (name === 'eq' || name === 'ne')
      return `(${column}_floor ${COMPARE[name]} ${constant} ${name === 'eq' ? 'AND' : 'OR'} ${column}_ceil ${COMPARE[name]} ${constant})`;
    return `(${column}_${name === 'ge' || name === 'lt' ? 'floor' : 'ceil'} ${COMPARE[name]} ${constant})`;
  }
  if (field.kind === 'flag') return value ? column : `(NOT ${column})`;
  if (field.kind === 'set') {
    const [, ever, how] = SET_OPERATOR.exec(name);
    const columns = [...new Set(list(value))].map(element => elementColumn(field, element, ever));
    if (how === 'all') return `(${columns.join(' AND ')})`;
    return `${how === 'none' ? 'NOT ' : ''}(${columns.join(' OR ')})`;
  }
  const ranges = list(value).map(code => name.endsWith('under') ? domain.under(code) : domain.exactly(code));
  return `${name.startsWith('not_') ? 'NOT ' : ''}${within(column, domain, ranges)}`;
}

const EXACT = 0, SURELY_TRUE = 1, SURELY_FALSE = -1;

/**
 * A rule as an SQL expression. `asked` EXACT: its Kleene value. SURELY_TRUE: TRUE exactly where the rule is true,
 * elsewhere FALSE or NULL. SURELY_FALSE: FALSE exactly where the rule is false, elsewhere TRUE or NULL.
 * `manual`: whether manual conditions are taken as true.
 */
class Translator {
  constructor(schema, manual) { this.schema = schema, this.manual = manual; }

  sql(node, asked) {
    const parts = (nodes, sign = 1) => nodes.map(part => this.sql(part, asked * sign));
    if (node.all) return joined(parts(node.all), ' AND ', 'TRUE', 'FALSE');
    if (node.any) return joined(parts(node.any), ' OR ', 'FALSE', 'TRUE');
    if (node.not) return `(NOT ${this.sql(node.not, -asked)})`;
    if (node.at_least) return this.reaches(toNumber(node.at_least), node.of.map(part => [{ when: part, points: 1 }]), asked);
    if (node.points) {
      const items = node.of.map(item => item.tiers
        ? item.tiers.map(tier => ({ when: tier.when, points: toNumber(tier.points) }))
        : [{ when: { manual: item.manual }, points: toNumber(item.points) }]);
      return this.reaches(toNumber(node.points), items, asked);
    }
    if (node.manual !== undefined) return this.manual ? 'TRUE' : asked === SURELY_TRUE ? 'FALSE' : 'NULL';
    if (node.always !== undefined) return node.always ? 'TRUE' : 'FALSE';
    const field = this.schema.fields.get(node.field);
    return joined(operators(node).map(([name, value]) => operatorSql(field, name, value)), ' AND ', 'TRUE', 'FALSE');
  }

  /** Do the points of the items (lists of tiers) sum to `needed`? */
  reaches(needed, items, asked) {
    const sum = side => items.map(tiers => this.points(tiers, side).sql).filter(sql => sql !== '0').join(' + ') || '0';
    if (needed <= 0) return 'TRUE';
    if (asked === SURELY_TRUE) return `(${sum('least')} >= ${needed})`;
    if (asked === SURELY_FALSE) return `(${sum('most')} >= ${needed})`;
    return `(CASE WHEN ${sum('least')} >= ${needed} THEN TRUE WHEN ${sum('most')} < ${needed} THEN FALSE END)`;
  }

  /** The least or most points of a list of tiers, with the bounds of that number. */
  points([tier, ...others], side) {
    if (!tier) return { sql: '0', low: 0, high: 0 };
    const rest = this.points(others, side), worth = tier.points;
    const low = Math.min(worth, rest.low), high = Math.max(worth, rest.high);
    const least = side === 'least';
    let sql;
    if (least ? worth >= rest.high : worth <= rest.low) { // unknown counts like false
      const when = this.sql(tier.when, SURELY_TRUE);
      sql = when === 'FALSE' ? rest.sql : `CASE WHEN ${when} THEN ${worth} ELSE ${rest.sql} END`;
    } else if (least ? worth <= rest.low : worth >= rest.high) { // unknown counts like true
      sql = `CASE WHEN NOT ${this.sql(tier.when, SURELY_FALSE)} THEN ${rest.sql} ELSE ${worth} END`;
    } else {
      const when = this.sql(tier.when, EXACT);
      const either = `${least ? 'least' : 'greatest'}(${worth}, ${rest.sql})`;
      sql = `CASE WHEN ${when} THEN ${worth} WHEN NOT ${when} THEN ${rest.sql} ELSE ${either} END`;
    }
    return { sql: sql === '0' ? sql : `(${sql})`, low, high };
  }
}

/** Joins with AND or OR: `neutral` parts vanish, a `deciding` one decides. */
function joined(parts, word, neutral, deciding) {
  const rest = parts.filter(part => part !== neutral);
  if (rest.includes(deciding)) return deciding;
  return rest.length === 0 ? neutral : rest.length === 1 ? rest[0] : `(${rest.join(word)})`;
}

/**
 * One statement that gives (eligible, eligible or review). Form `where` lets DuckDB skip rows that an earlier part
 * of the rule settled, and columns with them; form `filter` computes every part for every row.
 */
function statement(schema, rule, form) {
  const certain = new Translator(schema, false).sql(rule, SURELY_TRUE);
  const hopeful = new Translator(schema, true).sql(rule, SURELY_TRUE);
  if (form === 'filter')
    return `SELECT count(*) FILTER (WHERE ${certain}) AS eligible, count(*) FILTER (WHERE ${hopeful}) AS possible FROM firms`;
  if (certain === hopeful) return `SELECT count(*) AS eligible, count(*) AS possible FROM firms WHERE ${certain}`;
  return `SELECT count(*) FILTER (WHERE ${certain}) AS eligible, count(*) AS possible FROM firms WHERE ${hopeful}`;
}

// --- the run ------------------------------------------------------------------------------------

/** As qice writes it: what a spreadsheet would run as a formula gets an apostrophe. */
function csvCell(text) {
  if (/^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[,"\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const print = object => console.log(JSON.stringify(object));
const round = seconds => Math.round(seconds * 1e6) / 1e6;

async function main() {
  const text = { type: 'string' };
  const { values: options } = parseArgs({ options: {
    schema: text, policies: text, firms: text, 'as-of': text, counts: text, sql: text,
    standards: { ...text, default: join(HERE, '../../data/standards') },
    forms: { ...text, default: 'where' }, sample: text, rounds: { ...text, default: '1' }, wait: { type: 'boolean' },
  } });
  const asOf = parseDate(options['as-of']);
  const schema = loadSchema(options.schema, options.standards);
  const policies = loadPolicies(options.policies, asOf);
  const open = policies.filter(policy => policy.open);
  const size = Math.min(Number(options.sample ?? open.length), open.length);
  const timed = Array.from({ length: size }, (_, at) => open[Math.floor(at * open.length / size)]);
  plan(schema, open.map(policy => policy.rule));

  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run('SET threads = 1');
  let start = performance.now();
  const firms = await createTable(connection, schema, options.firms, asOf);
  const load = performance.now() - start;
  const statements = options.forms.split(',').flatMap(form => timed.map(policy => ({ form, policy, sql: statement(schema, policy.rule, form) })));
  if (options.sql) writeFileSync(options.sql, statements.map(({ form, policy, sql }) => `-- ${policy.id} (${form})\n${sql};\n`).join(''));
  start = performance.now();
  for (const each of statements) each.prepared = await connection.prepare(each.sql);
  const prepare = performance.now() - start;
  print({ event: 'loaded', duckdb: version(), node: process.version, firms, policies: policies.length, open: open.length,
    timed: size, load_seconds: round(load / 1e3), prepare_seconds: round(prepare / 1e3) });

  const lines = options.wait && createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  for (let turn = 1; turn <= Number(options.rounds); turn++) {
    if (lines && (await lines.next()).done) break;
    const measured = [];
    for (const form of options.forms.split(',')) {
      let seconds = 0;
      for (const { policy, prepared } of statements.filter(each => each.form === form)) {
        start = performance.now();
        const [[eligible, possible]] = (await prepared.runAndReadAll()).getRows();
        seconds += (performance.now() - start) / 1e3;
        const counts = `${eligible},${possible - eligible}`;
        policy.counts ??= counts;
        if (policy.counts !== counts) throw new Error(`policy ${policy.id}: ${counts} by form ${form}, ${policy.counts} before`);
      }
      measured.push({ event: 'round', round: turn, form, seconds: round(seconds), ms_per_policy: round(seconds * 1e3 / size) });
    }
    if (turn === 1 && options.counts) {
      const rows = (size < open.length ? timed : policies).map(policy => `${csvCell(policy.id)},${policy.counts ?? '0,0'}`);
      writeFileSync(options.counts, ['policy_id,eligible,review', ...rows, ''].join('\n'));
    }
    measured.forEach(print);
  }
  process.exit(0);
}

await main();
