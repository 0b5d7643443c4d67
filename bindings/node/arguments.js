/* What callers give to qice.js, checked before the library sees it: numbers, names and objects. What is
 * refused is a TypeError whose sentence names the argument and shows what came in its place. */
import { shown } from "./library.js";

export const STATUSES = ["eligible", "review", "needs_data", "near"];
export const NO_LIMIT = 2 ** 32 - 1; // for top
const FORMS = { json: 0, zh: 1, en: 2 };

/* A number for the library, which takes whole ones alone and would not see what is left of another. */
export function whole(value, name, most = NO_LIMIT, least = 0) {
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new TypeError(`${name} is a whole number from ${least} to ${most}, not ${shown(value)}`);
}

export function instance(value, type, name) {
    if (value instanceof type) return value;
    throw new TypeError(`${name} must be of type ${type.name}, not ${shown(value)}`);
}

/* The address of an argument that is of one class of qice.js and may be closed: the library tells. */
export function addressOf(value, type) {
    return instance(value, type, `the ${type.name.toLowerCase()}`).address;
}

export function statusOf(name) {
    const status = STATUSES.indexOf(name);
    if (status < 0) throw new TypeError(`${shown(name)} is no status; they are ${STATUSES.join(", ")}`);
    return status;
}

export function formOf(name) {
    if (!Object.hasOwn(FORMS, name)) throw new TypeError(`${shown(name)} is no form; they are json, zh, en`);
    return FORMS[name];
}
