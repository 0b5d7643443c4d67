package cn.qice;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongToIntFunction;

/**
 * An object of the library. It counts the calls that are under way with it: closed, it is given back
 * when the last of them is out, so that no thread ever works with memory that is gone.
 */
abstract class Handle implements AutoCloseable {
    private static final Cleaner CLEANER = Cleaner.create();

    private final State state;
    private final Cleaner.Cleanable cleanable;

    /** Whether any number of threads may use a handle at the same time, or one at a time. */
    enum Use { SHARED, OWN }

    Handle(long address, LongToIntFunction destroy, Use use) {
        state = new State(address, destroy, use, getClass().getSimpleName());
        cleanable = CLEANER.register(this, state);
    }

    /** Gives the memory back. Closing again does nothing. Threads: any. */
    @Override
    public final void close() {
        cleanable.clean();
    }

    /** The address, for one call; {@link #leave} has to follow. */
    final long enter() {
        return state.enter();
    }

    final void leave() {
        state.leave();
    }

    /** What remains when the object itself is unreachable; so it must not refer to it. */
    private static final class State implements Runnable {
        private static final int CLOSED = Integer.MIN_VALUE;
        private final long address;
        private final LongToIntFunction destroy;
        private final Use use;
        private final String name;
        /** Calls under way, and CLOSED. */
        private final AtomicInteger calls = new AtomicInteger();

        State(long address, LongToIntFunction destroy, Use use, String name) {
            this.address = address;
            this.destroy = destroy;
            this.use = use;
            this.name = name;
        }

        long enter() {
            int before;
            do {
                before = calls.get();
                if (before < 0) throw new IllegalStateException("this " + name + " is closed");
                if (before > 0 && use == Use.OWN)
                    throw new IllegalStateException(
                            "this " + name + " is in use by another thread; each needs its own");
            } while (!calls.compareAndSet(before, before + 1));
            return address;
        }

        void leave() {
            if (calls.decrementAndGet() == CLOSED) destroy.applyAsInt(address);
        }

        @Override
        public void run() {
            if (calls.getAndUpdate(count -> count | CLOSED) == 0) destroy.applyAsInt(address);
        }
    }
}
