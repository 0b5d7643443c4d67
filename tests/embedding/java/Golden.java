import cn.qice.Answer;
import cn.qice.BadValue;
import cn.qice.Control;
import cn.qice.Engine;
import cn.qice.Field;
import cn.qice.Firm;
import cn.qice.Firms;
import cn.qice.Form;
import cn.qice.MatchOptions;
import cn.qice.Policy;
import cn.qice.PushColumns;
import cn.qice.Qice;
import cn.qice.QiceException;
import cn.qice.Ranked;
import cn.qice.ReadOptions;
import cn.qice.Result;
import cn.qice.Rows;
import cn.qice.Schema;
import cn.qice.Snapshot;
import cn.qice.Status;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The golden run (golden.c) from Java: prints the same bytes.
 *
 * <pre>{@code Golden FOLDER SECONDS|measure}</pre>
 */
final class Golden implements AutoCloseable {
    static final String DRAFT = "{\"id\": \"DRAFT\", \"title\": \"研发补助\", \"priority\": 0.5, \"rule\": "
            + "{\"all\": [{\"field\": \"revenue\", \"ge\": \"2000万元\"}, {\"field\": \"employees\", "
            + "\"ge\": 10}]}}";
    private static final int THREADS = 8;
    private static final int ASKED = 40;
    private static final PrintStream OUT = new PrintStream(
            new java.io.BufferedOutputStream(new java.io.FileOutputStream(java.io.FileDescriptor.out)),
            false, StandardCharsets.UTF_8);

    final Path folder;
    final LocalDate day = Qice.parseDay("2026-06-15");
    final Schema schema = Schema.standard();
    final Engine engine;
    final Snapshot snapshot;
    final ReadOptions reading = ReadOptions.asOf(day);
    final Firms firms;
    final MatchOptions options = MatchOptions.usual().top(5).statuses(Status.values()).threads(2);
    final Answer answer = new Answer(options);
    final Firm firm = new Firm(schema);
    final List<String> lines;
    private final Typed typed;

    Golden(Path folder) throws IOException {
        this.folder = folder;
        engine = Engine.open(schema, day, folder.resolve("policies.jsonl"));
        snapshot = engine.snapshot();
        firms = Firms.open(schema, reading, folder.resolve("firms.csv"));
        lines = Files.readAllLines(folder.resolve("firms.jsonl"));
        typed = new Typed(schema);
        check(lines.size() >= ASKED);
    }

    @Override
    public void close() {
        firm.close();
        answer.close();
        firms.close();
        snapshot.close();
        engine.close();
        schema.close();
    }

    static void check(boolean holds) {
        if (!holds) throw new AssertionError("not true");
    }

    private static void print(String format, Object... values) {
        OUT.print(String.format(format, values) + "\n");
    }

    // ------------------------------------------------------------------------------------ load

    private void load() {
        print("qice %s interface %d", Qice.version(), Qice.abiVersion());
        for (Field field : schema.fields())
            print("field %d %s kind %d decimals %d derived %d", field.number(), field.name(),
                    field.kind().ordinal(), field.decimals(), field.derived() ? 1 : 0);
        print("policies %d as of %s", snapshot.size(), snapshot.day());
        for (int number = 0; number < snapshot.size(); ++number) {
            final Policy policy = snapshot.policy(number);
            print("policy %d %s %s version %d life %d", number, policy.id(), policy.title(),
                    policy.version(), policy.lifeCycle().ordinal());
        }
        print("firms %d set aside %d", firms.size(), firms.setAside());
        for (BadValue bad : firms.bad())
            print("bad %d|%s|%s|%s|%s", bad.line(), bad.firm(), bad.field(), bad.value(),
                    bad.reason());
    }

    // ----------------------------------------------------------------------------------- batch

    private void batch(Firms of, MatchOptions how) {
        try (Result result = snapshot.match(of, how)) {
            print("match policies %d pushes %d", result.policies(), result.pushes());
            for (Status status : Status.values())
                print("total %d %d", status.ordinal(), result.total(status));
            for (int policy = 0; policy < 20; ++policy)
                print("count %d %d %d %d %d", policy, result.count(policy, Status.ELIGIBLE),
                        result.count(policy, Status.REVIEW), result.count(policy, Status.NEEDS_DATA),
                        result.count(policy, Status.NEAR));
            final PushColumns pushes = new PushColumns(1000);
            long first = 0;
            do {
                result.read(first, pushes);
                for (int i = 0; i < pushes.size(); ++i)
                    print("push %s %d %d %s %d", of.id(pushes.firm(i)), pushes.status(i).ordinal(),
                            pushes.rank(i), snapshot.id(pushes.policy(i)), pushes.score(i));
                first += pushes.size();
            } while (pushes.size() == pushes.capacity());
            check(first == result.pushes());
        }
    }

    // -------------------------------------------------------------------- one firm, one policy

