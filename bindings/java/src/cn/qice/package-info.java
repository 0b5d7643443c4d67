/**
 * qice for Java: which government support policies fit which firms, in which order, and why.
 *
 * <p>A thin binding of {@code libqice.so.1} over JNA. What a call means stands in {@code
 * qice/qice.h}; this package gives it types, exceptions and {@code try}-with-resources.
 *
 * <pre>{@code
 * try (Schema schema = Schema.standard();
 *      Engine engine = Engine.open(schema, day, Path.of("policies"));
 *      Snapshot snapshot = engine.snapshot();
 *      Firm firm = new Firm(schema);
 *      Answer answer = new Answer()) {
 *     firm.setText(schema.field("revenue"), "2500万元");
 *     answer.askFirm(snapshot, firm);
 *     for (Ranked policy : answer.ranked(Status.ELIGIBLE)) System.out.println(policy);
 * }
 * }</pre>
 *
 * <h2>Closing</h2>
 *
 * Objects that hold memory of the library are {@link AutoCloseable}. Close them; a {@link
 * java.lang.ref.Cleaner} is the net below, and runs when it likes. Any order is right: what an
 * object was made of stays alive inside the library. A closed object answers {@link
 * IllegalStateException}. One that is closed while other threads are in a call with it goes when the
 * last of them is out.
 *
 * <h2>Threads</h2>
 *
 * {@link Schema}, {@link Engine}, {@link Snapshot}, {@link Firms}, {@link Control} and {@link
 * Result} may be used by any number of threads at the same time. {@link Firm}, {@link Answer},
 * {@link Rows} and {@link PushColumns} are for one thread at a time: keep one a thread. Of the first
 * three, two threads at once are told so with {@link IllegalStateException}. Options and records are
 * plain immutable values.
 *
 * <h2>Numbers</h2>
 *
 * Scores are {@code long}: millionths. Days are {@link java.time.LocalDate}. Policies of a snapshot,
 * rows of firms and fields of a schema are numbered from 0. The library is 64-bit, and so must the
 * virtual machine be.
 *
 * <h2>Errors</h2>
 *
 * What the library refuses is a {@link QiceException} with a code, and with file, line and column
 * where there are some. {@code null} where a value is needed is a {@link NullPointerException}
 * that names the argument.
 *
 * <h2>Finding the library</h2>
 *
 * {@code -Dqice.library=/path/libqice.so.1} names the file. Without it JNA looks for {@code qice} as
 * it does for any library: in {@code jna.library.path}, {@code LD_LIBRARY_PATH} and the folders of
 * the system.
 */
package cn.qice;
