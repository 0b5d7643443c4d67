/* The functions of qice/qice.h over koffi, and what every call needs: room for what comes back, texts
 * there and back, errors. Pointers and handles are BigInts, out parameters typed arrays of ours.
 *
 * A thread of Node has one copy of this module, and a call is over before the next one begins, so the
 * room is shared by all calls; what runs in the background (asynchronously) brings its own. */
import koffi from "koffi";

const lib = koffi.load(process.env.QICE_LIBRARY || "libqice.so.1");

/* name: parameters. P pointer, n size_t, i int32, u uint32, l int64, U uint64. All return int32. */
const FUNCTIONS = {
    data_directory: "PP", error_destroy: "P", text_get: "PPP", text_destroy: "P", day_parse: "PPnP",
    day_format: "Pi", schema_open: "PPnP", schema_parse: "PPnPnP", schema_fields: "PP",
    schema_find: "PPPnP", schema_field_name: "PPPuP", schema_field_kind: "PPPPuP", schema_destroy: "P",
    engine_options_create: "PP", engine_options_set_include_closed: "Pi",
    engine_options_set_urgency: "Pll", engine_options_set_skip_bad_policies: "Pi",
    engine_options_destroy: "P", engine_open: "PPiPPnP", engine_put: "PPnP", engine_replace: "PPnP",
    engine_reload: "PPnP", engine_remove: "PPPnP", engine_set_day: "PiP", engine_skipped: "PPP",
    engine_snapshot: "PPP", engine_destroy: "P", snapshot_policies: "PP", snapshot_day: "PP",
    snapshot_find: "PPPnP", snapshot_policy_id: "PPPuP", snapshot_policy_title: "PPPuP",
    snapshot_policy_state: "PPPuP", snapshot_destroy: "P", read_options_create: "PiP",
    read_options_set_strict: "Pi", read_options_set_ignore_unknown_columns: "Pi",
    read_options_set_gb18030: "Pi", read_options_set_threads: "Pu", read_options_destroy: "P",
    firms_open: "PPPPnP", firms_read_csv: "PPPPnP", firms_read_jsonl: "PPPPnP", firms_count: "PP",
    firms_id: "PPPUP", firms_find: "PPPnP", firms_bad_count: "PPP", firms_bad: "PPPPPPPPPPUP",
    firms_ignored_count: "PP", firms_ignored: "PPPnP", firms_destroy: "P", firm_create: "PPP", firm_clear: "P", firm_set_json: "PPPnP",
    firm_set_id: "PPnP", firm_set_text: "PuPnP", firm_set_number: "PuliP", firm_set_date: "PuiP",
    firm_set_flag: "PuiP", firm_add_element: "PuPniP", firm_add_tag: "PuPnuP",
    firm_set_unknown: "PuP", firm_bad_count: "PP", firm_bad: "PPPPPPPnP", firm_destroy: "P",
    rows_create: "PPPP", rows_add: "PPP", rows_finish: "PPP", rows_destroy: "P",
    match_options_create: "PP", match_options_set_top: "Pu", match_options_set_statuses: "Pu",
    match_options_set_by_policy: "Pi", match_options_set_count_all: "Pi",
    match_options_set_threads: "Pu", match_options_destroy: "P", control_create: "PP",
    control_progress: "PPP", control_cancel: "P", control_destroy: "P", match: "PPPPPP",
    result_size: "PPP", result_total: "PPiP", result_count: "PPuiP", result_read: "PPUnPPPPPP",
    result_destroy: "P", answer_create: "PP", answer_firm: "PPPPP", answer_policy: "PPPuPP",
    answer_draft: "PPPPnPP", answer_count: "PPiP", answer_one_fact_away: "PP",
    answer_life_cycle: "PP", answer_read: "PPiPPnP", answer_at: "PPPPinP", answer_json: "PPP",
    answer_destroy: "P", explain_firm: "PPPuiP", explain_row: "PPPUuiP", explain_draft: "PPPPniP",
    lint: "PPP",
};
const TYPES = { P: "void*", n: "size_t", i: "int32_t", u: "uint32_t", l: "int64_t", U: "uint64_t" };

export const qice = {
    version: lib.func("const char* qice_version()"),
    abi_version: lib.func("uint32_t qice_abi_version()"),
    code_sentence: lib.func("const char* qice_code_sentence(int32_t)"),
    error_count: lib.func("size_t qice_error_count(void*)"),
    error_message: lib.func("void qice_error_message(void*, void*, void*, size_t)"),
    error_place: lib.func("void qice_error_place(void*, void*, void*, void*, void*, size_t)"),
};
for (const [name, parameters] of Object.entries(FUNCTIONS)) {
    const types = [...parameters].map((letter) => TYPES[letter]);
    qice[name] = lib.func(`qice_${name}`, "int32_t", types);
}

