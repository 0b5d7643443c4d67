package cn.qice;

import java.time.LocalDate;
import java.util.function.LongToIntFunction;

/** How firms are read. An immutable value; start from {@link #asOf}. */
public final class ReadOptions {
    private final LocalDate day;
    private final boolean strict;
    private final boolean ignoreUnknownColumns;
    private final boolean gb18030;
    private final int threads;

    private ReadOptions(LocalDate day, boolean strict, boolean ignoreUnknownColumns, boolean gb18030,
            int threads) {
        this.day = day;
        this.strict = strict;
        this.ignoreUnknownColumns = ignoreUnknownColumns;
        this.gb18030 = gb18030;
        this.threads = threads;
    }

    /** As of a day: not strict, unknown columns refused, UTF-8, one thread. */
    public static ReadOptions asOf(LocalDate day) {
        return new ReadOptions(day, false, false, false, 1);
    }

    /** A firm with a bad value is set aside; else the value becomes unknown. */
    public ReadOptions strict() {
        return new ReadOptions(day, true, ignoreUnknownColumns, gb18030, threads);
    }

    /** Columns and keys that the schema does not know are ignored; else they are an error. */
    public ReadOptions ignoreUnknownColumns() {
        return new ReadOptions(day, strict, true, gb18030, threads);
    }

    /** CSV files are in GB 18030, as Excel in China writes them. */
    public ReadOptions gb18030() {
        return new ReadOptions(day, strict, ignoreUnknownColumns, true, threads);
    }

    /** How many threads read, 1 to 1024; the table is the same. */
    public ReadOptions threads(int count) {
        return new ReadOptions(day, strict, ignoreUnknownColumns, gb18030, count);
    }

    /** Makes the library's options, which the caller gives back. */
    long create(Call call) {
        call.check(CApi.qice_read_options_create(call.out(15), Days.of(day), call.error()));
        final long options = call.number(15);
        try {
            call.checkCode(CApi.qice_read_options_set_strict(options, strict ? 1 : 0));
            call.checkCode(CApi.qice_read_options_set_ignore_unknown_columns(
                    options, ignoreUnknownColumns ? 1 : 0));
            call.checkCode(CApi.qice_read_options_set_gb18030(options, gb18030 ? 1 : 0));
            call.checkCode(CApi.qice_read_options_set_threads(options, threads));
            return options;
        } catch (QiceException e) {
            CApi.qice_read_options_destroy(options);
            throw e;
        }
    }

    /** Makes the library's options, calls with them, and gives them back. */
    int with(Call call, LongToIntFunction use) {
        final long options = create(call);
        try {
            return use.applyAsInt(options);
        } finally {
            CApi.qice_read_options_destroy(options);
        }
    }
}
