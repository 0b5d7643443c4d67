package cn.qice;

/** How an engine treats its policies. An immutable value; start from {@link #usual}. */
public final class EngineOptions extends Options {
    private static final EngineOptions USUAL = new EngineOptions(false, false, 0, 0, 64, 1_000_000);

    private final boolean includeClosed;
    private final boolean skipBadPolicies;
    private final long urgencyWeight;
    private final long urgencyDays;
    private final int depth;
    private final long conditions;

    private EngineOptions(boolean includeClosed, boolean skipBadPolicies, long urgencyWeight,
            long urgencyDays, int depth, long conditions) {
        super(CApi::qice_engine_options_destroy);
        this.includeClosed = includeClosed;
        this.skipBadPolicies = skipBadPolicies;
        this.urgencyWeight = urgencyWeight;
        this.urgencyDays = urgencyDays;
        this.depth = depth;
        this.conditions = conditions;
    }

    /** Closed policies are left out, no urgency, a wrong policy is an error. */
    public static EngineOptions usual() {
        return USUAL;
    }

    /** Also match policies that are closed, draft, superseded ... */
    public EngineOptions includeClosed() {
        return new EngineOptions(
                true, skipBadPolicies, urgencyWeight, urgencyDays, depth, conditions);
    }

    /** Leave wrong policies out in place of failing; every change of an engine tells which. */
    public EngineOptions skipBadPolicies() {
        return new EngineOptions(includeClosed, true, urgencyWeight, urgencyDays, depth, conditions);
    }

    /** Raise policies whose window closes within so many days; the weight is in millionths. */
    public EngineOptions urgency(long weight, long days) {
        return new EngineOptions(includeClosed, skipBadPolicies, weight, days, depth, conditions);
    }

    /** How deep a rule may be nested, and how many conditions may come at once. */
    public EngineOptions limits(int mostDepth, long mostConditions) {
        return new EngineOptions(includeClosed, skipBadPolicies, urgencyWeight, urgencyDays,
                mostDepth, mostConditions);
    }

    @Override
    int make(long out, long error) {
        return CApi.qice_engine_options_create(out, error);
    }

    @Override
    int refused(long out, long options, long error) {
        return CApi.qice_engine_options_refused(out, options, error);
    }

    @Override
    void set(Call call, long options) {
        check(call, options,
                CApi.qice_engine_options_set_include_closed(options, includeClosed ? 1 : 0));
        check(call, options,
                CApi.qice_engine_options_set_skip_bad_policies(options, skipBadPolicies ? 1 : 0));
        check(call, options,
                CApi.qice_engine_options_set_urgency(options, urgencyWeight, urgencyDays));
        check(call, options, CApi.qice_engine_options_set_limits(options, depth, conditions));
    }
}
