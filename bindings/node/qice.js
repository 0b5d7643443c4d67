/* qice for Node: which government support policies fit which firms, in which order, and why.
 *
 *   import { Schema, Engine, Firms } from "qice";
 *   const schema = Schema.standard();
 *   const engine = Engine.open(schema, "2026-06-15", "policies");
 *   const firms = Firms.open(schema, "firms.csv", { day: "2026-06-15" });
 *   const result = await engine.snapshot().match(firms, { top: 20, threads: 8 });
 *
 * What a call means stands in qice/qice.h. The library is libqice.so.1 as the system finds it, or the
 * file in QICE_LIBRARY.
 *
 * Closing: everything that holds memory of the library has close(), in any order; a
 * FinalizationRegistry is the net below. What is closed answers a QiceError, BAD_HANDLE.
 *
 * Threads: every worker thread imports this module for itself. A Schema, Engine, Snapshot or Firms may
 * be used by several: send its `address`, and there take Engine.at(address); the sender keeps it open.
 *
 * Days are texts like "2026-06-15" or numbers of days since 1970-01-01. Scores are numbers: millionths.
 * Policies, rows and fields are numbered from 0. What is refused is a QiceError with code and faults. */
import { promisify } from "node:util";
import { addressOf, formOf, instance, NO_LIMIT, STATUSES, statusOf, whole } from "./arguments.js";
import { bytes, qice, QiceError, Room, shown } from "./library.js";

export { NO_LIMIT, QiceError, STATUSES };
export const KINDS = ["number", "date", "flag", "category", "code", "set", "tags", "text"];
export const LIFE_CYCLES = ["open", "draft", "withdrawn", "not_in_force", "superseded", "closed"];
export const FOREVER = 2 ** 31 - 1; // an element of a set without a last valid day

const room = new Room();
const { at, error } = room;

export const version = () => qice.version();
export const abiVersion = () => qice.abi_version();

/* Where the library looks for its own data (the standard schema, code lists). */
export function dataDirectory() {
    room.check(qice.data_directory(at[1], error));
    return room.made(1);
}

/* The number of a day: 2026-11-23, 2026/11/23 or 20261123. */
export function parseDay(text) {
    const data = bytes(text, "text");
    room.check(qice.day_parse(at[1], data, data.length, error));
    return room.int32(1);
}
function dayOf(day) {
    if (typeof day === "string") return parseDay(day);
    if (Number.isInteger(day) && Math.abs(day) <= FOREVER) return day;
    throw new TypeError(`a day is a text like "2026-06-15" or a number of days, not ${shown(day)}`);
}

export function formatDay(day) {
    const buffer = Buffer.alloc(11);
    room.checkCode(qice.day_format(buffer, day));
    return buffer.toString("latin1", 0, 10);
}

/* An object of the library: its address, and how it is given back. Made by the functions of its class. */
class Handle {
    static #net = new FinalizationRegistry(({ destroy, address }) => destroy(address));
    #matches = 0; // that run in the background and need it
    #closed = null; // its address, where it was closed before they were over

