// The schema from JSON, and everything that is refused in one.
#include "qice/model/schema.hpp"

#include "unit/world.hpp"

using namespace qice;

namespace {

/// The fault of a schema with these fields, behind the place.
std::string fault_in(const std::string& fields) {
    const Result<SchemaPtr> result =
        Schema::parse("{\"id\": \"id\", \"fields\": [" + fields + "]}", "schema.json");
    return result.ok() ? "" : result.status().message();
}
std::string fault(const std::string& json) {
    const Result<SchemaPtr> result = Schema::parse(json, "schema.json");
    return result.ok() ? "" : result.status().to_string();
}

} // namespace

TEST_CASE("the standard schema is read") {
    const SchemaPtr schema = Schema::load(data_directory() + "/schema.json").value();
    CHECK(schema->id_column() == "uscc");
    const Field& revenue = (*schema)[schema->find("revenue").value()];
    CHECK(revenue.kind == Kind::number);
    CHECK(revenue.decimals == 2);
    CHECK(revenue.unit == Unit{"元", 0});
    CHECK(revenue.label == "营业收入（上年度）");
    CHECK((*schema)[schema->find("region").value()].codes->size() > 4'000);
    CHECK((*schema)[schema->find("region").value()].fixed);
    CHECK((*schema)[schema->find("rd_ratio").value()].is_ratio());
    CHECK(schema->tags() == schema->find("follows"));
    CHECK(schema->size_classes() != nullptr);
    CHECK_FALSE(schema->find("turnover"));
}

TEST_CASE("what stands on derived fields is derived after them") {
    const SchemaPtr schema = world::schema(R"({"id": "id", "fields": [
        {"name": "total", "kind": "number", "derive": {"sum": ["half", "c"]}},
        {"name": "half", "kind": "number", "derive": {"sum": ["a", "b"]}},
        {"name": "a", "kind": "number", "unit": "万元", "decimals": 1},
        {"name": "b", "kind": "number", "unit": "万元", "decimals": 3},
        {"name": "c", "kind": "number", "unit": "万元"}]})");
    CHECK(schema->derived() == std::vector<std::uint32_t>{1, 0});
    CHECK((*schema)[0].decimals == 3); // the most of the operands, and their unit
    CHECK((*schema)[0].unit == Unit{"元", 4});
    CHECK((*schema)[1].decimals == 3);
}

TEST_CASE("a field has its name for a label, and no more than it says") {
    const SchemaPtr schema = world::schema();
    const Field& patents = (*schema)[schema->find("patents").value()];
    CHECK(patents.label == "patents");
    CHECK(patents.decimals == 0);
    CHECK_FALSE(patents.fixed);
    CHECK((*schema)[schema->find("titles").value()].expires);
    CHECK_FALSE((*schema)[schema->find("titles").value()].missing_is_unknown);
    CHECK((*schema)[schema->find("labels").value()].missing_is_unknown);
    CHECK((*schema)[schema->find("park").value()].is_string());
    CHECK_FALSE((*schema)[schema->find("industry").value()].is_string());
    CHECK(schema->names().size() == schema->size());
    CHECK(schema->size_classes() == nullptr);
}

TEST_CASE("a portal's own code list lies beside the schema and is read once") {
    world::Folder folder;
    folder.write("parks.csv", "code,name,parent,level\nP,Park,,park\nP1,Plot,P,plot\n");
    const SchemaPtr schema = Schema::load(folder.write("schema.json", R"({"id": "id", "fields": [
            {"name": "a", "kind": "code", "codes": "parks.csv"},
            {"name": "b", "kind": "code", "codes": "parks.csv", "level": ["park", "plot"]}]})"))
                                 .value();
    CHECK((*schema)[0].codes == (*schema)[1].codes);
    CHECK((*schema)[1].levels == std::vector<std::string>{"park", "plot"});
    const Status status = Schema::load(folder.write("other.json", R"({"id": "id", "fields": [
            {"name": "a", "kind": "code", "codes": "parks.csv", "level": "town"}]})"))
                              .status();
    CHECK(status.message() == "field \"a\": list \"parks.csv\" has no level \"town\"");
    CHECK(status.place().line == 2);
}

