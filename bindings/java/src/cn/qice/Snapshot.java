package cn.qice;

import java.time.LocalDate;

/** The policies of one moment, numbered from 0. Immutable; any number of threads. */
public final class Snapshot extends Handle {
    Snapshot(long address) {
        super(address, CApi::qice_snapshot_destroy, Use.SHARED);
    }

    /** How many policies there are, open or not. */
    public int size() {
        try (Call call = Call.begin()) {
            call.checkCode(CApi.qice_snapshot_policies(call.out(1), call.use(this)));
            return call.smallNumber(1);
        }
    }

    /** The day at which everything is judged. */
    public LocalDate day() {
        try (Call call = Call.begin()) {
            call.checkCode(CApi.qice_snapshot_day(call.out(1), call.use(this)));
            return Days.date(call.smallNumber(1));
        }
    }

    /**
     * The number of a policy.
     *
     * @throws QiceException USAGE, with the nearest id
     */
    public int find(String id) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_snapshot_find(
                    call.out(1), call.use(this), call.text(id, "id"), call.length(), call.error()));
            return call.smallNumber(1);
        }
    }

    /** The id of a policy. */
    public String id(int policy) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_snapshot_policy_id(
                    call.out(1), call.out(2), call.use(this), policy, call.error()));
            return call.string(1);
        }
    }

    /** A policy with its title and state. */
    public Policy policy(int number) {
        try (Call call = Call.begin()) {
            final long snapshot = call.use(this);
            call.check(CApi.qice_snapshot_policy_id(
                    call.out(1), call.out(2), snapshot, number, call.error()));
            final String id = call.string(1);
            call.check(CApi.qice_snapshot_policy_title(
                    call.out(1), call.out(2), snapshot, number, call.error()));
            call.check(CApi.qice_snapshot_policy_state(
                    call.out(3), call.out(4), snapshot, number, call.error()));
            return new Policy(number, id, call.string(1), call.number(3),
                    LifeCycle.values()[call.smallNumber(4)]);
        }
    }

    /** All firms with all policies: see {@link #match(Firms, MatchOptions, Control)}. */
    public Result match(Firms firms, MatchOptions options) {
        return match(firms, options, null);
    }

    /**
     * All firms with all policies. Blocks until it is done; the first match with these firms indexes
     * them.
     *
     * @param control to watch and stop it from another thread; may be null
     * @throws QiceException USAGE for firms of another schema or day, CANCELLED
     */
    public Result match(Firms firms, MatchOptions options, Control control) {
        try (Call call = Call.begin()) {
            final long snapshot = call.use(this);
            final long of = call.use(firms, "firms");
            final long watch = call.useOrNull(control);
            call.check(Call.given(options, "options").with(call,
                    how -> CApi.qice_match(call.out(1), snapshot, of, how, watch, call.error())));
            return new Result(call.number(1));
        }
    }

    /**
     * Why a policy fits a firm or not, and what would help.
     *
     * @throws QiceException USAGE if there is no such policy
     */
    public String explain(Firm firm, int policy, Form form) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_explain_firm(call.out(1), call.use(this), call.use(firm, "firm"),
                    policy, Call.ordinal(form, "form"), call.error()));
            return call.madeText(1);
        }
    }

    /** The same for a row of a table. */
    public String explain(Firms firms, long row, int policy, Form form) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_explain_row(call.out(1), call.use(this), call.use(firms, "firms"),
                    row, policy, Call.ordinal(form, "form"), call.error()));
            return call.madeText(1);
        }
    }

    /** The same for a policy that nobody knows yet, as one JSON object. */
    public String explainDraft(Firm firm, String policy, Form form) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_explain_draft(call.out(1), call.use(this), call.use(firm, "firm"),
                    call.text(policy, "policy"), call.length(), Call.ordinal(form, "form"),
                    call.error()));
            return call.madeText(1);
        }
    }

    /**
     * What is suspicious in the policies, as a JSON array of {"policy", "kind", "message", "field",
     * "file", "line", "column"}.
     */
    public String lint() {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_lint(call.out(1), call.use(this), call.error()));
            return call.madeText(1);
        }
    }
}
