package cn.qice;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One call into the library: the handles it uses, the texts it is given, and room for what it
 * returns. There is one a thread, used again and again, so that a call needs no new memory:
 *
 * <pre>{@code
 * try (Call call = Call.begin()) {
 *     call.check(CApi.qice_schema_find(call.out(1), call.use(schema, "schema"),
 *             call.text(name, "name"), call.length(), call.error()));
 *     return call.number(1);
 * }
 * }</pre>
 *
 * Slot 0 is for the error, 1 to 15 are for what the function returns.
 */
final class Call implements AutoCloseable {
    private static final int SLOTS = 16;
    private static final int TEXT_BYTES = 16 * 1024;
    private static final ThreadLocal<Call> OF_THREAD = ThreadLocal.withInitial(Call::new);

    private final ByteBuffer slots = direct(SLOTS * Long.BYTES);
    private final long slotsAt = CApi.addressOf(slots);
    private final ByteBuffer texts = direct(TEXT_BYTES);
    private final long textsAt = CApi.addressOf(texts);
    private final CharsetEncoder encoder = StandardCharsets.UTF_8.newEncoder();
    private final List<Memory> longTexts = new ArrayList<>();
    private final Handle[] used = new Handle[6];
    private int uses;
    private long length;
    private boolean open;

    private Call() {}

    static Call begin() {
        Call call = OF_THREAD.get();
        if (call.open) call = new Call(); // a call within a call
        call.open = true;
        return call;
    }

    static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /** The address of a handle, which stays until the call is over; `name` is the argument's. */
    long use(Handle handle, String name) {
        return use(given(handle, name));
    }

    /** The same for one that is there. */
    long use(Handle handle) {
        final long address = handle.enter();
        used[uses++] = handle;
        return address;
    }

    /** The same, or 0 for null. */
    long useOrNull(Handle handle) {
        return handle == null ? 0 : use(handle);
    }

    /** An argument that may not be null. */
    static <T> T given(T value, String name) {
        if (value == null) throw new NullPointerException(name + " is null");
        return value;
    }

    static String path(Path path, String name) {
        return given(path, name).toString();
    }

    static int ordinal(Enum<?> value, String name) {
        return given(value, name).ordinal();
    }

    static int numberOf(Field field) {
        return given(field, "field").number();
    }

    /** Where a text lies for this call; {@link #length} tells its bytes. */
    long text(String text, String name) {
        given(text, name);
        encoder.reset();
        if (text.length() * 3L <= texts.remaining()) {
            final int start = texts.position();
            if (encoder.encode(CharBuffer.wrap(text), texts, true).isError()) throw notUnicode();
            length = texts.position() - start;
            return textsAt + start;
        }
        try {
            final ByteBuffer bytes = encoder.encode(CharBuffer.wrap(text));
            return longText(bytes.array(), bytes.limit());
        } catch (CharacterCodingException e) {
            throw notUnicode();
        }
    }

    /** The same for a text that is in UTF-8 already. */
    long text(byte[] utf8, String name) {
        return longText(given(utf8, name), utf8.length);
    }

    private long longText(byte[] bytes, int count) {
        length = count;
        if (count == 0) return 0;
        final Memory memory = new Memory(count);
        longTexts.add(memory);
        memory.write(0, bytes, 0, count);
        return Pointer.nativeValue(memory);
    }

    private static QiceException notUnicode() {
        return new QiceException(QiceException.Code.BAD_ARGUMENT,
                List.of(new QiceException.Fault("a text has half a surrogate pair", "", 0, 0)));
    }

    long length() {
        return length;
    }

    long error() {
        return slotsAt;
    }

    /** Where the function may write the slot. */
    long out(int slot) {
        return slotsAt + (long) slot * Long.BYTES;
    }

    long number(int slot) {
        return slots.getLong(slot * Long.BYTES);
    }

    int smallNumber(int slot) {
        return slots.getInt(slot * Long.BYTES);
    }

    /** The text whose address is in a slot and whose length is in the next. */
    String string(int slot) {
        return bytesAt(number(slot), number(slot + 1));
    }

    /** Takes over the text that was made, a {@code qice_text}, in a slot. */
    String madeText(int slot) {
        final long text = number(slot);
        try {
            CApi.qice_text_get(out(slot + 1), out(slot + 2), text);
            return string(slot + 1);
        } finally {
            CApi.qice_text_destroy(text);
        }
    }

    private static String bytesAt(long address, long count) {
        if (count == 0) return "";
        final byte[] bytes = new Pointer(address).getByteArray(0, Math.toIntExact(count));
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Throws what the function reported. */
    void check(int code) {
        if (code != CApi.OK) throw failure(code);
    }

    /** For a function that reports no error of its own. */
    void checkCode(int code) {
        if (code == CApi.OK) return;
        final String sentence = new Pointer(CApi.qice_code_sentence(code)).getString(0, "UTF-8");
        throw new QiceException(QiceException.Code.of(code),
                List.of(new QiceException.Fault(sentence, "", 0, 0)));
    }

    /** Throws why a setter refused something: the error in a slot, if there is one. */
    void checkRefused(int code, int slot) {
        final long refused = number(slot);
        if (refused == 0) checkCode(code);
        try {
            throw new QiceException(QiceException.Code.of(code), faults(refused));
        } finally {
            CApi.qice_error_destroy(refused);
        }
    }

    private QiceException failure(int code) {
        final long error = number(0);
        try {
            return new QiceException(QiceException.Code.of(code), faults(error));
        } finally {
            CApi.qice_error_destroy(error);
        }
    }

    /** The faults that an error has. */
    List<QiceException.Fault> faults(long error) {
        final long count = CApi.qice_error_count(error);
        final List<QiceException.Fault> faults = new ArrayList<>();
        for (long index = 0; index < count; ++index) {
            CApi.qice_error_message(out(1), out(2), error, index);
            final String sentence = string(1);
            CApi.qice_error_place(out(1), out(2), out(3), out(4), error, index);
            faults.add(new QiceException.Fault(sentence, string(1), smallNumber(3), smallNumber(4)));
        }
        return faults;
    }

    @Override
    public void close() {
        while (uses > 0) {
            used[--uses].leave();
            used[uses] = null;
        }
        if (!longTexts.isEmpty()) {
            longTexts.forEach(Memory::close);
            longTexts.clear();
        }
        texts.clear();
        open = false;
    }
}
