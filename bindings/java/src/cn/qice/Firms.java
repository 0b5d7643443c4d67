package cn.qice;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A table of firms, in rows from 0. Immutable; any number of threads. */
public final class Firms extends Handle {
    Firms(long address) {
        super(address, CApi::qice_firms_destroy, Use.SHARED);
    }

    /** A reading function of the library, from a text or a path. */
    @FunctionalInterface
    private interface Reader {
        int read(long out, long schema, long options, long text, long length, long error);
    }

    /**
     * Reads firms from a file: .jsonl is JSON Lines, everything else CSV. Bad values and rows do not
     * fail: {@link #bad} tells them.
     *
     * @throws QiceException IO, or INVALID_INPUT for what concerns the whole file
     */
    public static Firms open(Schema schema, ReadOptions options, Path file) {
        return read(CApi::qice_firms_open, schema, options, Call.path(file, "file"));
    }

    /** The same from CSV in memory. */
    public static Firms csv(Schema schema, ReadOptions options, String text) {
        return read(CApi::qice_firms_read_csv, schema, options, text);
    }

    /** The same from JSON Lines in memory. */
    public static Firms jsonLines(Schema schema, ReadOptions options, String text) {
        return read(CApi::qice_firms_read_jsonl, schema, options, text);
    }

    private static Firms read(Reader reader, Schema schema, ReadOptions options, String text) {
        try (Call call = Call.begin()) {
            final long of = call.use(schema, "schema");
            final long at = call.text(text, "text");
            final long length = call.length();
            call.check(Call.given(options, "options").with(
                    call, how -> reader.read(call.out(1), of, how, at, length, call.error())));
            return new Firms(call.number(1));
        }
    }

    /**
     * The same from an Arrow C stream, whose columns are fields by name.
     *
     * @param stream the address of an {@code ArrowArrayStream}, as {@code memoryAddress()} of Apache
     *     Arrow's gives it. It is moved from and released, whatever comes of it.
     */
    public static Firms arrow(Schema schema, ReadOptions options, long stream) {
        try (Call call = Call.begin()) {
            final long of = call.use(schema, "schema");
            call.check(Call.given(options, "options").with(call,
                    how -> CApi.qice_firms_read_arrow(call.out(1), of, how, stream, call.error())));
            return new Firms(call.number(1));
        }
    }

    /** How many firms there are. */
    public long size() {
        try (Call call = Call.begin()) {
            call.checkCode(CApi.qice_firms_count(call.out(1), call.use(this)));
            return call.number(1);
        }
    }

    /** The id of a row. */
    public String id(long row) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_firms_id(
                    call.out(1), call.out(2), call.use(this), row, call.error()));
            return call.string(1);
        }
    }

    /**
     * The row of a firm.
     *
     * @throws QiceException USAGE
     */
    public long find(String id) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_firms_find(
                    call.out(1), call.use(this), call.text(id, "id"), call.length(), call.error()));
            return call.number(1);
        }
    }

    /** How many rows were set aside. */
    public long setAside() {
        try (Call call = Call.begin()) {
            call.checkCode(CApi.qice_firms_bad_count(call.out(1), call.out(2), call.use(this)));
            return call.number(2);
        }
    }

    /** The values and rows that could not be taken. */
    public List<BadValue> bad() {
        final List<BadValue> all = new ArrayList<>();
        try (Call call = Call.begin()) {
            final long firms = call.use(this);
            call.checkCode(CApi.qice_firms_bad_count(call.out(1), call.out(2), firms));
            final long count = call.number(1);
            for (long entry = 0; entry < count; ++entry) {
                call.check(CApi.qice_firms_bad(call.out(1), call.out(2), call.out(3), call.out(4),
                        call.out(5), call.out(6), call.out(7), call.out(8), call.out(9), firms, entry,
                        call.error()));
                all.add(new BadValue(call.number(1), call.string(2), call.string(4), call.string(6),
                        call.string(8)));
            }
        }
        return all;
    }

    /** The names of the columns that were ignored. */
    public List<String> ignoredColumns() {
        final List<String> names = new ArrayList<>();
        try (Call call = Call.begin()) {
            final long firms = call.use(this);
            call.checkCode(CApi.qice_firms_ignored_count(call.out(1), firms));
            final long count = call.number(1);
            for (long index = 0; index < count; ++index) {
                call.check(CApi.qice_firms_ignored(
                        call.out(1), call.out(2), firms, index, call.error()));
                names.add(call.string(1));
            }
        }
        return names;
    }
}
