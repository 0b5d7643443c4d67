package cn.qice;

/** How a policy stands to a firm, best first. */
public enum Status {
    /** The firm may claim it. */
    ELIGIBLE,
    /** A person has to confirm something. */
    REVIEW,
    /** It could be eligible, but facts are missing. */
    NEEDS_DATA,
    /** One condition away. */
    NEAR;

    private static final Status[] ALL = values();

    static Status of(int number) {
        return ALL[number];
    }

    int bit() {
        return 1 << ordinal();
    }
}