TEST_CASE("a text that is no schema is refused with its place") {
    CHECK(fault("[]") == "schema.json:1:1: a schema is an object with id and fields");
    CHECK(fault("{\"id\": \"x\",\n \"filds\": []}") ==
          "schema.json:2:11: \"filds\" is not known here; a schema has id and fields");
    CHECK(fault("{\"fields\": []}") == "schema.json:1:1: a schema needs \"id\": the name of the "
                                       "column that names the firm");
    CHECK(fault("{\"id\": 1, \"fields\": []}").substr(0, 17) == "schema.json:1:8: ");
    CHECK(fault("{\"id\": \"x\"}") ==
          "schema.json:1:1: a schema needs \"fields\": a list of fields");
    CHECK(fault("{\"id\": \"x\", \"fields\": []}") ==
          "schema.json:1:23: a schema needs \"fields\": a list of fields");
    CHECK(fault("{") == "schema.json:1:2: not valid JSON: Missing a name for object member.");
    CHECK(Schema::load("/none.json").status().to_string() ==
          "/none.json: cannot read this file: No such file or directory");
}

TEST_CASE("a faulty field is refused") {
    CHECK(fault_in("3") == "a field is an object, got 3");
    CHECK(fault_in("{}") == "a field needs a \"name\"");
    CHECK(fault_in(R"({"name": "", "kind": "flag"})") == "a field needs a \"name\"");
    CHECK(fault_in(R"({"name": "id", "kind": "flag"})") ==
          "field \"id\": is the id column; a field needs another name");
    CHECK(fault_in(R"({"name": "a", "kind": "flag"}, {"name": "a", "kind": "text"})") ==
          "field \"a\": another field has this name already");
    CHECK(fault_in(R"({"name": "a"})") == "field \"a\": needs a \"kind\"");
    CHECK(fault_in(R"({"name": "a", "kind": "real"})") ==
          "field \"a\": kind \"real\" is not known; the kinds are number, date, flag, category, "
          "code, set, tags, text");
    CHECK(fault_in(R"({"name": "a", "kind": "flag", "fixed": 1})") ==
          "field \"a\": \"fixed\" needs true or false, got 1");
    CHECK(fault_in(R"({"name": "a", "kind": "flag", "unit": "元"})") ==
          "field \"a\": \"unit\" is for fields of kind number, not flag");
    CHECK(fault_in(R"({"name": "a", "kind": "number", "unit": 5})") ==
          "field \"a\": \"unit\" needs a text, got 5");
    CHECK(fault_in(R"({"name": "a", "kind": "number", "expires": true})") ==
          "field \"a\": \"expires\" is for fields of kind set, not number");
    CHECK(fault_in(R"({"name": "a", "kind": "set", "missing": "maybe"})") ==
          "field \"a\": \"missing\" is \"unknown\" or \"none\"");
    for (const char* decimals : {"10", "-1", "1.0", "\"2\"", "true"}) {
        INFO(decimals);
        CHECK(fault_in(std::string(R"({"name": "a", "kind": "number", "decimals": )") + decimals +
                       "}")
                  .substr(0, 54) == "field \"a\": \"decimals\" needs a whole number from 0 to 9");
    }
    CHECK(fault_in(R"({"name": "a", "kind": "code"})") ==
          "field \"a\": a code field needs \"codes\": a list in the standards folder, a file, or "
          "\"prefix\"");
    CHECK(fault_in(R"({"name": "a", "kind": "code", "codes": "none"})").substr(0, 47) ==
          "field \"a\": code list \"none\" is neither \"prefix\"");
    CHECK(fault_in(R"({"name": "a", "kind": "code", "codes": "prefix", "level": "town"})") ==
          "field \"a\": \"level\" needs a code list");
    CHECK(fault_in(R"({"name": "a", "kind": "tags"}, {"name": "b", "kind": "tags"})") ==
          "field \"b\": a schema has at most one field of kind tags");
    CHECK(fault_in(R"({"name": "a", "kind": "category", "values": []})") ==
          "field \"a\": \"values\" needs a text or a list of texts, got an empty list");
    CHECK(fault_in(R"({"name": "a", "kind": "flag", "colour": "red"})").substr(0, 18) ==
          "field \"a\": \"colour");
}

