package cn.qice;

/** Something to watch one match with, and to stop it. Any number of threads. */
public final class Control extends Handle {
    /** For one match. */
    public Control() {
        super(create(), CApi::qice_control_destroy, Use.SHARED);
    }

    private static long create() {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_control_create(call.out(1), call.error()));
            return call.number(1);
        }
    }

    /** How much of the match is done, 0 to 1; 0 until the firms are indexed. */
    public double progress() {
        try (Call call = Call.begin()) {
            call.checkCode(CApi.qice_control_progress(call.out(1), call.out(2), call.use(this)));
            final long total = call.number(2);
            return total == 0 ? 0 : (double) call.number(1) / total;
        }
    }

    /** Stops the match within milliseconds; it throws {@link QiceException}, CANCELLED. */
    public void cancel() {
        try (Call call = Call.begin()) {
            call.checkCode(CApi.qice_control_cancel(call.use(this)));
        }
    }
}
