package cn.qice;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Which fields a firm has. Immutable; any number of threads. */
public final class Schema extends Handle {
    private final List<Field> fields;

    private Schema(long address) {
        super(address, CApi::qice_schema_destroy, Use.SHARED);
        fields = List.copyOf(readFields());
    }

    /** The schema that comes with qice. */
    public static Schema standard() {
        return open("");
    }

    /**
     * Reads a schema from a file.
     *
     * @throws QiceException IO, or INVALID_INPUT with file, line and column
     */
    public static Schema open(Path file) {
        return open(Call.path(file, "file"));
    }

    private static Schema open(String path) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_schema_open(
                    call.out(1), call.text(path, "path"), call.length(), call.error()));
            return new Schema(call.number(1));
        }
    }

    /**
     * The same from memory.
     *
     * @param file stands for the text in errors; code lists with relative names are looked for in its
     *     folder; may be empty
     */
    public static Schema parse(String json, String file) {
        try (Call call = Call.begin()) {
            final long text = call.text(json, "json");
            final long length = call.length();
            call.check(CApi.qice_schema_parse(
                    call.out(1), text, length, call.text(file, "file"), call.length(),
                    call.error()));
            return new Schema(call.number(1));
        }
    }

    /** All fields, in the order of the file. */
    public List<Field> fields() {
        return fields;
    }

    /**
     * A field by name. Costs a look-up: keep what it gives.
     *
     * @throws QiceException USAGE, with the nearest name
     */
    public Field field(String name) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_schema_find(
                    call.out(1), call.use(this), call.text(name, "name"), call.length(),
                    call.error()));
            return fields.get(call.smallNumber(1));
        }
    }

    private List<Field> readFields() {
        final List<Field> read = new ArrayList<>();
        try (Call call = Call.begin()) {
            final long schema = call.use(this);
            call.checkCode(CApi.qice_schema_fields(call.out(1), schema));
            final int count = call.smallNumber(1);
            for (int number = 0; number < count; ++number) {
                call.check(CApi.qice_schema_field_name(
                        call.out(1), call.out(2), schema, number, call.error()));
                call.check(CApi.qice_schema_field_kind(
                        call.out(3), call.out(4), call.out(5), schema, number, call.error()));
                read.add(new Field(number, call.string(1), FieldKind.values()[call.smallNumber(3)],
                        call.smallNumber(4), call.smallNumber(5) != 0));
            }
        }
        return read;
    }
}
