package cn.qice;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** What the Java package promises beyond the golden run: slips are exceptions, never a dead JVM. */
public final class Misuse {
    private static final LocalDate DAY = LocalDate.of(2026, 6, 15);
    private static final String POLICY = """
            {"id": "A", "title": "t", "priority": 0.5, "rule": {"field": "revenue", "ge": "2000万元"}}
            """;

    private final Schema schema = Schema.standard();
    private final Engine engine = Engine.empty(schema, DAY);
    private final Field revenue = schema.field("revenue");

    private Misuse() {}

    private static void check(boolean holds) {
        if (!holds) throw new AssertionError("not true");
    }

    private static <T extends Throwable> T thrown(Class<T> type, Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            if (type.isInstance(e)) return type.cast(e);
            throw e;
        }
        throw new AssertionError("no " + type.getSimpleName());
    }

    private static void refused(QiceException.Code code, Runnable call) {
        check(thrown(QiceException.class, call).code() == code);
    }

    private static Throwable inThread(Runnable call) {
        final AtomicReference<Throwable> seen = new AtomicReference<>();
        final Thread thread = new Thread(() -> {
            try {
                call.run();
            } catch (RuntimeException e) {
                seen.set(e);
            }
        });
        thread.start();
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return seen.get();
    }

    /** A call under way is a pair of enter and leave. */
    private void handles() {
        final Firm firm = new Firm(schema);
        firm.enter();
        check(inThread(firm::clear) instanceof IllegalStateException); // one thread at a time
        firm.close(); // while it is in use: it goes with the last call
        check(inThread(firm::clear) instanceof IllegalStateException);
        firm.leave();
        check(thrown(IllegalStateException.class, firm::clear).getMessage().contains("closed"));
        firm.close();
        final Snapshot snapshot = engine.snapshot();
        snapshot.enter();
        check(inThread(() -> check(snapshot.size() >= 0)) == null); // any number of threads
        check(inThread(snapshot::close) == null);
        thrown(IllegalStateException.class, snapshot::size);
        snapshot.leave();
    }

    private static void isNull(String name, Runnable call) {
        check(thrown(NullPointerException.class, call).getMessage().equals(name + " is null"));
    }

    /** Null in place of each argument: the sentence names it. */
    private void nulls() {
        isNull("schema", () -> new Firm(null));
        isNull("schema", () -> Engine.empty(null, DAY));
        isNull("schema", () -> Firms.csv(null, ReadOptions.asOf(DAY), "uscc\n"));
        isNull("day", () -> Engine.empty(schema, null));
        isNull("day", () -> engine.setDay(null));
        isNull("day", () -> ReadOptions.asOf(null));
        isNull("options", () -> Engine.empty(schema, DAY, null));
        isNull("options", () -> Firms.csv(schema, null, "uscc\n"));
        isNull("options", () -> new Rows(schema, null));
        isNull("options", () -> new Answer(null));
        isNull("policies", () -> Engine.open(schema, DAY, null));
        isNull("policies", () -> engine.reload(null));
        isNull("file", () -> Schema.open(null));
        isNull("file", () -> Schema.parse("{}", null));
        isNull("json", () -> engine.put((String) null));
        isNull("json", () -> engine.put((byte[]) null));
        isNull("json", () -> engine.replace(null));
        isNull("id", () -> engine.remove(null));
        isNull("name", () -> schema.field(null));
        isNull("text", () -> Qice.parseDay(null));
        isNull("wanted", () -> MatchOptions.usual().statuses((Status[]) null));
        isNull("a status", () -> MatchOptions.usual().statuses((Status) null));
        try (Snapshot now = engine.snapshot(); Firm firm = new Firm(schema); Answer answer = new Answer();
                Firms firms = Firms.csv(schema, ReadOptions.asOf(DAY), "uscc,revenue\nF,1\n");
                Result result = now.match(firms, MatchOptions.usual())) {
            isNull("firms", () -> now.match(null, MatchOptions.usual()));
            isNull("options", () -> now.match(firms, null));
            isNull("firm", () -> now.explain(null, 0, Form.JSON));
            isNull("form", () -> now.explain(firm, 0, null));
            isNull("policy", () -> now.explainDraft(firm, null, Form.JSON));
            isNull("snapshot", () -> answer.askFirm(null, firm));
            isNull("firm", () -> answer.askFirm(now, null));
            isNull("firms", () -> answer.askPolicy(now, null, 0));
            isNull("status", () -> answer.count(null));
            isNull("others", () -> answer.read(Status.NEAR, null, new long[1]));
            isNull("scores", () -> result.pushesOf(0, Status.NEAR, new int[1], null));
            isNull("into", () -> result.read(0, null));
            isNull("field", () -> firm.setText(null, "1"));
            isNull("text", () -> firm.setText(revenue, null));
            isNull("value", () -> firm.setNumber(revenue, null));
            isNull("day", () -> firm.setDate(revenue, null));
            isNull("until", () -> firm.addElement(revenue, "x", null));
            isNull("options", () -> firm.setJson(null, "{}"));
            check(now.size() >= 0); // what was thrown on the way left nothing behind
        }
    }

    /** What a setter of the library refuses is told with its sentence, and what was skipped by whom. */
    private void settings() {
        final String said = thrown(QiceException.class,
                () -> Engine.empty(schema, DAY, EngineOptions.usual().limits(251, 1))).getMessage();
        check(said.equals("the depth of a rule is 1 to 250, not 251"));
        check(thrown(QiceException.class,
                () -> Engine.empty(schema, DAY, EngineOptions.usual().urgency(1, -1)))
                        .getMessage().contains("1 and -1"));
        try (Engine other = Engine.empty(schema, DAY, EngineOptions.usual().skipBadPolicies())) {
            check(other.put(POLICY + "{\"id\": \"B\", \"rule\": 3}").get(0).line() == 2);
            check(other.skipped().size() == 1);
            check(other.replace(POLICY).isEmpty() && other.skipped().isEmpty());
        }
    }

    private void texts() {
        refused(QiceException.Code.BAD_ARGUMENT, () -> engine.put("\ud800"));
        refused(QiceException.Code.BAD_ARGUMENT, () -> engine.put("x".repeat(100_000) + "\udc00"));
        final String title = "政策".repeat(50_000); // longer than the room that a call keeps
        engine.put(POLICY.replace("\"t\"", '"' + title + '"'));
        try (Snapshot now = engine.snapshot()) {
            check(now.policy(now.find("A")).title().equals(title));
        }
        engine.replace(POLICY);
        check(Qice.dataDirectory().length() > 0);
    }

    private void numbers() {
        try (Firm firm = new Firm(schema); Answer answer = new Answer();
                Snapshot now = engine.snapshot()) {
            for (String value : List.of("20000000", "2E+7", "20000000.00", "20000000.50")) {
                firm.setNumber(revenue, new BigDecimal(value));
                check(answer.askFirm(now, firm).count(Status.ELIGIBLE) == 1);
            }
            firm.setNumber(revenue, new BigDecimal("19999999.99"));
            check(answer.askFirm(now, firm).count(Status.ELIGIBLE) == 0);
            refused(QiceException.Code.INVALID_INPUT,
                    () -> firm.setNumber(revenue, new BigDecimal("1.001")));
            thrown(ArithmeticException.class, () -> firm.setNumber(revenue, new BigDecimal("1E+30")));
            refused(QiceException.Code.BAD_ARGUMENT, () -> readAsOf(LocalDate.MAX));
            thrown(IllegalArgumentException.class, () -> MatchOptions.usual().top(0));
            thrown(IllegalArgumentException.class, () -> MatchOptions.usual().top(-5));
            thrown(IllegalArgumentException.class, () -> MatchOptions.usual().threads(0));
            thrown(IllegalArgumentException.class, () -> ReadOptions.asOf(DAY).threads(9999));
        }
    }

    private void readAsOf(LocalDate day) {
        Firms.csv(schema, ReadOptions.asOf(day), "uscc\nA\n").close();
    }

    /** Short arrays get the first part, and columns and arrays tell the same. */
    private void reading() {
        final List<String> policies = new ArrayList<>();
        for (int i = 0; i < 30; ++i) policies.add(POLICY.replace("\"A\"", "\"A" + (10 + i) + '"'));
        engine.replace(String.join("", policies));
        final MatchOptions all = MatchOptions.usual().top(MatchOptions.NO_LIMIT).countAll();
        try (Snapshot now = engine.snapshot(); Firm firm = new Firm(schema);
                Answer answer = new Answer(all); Control control = new Control();
                Firms firms = Firms.csv(
                        schema, ReadOptions.asOf(DAY).threads(2), "uscc,revenue\nF,3000万元\n");
                Result result = now.match(firms, all, control)) {
            check(control.progress() == 1);
            firm.setText(revenue, "3000万元");
            final int[] numbers = new int[7];
            final long[] scores = new long[9];
            check(answer.askFirm(now, firm).read(Status.ELIGIBLE, numbers, scores) == 30);
            check(numbers[6] == 6 && scores[6] == 500_000 && scores[7] == 0);
            check(answer.ranked(Status.ELIGIBLE).size() == 30);
            final int[] again = new int[100];
            check(result.pushesOf(0, Status.ELIGIBLE, again, new long[100]) == 30);
            check(Arrays.equals(numbers, Arrays.copyOf(again, 7)));
            final PushColumns columns = new PushColumns(7);
            thrown(IllegalArgumentException.class, () -> result.read(-1, columns));
            check(result.read(28, columns) == 2 && columns.policies().get(1) == 29);
            check(columns.ranks().get(1) == 30 && columns.firms().remaining() == 2);
            arrow(result);
        }
    }

    /** Pushes are no firms: refused by name, and the stream is released all the same. */
    private void arrow(Result result) {
        try (Memory stream = new Memory(5L * Long.BYTES)) {
            stream.clear();
            final long at = Pointer.nativeValue(stream);
            result.exportArrow(at);
            final int release = 3 * Long.BYTES;
            check(stream.getLong(release) != 0);
            refused(QiceException.Code.INVALID_INPUT,
                    () -> Firms.arrow(schema, ReadOptions.asOf(DAY), at));
            check(stream.getLong(release) == 0);
        }
    }

    public static void main(String[] arguments) {
        final Misuse misuse = new Misuse();
        misuse.handles();
        misuse.nulls();
        misuse.settings();
        misuse.texts();
        misuse.numbers();
        misuse.reading();
        misuse.engine.close();
        misuse.schema.close();
    }
}
