package cn.qice;

/** Firms on their way into a table. For one thread at a time. */
public final class Rows extends Handle {
    /** Room for firms of a schema, read with these options. */
    public Rows(Schema schema, ReadOptions options) {
        super(create(schema, options), CApi::qice_rows_destroy, Use.OWN);
    }

    private static long create(Schema schema, ReadOptions options) {
        try (Call call = Call.begin()) {
            final long of = call.use(schema, "schema");
            call.check(Call.given(options, "options").with(
                    call, how -> CApi.qice_rows_create(call.out(1), of, how, call.error())));
            return call.number(1);
        }
    }

    /**
     * Copies a firm. One without an id, or with one that was added before, is set aside: {@link
     * Firms#bad} tells it.
     *
     * @throws QiceException USAGE for a firm of another schema
     */
    public void add(Firm firm) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_rows_add(call.use(this), call.use(firm, "firm"), call.error()));
        }
    }

    /** A table of what was added; the rows are then empty and may be used again. */
    public Firms finish() {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_rows_finish(call.out(1), call.use(this), call.error()));
            return new Firms(call.number(1));
        }
    }
}
