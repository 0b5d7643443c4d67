// Any text as a schema: it is read or refused with a place; what is read serves a small table.
#include "qice/io/reader.hpp"
#include "world.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace qice;

namespace {

/// One firm whose cells say "1", under whatever columns the schema has.
void read_one_firm(const SchemaPtr& schema) {
    std::string header, row;
    for (std::uint32_t i = 0; i < schema->size(); ++i) {
        const Field& field = (*schema)[i];
        if (field.derived() || field.name.find_first_of(",\"\r\n") != std::string::npos) continue;
        header += ',' + field.name;
        row += ",1";
    }
    const std::string text = "\"" + std::string("id") + "\"" + header + "\n7" + row + '\n';
    ReadOptions options;
    options.as_of = *Date::from_civil(2026, 6, 15);
    options.ignore_unknown_columns = true;
    const Result<FirmsRead> read = read_firms_csv(text, "firms.csv", schema, options);
    if (!read.ok()) return;
    for (std::size_t firm = 0; firm < read->firms.size(); ++firm)
        for (std::uint32_t field = 0; field < schema->size(); ++field)
            read->firms[firm].known(field);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Result<SchemaPtr> schema = Schema::parse(text, "/no-such-folder/schema.json");
    if (!schema.ok()) {
        fuzz::require(!schema.status().message().empty(), "a refusal has a sentence");
        return 0;
    }
    for (std::uint32_t field = 0; field < (*schema)->size(); ++field)
        fuzz::require((*schema)->find((**schema)[field].name) == field, "a field is found by name");
    read_one_firm(*schema);
    return 0;
}
