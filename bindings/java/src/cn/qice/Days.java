package cn.qice;

import java.time.LocalDate;

/** Days as the library has them: since 1970-01-01. */
final class Days {
    private Days() {}

    static int of(LocalDate day) {
        return of(day, "day");
    }

    static int of(LocalDate day, String name) {
        Call.given(day, name);
        // What is beyond every year the library takes stays beyond, and is refused there.
        return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE - 1L, day.toEpochDay()));
    }

    static LocalDate date(int day) {
        return LocalDate.ofEpochDay(day);
    }
}
