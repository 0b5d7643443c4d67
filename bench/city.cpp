#include "city.hpp"

#include "generate/generate.hpp"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

namespace qice::bench {

const City& city(std::uint64_t firms, std::uint64_t policies) {
    static std::map<std::pair<std::uint64_t, std::uint64_t>, std::unique_ptr<City>> cities;
    std::unique_ptr<City>& known = cities[{firms, policies}];
    if (known) return *known;
    const char* chosen = std::getenv("QICE_BENCH_DIR");
    const std::string folder = std::string(chosen != nullptr ? chosen : "build/bench") + "/city-" +
                               std::to_string(firms) + "-" + std::to_string(policies) + "-1";
    const GenerateOptions options{.firms = firms, .policies = policies, .seed = 1, .out = folder};
    if (!std::filesystem::exists(folder + "/firms.csv")) {
        const Status status = generate(options);
        if (!status.ok()) throw std::runtime_error(status.to_string());
    }
    SchemaPtr schema = Schema::load(folder + "/schema.json").value();
    PolicySet set = load_policies(folder + "/policies.jsonl", schema).value();
    FirmsRead read = read_firms(folder + "/firms.csv", schema, {.as_of = options.as_of}).value();
    known =
        std::make_unique<City>(City{schema, std::move(set), std::move(read.firms), options.as_of});
    return *known;
}

} // namespace qice::bench
