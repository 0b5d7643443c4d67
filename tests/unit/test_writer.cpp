// Files that appear whole or not at all, and rows as other programs read them.
#include "qice/io/writer.hpp"

#include "qice/base/csv.hpp"
#include "unit/world.hpp"

using namespace qice;
using world::day;

TEST_CASE("a file appears under its name when it is whole") {
    world::Folder folder;
    const std::string path = folder.path + "/out.csv";
    AtomicFile file(path);
    REQUIRE(file.open().ok());
    REQUIRE(file.write("half").ok());
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(folder.names().size() == 1); // the temporary one
    REQUIRE(file.write(" whole").ok());
    REQUIRE(file.commit().ok());
    CHECK(folder.names() == std::vector<std::string>{"out.csv"});
    CHECK(folder.read("out.csv") == "half whole");
}

TEST_CASE("what is not committed leaves the last good file alone") {
    world::Folder folder;
    const std::string path = folder.write("out.csv", "good");
    {
        AtomicFile file(path);
        REQUIRE(file.open().ok());
        REQUIRE(file.write("bad").ok());
        CHECK(folder.read("out.csv") == "good");
    }
    CHECK(folder.names() == std::vector<std::string>{"out.csv"});
    CHECK(folder.read("out.csv") == "good");
}

TEST_CASE("a symbolic link stays a link to the file that is replaced") {
    world::Folder folder;
    folder.write("real/out.csv", "old");
    const auto link = [&](const std::string& to, const std::string& name) {
        std::filesystem::create_symlink(to, folder.path + "/" + name);
        return folder.path + "/" + name;
    };
    const auto write = [](const std::string& path) {
        AtomicFile file(path);
        REQUIRE(file.open().ok());
        REQUIRE(file.write("new").ok());
        REQUIRE(file.commit().ok());
        CHECK(std::filesystem::is_symlink(path));
    };
    link("real/out.csv", "near.csv");
    write(link("near.csv", "far.csv")); // a link to a link
    CHECK(folder.read("real/out.csv") == "new");
    write(link(folder.path + "/real/later.csv", "later.csv")); // to a file that is not there yet
    CHECK(folder.read("real/later.csv") == "new");
    CHECK(AtomicFile(link("round.csv", "round.csv")).open().message() ==
          "cannot write this file: Too many levels of symbolic links");
    CHECK(AtomicFile(link("none/out.csv", "lost.csv")).open().to_string() ==
          folder.path + "/lost.csv: cannot write this file: No such file or directory");
    CHECK(folder.names() == std::vector<std::string>{"far.csv", "later.csv", "lost.csv", "near.csv",
                                                     "real", "round.csv"});
}

TEST_CASE("unfinished files can be removed from a signal handler") {
    world::Folder folder;
    AtomicFile file(folder.path + "/a"), done(folder.path + "/b");
    REQUIRE(file.open().ok());
    REQUIRE(done.open().ok());
    REQUIRE(done.commit().ok());
    remove_unfinished_files();
    CHECK(folder.names() == std::vector<std::string>{"b"});
}

TEST_CASE("what the system refuses is told, with the file's name") {
    world::Folder folder;
    CHECK(AtomicFile(folder.path).open().message() == "cannot write this file: Is a directory");
    const Status missing = AtomicFile(folder.path + "/none/out.csv").open();
    CHECK(missing.code() == StatusCode::io);
    CHECK(missing.to_string() ==
          folder.path + "/none/out.csv: cannot write this file: No such file or directory");
}

TEST_CASE("a full device is told and nothing is put in its place") {
    AtomicFile file("/dev/full");
    REQUIRE(file.open().ok());
    const Status status = file.write("x");
    CHECK(status.code() == StatusCode::io);
    CHECK(status.to_string() == "/dev/full: cannot write this file: No space left on device");
    CHECK(std::filesystem::is_character_file("/dev/full"));
}

