package cn.qice;

import java.util.List;

/** What the library refused, and why. Immutable. */
public final class QiceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why a call failed; the names are those of {@code qice/qice.h}. */
    public enum Code {
        /** Asked for what does not exist or does not fit together. */
        USAGE(1),
        /** A file, policy or value is not what it should be. */
        INVALID_INPUT(2),
        /** An Arrow stream gave an error in place of its data. */
        IO(3),
        /** A documented limit was passed. */
        LIMIT(4),
        /** {@link Control#cancel} was called. */
        CANCELLED(5),
        /** There was not enough memory outside the Java heap; nothing was changed. */
        OUT_OF_MEMORY(6),
        /** A fault of this package. */
        BAD_HANDLE(7),
        /** A number out of its range, or a text that is not Unicode. */
        BAD_ARGUMENT(8),
        /** A fault of this package. */
        BUFFER_TOO_SMALL(9),
        /** A fault of qice; please report the message. */
        INTERNAL(99);

        private final int number;

        Code(int number) {
            this.number = number;
        }

        /** The number that C sees. */
        public int number() {
            return number;
        }

        static Code of(int number) {
            for (Code code : values())
                if (code.number == number) return code;
            return INTERNAL;
        }
    }

    /**
     * One thing that is wrong.
     *
     * @param message the sentence, without the place
     * @param file where it was found; empty if not known
     * @param line from 1; 0 if not known
     * @param column from 1, in characters; 0 if not known
     */
    public record Fault(String message, String file, int line, int column) {
        /** The place, as far as it is known, and the sentence. */
        @Override
        public String toString() {
            if (file.isEmpty() && line == 0) return message;
            if (line == 0) return file + ": " + message;
            return file + ":" + line + (column == 0 ? "" : ":" + column) + ": " + message;
        }
    }

    private final Code code;
    private final transient List<Fault> faults;

    QiceException(Code code, List<Fault> faults) {
        super(sentence(code, faults));
        this.code = code;
        this.faults = List.copyOf(faults);
    }

    private static String sentence(Code code, List<Fault> faults) {
        if (faults.isEmpty()) return code.toString();
        final int more = faults.size() - 1;
        return faults.get(0) + (more == 0 ? "" : " (and " + more + " more)");
    }

    /** Why the call failed. */
    public Code code() {
        return code;
    }

    /** Everything that is wrong: a set of policies has a fault for each wrong policy. */
    public List<Fault> faults() {
        return faults == null ? List.of() : faults; // null only after a serialization
    }

    /** The file of the first fault; empty if not known. */
    public String file() {
        return faults().isEmpty() ? "" : faults().get(0).file();
    }

    /** The line of the first fault, from 1; 0 if not known. */
    public int line() {
        return faults().isEmpty() ? 0 : faults().get(0).line();
    }

    /** The column of the first fault, from 1, in characters; 0 if not known. */
    public int column() {
        return faults().isEmpty() ? 0 : faults().get(0).column();
    }
}
