package cn.qice;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.CodeSource;

/**
 * The functions of {@code qice/qice.h}, in its order. Pointers and sizes are {@code long}, which
 * spares JNA every conversion: a call costs some ten nanoseconds more than from C.
 */
final class CApi {
    static final int OK = 0;
    static final int BUFFER_TOO_SMALL = 9;
    static final int FOREVER = Integer.MAX_VALUE;
    private static final int ABI_VERSION = 2;

    static {
        if (Native.POINTER_SIZE != 8) throw new UnsatisfiedLinkError("qice needs a 64-bit Java");
        Native.register(CApi.class, NativeLibrary.getInstance(library()));
        final int version = qice_abi_version();
        if (version < ABI_VERSION)
            throw new UnsatisfiedLinkError("libqice has interface " + version + ", this package needs "
                    + ABI_VERSION);
    }

    private CApi() {}

    /** The file that was chosen, or a name for JNA to look for, first in the lib that this jar has. */
    private static String library() {
        final String chosen = System.getProperty("qice.library");
        if (chosen != null) return chosen;
        final CodeSource source = CApi.class.getProtectionDomain().getCodeSource();
        if (source != null && source.getLocation().getProtocol().equals("file")) {
            final Path jar = Path.of(URI.create(source.getLocation().toString()));
            final Path lib = jar.resolve("../../../lib").normalize(); // PREFIX/share/java/qice.jar
            NativeLibrary.addSearchPath("qice", lib.toString());
        }
        return "qice";
    }