TEST_CASE("scores have six decimals") {
    CHECK(format_score(0) == "0.000000");
    CHECK(format_score(600'000) == "0.600000");
    CHECK(format_score(-1) == "-0.000001");
    CHECK(format_score(-12'345'678) == "-12.345678");
    CHECK(format_score(INT64_MAX) == "9223372036854.775807");
    CHECK(format_score(INT64_MIN) == "-9223372036854.775808");
}

namespace {

struct Answer {
    SchemaPtr schema = world::schema();
    std::vector<Policy> policies = world::policies(schema, R"([
        {"id": "=B", "rule": {"field": "patents", "ge": 1}, "priority": -0.5},
        {"id": "A,1", "rule": {"all": [{"field": "patents", "ge": 1}, {"manual": "m"}]}},
        {"id": "old", "rule": {"all": []}, "effective": {"to": "2020-01-01"}}])");
    FirmTable firms = make();
    world::Folder folder;

    FirmTable make() {
        FirmTableBuilder builder(schema, day("2026-11-23"));
        for (const auto& [id, patents] : {std::pair("z\"", "1"), {"@f", "2"}, {"n", ""}}) {
            builder.begin(id, 1);
            REQUIRE(builder.set(schema->find("patents").value(), patents) == nullptr);
            builder.end();
        }
        return std::move(builder).finish();
    }
    std::string pushes(const WriteOptions& options, bool include_closed = false) {
        const Matcher matcher(
            *schema, policies,
            {.as_of = day("2026-11-23"), .include_closed = include_closed, .urgency = {}});
        const MatchResult result = matcher.match(firms, {.top = 20,
                                                         .statuses = options.statuses,
                                                         .by_policy = options.by_policy,
                                                         .count_all = true,
                                                         .threads = 1,
                                                         .done_blocks = nullptr});
        AtomicFile file(folder.path + "/out"), counts(folder.path + "/counts");
        REQUIRE(file.open().ok());
        REQUIRE(counts.open().ok());
        const auto states = life_cycles(policies, day("2026-11-23"));
        REQUIRE(write_pushes(file, result, firms, policies, states, options).ok());
        REQUIRE(write_counts(counts, result, policies).ok());
        REQUIRE(file.commit().ok());
        REQUIRE(counts.commit().ok());
        return folder.read("out");
    }
};

} // namespace

TEST_CASE("pushes are written in the firms' order, then by status and rank") {
    Answer answer;
    CHECK(answer.pushes({}) == "firm_id,status,rank,policy_id,score\n"
                               "\"z\"\"\",eligible,1,'=B,-0.500000\n"
                               "\"z\"\"\",review,1,\"A,1\",0.000000\n"
                               "'@f,eligible,1,'=B,-0.500000\n"
                               "'@f,review,1,\"A,1\",0.000000\n");
    CHECK(answer.folder.read("counts") == "policy_id,eligible,review,needs_data,near\n"
                                          "'=B,2,0,1,0\n"
                                          "\"A,1\",0,2,1,0\n"
                                          "old,0,0,0,0\n");
    WriteOptions data;
    data.statuses = status_bit(Verdict::needs_data);
    data.neutralise = false;
    CHECK(answer.pushes(data) == "firm_id,status,rank,policy_id,score\n"
                                 "n,needs_data,1,\"A,1\",0.000000\n"
                                 "n,needs_data,2,=B,-0.500000\n");
}

TEST_CASE("pushes by policy are written in the policies' order") {
    Answer answer;
    WriteOptions options;
    options.by_policy = true;
    CHECK(answer.pushes(options) == "firm_id,status,rank,policy_id,score\n"
                                    "'@f,eligible,1,'=B,-0.500000\n"
                                    "\"z\"\"\",eligible,2,'=B,-0.500000\n"
                                    "'@f,review,1,\"A,1\",0.000000\n"
                                    "\"z\"\"\",review,2,\"A,1\",0.000000\n");
}

TEST_CASE("closed policies are marked, and JSON Lines carry what CSV carries") {
    Answer answer;
    WriteOptions options;
    options.statuses = status_bit(Verdict::eligible);
    options.life_cycle = true;
    CHECK(answer.pushes(options, true).substr(0, 90) ==
          "firm_id,status,rank,policy_id,score,life_cycle\n"
          "\"z\"\"\",eligible,1,old,0.000000,not_in_force\n");
    options.json_lines = true;
    const std::string json = answer.pushes(options, true);
    CHECK(json.substr(0, json.find('\n')) ==
          R"({"firm_id":"z\"","status":"eligible","rank":1,"policy_id":"old","score":0.000000,)"
          R"("life_cycle":"not_in_force"})");
}

namespace {

/// Many firms and policies, some with ids that need care, one longer than any buffer.
struct ManyRows {
    SchemaPtr schema = world::schema();
    std::vector<Policy> policies;
    FirmTable firms = make_firms();
    world::Folder folder;