    private void printAnswer() {
        print("answer %d %d %d %d away %d life %d", answer.count(Status.ELIGIBLE),
                answer.count(Status.REVIEW), answer.count(Status.NEEDS_DATA),
                answer.count(Status.NEAR), answer.oneFactAway(), answer.lifeCycle().ordinal());
        final int[] others = new int[5];
        final long[] scores = new long[5];
        for (Status status : Status.values()) {
            final List<Ranked> ranked = answer.ranked(status);
            check(answer.read(status, others, scores) == ranked.size());
            for (int rank = 0; rank < ranked.size(); ++rank) {
                check(ranked.get(rank).score() == scores[rank]);
                print("  %d %d %s %d", status.ordinal(), others[rank], ranked.get(rank).id(),
                        scores[rank]);
            }
        }
    }

    private void singly() {
        try (Rows rows = new Rows(schema, reading)) {
            for (int i = 0; i < lines.size(); ++i) {
                firm.setJson(reading, lines.get(i));
                for (BadValue bad : firm.bad())
                    print("bad %s|%s|%s", bad.field(), bad.value(), bad.reason());
                answer.askFirm(snapshot, firm);
                printAnswer();
                if (i < 20) rows.add(firm);
            }
            fillTyped();
            rows.add(firm);
            print("%s", answer.askFirm(snapshot, firm).json());
            try (Firms table = rows.finish()) {
                batch(table, options);
            }
        }
        for (int policy = 0; policy < 20; ++policy) {
            answer.askPolicy(snapshot, firms, policy);
            printAnswer();
        }
        answer.askDraft(snapshot, firms, DRAFT);
        printAnswer();
    }

    /** The fields that a form on a page would have, looked up once. */
    private record Typed(Field region, Field industry, Field revenue, Field employees,
            Field rdExpense, Field patents, Field established, Field legal, Field qualifications,
            Field follows) {
        Typed(Schema of) {
            this(of.field("region"), of.field("industry"), of.field("revenue"),
                    of.field("employees"), of.field("rd_expense"), of.field("patents"),
                    of.field("established"), of.field("legal_entity"), of.field("qualifications"),
                    of.field("follows"));
        }
    }

    private static final LocalDate ESTABLISHED = LocalDate.of(2015, 3, 1);
    private static final LocalDate UNTIL = LocalDate.of(2027, 12, 31);

    void fillTyped() {
        firm.clear();
        firm.setId("91441900MA4W000061");
        firm.setText(typed.region, "441900003");
        firm.setText(typed.industry, "C3911");
        firm.setNumber(typed.revenue, 2_500_000_050L, 2);
        firm.setNumber(typed.employees, 120);
        firm.setNumber(typed.rdExpense, 1_200_000);
        firm.setNumber(typed.patents, 7);
        firm.setDate(typed.established, ESTABLISHED);
        firm.setFlag(typed.legal, true);
        firm.addElement(typed.qualifications, "高新技术企业", UNTIL);
        firm.addTag(typed.follows, "智能制造", 800);
    }

    private void explain() {
        for (Form form : Form.values()) {
            print("%s", snapshot.explain(firms, 0, 0, form));
            print("%s", snapshot.explain(firm, 1, form));
            print("%s", snapshot.explainDraft(firm, DRAFT, form));
        }
        print("%s", snapshot.lint());
    }

    // ---------------------------------------------------------------------------------- errors

    private static void refused(Runnable call) {
        try {
            call.run();
        } catch (QiceException error) {
            print("error %d faults %d", error.code().number(), error.faults().size());
            for (QiceException.Fault fault : error.faults())
                print("  %s:%d:%d %s", fault.file(), fault.line(), fault.column(), fault.message());
            return;
        }
        throw new AssertionError("that was not refused");
    }

    private void errors() {
        final Field revenue = schema.field("revenue");
        final ReadOptions late = ReadOptions.asOf(LocalDate.ofEpochDay(20000));
        refused(() -> Qice.parseDay("2026-13-01"));
        refused(() -> Schema.open(Path.of("/no/such")));
        refused(() -> Schema.parse("{\"fields\": 3}", "mine.json"));
        refused(() -> schema.field("revenu"));
        refused(() -> engine.put("[{\"id\":\"A\",\"title\":\"t\",\"rule\":{\"field\":\"revenue\",\n"
                + "\"ge\":\"high\"}},{\"id\":\"B\",\"rule\":3}]"));
        refused(() -> engine.put(new byte[] {(byte) 0xff, (byte) 0xfe}));
        refused(() -> snapshot.find("nobody"));
        refused(() -> firm.setJson(reading, "[1"));
        refused(() -> firm.setJson(reading, "{\"revenu\":1}"));
        refused(() -> firm.setText(revenue, "许多"));
        refused(() -> firm.setNumber(revenue, 1, 9));
        refused(() -> firm.setFlag(revenue, true));
        refused(() -> snapshot.explain(firm, 99999, Form.JSON));
        refused(() -> answer.askDraft(snapshot, firms, "{\"id\":1}"));
        try (Firms other = Firms.csv(schema, late, "uscc\nA\n")) {
            refused(() -> snapshot.match(other, options));
        }
        refused(() -> Firms.jsonLines(schema, late, "{\"uscc\":\"A\",\"no\":1}\n"));
        final Control control = new Control();
        control.cancel();
        refused(() -> snapshot.match(firms, options, control));
        control.close();
        control.close();
        try {
            control.cancel();
            throw new AssertionError("a closed handle was taken");
        } catch (IllegalStateException e) {
            print("what is closed is refused");
        }
    }

