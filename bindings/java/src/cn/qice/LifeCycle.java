package cn.qice;

/** Where a policy stands on a day; only open ones are matched, unless the engine includes the rest. */
public enum LifeCycle {
    /** It may be applied for. */
    OPEN,
    /** Not published yet. */
    DRAFT,
    /** Taken back. */
    WITHDRAWN,
    /** Before or after the days it is in force. */
    NOT_IN_FORCE,
    /** Another policy took its place. */
    SUPERSEDED,
    /** No window for applying is open any more. */
    CLOSED
}
