#include "city.hpp"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>

namespace qice::bench {

std::unique_ptr<City> make_city(GenerateOptions options) {
    const char* chosen = std::getenv("QICE_BENCH_DIR");
    options.out = std::string(chosen != nullptr ? chosen : "build/bench") + "/city-" +
                  std::to_string(options.firms) + "-" + std::to_string(options.policies) + "-" +
                  std::to_string(options.seed);
    if (options.city != GenerateOptions{}.city) options.out += "-" + options.city;
    if (!std::filesystem::exists(options.out + "/firms.csv")) {
        const Status status = generate(options);
        if (!status.ok()) throw std::runtime_error(status.to_string());
    }
    SchemaPtr schema = Schema::load(options.out + "/schema.json").value();
    PolicySet set = load_policies(options.out + "/policies.jsonl", schema).value();
    FirmsRead read =
        read_firms(options.out + "/firms.csv", schema, {.as_of = options.as_of}).value();
    return std::make_unique<City>(
        City{schema, std::move(set), std::move(read.firms), options.as_of});
}

const City& city(std::uint64_t firms, std::uint64_t policies) {
    static std::map<std::pair<std::uint64_t, std::uint64_t>, std::unique_ptr<City>> cities;
    std::unique_ptr<City>& known = cities[{firms, policies}];
    if (!known) known = make_city({.firms = firms, .policies = policies});
    return *known;
}

} // namespace qice::bench