/* koffi's own ways to memory outside (view, decode) keep something of every text until Node's loop turns;
 * a copy into a buffer of ours keeps nothing. */
const copy = koffi.load("libc.so.6").func("void memcpy(void* to, void* from, size_t length)");
let copied = Buffer.alloc(64 * 1024);

function textAt(address, length) {
    if (length > copied.length) copied = Buffer.alloc(2 * length);
    if (length > 0) copy(copied, address, length);
    return copied.toString("utf8", 0, length);
}

/* ---------------------------------------------------------------------------------------- room */

/* Sixteen places of 8 bytes: 0 is for the error, the others for what a function writes. */
export class Room {
    #words = new BigUint64Array(new ArrayBuffer(128)); // outside the heap: it does not move
    at = Array.from({ length: 16 }, (_, place) => this.#words.subarray(place, place + 1));
    error = this.at[0];
    #signed = new BigInt64Array(this.#words.buffer);
    #small = new Int32Array(this.#words.buffer);
    #smallUnsigned = new Uint32Array(this.#words.buffer);

    handle(place) {
        return this.#words[place];
    }
    int32(place) {
        return this.#small[2 * place];
    }
    uint32(place) {
        return this.#smallUnsigned[2 * place];
    }
    /* A 64-bit number that is less than 2^53. */
    number(place) {
        return Number(this.#signed[place]);
    }
    /* The text whose address is in a place and whose length is in the next. */
    text(place) {
        return textAt(this.#words[place], Number(this.#words[place + 1]));
    }
    /* Takes over a text that was made. */
    made(place) {
        const text = this.handle(place);
        try {
            qice.text_get(this.at[14], this.at[15], text);
            return this.text(14);
        } finally {
            qice.text_destroy(text);
        }
    }
    check(code) {
        if (code === 0) return;
        const error = this.handle(0);
        const faults = this.faults(error);
        qice.error_destroy(error);
        throw new QiceError(code, faults);
    }
    /* For a function that reports no error of its own. */
    checkCode(code) {
        if (code === 0) return;
        throw new QiceError(code, [{ message: qice.code_sentence(code), file: "", line: 0, column: 0 }]);
    }
    faults(error) {
        const faults = [];
        const count = qice.error_count(error);
        for (let index = 0; index < count; ++index) {
            qice.error_message(this.at[10], this.at[11], error, index);
            const message = this.text(10);
            qice.error_place(this.at[10], this.at[11], this.at[12], this.at[13], error, index);
            faults.push({ message, file: this.text(10), line: this.uint32(12), column: this.uint32(13) });
        }
        return faults;
    }
}

/* A value as a sentence of ours has it. */
export function shown(value) {
    if (typeof value === "string") return JSON.stringify(value.slice(0, 100));
    if (typeof value === "function") return "a function";
    if (typeof value !== "object" || value === null) return String(value);
    return `a value of type ${value.constructor?.name ?? "Object"}`;
}

/* The bytes of a text or of a Buffer; `name` is the argument's. Those of a text stand in one of four
 * buffers that are used in turn, so that a call leaves no memory outside the heap to be collected; a call
 * has two texts at most. */
const MOST_WRITTEN = 1024 * 1024;
const written = Array.from({ length: 4 }, () => Buffer.alloc(16 * 1024));
let turn = 0;

export function bytes(text, name) {
    if (typeof text !== "string") {
        if (text instanceof Uint8Array) return text;
        throw new TypeError(`${name} is a text or a Buffer, not ${shown(text)}`);
    }
    const most = 3 * text.length;
    if (most > MOST_WRITTEN) return Buffer.from(text);
    turn = (turn + 1) % written.length;
    if (most > written[turn].length) written[turn] = Buffer.alloc(2 * most);
    return written[turn].subarray(0, written[turn].write(text));
}

/* --------------------------------------------------------------------------------------- errors */

const NAMES = {
    1: "USAGE", 2: "INVALID_INPUT", 3: "IO", 4: "LIMIT", 5: "CANCELLED", 6: "OUT_OF_MEMORY",
    7: "BAD_HANDLE", 8: "BAD_ARGUMENT", 9: "BUFFER_TOO_SMALL", 99: "INTERNAL",
};

/* What the library refused. code is a name ("INVALID_INPUT"), number what C sees; faults are
 * {message, file, line, column}, one for each wrong policy. */
export class QiceError extends Error {
    constructor(number, faults) {
        const first = faults[0] ?? { message: qice.code_sentence(number), file: "", line: 0 };
        const place = [first.file, first.line, first.column].filter(Boolean).join(":");
        const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
        super((place === "" ? "" : `${place}: `) + first.message + more);
        this.name = "QiceError";
        this.code = NAMES[number] ?? "INTERNAL";
        this.number = number;
        this.faults = faults;
    }
}
