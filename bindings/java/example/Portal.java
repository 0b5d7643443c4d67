import cn.qice.Answer;
import cn.qice.Engine;
import cn.qice.Field;
import cn.qice.Firm;
import cn.qice.Firms;
import cn.qice.Form;
import cn.qice.MatchOptions;
import cn.qice.PushColumns;
import cn.qice.QiceException;
import cn.qice.Ranked;
import cn.qice.ReadOptions;
import cn.qice.Result;
import cn.qice.Schema;
import cn.qice.Snapshot;
import cn.qice.Status;
import java.time.LocalDate;

/**
 * qice from Java: match firms with policies, ask about one firm, say why, change a policy.
 *
 * <pre>{@code
 * javac -cp /usr/local/share/java/qice.jar Portal.java
 * java -cp /usr/local/share/java/qice.jar:. Portal
 * }</pre>
 *
 * Everything is in memory here; Engine.open and Firms.open read files.
 */
public final class Portal {
    private static final String POLICIES = """
            {"id": "TECH-GROWTH", "title": "Growth of technology firms", "priority": 0.5, "rule": {"all": [
              {"field": "revenue", "ge": "2000万元"},
              {"field": "qualifications", "has_any": ["高新技术企业"]}]}}
            """;
    private static final String FIRMS = """
            uscc,revenue,qualifications
            91441900MA4W000037,2500万元,高新技术企业
            91441900MA4W000045,1800万元,高新技术企业
            91441900MA4W000053,much,
            """;
    private static final LocalDate DAY = LocalDate.of(2026, 6, 15);

    private Portal() {}

    /** All firms, all policies: what a night does. */
    private static void matchAll(Schema schema, Snapshot snapshot) {
        try (Firms firms = Firms.csv(schema, ReadOptions.asOf(DAY), FIRMS);
                Result result = snapshot.match(firms, MatchOptions.usual())) {
            firms.bad().forEach(System.out::println);
            final PushColumns pushes = new PushColumns(1000);
            for (long first = 0; result.read(first, pushes) > 0; first += pushes.size())
                for (int i = 0; i < pushes.size(); ++i)
                    System.out.printf("push %s to %s, score %.6f%n", snapshot.id(pushes.policy(i)),
                            firms.id(pushes.firm(i)), pushes.score(i) / 1e6);
        }
    }

    /** One firm, as a form on a page would have it: what it is near to, and why. */
    private static void askOne(Schema schema, Snapshot snapshot) {
        final Field revenue = schema.field("revenue");
        final Field qualifications = schema.field("qualifications");
        try (Firm firm = new Firm(schema);
                Answer answer = new Answer(MatchOptions.usual().statuses(Status.values()))) {
            firm.setNumber(revenue, 19_000_000);
            firm.addElement(qualifications, "高新技术企业");
            answer.askFirm(snapshot, firm);
            for (Ranked policy : answer.ranked(Status.NEAR)) {
                System.out.println("near: " + policy.id());
                System.out.print(snapshot.explain(firm, snapshot.find(policy.id()), Form.ENGLISH));
            }
        }
    }

    public static void main(String[] arguments) {
        try (Schema schema = Schema.standard(); Engine engine = Engine.empty(schema, DAY)) {
            engine.put(POLICIES);
            try (Snapshot snapshot = engine.snapshot()) {
                matchAll(schema, snapshot);
                askOne(schema, snapshot);
            }
            engine.put(POLICIES.replace("2000万元", "high"));
        } catch (QiceException wrong) {
            System.out.println(wrong.code() + " " + wrong.getMessage());
        }
    }
}
