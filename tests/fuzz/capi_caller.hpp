// Who calls the C interface for its fuzz driver: handles in slots, arguments out of bytes, and what
// must hold after every call.
//
// A code of the header and never QICE_INTERNAL; an error with a sentence where it failed and none
// where it did not; on a failure, no handle. At the end everything is destroyed, and the sanitizers
// count what is left.
#pragma once

#include "bytes.hpp"
#include "qice/qice.h"
#include "world.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace qice::fuzz {

inline constexpr int32_t kDay = 20'619; // 2026-06-15
inline constexpr const char* kPolicies[] = {
    R"({"id": "RICH", "title": "富", "priority": 0.5, "tags": {"x": 1}, "rule": {"all": [
        {"field": "revenue", "ge": "2000万元"}, {"field": "listed", "is": false}]}})",
    R"([{"id": "A", "rule": {"field": "staff", "lt": 20}}, {"id": "B", "version": 2,
        "rule": {"any": [{"field": "titles", "has_any": ["x"]}, {"manual": "ask"}]}}])",
    "{\"id\": \"L1\", \"rule\": {\"always\": true}}\n{\"id\": \"L2\", \"rule\": {\"all\": []}}\n",
    R"({"id": "WRONG", "rule": {"field": "nothing", "ge": 1}})",
    "[",
    ""};
inline constexpr const char* kFirms[] = {
    R"({"id": "f1", "revenue": "3000万元", "staff": 12, "titles": ["x"], "follows": {"x": 0.5}})",
    R"({"id": "f2", "revenue": "lots", "listed": true, "established": "2020-02-30"})",
    R"({"staff": 1})",
    R"({"nothing": 1})",
    "[]",
    ""};
inline constexpr const char* kTables[] = {
    "id,revenue,staff\nf1,30000000,12\nf2,lots,3\nf1,1,1\n,2,2\n",
    "id,titles,listed\nf3,x@2027-01-01|y,是\nf4,,maybe\n",
    "id,nothing\nf5,1\n",
    "staff\n1\n",
    "\xff\xfe",
    ""};
inline constexpr const char* kNames[] = {"revenue", "staff", "titles", "follows", "RICH", "A",
                                         "f1",      "id",    "x",      "\xff",    ""};

/// The schema without its list of codes, which takes a hundred times the rest to read. The file
/// that paths lead to has it.
inline const std::string& schema_without_list() {
    static const std::string made = [] {
        std::string text = qice::fuzz::kSchema;
        const std::string_view list = "gbt4754";
        return text.replace(text.find(list), list.size(), "prefix");
    }();
    return made;
}

/// The files that paths lead to, made once.
inline const std::vector<std::string>& paths() {
    static const std::vector<std::string> made = [] {
        const auto folder = std::filesystem::temp_directory_path() / "qice-fuzz-capi";
        std::filesystem::create_directories(folder);
        const std::string at = folder.string() + "/";
        std::ofstream(at + "schema.json") << qice::fuzz::kSchema;
        std::ofstream(at + "policies.jsonl") << kPolicies[2];
        std::ofstream(at + "firms.csv") << kTables[0];
        std::ofstream(at + "firms.jsonl") << kFirms[0] << "\n" << kFirms[1] << "\n";
        return std::vector<std::string>{at + "schema.json",
                                        at + "policies.jsonl",
                                        at + "firms.csv",
                                        at + "firms.jsonl",
                                        at + "none",
                                        folder.string(),
                                        std::string("a\0b", 3),
                                        "-",
                                        ""};
    }();
    return made;
}

/// Handles of a type: those that live, and those that did.
template <class Handle> struct Slots { std::array<Handle*, 3> handles{}; };

/// What all calls share.
class Caller {
  public:
    explicit Caller(Bytes& bytes) : bytes_(bytes) {}
    ~Caller() {
        destroy_all(qice_error_destroy, errors_);
        destroy_all(qice_text_destroy, texts_);
        destroy_all(qice_answer_destroy, answers_);
        destroy_all(qice_result_destroy, results_);
        destroy_all(qice_control_destroy, controls_);
        destroy_all(qice_match_options_destroy, match_options_);
        destroy_all(qice_rows_destroy, rows_);
        destroy_all(qice_firm_destroy, firm_);
        destroy_all(qice_firms_destroy, firms_);
        destroy_all(qice_read_options_destroy, read_options_);
        destroy_all(qice_snapshot_destroy, snapshots_);
        destroy_all(qice_engine_destroy, engines_);
        destroy_all(qice_engine_options_destroy, engine_options_);
        destroy_all(qice_schema_destroy, schemas_);
    }

