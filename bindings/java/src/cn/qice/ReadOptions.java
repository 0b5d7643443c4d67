package cn.qice;

import java.time.LocalDate;

/** How firms are read. An immutable value; start from {@link #asOf}. */
public final class ReadOptions extends Options {
    private final LocalDate day;
    private final boolean strict;
    private final boolean ignoreUnknownColumns;
    private final boolean gb18030;
    private final int threads;

    private ReadOptions(LocalDate day, boolean strict, boolean ignoreUnknownColumns, boolean gb18030,
            int threads) {
        super(CApi::qice_read_options_destroy);
        this.day = day;
        this.strict = strict;
        this.ignoreUnknownColumns = ignoreUnknownColumns;
        this.gb18030 = gb18030;
        this.threads = threads;
    }

    /** As of a day: not strict, unknown columns refused, UTF-8, one thread. */
    public static ReadOptions asOf(LocalDate day) {
        return new ReadOptions(Call.given(day, "day"), false, false, false, 1);
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

    /**
     * How many threads read, 1 to 1024; the table is the same.
     *
     * @throws IllegalArgumentException for anything else
     */
    public ReadOptions threads(int count) {
        return new ReadOptions(day, strict, ignoreUnknownColumns, gb18030, checkedThreads(count));
    }

    @Override
    int make(long out, long error) {
        return CApi.qice_read_options_create(out, Days.of(day), error);
    }

    @Override
    int refused(long out, long options, long error) {
        return CApi.qice_read_options_refused(out, options, error);
    }

    @Override
    void set(Call call, long options) {
        check(call, options, CApi.qice_read_options_set_strict(options, strict ? 1 : 0));
        check(call, options, CApi.qice_read_options_set_ignore_unknown_columns(
                options, ignoreUnknownColumns ? 1 : 0));
        check(call, options, CApi.qice_read_options_set_gb18030(options, gb18030 ? 1 : 0));
        check(call, options, CApi.qice_read_options_set_threads(options, threads));
    }
}
