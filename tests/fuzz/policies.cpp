// Any text as a policy file: it is read or refused with a place; what is read compiles and lints.
#include "qice/index/program.hpp"
#include "qice/rule/lint.hpp"
#include "qice/rule/parse.hpp"
#include "world.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace qice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const PolicySet set = parse_policies(text, "policies.json", fuzz::schema());
    for (const Status& error : set.errors) {
        fuzz::require(!error.message().empty(), "an error has a sentence");
        fuzz::require(error.place().line > 0 && error.place().column > 0, "an error has a place");
    }
    const Date as_of = *Date::from_civil(2026, 6, 15);
    for (const bool include_closed : {false, true})
        compile(*set.schema, set.policies, {as_of, include_closed, {200'000, 30}});
    for (const Warning& warning : lint(set, as_of))
        fuzz::require(!warning.message.empty(), "a warning has a sentence");
    return 0;
}
