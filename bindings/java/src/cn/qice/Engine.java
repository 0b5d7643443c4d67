package cn.qice;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;

/**
 * Policies that come and go, judged as of a day. Any number of threads may use it; changes happen one
 * at a time, each wholly or not at all, and never disturb a {@link Snapshot} that was taken before.
 */
public final class Engine extends Handle {
    private Engine(long address) {
        super(address, CApi::qice_engine_destroy, Use.SHARED);
    }

    /**
     * An engine over the policies of a .json file, a .jsonl file or a folder of them.
     *
     * @throws QiceException IO, LIMIT, or INVALID_INPUT with a fault for every wrong policy
     */
    public static Engine open(Schema schema, LocalDate day, EngineOptions options, Path policies) {
        return open(schema, day, options, policies.toString());
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
            final long of = call.use(schema);
            final long text = call.text(path);
            final long length = call.length();
            call.check(options.with(call,
                    how -> CApi.qice_engine_open(call.out(1), of, Days.of(day), how, text, length,
                            call.error())));
            return new Engine(call.number(1));
        }
    }

    /**
     * Puts policies: a JSON object, a JSON array or JSON Lines. Each is added, or takes the place of
     * the one with its id, all at the same moment or none.
     *
     * @throws QiceException INVALID_INPUT with a fault for every wrong policy; LIMIT
     */
    public void put(String json) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_engine_put(
                    call.use(this), call.text(json), call.length(), call.error()));
        }
    }

    /** The same from UTF-8. */
    public void put(byte[] json) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_engine_put(
                    call.use(this), call.text(json), call.length(), call.error()));
        }
    }

    /** Takes all policies from JSON in place of those there are; otherwise as {@link #put}. */
    public void replace(String json) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_engine_replace(
                    call.use(this), call.text(json), call.length(), call.error()));
        }
    }

    /** Takes all policies from a file or folder in place of those there are. */
    public void reload(Path policies) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_engine_reload(call.use(this), call.text(policies.toString()),
                    call.length(), call.error()));
        }
    }

    /** Removes a policy; false if there is none with this id. */
    public boolean remove(String id) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_engine_remove(
                    call.out(1), call.use(this), call.text(id), call.length(), call.error()));
            return call.smallNumber(1) != 0;
        }
    }

    /** Judges everything as of another day from now on. Firms read for another day are then refused. */
    public void setDay(LocalDate day) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_engine_set_day(call.use(this), Days.of(day), call.error()));
        }
    }

    /** The policies that the last open, put, replace or reload left out for being wrong. */
    public List<QiceException.Fault> skipped() {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_engine_skipped(call.out(5), call.use(this), call.error()));
            final long skipped = call.number(5);
            try {
                return call.faults(skipped);
            } finally {
                CApi.qice_error_destroy(skipped);
            }
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