    ManyRows() {
        std::string json;
        for (int i = 0; i < 40; ++i) {
            const bool long_id = i == 5; // met by two firms
            std::string id = "P-" + std::to_string(i);
            id.append(static_cast<std::size_t>(long_id ? 1'200'000 : i), 'x');
            if (i % 10 == 3) id = "=" + id + R"(,\")";
            json += i == 0 ? "[" : ",";
            json += R"({"id": ")" + id + R"(", "priority": )" + std::to_string((i - 9) * 0.754321) +
                    R"(, "status": ")" + (i % 4 == 0 ? "draft" : "published") +
                    R"(", "rule": {"all": [{"field": "patents", "ge": )" +
                    std::to_string(long_id ? 100 : i) + "}" +
                    (long_id ? R"(, {"field": "patents", "known": true})" : "") + "]}}";
        }
        policies = world::policies(schema, json + "]");
    }
    FirmTable make_firms() const {
        FirmTableBuilder builder(schema, day("2026-11-23"));
        for (int i = 0; i < 3000; ++i) {
            builder.begin((i % 100 == 7 ? "@\"" : "F") + std::to_string(i), 1);
            REQUIRE(builder.set(schema->find("patents").value(),
                                i % 9 == 0      ? ""
                                : i % 1499 == 1 ? "100"
                                                : std::to_string(i % 39)) == nullptr);
            builder.end();
        }
        return std::move(builder).finish();
    }
    MatchResult match(const Matcher& matcher, const WriteOptions& options) const {
        return matcher.match(firms, {.top = kNoLimit,
                                     .statuses = options.statuses,
                                     .by_policy = options.by_policy,
                                     .count_all = false,
                                     .threads = 1,
                                     .done_blocks = nullptr});
    }
};

/// The rows one after another, written without haste.
std::string plain_rows(const ManyRows& of, const MatchResult& result,
                       const std::vector<LifeCycle>& states, const WriteOptions& options) {
    std::string text = !options.life_cycle ? "firm_id,status,rank,policy_id,score\n"
                                           : "firm_id,status,rank,policy_id,score,life_cycle\n";
    for (std::uint32_t i = 0; i < (options.by_policy ? of.policies.size() : of.firms.size()); ++i) {
        for (std::size_t status = 0; status < kStatuses; ++status) {
            if ((options.statuses >> status & 1) == 0) continue;
            std::size_t rank = 0;
            for (const Push push : result.pushes(i, static_cast<Verdict>(status))) {
                const std::uint32_t policy = options.by_policy ? i : push.other;
                append_csv_cell(text, of.firms.id(options.by_policy ? push.other : i),
                                options.neutralise);
                text += ',' + std::string(name_of(static_cast<Verdict>(status))) + ',' +
                        std::to_string(++rank) + ',';
                append_csv_cell(text, of.policies[policy].id, options.neutralise);
                text += ',' + format_score(push.score);
                if (options.life_cycle) text += ',' + std::string(name_of(states[policy]));
                text += '\n';
            }
        }
    }
    return text;
}

} // namespace

TEST_CASE("rows are the same bytes whatever the threads and the length of a row") {
    ManyRows many;
    const auto states = life_cycles(many.policies, day("2026-11-23"));
    const Matcher matcher(*many.schema, many.policies,
                          {.as_of = day("2026-11-23"), .include_closed = true, .urgency = {}});
    for (const bool by_policy : {false, true}) {
        WriteOptions options;
        options.by_policy = by_policy;
        options.life_cycle = by_policy;
        options.neutralise = !by_policy;
        options.statuses = status_bit(Verdict::eligible) | status_bit(Verdict::needs_data);
        const MatchResult result = many.match(matcher, options);
        const std::string wanted = plain_rows(many, result, states, options);
        REQUIRE(wanted.size() > 5'000'000);
        for (const unsigned threads : {1u, 2u, 5u}) {
            AtomicFile file(many.folder.path + "/out");
            REQUIRE(file.open().ok());
            REQUIRE(write_pushes(file, result, many.firms, many.policies, states, options, threads)
                        .ok());
            REQUIRE(file.commit().ok());
            CHECK((many.folder.read("out") == wanted)); // the texts are too long to be shown
        }
    }
}

TEST_CASE("what the system refuses stops all threads that write rows") {
    ManyRows many;
    const auto states = life_cycles(many.policies, day("2026-11-23"));
    const Matcher matcher(*many.schema, many.policies,
                          {.as_of = day("2026-11-23"), .include_closed = false, .urgency = {}});
    const MatchResult result = many.match(matcher, {});
    for (const unsigned threads : {1u, 4u}) {
        AtomicFile file("/dev/full");
        REQUIRE(file.open().ok());
        CHECK(write_pushes(file, result, many.firms, many.policies, states, {}, threads)
                  .to_string() == "/dev/full: cannot write this file: No space left on device");
    }
}

TEST_CASE("the quarantine is written with its header even when it is empty") {
    world::Folder folder;
    const std::vector<Quarantined> entries{{2, "f", "revenue", "=1+1", "is not a number"},
                                           {7, "", "", "a\nb", "text after a closing quote"}};
    for (const std::size_t count : {0u, 2u}) {
        AtomicFile file(folder.path + "/bad.csv");
        REQUIRE(file.open().ok());
        REQUIRE(write_quarantine(file, std::span(entries).first(count)).ok());
        REQUIRE(file.commit().ok());
        CHECK(folder.read("bad.csv") == std::string("line,firm_id,field,value,reason\n") +
                                            (count == 0
                                                 ? ""
                                                 : "2,f,revenue,'=1+1,is not a number\n"
                                                   "7,,,\"a\nb\",text after a closing quote\n"));
    }
}
