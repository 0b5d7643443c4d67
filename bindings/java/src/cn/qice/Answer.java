package cn.qice;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Room for the answer to one question at a time, to be used for any number of them: keep one a
 * thread. A firm's question takes some microseconds and no new memory. For one thread at a time.
 */
public final class Answer extends Handle {
    private static final int ROOM = 64;
    /** The library's options, made once. */
    private final long options;
    /** Scores, then numbers; grows. */
    private ByteBuffer memory = Call.direct(ROOM * 12);
    private long memoryAt = CApi.addressOf(memory);

    /** For the usual: the 20 best, eligible and in review. */
    public Answer() {
        this(MatchOptions.usual());
    }

    /** Only top and statuses of the options matter. */
    public Answer(MatchOptions options) {
        this(create(options));
    }

    private Answer(long[] made) {
        super(made[0], answer -> {
            CApi.qice_match_options_destroy(made[1]);
            return CApi.qice_answer_destroy(answer);
        }, Use.OWN);
        options = made[1];
    }

    /** The answer and its options. */
    private static long[] create(MatchOptions wanted) {
        try (Call call = Call.begin()) {
            final long options = Call.given(wanted, "options").create(call);
            final int code = CApi.qice_answer_create(call.out(1), call.error());
            if (code != CApi.OK) CApi.qice_match_options_destroy(options);
            call.check(code);
            return new long[] {call.number(1), options};
        }
    }

    /**
     * One firm: its policies, as a match would rank them.
     *
     * @return this
     * @throws QiceException USAGE for a firm of another schema
     */
    public Answer askFirm(Snapshot snapshot, Firm firm) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_answer_firm(call.use(this), call.use(snapshot, "snapshot"),
                    call.use(firm, "firm"), options, call.error()));
            return this;
        }
    }

    /**
     * One policy, by its number: its firms, as a match by policy would rank them. A policy that is not
     * open has none; {@link #lifeCycle} says why.
     *
     * @return this
     */
    public Answer askPolicy(Snapshot snapshot, Firms firms, int policy) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_answer_policy(call.use(this), call.use(snapshot, "snapshot"),
                    call.use(firms, "firms"), policy, options, call.error()));
            return this;
        }
    }

    /** The same for a policy that nobody knows yet, as one JSON object. */
    public Answer askDraft(Snapshot snapshot, Firms firms, String policy) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_answer_draft(call.use(this), call.use(snapshot, "snapshot"),
                    call.use(firms, "firms"), call.text(policy, "policy"), call.length(), options,
                    call.error()));
            return this;
        }
    }

    /** How many pairs have a status, shown or not; 0 for a status that was not asked for. */
    public long count(Status status) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_answer_count(
                    call.out(1), call.use(this), Call.ordinal(status, "status"), call.error()));
            return call.number(1);
        }
    }

    /** Of the pairs shown in needs_data, how many are one fact away; they come first. */
    public long oneFactAway() {
        try (Call call = Call.begin()) {
            call.checkCode(CApi.qice_answer_one_fact_away(call.out(1), call.use(this)));
            return call.number(1);
        }
    }

    /** The life cycle of the policy that was asked about; OPEN for a firm. */
    public LifeCycle lifeCycle() {
        try (Call call = Call.begin()) {
            call.checkCode(CApi.qice_answer_life_cycle(call.out(1), call.use(this)));
            return LifeCycle.values()[call.smallNumber(1)];
        }
    }

    /**
     * The pairs of a status, best first: numbers of policies (or rows of firms) and scores in
     * millionths, as many as the shorter array has room for. Makes no objects.
     *
     * @return how many there are
     */
    public int read(Status status, int[] others, long[] scores) {
        final int room = room(others, scores);
        try (Call call = Call.begin()) {
            final long answer = call.use(this);
            if (room * 12L > memory.capacity()) {
                memory = Call.direct(Math.multiplyExact(room, 12));
                memoryAt = CApi.addressOf(memory);
            }
            final int code = CApi.qice_answer_read(call.out(1), answer,
                    Call.ordinal(status, "status"), memoryAt + 8L * room, memoryAt, room, call.error());
            return take(call, code, memory, room, others, scores);
        }
    }

    /** How many pairs both arrays have room for. */
    static int room(int[] others, long[] scores) {
        return Math.min(
                Call.given(others, "others").length, Call.given(scores, "scores").length);
    }

    /** Copies what was written, scores and then numbers, and tells how many there are. */
    static int take(
            Call call, int code, ByteBuffer memory, int room, int[] others, long[] scores) {
        if (code == CApi.BUFFER_TOO_SMALL)
            CApi.qice_error_destroy(call.number(0)); // only the first part was wanted
        else
            call.check(code);
        final int all = Math.toIntExact(call.number(1));
        final int shown = Math.min(all, room);
        for (int i = 0; i < shown; ++i) {
            scores[i] = memory.getLong(8 * i);
            others[i] = memory.getInt(8 * room + 4 * i);
        }
        return all;
    }

    /** The pairs of a status with their ids, best first. */
    public List<Ranked> ranked(Status status) {
        final List<Ranked> all = new ArrayList<>();
        try (Call call = Call.begin()) {
            final long answer = call.use(this);
            final int code = CApi.qice_answer_read(
                    call.out(1), answer, Call.ordinal(status, "status"), 0, 0, Long.MAX_VALUE,
                    call.error());
            call.check(code);
            final long count = call.number(1);
            for (long rank = 0; rank < count; ++rank) {
                call.check(CApi.qice_answer_at(call.out(1), call.out(2), call.out(3), answer,
                        Call.ordinal(status, "status"), rank, call.error()));
                all.add(new Ranked(call.string(1), call.number(3)));
            }
        }
        return all;
    }

    /**
     * The whole answer as JSON: {"counts": {status: n}, "pushes": [{"status", "rank", "id",
     * "score"}]}.
     */
    public String json() {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_answer_json(call.out(1), call.use(this), call.error()));
            return call.madeText(1);
        }
    }
}