    void step() {
        switch (bytes_.below(8)) {
        case 0: return options();
        case 1: return schema();
        case 2: return engine();
        case 3: return snapshot();
        case 4: return firms();
        case 5: return firm();
        case 6: return match();
        default: return answer();
        }
    }

    /// Enough to ask something, so that not every input has to find it out.
    void start() {
        const std::string& text = schema_without_list();
        qice_error* error = nullptr;
        qice_schema* schema = nullptr;
        check(qice_schema_parse(&schema, text.data(), text.size(), nullptr, 0, &error), error);
        keep(schemas_, schema);
        qice_engine* engine = nullptr;
        check(qice_engine_open(&engine, schema, kDay, nullptr, nullptr, 0, &error), error);
        keep(engines_, engine);
        for (int i = 0; i < 2; ++i)
            check(qice_engine_put(engine, kPolicies[i], std::string(kPolicies[i]).size(), &error),
                  error);
        make(snapshots_, [&](auto** out) { return qice_engine_snapshot(out, engine, nullptr); });
        make(read_options_,
             [&](auto** out) { return qice_read_options_create(out, kDay, nullptr); });
        make(firms_, [&](auto** out) {
            return qice_firms_read_csv(out, schema, read_options_.handles[0], kTables[0],
                                       std::string(kTables[0]).size(), nullptr);
        });
        make(firm_, [&](auto** out) { return qice_firm_create(out, schema, nullptr); });
        make(answers_, [&](auto** out) { return qice_answer_create(out, nullptr); });
    }

  private:
    // ------------------------------------------------------------------------- arguments

    /// One of the handles, maybe gone; or none; or one of another type.
    template <class Handle> Handle* one(const Slots<Handle>& of) {
        if (bytes_.rarely(40)) return nullptr;
        if (bytes_.rarely(40)) return reinterpret_cast<Handle*>(texts_.handles[0]);
        return of.handles[bytes_.rarely(3) ? bytes_.below(3) : 0];
    }

    struct Text {
        std::string text;
        bool is_null = false;
        const char* data() const { return is_null ? nullptr : text.data(); }
        std::size_t size() const { return text.size(); }
    };
    template <class Choices> Text text(const Choices& choices) {
        Text made;
        made.text = bytes_.rarely(12) ? bytes_.text(bytes_.below(40)) : bytes_.one_of(choices);
        made.text.shrink_to_fit(); // so that a byte beside it is seen
        made.is_null = bytes_.rarely(60);
        return made;
    }
    uint32_t small() { return bytes_.rarely(10) ? bytes_.number<uint32_t>() : bytes_.byte() % 24u; }
    int32_t status() { return static_cast<int32_t>(bytes_.below(6)) - (bytes_.rarely(9) ? 1 : 0); }
    int32_t day() { return bytes_.rarely(8) ? bytes_.number<int32_t>() : kDay; }

    // -------------------------------------------------------------------------- outcomes

