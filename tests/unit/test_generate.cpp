// The generator makes the same realistic city everywhere.
#include "base/json.hpp"
#include "generate/city.hpp"
#include "generate/firm_row.hpp"
#include "generate/generate.hpp"
#include "generate/random.hpp"
#include "qice/base/csv.hpp"
#include "qice/base/text.hpp"
#include "qice/model/standards.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

using namespace qice;

namespace {

/// A folder that is gone with the test.
struct Folder {
    std::string path;

    Folder() {
        std::string name =
            (std::filesystem::temp_directory_path() / "qice-generate-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
};

std::string file(const Folder& folder, const std::string& name) {
    return read_file(folder.path + "/" + name).value();
}

std::uint64_t fnv1a(const std::string& text) {
    std::uint64_t hash = 14695981039346656037u;
    for (unsigned char c : text)
        hash = (hash ^ c) * 1099511628211u;
    return hash;
}

using Row = std::map<std::string, std::string>;

std::vector<Row> rows_of(const std::string& text) {
    CsvScanner scanner(text);
    REQUIRE(scanner.next());
    const std::vector<std::string> header(scanner.cells().begin(), scanner.cells().end());
    std::vector<Row> rows;
    while (scanner.next()) {
        REQUIRE(scanner.cells().size() == header.size());
        Row row;
        for (std::size_t i = 0; i < header.size(); ++i)
            row[header[i]] = scanner.cells()[i];
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<Row> firms(GenerateOptions options) {
    Folder folder;
    options.out = folder.path;
    REQUIRE(generate(options).ok());
    return rows_of(file(folder, "firms.csv"));
}

/// The share of the rows for which `condition` holds.
template <class Condition> double share(const std::vector<Row>& rows, Condition condition) {
    return static_cast<double>(std::count_if(rows.begin(), rows.end(), condition)) /
           static_cast<double>(rows.size());
}

std::vector<Json> policies(const std::string& text) {
    std::vector<Json> found;
    for (std::string_view line : split(text, '\n'))
        if (!line.empty()) found.push_back(parse_json({"policies.jsonl", line}).value());
    return found;
}

} // namespace

TEST_CASE("random numbers are those of splitmix64 from the hash of seed, stream and index") {
    Random random(1, 2, 3);
    const std::uint64_t first = random.next(), second = random.next();
    CHECK(first == 15881399262020493209u);
    CHECK(second == 6806793407131878136u);
    CHECK(Random(1, 2, 4).next() != first);
    CHECK(times_power_of_two(1'000'000, kOne) == 2'000'000);
    CHECK(times_power_of_two(1'000'000, kOne / 2) == 1'414'213);
    CHECK(times_power_of_two(1'000'000, -kOne) == 500'000);
    CHECK(log2_of(1) == 0);
    CHECK(log2_of(1024) == 10 * kOne);
    CHECK(log2_of(3) == 103'872); // 1.58496
}

TEST_CASE("a weighted choice picks by its weights and never what weighs nothing") {
    const std::vector<std::uint64_t> weights{1, 0, 3};
    const WeightedChoice choice(weights);
    Random random(7, 0, 0);
    std::array<int, 3> picked{};
    for (int i = 0; i < 10'000; ++i)
        ++picked[choice.pick(random)];
    CHECK(picked[1] == 0);
    CHECK(picked[0] > 2'300);
    CHECK(picked[0] < 2'700);
}

TEST_CASE("the same options give the same bytes, on every machine") {
    Folder one, two, other;
    REQUIRE(generate({.firms = 500, .policies = 100, .seed = 1, .out = one.path}).ok());
    REQUIRE(generate({.firms = 500, .policies = 100, .seed = 1, .out = two.path}).ok());
    REQUIRE(generate({.firms = 500, .policies = 100, .seed = 2, .out = other.path}).ok());
    for (const char* name : {"firms.csv", "policies.jsonl", "schema.json"})
        CHECK(file(one, name) == file(two, name));
    CHECK(file(one, "firms.csv") != file(other, "firms.csv"));
    CHECK(file(one, "policies.jsonl") != file(other, "policies.jsonl"));
    CHECK(file(one, "schema.json") == read_file(data_directory() + "/schema.json").value());
    // Of the bytes themselves: they change only with the generator or the standards it reads.
    CHECK(fnv1a(file(one, "firms.csv")) == 10875035106278992855u);
    CHECK(fnv1a(file(one, "policies.jsonl")) == 4520772055522212870u);
}

TEST_CASE("a firm depends on the seed and its number only") {
    const std::vector<Row> few = firms({.firms = 50}), many = firms({.firms = 200});
    REQUIRE(few.size() == 50);
    REQUIRE(many.size() == 200);
    CHECK(std::equal(few.begin(), few.end(), many.begin()));
}

TEST_CASE("nothing but whole files is left in the folder") {
    Folder folder;
    REQUIRE(generate({.firms = 10, .out = folder.path}).ok());
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path))
        names.insert(entry.path().filename());
    CHECK(names == std::set<std::string>{"firms.csv", "schema.json"});
}

TEST_CASE("every firm has an id of its own, a valid credit code") {
    for (const char* city : {"441900", "500000"}) {
        std::set<std::string> ids;
        for (const Row& row : firms({.firms = 3'000, .city = city})) {
            const std::string& id = row.at("uscc");
            CHECK(is_credit_code(id));
            CHECK(ids.insert(id).second);
        }
        CHECK(ids.size() == 3'000);
    }
}

TEST_CASE("credit codes differ wherever the numbers do") {
    const City city = City::load("441900", data_directory() + "/standards").value();
    Firm firm;
    firm.town = &city.towns[0];
    std::set<std::string> codes;
    for (std::uint64_t number : {0u, 1u, 2u, 999'999u, 5'000'000u, 60'000'000u, 99'999'999u})
        for (std::int64_t established : {20'000, 10'000}) {
            firm.number = number;
            firm.established = established;
            CHECK(codes.insert(credit_code(firm, 1)).second);
        }
    CHECK(codes.size() == 14);
}

TEST_CASE("a city of firms has the published shares and the usual gaps") {
    const std::vector<Row> rows = firms({.firms = 20'000});
    const auto missing = [&](const char* field) {
        return share(rows, [&](const Row& row) { return row.at(field).empty(); });
    };
    const auto holds = [&](const char* name) {
        return share(rows, [&](const Row& row) {
            return row.at("qualifications").find(name) != std::string::npos;
        });
    };
    // Chang'an has 5.00 of 53.28 (10,000) legal entities.
    const double town = share(rows, [](const Row& row) { return row.at("region") == "441900119"; });
    CHECK(town > 0.086);
    CHECK(town < 0.101);
    CHECK(missing("name") == 0);
    CHECK(missing("region") < 0.02);
    CHECK(missing("industry") < 0.02);
    CHECK(missing("established") < 0.02);
    CHECK(missing("employees") > 0.2);
    CHECK(missing("employees") < 0.4);
    CHECK(missing("revenue") > 0.4);
    CHECK(missing("revenue") < 0.7);
    CHECK(missing("assets") > 0.4);
    CHECK(missing("assets") < 0.7);
    CHECK(missing("rd_expense") > 0.7);
    CHECK(missing("rd_expense") < 0.9);
    CHECK(missing("follows") > 0.47);
    CHECK(missing("follows") < 0.53);
    CHECK(holds("高新技术企业") > 0.007);
    CHECK(holds("高新技术企业") < 0.015);
    CHECK(holds("专精特新中小企业") > 0.001);
    CHECK(holds("专精特新中小企业") < 0.005);
    CHECK(holds("小巨人") < 0.002);
    const double dishonest = share(rows, [](const Row& row) { return row.at("dishonest") == "1"; });
    CHECK(dishonest > 0.001);
    CHECK(dishonest < 0.01);
}

TEST_CASE("the six cities can be drawn, and a code that is no city is refused") {
    const std::string standards = data_directory() + "/standards";
    CHECK(City::load("441900", standards).value().towns.size() == 36);
    CHECK(City::load("440300", standards).value().towns.size() == 79);
    CHECK(City::load("440400", standards).value().towns.size() == 31);
    CHECK(City::load("410300", standards).value().name == "洛阳市");
    CHECK(City::load("510100", standards).value().province == "510000");
    CHECK(City::load("500000", standards).value().name == "重庆市");
    Folder folder;
    const Status status = generate({.out = folder.path, .city = "999999"});
    CHECK(status.code() == StatusCode::usage);
    CHECK(generate({.out = ""}).code() == StatusCode::usage);
    CHECK(generate({.firms = kMostFirms + 1, .out = folder.path}).code() == StatusCode::usage);
}

TEST_CASE("the sample city is what its seed gives, byte for byte") {
    Folder folder;
    REQUIRE(generate({.firms = 5'000, .seed = 1, .out = folder.path}).ok());
    const std::string sample =
        read_file(std::string(QICE_SOURCE_DIR) + "/data/sample/firms.csv").value();
    CHECK(read_file(folder.path + "/firms.csv").value() == sample);
}

TEST_CASE("policies are JSON with the required keys, most of them of a town") {
    Folder folder;
    REQUIRE(generate({.firms = 0, .policies = 1'000, .out = folder.path}).ok());
    std::set<std::string> ids;
    std::map<std::string, int> levels;
    int manual = 0, prefer = 0;
    for (const Json& policy : policies(file(folder, "policies.jsonl"))) {
        REQUIRE(policy.is(Json::Kind::object));
        for (const char* key : {"id", "title", "issuer", "level", "status", "rule", "tags"})
            REQUIRE(policy.find(key) != nullptr);
        CHECK(ids.insert(policy.find("id")->text).second);
        CHECK(policy.find("rule")->is(Json::Kind::object));
        CHECK(policy.find("tags")->members.size() >= 1);
        CHECK(policy.find("tags")->members.size() <= 5);
        ++levels[policy.find("level")->text];
        manual += policy.find("rule")->dump().find("\"manual\"") != std::string::npos;
        prefer += policy.find("prefer") != nullptr;
    }
    CHECK(levels == std::map<std::string, int>{
                        {"national", 40}, {"province", 80}, {"city", 240}, {"town", 640}});
    CHECK(manual > 150);
    CHECK(manual < 280);
    CHECK(prefer > 150);
    CHECK(prefer < 250);
}

TEST_CASE("progress tells how many firms are written") {
    Folder folder;
    std::vector<std::uint64_t> told;
    REQUIRE(generate({.firms = 25'000, .out = folder.path}, [&](std::uint64_t done) {
                told.push_back(done);
            }).ok());
    CHECK(told == std::vector<std::uint64_t>{10'000, 20'000});
}