    // --------------------------------------------------------------------------------- changes

    private void printSize(String after) {
        try (Snapshot now = engine.snapshot()) {
            print("after %s %d", after, now.size());
        }
    }

    private void changes() throws IOException {
        engine.put(DRAFT);
        printSize("put");
        for (int i = 0; i < 2; ++i) print("removed %d", engine.remove("DRAFT") ? 1 : 0);
        printSize("remove");
        engine.replace(Files.readString(folder.resolve("others.jsonl")));
        printSize("replace");
        engine.reload(folder.resolve("policies.jsonl"));
        printSize("reload");
        print("before %d", snapshot.size());
    }

    // --------------------------------------------------------------------------------- threads

    private static String ask(Golden world, Answer answer, Firm firm, Snapshot of, int line) {
        firm.setJson(world.reading, world.lines.get(line));
        return answer.askFirm(of, firm).json();
    }

    private long matched(Snapshot of) {
        try (Result result = of.match(firms, MatchOptions.usual())) {
            return result.pushes();
        }
    }

    /** What is true with one of the two sets of policies. */
    private record Moment(
            String policies, int size, List<String> answers, String explanation, long pushes) {
        static Moment learn(Golden world, String file) throws IOException {
            final String policies = Files.readString(world.folder.resolve(file));
            world.engine.replace(policies);
            final List<String> answers = new ArrayList<>();
            try (Snapshot now = world.engine.snapshot(); Answer answer = new Answer()) {
                for (int i = 0; i < ASKED; ++i)
                    answers.add(ask(world, answer, world.firm, now, i));
                return new Moment(policies, now.size(), answers,
                        now.explain(world.firms, 0, 0, Form.JSON), world.matched(now));
            }
        }
    }

    /** Eight threads ask while a ninth changes the policies. */
    private final class Asking {
        final Moment[] moments = {
                Moment.learn(Golden.this, "policies.jsonl"), Moment.learn(Golden.this, "others.jsonl")};
        final AtomicInteger[] seen = {new AtomicInteger(), new AtomicInteger()};
        final AtomicReference<Throwable> fault = new AtomicReference<>();
        volatile boolean stop;

        Asking() throws IOException {}

        void askOnAndOn() {
            try (Answer own = new Answer(); Firm form = new Firm(schema)) {
                for (int i = 0; !stop; ++i) {
                    try (Snapshot now = engine.snapshot()) {
                        final int which = now.size() == moments[0].size ? 0 : 1;
                        final Moment moment = moments[which];
                        check(now.size() == moment.size);
                        check(ask(Golden.this, own, form, now, i % ASKED)
                                        .equals(moment.answers.get(i % ASKED)));
                        if (i % 16 == 0) {
                            check(now.explain(firms, 0, 0, Form.JSON).equals(moment.explanation));
                            check(matched(now) == moment.pushes);
                        }
                        seen[which].incrementAndGet();
                    }
                }
            } catch (Throwable e) {
                fault.compareAndSet(null, e);
            }
        }

        /** Both moments were seen, or something went wrong. */
        boolean over() {
            return fault.get() != null || (seen[0].get() > 0 && seen[1].get() > 0);
        }

        int change(double seconds) throws InterruptedException {
            final long begin = System.nanoTime();
            int changes = 0;
            for (; changes < 8 || System.nanoTime() - begin < seconds * 1e9 || !over(); ++changes) {
                engine.replace(moments[changes % 2].policies);
                Thread.sleep(50);
            }
            stop = true;
            return changes;
        }
    }

    private void threads(double seconds) throws IOException, InterruptedException {
        final Asking asking = new Asking();
        final List<Thread> all = new ArrayList<>();
        System.err.println("threads begin");
        for (int i = 0; i < THREADS; ++i) all.add(new Thread(asking::askOnAndOn));
        all.forEach(Thread::start);
        final int changes = asking.change(seconds);
        for (Thread thread : all) thread.join();
        final int first = asking.seen[0].get();
        final int second = asking.seen[1].get();
        System.err.printf("threads end: %d questions, %d changes%n", first + second, changes);
        if (asking.fault.get() != null) throw new AssertionError(asking.fault.get());
        print("%d threads: every answer was that of its moment", THREADS);
    }

    public static void main(String[] arguments) throws Exception {
        try (Golden world = new Golden(Path.of(arguments[0]))) {
            if (arguments[1].equals("measure")) {
                Measure.measure(world);
                return;
            }
            world.load();
            world.batch(world.firms, world.options);
            world.batch(world.firms, world.options.byPolicy());
            world.singly();
            world.explain();
            world.errors();
            world.changes();
            world.threads(Double.parseDouble(arguments[1]));
        } finally {
            OUT.flush();
        }
    }
}