    static int32_t known(int32_t code) {
        require(code >= QICE_OK && code <= QICE_BUFFER_TOO_SMALL && code != QICE_INTERNAL &&
                    code != QICE_OUT_OF_MEMORY,
                "the code " + std::to_string(code) + " is none to be expected");
        return code;
    }
    static void check(int32_t code, qice_error* error) {
        known(code);
        require((code == QICE_OK) == (error == nullptr), "an error goes with a failure");
        if (error == nullptr) return;
        look_at(error, code);
        require(qice_error_destroy(error) == QICE_OK, "an error can be destroyed");
        require(qice_error_destroy(error) == QICE_BAD_HANDLE, "but once");
    }
    static void look_at(const qice_error* error, int32_t code) {
        require(qice_error_code(error) == code, "an error knows its code");
        const std::size_t count = qice_error_count(error);
        require(count > 0, "an error has a fault");
        for (std::size_t i = 0; i < count; ++i) {
            const char* text = nullptr;
            std::size_t length = 0;
            uint32_t line = 0, column = 0;
            qice_error_message(&text, &length, error, i);
            require(length > 0, "a fault has a sentence");
            read(text, length);
            qice_error_place(&text, &length, &line, &column, error, i);
            read(text, length);
        }
    }
    /// Touches every byte.
    static void read(const char* text, std::size_t length) {
        volatile unsigned char sum = 0;
        for (std::size_t i = 0; i < length; ++i)
            sum = static_cast<unsigned char>(sum + static_cast<unsigned char>(text[i]));
    }
    template <class Call> void call(Call&& call) {
        qice_error* error = nullptr;
        if (bytes_.rarely(16)) {
            known(call(static_cast<qice_error**>(nullptr)));
            return;
        }
        const int32_t code = call(&error);
        check(code, error);
    }
    template <class Handle> void keep(Slots<Handle>& slots, Handle* made) {
        if (made == nullptr) return;
        std::swap(slots.handles[1], slots.handles[0]);
        std::swap(slots.handles[2], slots.handles[0]);
        destroy_of(slots.handles[0]);
        slots.handles[0] = made;
    }
    /// A call that makes a handle.
    template <class Handle, class Call> void make(Slots<Handle>& slots, Call&& call) {
        auto* made = reinterpret_cast<Handle*>(&slots); // what was there before does not matter
        const int32_t code = known(call(&made));
        require((code == QICE_OK) == (made != nullptr), "a handle goes with success");
        keep(slots, made);
    }
    /// The same, with an error asked for.
    template <class Handle, class Call> void try_make(Slots<Handle>& slots, Call&& call) {
        if (bytes_.rarely(60))
            known(call(static_cast<Handle**>(nullptr), static_cast<qice_error**>(nullptr)));
        qice_error* error = nullptr;
        auto* made = reinterpret_cast<Handle*>(&slots);
        const int32_t code = call(&made, &error);
        check(code, error);
        require((code == QICE_OK) == (made != nullptr), "a handle goes with success");
        keep(slots, made);
    }
    /// A call that may tell something, as an error that is a handle like others.
    template <class Tell> void told(Tell&& tell) {
        auto* out = reinterpret_cast<qice_error*>(&errors_);
        call([&](auto** error) { return tell(&out, error); });
        if (out == nullptr) return;
        look_at(out, qice_error_code(out));
        keep(errors_, out);
    }
    template <class Destroy, class Handle> void destroy_all(Destroy destroy, Slots<Handle>& slots) {
        for (Handle* handle : slots.handles)
            known(destroy(handle));
    }
    /// Now and then destroyed twice; the slot keeps what is gone.
    template <class Destroy, class Handle> void destroy_one(Destroy destroy, Slots<Handle>& slots) {
        Handle* const handle = one(slots);
        const int32_t code = known(destroy(handle));
        if (code == QICE_OK && handle != nullptr)
            require(destroy(handle) == QICE_BAD_HANDLE, "a handle is destroyed once");
    }
    static void destroy_of(qice_error* handle) { qice_error_destroy(handle); }
    static void destroy_of(qice_text* handle) { qice_text_destroy(handle); }
    static void destroy_of(qice_schema* handle) { qice_schema_destroy(handle); }
    static void destroy_of(qice_engine_options* handle) { qice_engine_options_destroy(handle); }
    static void destroy_of(qice_engine* handle) { qice_engine_destroy(handle); }
    static void destroy_of(qice_snapshot* handle) { qice_snapshot_destroy(handle); }
    static void destroy_of(qice_read_options* handle) { qice_read_options_destroy(handle); }
    static void destroy_of(qice_firms* handle) { qice_firms_destroy(handle); }
    static void destroy_of(qice_firm* handle) { qice_firm_destroy(handle); }
    static void destroy_of(qice_rows* handle) { qice_rows_destroy(handle); }
    static void destroy_of(qice_match_options* handle) { qice_match_options_destroy(handle); }
    static void destroy_of(qice_control* handle) { qice_control_destroy(handle); }
    static void destroy_of(qice_result* handle) { qice_result_destroy(handle); }
    static void destroy_of(qice_answer* handle) { qice_answer_destroy(handle); }

    // ----------------------------------------------------------------------------- calls

    void options();
    void schema();
    void engine();
    void snapshot();
    void firms();
    void firm();
    void firm_values();
    void match();
    void result();
    void answer();
    void answers_of();
    void texts();

    Bytes& bytes_;
    Slots<qice_error> errors_;
    Slots<qice_text> texts_;
    Slots<qice_schema> schemas_;
    Slots<qice_engine_options> engine_options_;
    Slots<qice_engine> engines_;
    Slots<qice_snapshot> snapshots_;
    Slots<qice_read_options> read_options_;
    Slots<qice_firms> firms_;
    Slots<qice_firm> firm_;
    Slots<qice_rows> rows_;
    Slots<qice_match_options> match_options_;
    Slots<qice_control> controls_;
    Slots<qice_result> results_;
    Slots<qice_answer> answers_;
};

} // namespace qice::fuzz
