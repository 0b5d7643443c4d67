package cn.qice;

import java.nio.ByteBuffer;

/**
 * All firms with all policies. It keeps what it was made of. Immutable; any number of threads, which
 * may read parts of it.
 */
public final class Result extends Handle {
    Result(long address) {
        super(address, CApi::qice_result_destroy, Use.SHARED);
    }

    /** How many policies took part. */
    public long policies() {
        try (Call call = Call.begin()) {
            call.checkCode(CApi.qice_result_size(call.out(1), call.out(2), call.use(this)));
            return call.number(1);
        }
    }

    /** How many pushes there are in all. */
    public long pushes() {
        try (Call call = Call.begin()) {
            call.checkCode(CApi.qice_result_size(call.out(1), call.out(2), call.use(this)));
            return call.number(2);
        }
    }

    /** How many pushes there are in a status. */
    public long total(Status status) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_result_total(
                    call.out(1), call.use(this), Call.ordinal(status, "status"), call.error()));
            return call.number(1);
        }
    }

    /** How many firms have a status with a policy, pushed or not. */
    public long count(int policy, Status status) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_result_count(
                    call.out(1), call.use(this), policy, Call.ordinal(status, "status"),
                    call.error()));
            return call.number(1);
        }
    }

    /**
     * Reads the pushes from {@code first} on into columns, in the order of firms (by policy: of
     * policies), then statuses, then ranks. Some nanoseconds a push.
     *
     * @return how many: fewer than the columns have room for only at the end
     */
    public int read(long first, PushColumns into) {
        Call.given(into, "into");
        if (first < 0) throw new IllegalArgumentException("pushes count from 0; got " + first);
        try (Call call = Call.begin()) {
            call.check(CApi.qice_result_read(call.out(1), call.use(this), first, into.capacity(),
                    into.firmsAt, into.statusesAt, into.ranksAt, into.policiesAt, into.scoresAt,
                    call.error()));
            final int written = (int) call.number(1);
            into.filled(written);
            return written;
        }
    }

    /**
     * The pushes of one firm in one status, best first: policies by number, and scores, as many as the
     * shorter array has room for. By policy: {@code of} is a policy, and rows of firms are read.
     *
     * @return how many there are
     */
    public int pushesOf(long of, Status status, int[] others, long[] scores) {
        final int room = Answer.room(others, scores);
        try (Call call = Call.begin()) {
            final ByteBuffer memory = Call.direct(Math.multiplyExact(Math.max(room, 1), 12));
            final long at = CApi.addressOf(memory);
            final int code = CApi.qice_result_pushes(call.out(1), call.use(this), of,
                    Call.ordinal(status, "status"), at + 8L * room, at, room, call.error());
            return Answer.take(call, code, memory, room, others, scores);
        }
    }

    /**
     * The pushes as an Arrow C stream with the columns firm_id, status, rank, policy_id and score.
     *
     * @param stream the address of an {@code ArrowArrayStream} that holds none; the caller releases
     *     it, which may be after this was closed
     */
    public void exportArrow(long stream) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_result_export_arrow(stream, call.use(this), call.error()));
        }
    }
}
