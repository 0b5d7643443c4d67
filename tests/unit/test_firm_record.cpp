// FirmRecord: one firm's raw values outside of a table.
#include "qice/model/firm_record.hpp"

#include "world.hpp"

using namespace qice;

namespace {

std::uint32_t field(const char* name) { return world::schema()->find(name).value(); }

} // namespace

TEST_CASE("an empty record is what an empty row is") {
    const FirmRecord record(world::schema());
    CHECK(record.scalars()[field("revenue")] == kUnknownNumber);
    CHECK(record.scalars()[field("scale")] == kUnknownNumber);
    CHECK(record.elements_known(field("titles")));
    CHECK_FALSE(record.elements_known(field("labels"))); // "missing": "unknown"
    CHECK(record.scalars()[field("follows")] == 0);      // tags are never unknown
    CHECK(record.elements().empty());
    CHECK(record.tags().empty());
}

TEST_CASE("a record takes values of every kind and gives them up again") {
    FirmRecord record(world::schema());
    record.set_number(field("revenue"), 123'456);
    record.set_date(field("established"), world::day("2020-02-29"));
    record.set_flag(field("dishonest"), true);
    CHECK(record.set_text(field("scale"), "small"));
    CHECK(record.set_text(field("industry"), "C3911"));
    CHECK(record.set_text(field("park"), "P12"));
    CHECK(record.set_text(field("name"), "东莞某厂"));
    record.add_element(field("titles"), "小巨人", 20'000);
    record.add_element(field("labels"), "绿色工厂");
    record.add_tag("出口", 500);
    record.add_tag("制造业");

    CHECK(record.scalars()[field("revenue")] == 123'456);
    CHECK(record.scalars()[field("established")] == world::day("2020-02-29").days);
    CHECK(record.scalars()[field("dishonest")] == 1);
    CHECK(record.text(field("scale")) == "small");
    const CodeList& industries = *(*world::schema())[field("industry")].codes;
    CHECK(record.scalars()[field("industry")] == industries.find("C3911").value());
    CHECK(record.text(field("park")) == "P12");
    CHECK(record.scalars()[field("name")] == 0);
    REQUIRE(record.elements().size() == 2);
    CHECK(record.name(record.elements()[0]) == "小巨人");
    CHECK(record.elements()[0].until == 20'000);
    CHECK(record.elements()[1].until == kForever);
    CHECK(record.elements_known(field("labels")));
    REQUIRE(record.tags().size() == 2);
    CHECK(record.name(record.tags()[0]) == "出口");
    CHECK(record.tags()[0].weight == 500);
    CHECK(record.tags()[1].weight == 1000);

    record.clear();
    CHECK(record.scalars()[field("revenue")] == kUnknownNumber);
    CHECK(record.text(field("scale")).empty());
    CHECK_FALSE(record.elements_known(field("labels")));
    CHECK(record.elements().empty());
    CHECK(record.tags().empty());
}

TEST_CASE("a text that is no value of its field leaves it unknown") {
    FirmRecord record(world::schema());
    CHECK(record.set_text(field("scale"), "small"));
    CHECK_FALSE(record.set_text(field("scale"), "tiny"));
    CHECK(record.scalars()[field("scale")] == kUnknownNumber);
    CHECK(record.text(field("scale")).empty());
    CHECK_FALSE(record.set_text(field("industry"), "no such code"));
    CHECK(record.scalars()[field("industry")] == kUnknownNumber);
    CHECK(record.set_text(field("scale"), "")); // empty is a way to say unknown
    CHECK(record.scalars()[field("scale")] == kUnknownNumber);
}

TEST_CASE("a set can be said to be unknown, or known to be empty") {
    FirmRecord record(world::schema());
    record.add_element(field("titles"), "小巨人");
    record.set_elements_known(field("titles"), false);
    CHECK_FALSE(record.elements_known(field("titles")));
    CHECK(record.elements().empty());
    record.set_elements_known(field("labels"), true);
    CHECK(record.elements_known(field("labels")));
}

TEST_CASE("a record takes over a row of a table") {
    const FirmTable table = world::firms(world::schema(), world::day("2026-06-15"),
                                         {{{"revenue", "1.5亿元"},
                                           {"scale", "medium"},
                                           {"titles", "小巨人@2027-01-01|瞪羚"},
                                           {"follows", "出口:0.25"}},
                                          {{"dishonest", "否"}, {"park", "P1"}, {"name", "甲"}}});
    FirmRecord record(world::schema());
    record.assign(table[0]);
    CHECK(record.scalars()[field("revenue")] == 15'000'000'000);
    CHECK(record.text(field("scale")) == "medium");
    REQUIRE(record.elements().size() == 2);
    CHECK(record.elements()[0].until == world::day("2027-01-01").days);
    REQUIRE(record.tags().size() == 1);
    CHECK(record.tags()[0].weight == 250);
    record.assign(table[1]);
    CHECK(record.scalars()[field("revenue")] == kUnknownNumber);
    CHECK(record.scalars()[field("dishonest")] == 0);
    CHECK(record.text(field("park")) == "P1");
    CHECK(record.text(field("scale")).empty());
    CHECK(record.elements().empty());
    CHECK(record.scalars()[field("name")] == 0);
}
