// Files that appear whole or not at all, and rows as other programs read them.
#include "qice/io/writer.hpp"

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
