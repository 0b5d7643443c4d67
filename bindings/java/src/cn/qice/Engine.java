package cn.qice;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;

/**
 * Policies that come and go, judged as of a day. Any number of threads may use it; changes happen one
 * at a time, each wholly or not at all, and never disturb a {@link Snapshot} that was taken before.
 */
public final class Engine extends Handle {
    private static final int PUT = 0;
    private static final int REPLACE = 1;
    private static final int RELOAD = 2;
    /** Where in a {@link Call} what was left out comes back. */
    private static final int SKIPPED = 5;

    private Engine(long address) {
        super(address, CApi::qice_engine_destroy, Use.SHARED);
    }

    /**
     * An engine over the policies of a .json file, a .jsonl file or a folder of them.
     *
     * @throws QiceException IO, LIMIT, or INVALID_INPUT with a fault for every wrong policy
     */
    public static Engine open(Schema schema, LocalDate day, EngineOptions options, Path policies) {
        return open(schema, day, options, Call.path(policies, "policies"));
    }

    /** The same with the usual options. */
    public static Engine open(Schema schema, LocalDate day, Path policies) {
        return open(schema, day, EngineOptions.usual(), policies);
    }

    /** An engine without policies; {@link #put} brings them. */
    public static Engine empty(Schema schema, LocalDate day, EngineOptions options) {
        return open(schema, day, options, "");
    }

    /** The same with the usual options. */
    public static Engine empty(Schema schema, LocalDate day) {
        return empty(schema, day, EngineOptions.usual());
    }

    private static Engine open(Schema schema, LocalDate day, EngineOptions options, String path) {
        try (Call call = Call.begin()) {
            final long of = call.use(schema, "schema");
            final long text = call.text(path, "path");
            final long length = call.length();
            call.check(Call.given(options, "options").with(call,
                    how -> CApi.qice_engine_open(call.out(1), of, Days.of(day), how, text, length,
                            call.error())));
            return new Engine(call.number(1));
        }
    }

    /**
     * Puts policies: a JSON object, a JSON array or JSON Lines. Each is added, or takes the place of
     * the one with its id, all at the same moment or none.
     *
     * @return the policies that this change left out for being wrong: none, unless the options say
     *     {@link EngineOptions#skipBadPolicies}
     * @throws QiceException INVALID_INPUT with a fault for every wrong policy; LIMIT
     */
    public List<QiceException.Fault> put(String json) {
        try (Call call = Call.begin()) {
            return change(call, PUT, call.text(json, "json"));
        }
    }

    /** The same from UTF-8. */
    public List<QiceException.Fault> put(byte[] json) {
        try (Call call = Call.begin()) {
            return change(call, PUT, call.text(json, "json"));
        }
    }

    /** Takes all policies from JSON in place of those there are; otherwise as {@link #put}. */
    public List<QiceException.Fault> replace(String json) {
        try (Call call = Call.begin()) {
            return change(call, REPLACE, call.text(json, "json"));
        }
    }

    /** Takes all policies from a file or folder in place of those there are; as {@link #put}. */
    public List<QiceException.Fault> reload(Path policies) {
        try (Call call = Call.begin()) {
            return change(call, RELOAD, call.text(Call.path(policies, "policies"), "policies"));
        }
    }

    /** Changes policies, and tells those that were left out. */
    private List<QiceException.Fault> change(Call call, int how, long text) {
        call.check(CApi.qice_engine_change(
                call.out(SKIPPED), call.use(this), how, text, call.length(), call.error()));
        return skippedBy(call);
    }

    /** The faults of the error in its slot, which is given back. */
    private static List<QiceException.Fault> skippedBy(Call call) {
        final long skipped = call.number(SKIPPED);
        if (skipped == 0) return List.of();
        try {
            return call.faults(skipped);
        } finally {
            CApi.qice_error_destroy(skipped);
        }
    }

    /** Removes a policy; false if there is none with this id. */
    public boolean remove(String id) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_engine_remove(
                    call.out(1), call.use(this), call.text(id, "id"), call.length(), call.error()));
            return call.smallNumber(1) != 0;
        }
    }

    /** Judges everything as of another day from now on. Firms read for another day are then refused. */
    public void setDay(LocalDate day) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_engine_set_day(call.use(this), Days.of(day), call.error()));
        }
    }

    /**
     * The policies that the last change left out for being wrong, opening included; of changes that
     * several threads make, the one that came into force last.
     */
    public List<QiceException.Fault> skipped() {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_engine_skipped(call.out(SKIPPED), call.use(this), call.error()));
            return skippedBy(call);
        }
    }

    /** The policies as they are now: a fraction of a microsecond, for every page or every minute. */
    public Snapshot snapshot() {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_engine_snapshot(call.out(1), call.use(this), call.error()));
            return new Snapshot(call.number(1));
        }
    }
}