    /** Where a direct buffer lies. It stays there as long as the buffer is reachable. */
    static long addressOf(ByteBuffer buffer) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(buffer));
    }

    static native long qice_version();
    static native int qice_abi_version();
    static native int qice_data_directory(long out, long error);

    static native int qice_error_code(long error);
    static native long qice_code_sentence(int code);
    static native long qice_error_count(long error);
    static native void qice_error_message(long text, long length, long error, long index);
    static native void qice_error_place(
            long file, long length, long line, long column, long error, long index);
    static native int qice_error_destroy(long error);
    static native int qice_text_get(long text, long length, long of);
    static native int qice_text_destroy(long text);
    static native int qice_day_parse(long day, long text, long length, long error);

    static native int qice_schema_open(long out, long path, long length, long error);
    static native int qice_schema_parse(
            long out, long json, long length, long file, long fileLength, long error);
    static native int qice_schema_fields(long count, long schema);
    static native int qice_schema_find(long field, long schema, long name, long length, long error);
    static native int qice_schema_field_name(
            long name, long length, long schema, int field, long error);
    static native int qice_schema_field_kind(
            long kind, long decimals, long derived, long schema, int field, long error);
    static native int qice_schema_destroy(long schema);

    static native int qice_engine_options_create(long out, long error);
    static native int qice_engine_options_set_include_closed(long options, int on);
    static native int qice_engine_options_set_urgency(long options, long weight, long days);
    static native int qice_engine_options_set_skip_bad_policies(long options, int on);
    static native int qice_engine_options_set_limits(long options, int depth, long conditions);
    static native int qice_engine_options_refused(long out, long options, long error);
    static native int qice_engine_options_destroy(long options);
    static native int qice_engine_open(
            long out, long schema, int asOf, long options, long path, long length, long error);
    static native int qice_engine_put(long engine, long json, long length, long error);
    static native int qice_engine_replace(long engine, long json, long length, long error);
    static native int qice_engine_reload(long engine, long path, long length, long error);
    static native int qice_engine_change(
            long skipped, long engine, int how, long text, long length, long error);
    static native int qice_engine_remove(
            long removed, long engine, long id, long length, long error);
    static native int qice_engine_set_day(long engine, int asOf, long error);
    static native int qice_engine_skipped(long out, long engine, long error);
    static native int qice_engine_snapshot(long out, long engine, long error);
    static native int qice_engine_destroy(long engine);

    static native int qice_snapshot_policies(long count, long snapshot);
    static native int qice_snapshot_day(long asOf, long snapshot);
    static native int qice_snapshot_find(
            long policy, long snapshot, long id, long length, long error);
    static native int qice_snapshot_policy_id(
            long id, long length, long snapshot, int policy, long error);
    static native int qice_snapshot_policy_title(
            long title, long length, long snapshot, int policy, long error);
    static native int qice_snapshot_policy_state(
            long version, long lifeCycle, long snapshot, int policy, long error);
    static native int qice_snapshot_destroy(long snapshot);

    static native int qice_read_options_create(long out, int asOf, long error);
    static native int qice_read_options_set_strict(long options, int on);
    static native int qice_read_options_set_ignore_unknown_columns(long options, int on);
    static native int qice_read_options_set_gb18030(long options, int on);
    static native int qice_read_options_set_threads(long options, int threads);
    static native int qice_read_options_refused(long out, long options, long error);
    static native int qice_read_options_destroy(long options);

    static native int qice_firms_open(
            long out, long schema, long options, long path, long length, long error);
    static native int qice_firms_read_csv(
            long out, long schema, long options, long text, long length, long error);
    static native int qice_firms_read_jsonl(
            long out, long schema, long options, long text, long length, long error);
    static native int qice_firms_read_arrow(
            long out, long schema, long options, long stream, long error);
    static native int qice_firms_count(long count, long firms);
    static native int qice_firms_id(long id, long length, long firms, long row, long error);
    static native int qice_firms_find(long row, long firms, long id, long length, long error);
    static native int qice_firms_bad_count(long entries, long rowsSetAside, long firms);
    static native int qice_firms_bad(
            long line, long firm, long firmLength, long field, long fieldLength, long value,
            long valueLength, long reason, long reasonLength, long firms, long entry, long error);
    static native int qice_firms_ignored_count(long count, long firms);
    static native int qice_firms_ignored(
            long name, long length, long firms, long index, long error);
    static native int qice_firms_destroy(long firms);

    static native int qice_firm_create(long out, long schema, long error);
    static native int qice_firm_clear(long firm);
    static native int qice_firm_set_json(
            long firm, long options, long json, long length, long error);
    static native int qice_firm_set_id(long firm, long id, long length, long error);
    static native int qice_firm_set_text(long firm, int field, long text, long length, long error);
    static native int qice_firm_set_number(
            long firm, int field, long value, int decimals, long error);
    static native int qice_firm_set_date(long firm, int field, int day, long error);
    static native int qice_firm_set_flag(long firm, int field, int value, long error);
    static native int qice_firm_add_element(
            long firm, int field, long name, long length, int until, long error);
    static native int qice_firm_add_tag(
            long firm, int field, long name, long length, int weight, long error);
    static native int qice_firm_set_unknown(long firm, int field, long error);
    static native int qice_firm_bad_count(long count, long firm);
    static native int qice_firm_bad(
            long field, long fieldLength, long value, long valueLength, long reason,
            long reasonLength, long firm, long entry, long error);
    static native int qice_firm_destroy(long firm);

    static native int qice_rows_create(long out, long schema, long options, long error);
    static native int qice_rows_add(long rows, long firm, long error);
    static native int qice_rows_finish(long out, long rows, long error);
    static native int qice_rows_destroy(long rows);

    static native int qice_match_options_create(long out, long error);
    static native int qice_match_options_set_top(long options, int top);
    static native int qice_match_options_set_statuses(long options, int statuses);
    static native int qice_match_options_set_by_policy(long options, int on);
    static native int qice_match_options_set_count_all(long options, int on);
    static native int qice_match_options_set_threads(long options, int threads);
    static native int qice_match_options_refused(long out, long options, long error);
    static native int qice_match_options_destroy(long options);
    static native int qice_control_create(long out, long error);
    static native int qice_control_progress(long done, long total, long control);
    static native int qice_control_cancel(long control);
    static native int qice_control_destroy(long control);

    static native int qice_match(
            long out, long snapshot, long firms, long options, long control, long error);
    static native int qice_result_size(long policies, long pushes, long result);
    static native int qice_result_total(long pushes, long result, int status, long error);
    static native int qice_result_count(
            long firms, long result, int policy, int status, long error);
    static native int qice_result_pushes(
            long needed, long result, long of, int status, long others, long scores, long capacity,
            long error);
    static native int qice_result_read(
            long written, long result, long first, long capacity, long firms, long statuses,
            long ranks, long policies, long scores, long error);
    static native int qice_result_export_arrow(long out, long result, long error);
    static native int qice_result_destroy(long result);

    static native int qice_answer_create(long out, long error);
    static native int qice_answer_firm(
            long answer, long snapshot, long firm, long options, long error);
    static native int qice_answer_policy(
            long answer, long snapshot, long firms, int policy, long options, long error);
    static native int qice_answer_draft(
            long answer, long snapshot, long firms, long json, long length, long options,
            long error);
    static native int qice_answer_count(long count, long answer, int status, long error);
    static native int qice_answer_one_fact_away(long count, long answer);
    static native int qice_answer_life_cycle(long lifeCycle, long answer);
    static native int qice_answer_read(
            long needed, long answer, int status, long others, long scores, long capacity,
            long error);
    static native int qice_answer_at(
            long id, long length, long score, long answer, int status, long rank, long error);
    static native int qice_answer_json(long out, long answer, long error);
    static native int qice_answer_destroy(long answer);

    static native int qice_explain_firm(
            long out, long snapshot, long firm, int policy, int form, long error);
    static native int qice_explain_row(
            long out, long snapshot, long firms, long row, int policy, int form, long error);
    static native int qice_explain_draft(
            long out, long snapshot, long firm, long json, long length, int form, long error);
    static native int qice_lint(long out, long snapshot, long error);
}
