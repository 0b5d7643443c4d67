package cn.qice;

/** What a question asks for. An immutable value; start from {@link #usual}. */
public final class MatchOptions extends Options {
    /** For {@link #top}: all there are. */
    public static final int NO_LIMIT = -1; // UINT32_MAX

    private static final MatchOptions USUAL = new MatchOptions(20, 3, false, false, 1);

    private final int top;
    private final int statuses;
    private final boolean byPolicy;
    private final boolean countAll;
    private final int threads;

    private MatchOptions(int top, int statuses, boolean byPolicy, boolean countAll, int threads) {
        super(CApi::qice_match_options_destroy);
        this.top = top;
        this.statuses = statuses;
        this.byPolicy = byPolicy;
        this.countAll = countAll;
        this.threads = threads;
    }

    /** The 20 best of each status, eligible and review, by firm, one thread. */
    public static MatchOptions usual() {
        return USUAL;
    }

    /**
     * How many of each status are kept, from 1, or {@link #NO_LIMIT}.
     *
     * @throws IllegalArgumentException for anything else
     */
    public MatchOptions top(int most) {
        if (most < 1 && most != NO_LIMIT)
            throw new IllegalArgumentException("top is a number from 1, or NO_LIMIT; got " + most);
        return new MatchOptions(most, statuses, byPolicy, countAll, threads);
    }

    /** Which statuses; counts of others may be 0. */
    public MatchOptions statuses(Status... wanted) {
        int bits = 0;
        for (Status status : Call.given(wanted, "wanted"))
            bits |= Call.given(status, "a status").bit();
        return new MatchOptions(top, bits, byPolicy, countAll, threads);
    }

    /** Rank the firms of each policy in place of the policies of each firm (batches only). */
    public MatchOptions byPolicy() {
        return new MatchOptions(top, statuses, true, countAll, threads);
    }

    /** Count the pairs of all four statuses, whichever are asked for (batches only). */
    public MatchOptions countAll() {
        return new MatchOptions(top, statuses, byPolicy, true, threads);
    }

    /**
     * How many threads match, 1 to 1024; the result is the same (batches only).
     *
     * @throws IllegalArgumentException for anything else
     */
    public MatchOptions threads(int count) {
        return new MatchOptions(top, statuses, byPolicy, countAll, checkedThreads(count));
    }

    @Override
    int make(long out, long error) {
        return CApi.qice_match_options_create(out, error);
    }

    @Override
    int refused(long out, long options, long error) {
        return CApi.qice_match_options_refused(out, options, error);
    }

    @Override
    void set(Call call, long options) {
        check(call, options, CApi.qice_match_options_set_top(options, top));
        check(call, options, CApi.qice_match_options_set_statuses(options, statuses));
        check(call, options, CApi.qice_match_options_set_by_policy(options, byPolicy ? 1 : 0));
        check(call, options, CApi.qice_match_options_set_count_all(options, countAll ? 1 : 0));
        check(call, options, CApi.qice_match_options_set_threads(options, threads));
    }
}
