package cn.qice;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * One firm, value by value. Fill it, ask about it, clear it, fill it again: keep one a thread. A
 * setter costs a tenth of a microsecond, {@link #setJson} some microseconds. For one thread at a time.
 */
public final class Firm extends Handle {
    /** The library's form of the options that setJson was last given; 0 before. */
    private final long[] reading;
    private ReadOptions readingOf;

    /** A firm of a schema, without any value. */
    public Firm(Schema schema) {
        this(create(schema), new long[1]);
    }

    private Firm(long address, long[] reading) {
        super(address, firm -> {
            CApi.qice_read_options_destroy(reading[0]);
            return CApi.qice_firm_destroy(firm);
        }, Use.OWN);
        this.reading = reading;
    }

    private static long create(Schema schema) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_firm_create(
                    call.out(1), call.use(schema, "schema"), call.error()));
            return call.number(1);
        }
    }

    /** Takes every value away, and the id. */
    public void clear() {
        try (Call call = Call.begin()) {
            call.checkCode(CApi.qice_firm_clear(call.use(this)));
        }
    }

    /**
     * Takes everything over from a JSON object with fields by name. Values that are none of their
     * field become unknown: {@link #bad}.
     *
     * @throws QiceException INVALID_INPUT, which leaves the firm empty
     */
    public void setJson(ReadOptions options, String json) {
        try (Call call = Call.begin()) {
            final long firm = call.use(this);
            Call.given(options, "options");
            if (options != readingOf) {
                final long made = options.create(call);
                CApi.qice_read_options_destroy(reading[0]);
                reading[0] = made;
                readingOf = options;
            }
            call.check(CApi.qice_firm_set_json(
                    firm, reading[0], call.text(json, "json"), call.length(), call.error()));
        }
    }

    /** The id, which is needed for rows and shown in explanations. */
    public void setId(String id) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_firm_set_id(
                    call.use(this), call.text(id, "id"), call.length(), call.error()));
        }
    }

    /**
     * Any field's value as a cell of CSV has it: 2000万元, 2026-11-23, true, C39, A@2027-01-01|B. Empty
     * makes the field unknown.
     *
     * @throws QiceException INVALID_INPUT, and the field is then unknown; USAGE for a derived field
     */
    public void setText(Field field, String text) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_firm_set_text(
                    call.use(this), Call.numberOf(field), call.text(text, "text"), call.length(),
                    call.error()));
        }
    }

    /**
     * A number in the field's unit: value / 10^decimals, exactly.
     *
     * @throws QiceException INVALID_INPUT for more decimals than the field has or a number too large,
     *     USAGE for a field of another kind
     */
    public void setNumber(Field field, long value, int decimals) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_firm_set_number(
                    call.use(this), Call.numberOf(field), value, decimals, call.error()));
        }
    }

    /** A whole number in the field's unit. */
    public void setNumber(Field field, long value) {
        setNumber(field, value, 0);
    }

    /** The same, exactly. A number too large is an {@link ArithmeticException}. */
    public void setNumber(Field field, BigDecimal value) {
        Call.given(value, "value");
        final BigDecimal plain = value.scale() < 0 ? value.setScale(0) : value.stripTrailingZeros();
        final BigDecimal whole = plain.scale() < 0 ? plain.setScale(0) : plain;
        setNumber(field, whole.unscaledValue().longValueExact(), whole.scale());
    }

    /** A date. */
    public void setDate(Field field, LocalDate day) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_firm_set_date(
                    call.use(this), Call.numberOf(field), Days.of(day), call.error()));
        }
    }

    /** A flag. */
    public void setFlag(Field field, boolean value) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_firm_set_flag(
                    call.use(this), Call.numberOf(field), value ? 1 : 0, call.error()));
        }
    }

    /** One more element of a set, without a last valid day. */
    public void addElement(Field field, String name) {
        addElement(field, name, CApi.FOREVER);
    }

    /** One more element of a set, valid until a day, included. */
    public void addElement(Field field, String name, LocalDate until) {
        addElement(field, name, Days.of(until, "until"));
    }

    private void addElement(Field field, String name, int until) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_firm_add_element(call.use(this), Call.numberOf(field),
                    call.text(name, "name"), call.length(), until, call.error()));
        }
    }

    /** One more tag; the weight is in thousandths, 0 to 1000. */
    public void addTag(Field field, String name, int weight) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_firm_add_tag(call.use(this), Call.numberOf(field),
                    call.text(name, "name"), call.length(), weight, call.error()));
        }
    }

    /** Makes a field unknown, as if it had never been set. */
    public void setUnknown(Field field) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_firm_set_unknown(
                    call.use(this), Call.numberOf(field), call.error()));
        }
    }

    /** The values of the last {@link #setJson} that could not be taken. */
    public List<BadValue> bad() {
        final List<BadValue> all = new ArrayList<>();
        try (Call call = Call.begin()) {
            final long firm = call.use(this);
            call.checkCode(CApi.qice_firm_bad_count(call.out(1), firm));
            final long count = call.number(1);
            for (long entry = 0; entry < count; ++entry) {
                call.check(CApi.qice_firm_bad(call.out(1), call.out(2), call.out(3), call.out(4),
                        call.out(5), call.out(6), firm, entry, call.error()));
                all.add(new BadValue(0, "", call.string(1), call.string(3), call.string(5)));
            }
        }
        return all;
    }
}
