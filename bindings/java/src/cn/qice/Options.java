package cn.qice;

import java.util.function.LongToIntFunction;

/** What options have in common: immutable values here, made into the library's for one call. */
abstract class Options {
    /** Where in a {@link Call} the address of what was made comes back. */
    private static final int MADE = 15;

    private final LongToIntFunction destroy;

    Options(LongToIntFunction destroy) {
        this.destroy = destroy;
    }

    static int checkedThreads(int count) {
        if (count < 1 || count > 1024)
            throw new IllegalArgumentException("threads are 1 to 1024; got " + count);
        return count;
    }

    /** Makes the library's options, as they are by themselves, into {@code out}. */
    abstract int make(long out, long error);

    /** Sets what is set here, each with {@link #check}. */
    abstract void set(Call call, long options);

    /** Makes an error of why a setter refused something, into {@code out}. */
    abstract int refused(long out, long options, long error);

    /** Throws what a setter refused, with its sentence. */
    final void check(Call call, long options, int code) {
        if (code == CApi.OK) return;
        call.check(refused(call.out(MADE), options, call.error()));
        call.checkRefused(code, MADE);
    }

    /** Makes the library's options, which the caller gives back. */
    final long create(Call call) {
        call.check(make(call.out(MADE), call.error()));
        final long options = call.number(MADE);
        try {
            set(call, options);
            return options;
        } catch (QiceException e) {
            destroy.applyAsInt(options);
            throw e;
        }
    }

    /** Makes the library's options, calls with them, and gives them back. */
    final int with(Call call, LongToIntFunction use) {
        final long options = create(call);
        try {
            return use.applyAsInt(options);
        } finally {
            destroy.applyAsInt(options);
        }
    }
}
