import cn.qice.Answer;
import cn.qice.Firm;
import cn.qice.Form;
import cn.qice.MatchOptions;
import cn.qice.PushColumns;
import cn.qice.Result;
import cn.qice.Snapshot;
import cn.qice.Status;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What calls cost from Java: what measure.c measures, under the same names. */
final class Measure {
    private static final ThreadMXBean CLOCK = ManagementFactory.getThreadMXBean();
    private static final int FIRMS = 100;
    private static final int MOST = 20;

    private final Golden world;
    private final Answer answer = new Answer();
    private final List<Firm> firms = new ArrayList<>();
    private final int[] others = new int[MOST];
    private final long[] scores = new long[MOST];
    private final PushColumns columns = new PushColumns(65536);
    private long sum;

    private Measure(Golden world) {
        this.world = world;
        for (int i = 0; i < FIRMS; ++i) {
            final Firm firm = new Firm(world.schema);
            firm.setJson(world.reading, world.lines.get(i));
            firms.add(firm);
        }
    }

    @FunctionalInterface
    private interface Work {
        void run(int times);
    }

    private static void report(String name, Work work, int times, double scale, String unit) {
        final long end = System.nanoTime() + 2_000_000_000L;
        double best = Double.MAX_VALUE;
        do {
            final long begin = CLOCK.getCurrentThreadCpuTime();
            work.run(times);
            best = Math.min(best, (CLOCK.getCurrentThreadCpuTime() - begin) * 1e-9 / times);
        } while (System.nanoTime() < end);
        System.out.printf(Locale.ROOT, "%s %.3f %s\n", name, best * scale, unit);
    }

    private void ask(Firm firm) {
        answer.askFirm(world.snapshot, firm);
        sum += answer.read(Status.ELIGIBLE, others, scores);
        sum += answer.read(Status.REVIEW, others, scores);
    }

    private void readPushes(Result result, long pushes) {
        for (long first = 0; first < pushes; first += columns.size()) {
            result.read(first, columns);
            for (int i = 0; i < columns.size(); ++i)
                sum += columns.firm(i) + columns.status(i).ordinal() + columns.rank(i)
                        + columns.policy(i) + columns.score(i);
        }
    }

    static void measure(Golden world) {
        final Measure measure = new Measure(world);
        final Snapshot snapshot = world.snapshot;
        report("call", times -> {
            for (int i = 0; i < times; ++i) measure.sum += snapshot.size();
        }, 100_000, 1e9, "ns");
        report("one_firm", times -> {
            for (int i = 0; i < times; ++i) measure.ask(measure.firms.get(i % FIRMS));
        }, FIRMS, 1e6, "us");
        report("one_firm_filled", times -> {
            for (int i = 0; i < times; ++i) {
                world.fillTyped();
                measure.ask(world.firm);
            }
        }, FIRMS, 1e6, "us");
        report("one_firm_json", times -> {
            for (int i = 0; i < times; ++i) {
                world.firm.setJson(world.reading, world.lines.get(i % FIRMS));
                measure.sum += measure.answer.askFirm(snapshot, world.firm).json().length();
            }
        }, FIRMS, 1e6, "us");
        report("explain", times -> {
            for (int i = 0; i < times; ++i)
                measure.sum +=
                        snapshot.explain(measure.firms.get(i % FIRMS), i % 997, Form.JSON).length();
        }, FIRMS, 1e6, "us");
        final MatchOptions options = world.options.top(20).threads(1);
        report("match", times -> {
            for (int i = 0; i < times; ++i) snapshot.match(world.firms, options).close();
        }, 1, 1e3, "ms");
        try (Result result = snapshot.match(world.firms, options)) {
            final long pushes = result.pushes();
            report("million_pushes", times -> measure.readPushes(result, times),
                    Math.toIntExact(pushes), 1e9, "ms");
        }
        if (measure.sum == 42) System.out.println(); // what is summed up is used
    }
}
