package cn.qice;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

/**
 * Room for pushes as columns, outside the Java heap, to be filled by {@link Result#read} again and
 * again. For one thread at a time. 28 bytes a push.
 */
public final class PushColumns {
    private final int capacity;
    private final ByteBuffer memory;
    private final LongBuffer firms;
    private final LongBuffer scores;
    private final IntBuffer statuses;
    private final IntBuffer ranks;
    private final IntBuffer policies;
    final long firmsAt;
    final long scoresAt;
    final long statusesAt;
    final long ranksAt;
    final long policiesAt;
    private int size;

    /** Room for so many pushes, up to some 76 million; some ten thousand at a time are best. */
    public PushColumns(int capacity) {
        if (capacity < 1) throw new IllegalArgumentException("room for " + capacity + " pushes");
        this.capacity = capacity;
        final int wide = Math.multiplyExact(capacity, Long.BYTES);
        final int narrow = capacity * Integer.BYTES;
        memory = Call.direct(Math.addExact(2 * wide, 3 * narrow));
        firms = memory.slice(0, wide).order(memory.order()).asLongBuffer();
        scores = memory.slice(wide, wide).order(memory.order()).asLongBuffer();
        statuses = ints(2 * wide, narrow);
        ranks = ints(2 * wide + narrow, narrow);
        policies = ints(2 * wide + 2 * narrow, narrow);
        firmsAt = CApi.addressOf(memory);
        scoresAt = firmsAt + wide;
        statusesAt = scoresAt + wide;
        ranksAt = statusesAt + narrow;
        policiesAt = ranksAt + narrow;
    }

    private IntBuffer ints(int from, int bytes) {
        return memory.slice(from, bytes).order(memory.order()).asIntBuffer();
    }

    void filled(int count) {
        size = count;
    }

    /** How many pushes there is room for. */
    public int capacity() {
        return capacity;
    }

    /** How many pushes the last reading brought. */
    public int size() {
        return size;
    }

    /** The row of the firm. */
    public long firm(int push) {
        return firms.get(push);
    }

    /** The status. */
    public Status status(int push) {
        return Status.of(statuses.get(push));
    }

    /** The rank within firm and status, from 1. */
    public int rank(int push) {
        return ranks.get(push);
    }

    /** The number of the policy. */
    public int policy(int push) {
        return policies.get(push);
    }

    /** The score, in millionths. */
    public long score(int push) {
        return scores.get(push);
    }

    /** Rows of firms, as a whole column for {@code get(long[])} and the like: a view of the memory. */
    public LongBuffer firms() {
        return firms.slice(0, size).asReadOnlyBuffer();
    }

    /** Statuses as numbers: the ordinals of {@link Status}. */
    public IntBuffer statuses() {
        return statuses.slice(0, size).asReadOnlyBuffer();
    }

    /** Ranks, from 1. */
    public IntBuffer ranks() {
        return ranks.slice(0, size).asReadOnlyBuffer();
    }

    /** Policies by number. */
    public IntBuffer policies() {
        return policies.slice(0, size).asReadOnlyBuffer();
    }

    /** Scores, in millionths. */
    public LongBuffer scores() {
        return scores.slice(0, size).asReadOnlyBuffer();
    }
}