TEST_CASE("a faulty derivation is refused") {
    const std::string numbers = R"({"name": "m", "kind": "number", "unit": "元", "decimals": 2},
        {"name": "w", "kind": "number", "unit": "万元"}, {"name": "n", "kind": "number", "unit": "人"},
        {"name": "d", "kind": "date"}, {"name": "i", "kind": "code", "codes": "gbt4754"},
        {"name": "r", "kind": "number", "derive": {"ratio": ["m", "n"]}}, )";
    const auto derive = [&](const std::string& what, const std::string& more = "") {
        return fault_in(numbers + R"({"name": "x", "kind": "number", "derive": )" + what + more +
                        "}");
    };
    CHECK(derive("{\"sum\": [\"m\", \"m\"]}").empty());
    CHECK(derive("{\"months_since\": \"d\"}").empty());
    CHECK(derive("{}") == "field \"x\": \"derive\" needs one of ratio, sum, difference, "
                          "months_since, sme_size");
    CHECK(derive("{\"product\": [\"m\"]}") ==
          "field \"x\": \"product\" is not known; derive by ratio, sum, difference, months_since "
          "or sme_size");
    CHECK(derive("{\"sum\": [\"m\", \"none\"]}").substr(0, 54) ==
          "field \"x\": derives from \"none\", which is not a field");
    CHECK(derive("{\"sum\": []}") ==
          "field \"x\": \"sum\" needs a text or a list of texts, got an empty list");
    CHECK(derive("{\"sum\": [\"m\", \"x\"]}") == "field \"x\": is derived from itself");
    CHECK(derive("{\"ratio\": [\"m\"]}") == "field \"x\": ratio needs two fields");
    CHECK(derive("{\"difference\": [\"m\", \"m\", \"m\"]}") ==
          "field \"x\": difference needs two fields");
    CHECK(derive("{\"sum\": [\"m\", \"d\"]}") ==
          "field \"x\": needs number fields; \"d\" is not one");
    CHECK(derive("{\"sum\": [\"r\", \"r\"]}") ==
          "field \"x\": needs number fields; \"r\" is not one");
    CHECK(derive("{\"sum\": [\"m\", \"w\"]}") ==
          "field \"x\": \"m\" and \"w\" have different units");
    CHECK(derive("{\"ratio\": [\"m\", \"w\"]}") ==
          "field \"x\": \"m\" and \"w\" have different units");
    CHECK(derive("{\"ratio\": [\"m\", \"n\"]}").empty()); // 元 a head
    CHECK(derive("{\"sum\": [\"m\", \"n\"]}") ==
          "field \"x\": \"m\" and \"n\" have different units");
    CHECK(derive("{\"months_since\": \"m\"}") == "field \"x\": months_since needs one date field");
    CHECK(derive("{\"sum\": \"m\"}", ", \"decimals\": 1") ==
          "field \"x\": has fewer decimals than the fields it is derived from");
    CHECK(derive("{\"sum\": \"m\"}", ", \"unit\": \"万元\"") ==
          "field \"x\": has another unit than the fields it is derived from");
    CHECK(derive("{\"sme_size\": [\"i\", \"n\", \"m\", \"m\"]}") ==
          "field \"x\": this derivation gives a category, not a number");
    const auto size = [&](const std::string& operands) {
        return fault_in(numbers + R"({"name": "x", "kind": "category", "derive": {"sme_size": )" +
                        operands + "}}");
    };
    CHECK(size("[\"i\", \"n\", \"m\", \"w\"]").empty());
    CHECK(size("[\"i\", \"n\", \"m\"]") ==
          "field \"x\": sme_size needs [industry, employees, revenue, assets]");
    CHECK(size("[\"i\", \"n\", \"m\", \"n\"]") ==
          "field \"x\": sme_size needs \"n\" in 元, 万元 or 亿元");
    CHECK(size("[\"i\", \"d\", \"m\", \"m\"]") ==
          "field \"x\": sme_size needs number fields; \"d\" is not one");
}

TEST_CASE("a circle of derivations is refused, however long") {
    CHECK(fault_in(R"({"name": "a", "kind": "number", "derive": {"sum": ["b"]}},
                      {"name": "b", "kind": "number", "derive": {"sum": ["c"]}},
                      {"name": "c", "kind": "number", "derive": {"sum": ["a"]}})") ==
          "field \"a\": is derived from itself");
}

TEST_CASE("kinds have the names of the schema") {
    CHECK(name_of(Kind::number) == std::string("number"));
    CHECK(name_of(Kind::text) == std::string("text"));
}
