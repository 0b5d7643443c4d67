package cn.qice;

import com.sun.jna.Pointer;
import java.time.LocalDate;

/** The library itself. */
public final class Qice {
    private Qice() {}

    /** The version of the library, like "0.1.0". */
    public static String version() {
        return new Pointer(CApi.qice_version()).getString(0, "UTF-8");
    }

    /** The number of its interface: what it can do. */
    public static int abiVersion() {
        return CApi.qice_abi_version();
    }

    /** Where the library looks for its own data (the standard schema, code lists). */
    public static String dataDirectory() {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_data_directory(call.out(1), call.error()));
            return call.madeText(1);
        }
    }

    /**
     * Reads 2026-11-23, 2026/11/23 or 20261123.
     *
     * @throws QiceException INVALID_INPUT
     */
    public static LocalDate parseDay(String text) {
        try (Call call = Call.begin()) {
            call.check(CApi.qice_day_parse(
                    call.out(1), call.text(text, "text"), call.length(), call.error()));
            return Days.date(call.smallNumber(1));
        }
    }
}