    constructor(address, destroy = null) {
        if (typeof address !== "bigint" || address === 0n)
            throw new TypeError(`a ${new.target.name} is made by its class's functions, or at an address`);
        this.address = address;
        this.destroy = destroy;
        if (destroy !== null) Handle.#net.register(this, { destroy, address }, this);
    }
    /* An object that another thread has made, and keeps open. */
    static at(address) {
        return new this(address, null);
    }
    close() {
        if (this.destroy !== null && this.address !== null) {
            Handle.#net.unregister(this);
            if (this.#matches > 0) this.#closed = this.address;
            else this.destroy(this.address);
        }
        this.address = null;
    }
    begin() {
        ++this.#matches;
    }
    end() {
        if (--this.#matches > 0 || this.#closed === null) return;
        this.destroy(this.#closed);
        this.#closed = null;
    }
}

/* Makes options, calls with them, and gives them back. */
function using(address, destroy, use) {
    try {
        return use(address);
    } finally {
        destroy(address);
    }
}

/* Which fields a firm has. */
export class Schema extends Handle {
    static standard() {
        return Schema.open("");
    }
    static open(path) {
        const data = bytes(path, "path");
        room.check(qice.schema_open(at[1], data, data.length, error));
        return new Schema(room.handle(1), qice.schema_destroy);
    }
    /* From memory; `file` stands for the text in errors. */
    static parse(json, file = "") {
        const data = bytes(json, "json");
        const name = bytes(file, "file");
        room.check(qice.schema_parse(at[1], data, data.length, name, name.length, error));
        return new Schema(room.handle(1), qice.schema_destroy);
    }
    /* {name, kind, decimals, derived} of all fields, in the order of the file. */
    fields() {
        room.checkCode(qice.schema_fields(at[1], this.address));
        return Array.from({ length: room.uint32(1) }, (_, field) => {
            room.check(qice.schema_field_name(at[1], at[2], this.address, field, error));
            room.check(qice.schema_field_kind(at[3], at[4], at[5], this.address, field, error));
            const kind = KINDS[room.int32(3)];
            return { name: room.text(1), kind, decimals: room.int32(4), derived: room.int32(5) !== 0 };
        });
    }
    /* The number of a field: keep it. */
    field(name) {
        const data = bytes(name, "name");
        room.check(qice.schema_find(at[1], this.address, data, data.length, error));
        return room.uint32(1);
    }
}

/* Policies that come and go. A change happens wholly or not at all. Texts are strings or Buffers. */
export class Engine extends Handle {
    /* options: {includeClosed, skipBadPolicies, urgency: [weight in millionths, days]} */
    static open(schema, day, path = "", options = null) {
        const data = bytes(path, "path");
        const number = dayOf(day);
        const { includeClosed, skipBadPolicies, urgency } = options ?? {};
        const [weight, days] = instance(urgency ?? [0, 0], Array, "urgency");
        whole(weight, "the weight of urgency", 1e12);
        whole(days, "the days of urgency", 1e6);
        room.check(qice.engine_options_create(at[1], error));
        using(room.handle(1), qice.engine_options_destroy, (how) => {
            qice.engine_options_set_include_closed(how, includeClosed ? 1 : 0);
            qice.engine_options_set_skip_bad_policies(how, skipBadPolicies ? 1 : 0);
            qice.engine_options_set_urgency(how, weight, days);
            room.check(qice.engine_open(at[1], addressOf(schema, Schema), number, how, data,
                data.length, error));
        });
        return new Engine(room.handle(1), qice.engine_destroy);
    }
    /* Adds policies (a JSON object, array or JSON Lines), or takes them in place of those there are. */
    put(json) {
        const data = bytes(json, "json");
        room.check(qice.engine_put(this.address, data, data.length, error));
    }
    replace(json) {
        const data = bytes(json, "json");
        room.check(qice.engine_replace(this.address, data, data.length, error));
    }
    reload(path) {
        const data = bytes(path, "path");
        room.check(qice.engine_reload(this.address, data, data.length, error));
    }
    remove(id) {
        const data = bytes(id, "id");
        room.check(qice.engine_remove(at[1], this.address, data, data.length, error));
        return room.int32(1) !== 0;
    }
    setDay(day) {
        room.check(qice.engine_set_day(this.address, dayOf(day), error));
    }
    /* The faults of the policies that the last change left out; of changes that several threads make,
     * the one that came into force last. */
    skipped() {
        room.check(qice.engine_skipped(at[1], this.address, error));
        return using(room.handle(1), qice.error_destroy, (skipped) => room.faults(skipped));
    }
    /* The policies as they are now, for every page or every minute. */
    snapshot() {
        room.check(qice.engine_snapshot(at[1], this.address, error));
        return new Snapshot(room.handle(1), qice.snapshot_destroy);
    }
}

const matchInBackground = promisify(qice.match.async);

/* {top, statuses, byPolicy, countAll, threads} as the library has them. */
function matchOptions(options) {
    const { top, statuses, byPolicy, countAll, threads } = options ?? {};
    if (top !== undefined) whole(top, "top", NO_LIMIT, 1);
    if (threads !== undefined) whole(threads, "threads", 1024, 1);
    const bits = statuses && instance(statuses, Array, "statuses").map(statusOf)
        .reduce((set, status) => set | (1 << status), 0);
    room.check(qice.match_options_create(at[1], error));
    const how = room.handle(1);
    qice.match_options_set_by_policy(how, byPolicy ? 1 : 0);
    qice.match_options_set_count_all(how, countAll ? 1 : 0);
    if (top !== undefined) qice.match_options_set_top(how, top);
    if (threads !== undefined) qice.match_options_set_threads(how, threads);
    if (bits !== undefined) qice.match_options_set_statuses(how, bits);
    return how;
}

/* The policies of one moment. */
export class Snapshot extends Handle {
    get size() {
        room.checkCode(qice.snapshot_policies(at[1], this.address));
        return room.uint32(1);
    }
    get day() {
        room.checkCode(qice.snapshot_day(at[1], this.address));
        return room.int32(1);
    }
    find(id) {
        const data = bytes(id, "id");
        room.check(qice.snapshot_find(at[1], this.address, data, data.length, error));
        return room.uint32(1);
    }
    id(policy) {
        whole(policy, "a policy");
        room.check(qice.snapshot_policy_id(at[1], at[2], this.address, policy, error));
        return room.text(1);
    }
    policy(number) {
        const id = this.id(number);
        room.check(qice.snapshot_policy_title(at[1], at[2], this.address, number, error));
        room.check(qice.snapshot_policy_state(at[3], at[4], this.address, number, error));
        const lifeCycle = LIFE_CYCLES[room.int32(4)];
        return { id, title: room.text(1), version: room.number(3), lifeCycle };
    }
    /* All firms with all policies, on threads beside Node's own. An AbortSignal in options.signal
     * stops it within milliseconds. What is closed meanwhile goes when it is over. */
    async match(firms, options = null) {
        const mine = new Room(); // others call meanwhile
        instance(firms, Firms, "firms");
        const how = matchOptions(options);
        mine.check(qice.control_create(mine.at[1], mine.error));
        const control = mine.handle(1);
        const cancel = () => qice.control_cancel(control);
        options?.signal?.addEventListener("abort", cancel);
        if (options?.signal?.aborted) cancel();
        for (const used of [this, firms]) used.begin();
        try {
            mine.check(await matchInBackground(mine.at[2], this.address, addressOf(firms, Firms), how, control,
                mine.error));
            return new Result(mine.handle(2), qice.result_destroy);
        } finally {
            for (const used of [this, firms]) used.end();
            options?.signal?.removeEventListener("abort", cancel);
            qice.match_options_destroy(how);
            qice.control_destroy(control);
        }
    }
    /* The same while everything waits. */
    matchSync(firms, options = null) {
        using(matchOptions(options), qice.match_options_destroy, (how) =>
            room.check(qice.match(at[1], this.address, addressOf(firms, Firms), how, null, error)));
        return new Result(room.handle(1), qice.result_destroy);
    }
    /* Why a policy fits a firm or not, and what would help; form is json, zh or en. */
    explainFirm(firm, policy, form = "json") {
        whole(policy, "a policy");
        room.check(qice.explain_firm(at[1], this.address, addressOf(firm, Firm), policy, formOf(form), error));
        return room.made(1);
    }
    explainRow(firms, row, policy, form = "json") {
        whole(policy, "a policy");
        whole(row, "a row", Number.MAX_SAFE_INTEGER);
        room.check(qice.explain_row(at[1], this.address, addressOf(firms, Firms), row, policy,
            formOf(form), error));
        return room.made(1);
    }
    explainDraft(firm, policy, form = "json") {
        const data = bytes(policy, "policy");
        room.check(qice.explain_draft(at[1], this.address, addressOf(firm, Firm), data, data.length,
            formOf(form), error));
        return room.made(1);
    }
    /* What is suspicious in the policies, as JSON. */
    lint() {
        room.check(qice.lint(at[1], this.address, error));
        return room.made(1);
    }
}

/* {day, strict, ignoreUnknownColumns, gb18030, threads} as the library has them. They are kept: a
 * program has few, and a question as of a day should not make them anew. */
const readings = new Map();
function reading(options) {
    const { day, strict, ignoreUnknownColumns, gb18030, threads = 1 } = options ?? {};
    const key = `${String(day)} ${!!strict} ${!!ignoreUnknownColumns} ${!!gb18030} ${threads}`;
    const known = readings.get(key);
    if (known !== undefined) return known;
    const number = dayOf(day);
    whole(threads, "threads", 1024, 1);
    room.check(qice.read_options_create(at[1], number, error));
    const how = room.handle(1);
    qice.read_options_set_strict(how, strict ? 1 : 0);
    qice.read_options_set_ignore_unknown_columns(how, ignoreUnknownColumns ? 1 : 0);
    qice.read_options_set_gb18030(how, gb18030 ? 1 : 0);
    qice.read_options_set_threads(how, threads);
    if (readings.size >= 100) {
        readings.forEach((old) => qice.read_options_destroy(old));
        readings.clear();
    }
    readings.set(key, how);
    return how;
}

function readFirms(read, schema, text, options) {
    const data = bytes(text, "text");
    const how = reading(options);
    room.check(read(at[1], addressOf(schema, Schema), how, data, data.length, error));
    return new Firms(room.handle(1), qice.firms_destroy);
}

/* A table of firms. options: {day, strict, ignoreUnknownColumns, gb18030, threads}; day is needed. */
export class Firms extends Handle {
    /* From a file: .jsonl is JSON Lines, everything else CSV. Bad values do not fail: see bad(). */
    static open(schema, path, options) {
        return readFirms(qice.firms_open, schema, path, options);
    }
    static csv(schema, text, options) {
        return readFirms(qice.firms_read_csv, schema, text, options);
    }
    static jsonLines(schema, text, options) {
        return readFirms(qice.firms_read_jsonl, schema, text, options);
    }
    get size() {
        room.checkCode(qice.firms_count(at[1], this.address));
        return room.number(1);
    }
    get setAside() {
        room.checkCode(qice.firms_bad_count(at[1], at[2], this.address));
        return room.number(2);
    }
    id(row) {
        whole(row, "a row", Number.MAX_SAFE_INTEGER);
        room.check(qice.firms_id(at[1], at[2], this.address, row, error));
        return room.text(1);
    }
    find(id) {
        const data = bytes(id, "id");
        room.check(qice.firms_find(at[1], this.address, data, data.length, error));
        return room.number(1);
    }
    /* {line, firm, field, value, reason} of what could not be taken; no field: the whole row. */
    bad() {
        room.checkCode(qice.firms_bad_count(at[1], at[2], this.address));
        return Array.from({ length: room.number(1) }, (_, entry) => {
            room.check(qice.firms_bad(...at.slice(1, 10), this.address, entry, error));
            return { line: room.number(1), firm: room.text(2), field: room.text(4),
                value: room.text(6), reason: room.text(8) };
        });
    }
    /* The names of the columns that were ignored. */
    ignoredColumns() {
        room.checkCode(qice.firms_ignored_count(at[1], this.address));
        return Array.from({ length: room.number(1) }, (_, index) => {
            room.check(qice.firms_ignored(at[1], at[2], this.address, index, error));
            return room.text(1);
        });
    }
}

/* One firm, value by value; fields by number. Fill it, ask about it, clear it, fill it again. */
export class Firm extends Handle {
    static create(schema) {
        room.check(qice.firm_create(at[1], addressOf(schema, Schema), error));
        return new Firm(room.handle(1), qice.firm_destroy);
    }
    clear() {
        room.checkCode(qice.firm_clear(this.address));
    }
    /* All from a JSON object. Values that are none of their field become unknown: see bad(). */
    setJson(json, options) {
        const data = bytes(json, "json");
        room.check(qice.firm_set_json(this.address, reading(options), data, data.length, error));
    }
    setId(id) {
        const data = bytes(id, "id");
        room.check(qice.firm_set_id(this.address, data, data.length, error));
    }
    /* As a cell of CSV has it: 2000万元, 2026-11-23, true, C39. */
    setText(field, text) {
        whole(field, "a field");
        const data = bytes(text, "text");
        room.check(qice.firm_set_text(this.address, field, data, data.length, error));
    }
    /* value / 10^decimals, exactly; the value is whole: a number, or a BigInt of 64 bits. */
    setNumber(field, value, decimals = 0) {
        whole(field, "a field");
        whole(decimals, "decimals", 18);
        if (typeof value === "bigint" ? BigInt.asIntN(64, value) !== value : !Number.isSafeInteger(value))
            throw new TypeError(`a value is a whole number of 64 bits, not ${shown(value)}`);
        room.check(qice.firm_set_number(this.address, field, value, decimals, error));
    }
    setDate(field, day) {
        whole(field, "a field");
        room.check(qice.firm_set_date(this.address, field, dayOf(day), error));
    }
    setFlag(field, value) {
        whole(field, "a field");
        room.check(qice.firm_set_flag(this.address, field, value ? 1 : 0, error));
    }
    addElement(field, name, until = FOREVER) {
        whole(field, "a field");
        const data = bytes(name, "name");
        room.check(qice.firm_add_element(this.address, field, data, data.length, dayOf(until), error));
    }
    /* The weight is in thousandths. */
    addTag(field, name, weight) {
        whole(field, "a field");
        whole(weight, "a weight", 1000);
        const data = bytes(name, "name");
        room.check(qice.firm_add_tag(this.address, field, data, data.length, weight, error));
    }
    setUnknown(field) {
        whole(field, "a field");
        room.check(qice.firm_set_unknown(this.address, field, error));
    }
    bad() {
        room.checkCode(qice.firm_bad_count(at[1], this.address));
        return Array.from({ length: room.number(1) }, (_, entry) => {
            room.check(qice.firm_bad(...at.slice(1, 7), this.address, entry, error));
            return { field: room.text(1), value: room.text(3), reason: room.text(5) };
        });
    }
}

/* Firms on their way into a table. */
export class Rows extends Handle {
    static create(schema, options) {
        const how = reading(options);
        room.check(qice.rows_create(at[1], addressOf(schema, Schema), how, error));
        return new Rows(room.handle(1), qice.rows_destroy);
    }
    add(firm) {
        room.check(qice.rows_add(this.address, addressOf(firm, Firm), error));
    }
    finish() {
        room.check(qice.rows_finish(at[1], this.address, error));
        return new Firms(room.handle(1), qice.firms_destroy);
    }
}

/* Room for pushes as columns, to be filled again and again: typed arrays, of which the first `size`
 * count. firm(i) and score(i) give the 64-bit ones as plain numbers. */
export class Pushes {
    constructor(capacity) {
        Object.defineProperty(this, "capacity", { value: whole(capacity, "a capacity") });
        this.size = 0;
        this.firms = new BigUint64Array(capacity);
        this.statuses = new Int32Array(capacity);
        this.ranks = new Uint32Array(capacity);
        this.policies = new Uint32Array(capacity);
        this.scores = new BigInt64Array(capacity);
        this.firmHalves = new Uint32Array(this.firms.buffer);
        this.scoreLows = new Uint32Array(this.scores.buffer);
        this.scoreHighs = new Int32Array(this.scores.buffer);
    }
    firm(i) {
        return this.firmHalves[2 * i] + this.firmHalves[2 * i + 1] * 2 ** 32;
    }
    score(i) {
        return this.scoreLows[2 * i] + this.scoreHighs[2 * i + 1] * 2 ** 32;
    }
}

/* All firms with all policies. */
export class Result extends Handle {
    get policies() {
        room.checkCode(qice.result_size(at[1], at[2], this.address));
        return room.number(1);
    }
    get pushes() {
        room.checkCode(qice.result_size(at[1], at[2], this.address));
        return room.number(2);
    }
    total(status) {
        room.check(qice.result_total(at[1], this.address, statusOf(status), error));
        return room.number(1);
    }
    /* How many firms have a status with a policy, pushed or not. */
    count(policy, status) {
        whole(policy, "a policy");
        room.check(qice.result_count(at[1], this.address, policy, statusOf(status), error));
        return room.number(1);
    }
    /* Reads pushes from `first` on; fewer than there is room for only at the end. */
    read(first, into) {
        whole(first, "a push", Number.MAX_SAFE_INTEGER);
        instance(into, Pushes, "room for pushes");
        room.check(qice.result_read(at[1], this.address, first, into.capacity, into.firms,
            into.statuses, into.ranks, into.policies, into.scores, error));
        return (into.size = room.number(1));
    }
}

/* Room for the answer to one question at a time: keep it. options: {top, statuses}. */
export class Answer extends Handle {
    static create(options) {
        const how = matchOptions(options);
        const code = qice.answer_create(at[1], error);
        if (code !== 0) qice.match_options_destroy(how);
        room.check(code);
        const answer = new Answer(room.handle(1), (address) => {
            qice.answer_destroy(address);
            qice.match_options_destroy(how);
        });
        answer.options = how;
        return answer;
    }
    askFirm(snapshot, firm) {
        room.check(qice.answer_firm(this.address, addressOf(snapshot, Snapshot), addressOf(firm, Firm),
            this.options, error));
        return this;
    }
    askPolicy(snapshot, firms, policy) {
        whole(policy, "a policy");
        room.check(qice.answer_policy(this.address, addressOf(snapshot, Snapshot),
            addressOf(firms, Firms), policy, this.options, error));
        return this;
    }
    /* A policy that nobody knows yet, as JSON. */
    askDraft(snapshot, firms, policy) {
        const data = bytes(policy, "policy");
        room.check(qice.answer_draft(this.address, addressOf(snapshot, Snapshot),
            addressOf(firms, Firms), data, data.length, this.options, error));
        return this;
    }
    count(status) {
        room.check(qice.answer_count(at[1], this.address, statusOf(status), error));
        return room.number(1);
    }
    get oneFactAway() {
        room.checkCode(qice.answer_one_fact_away(at[1], this.address));
        return room.number(1);
    }
    get lifeCycle() {
        room.checkCode(qice.answer_life_cycle(at[1], this.address));
        return LIFE_CYCLES[room.int32(1)];
    }
    /* Numbers of policies (or rows) into a Uint32Array and scores into a BigInt64Array, best first, as
     * many as there is room for; gives how many there are. */
    read(status, others, scores) {
        instance(others, Uint32Array, "room for numbers");
        instance(scores, BigInt64Array, "room for scores");
        const capacity = Math.min(others.length, scores.length);
        const code = qice.answer_read(at[1], this.address, statusOf(status), others, scores, capacity,
            error);
        if (code === 9) qice.error_destroy(room.handle(0)); // only the first part was wanted
        else room.check(code);
        return room.number(1);
    }
    /* {id, score} of all, best first. */
    ranked(status) {
        const number = statusOf(status);
        room.check(qice.answer_read(at[1], this.address, number, null, null, 2 ** 32, error));
        return Array.from({ length: room.number(1) }, (_, rank) => {
            room.check(qice.answer_at(at[1], at[2], at[3], this.address, number, rank, error));
            return { id: room.text(1), score: room.number(3) };
        });
    }
    /* The whole answer as a JSON text. */
    json() {
        room.check(qice.answer_json(at[1], this.address, error));
        return room.made(1);
    }
}
