// A peer written in C++: a city in memory, the answer of qice to be equal to, and the talk with the
// runner (see peer.py). It is given qice's exact codes and compiled rules, and does the matching.
//
//   PEER CITY AS_OF        then a line on standard input a round
//
// Before the first round is timed its answer is compared with that of Matcher::match: the counts
// of every policy, and the pushes of every firm where the peer ranks.
#pragma once

#include "qice/io/reader.hpp"
#include "qice/match/matcher.hpp"
#include "qice/rule/parse.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

namespace qice::peer {

inline constexpr std::uint32_t kTop = 20;

/// A city read, compiled and indexed. Stays where it is: its parts refer to each other.
struct City {
    City(const std::string& folder, Date as_of)
        : schema(Schema::load(folder + "/schema.json").value()),
          set(load_policies(folder + "/policies.jsonl", schema).value()),
          read(read_firms(folder + "/firms.csv", schema, {.as_of = as_of}).value()),
          matcher(*schema, set.policies, CompileOptions{as_of, false, {}}),
          firms(matcher.index(read.firms)) {}
    City(const City&) = delete;

    const Program& program() const { return matcher.program(); }
    std::size_t words() const { return firms.index.blocks() * kBlockWords; }

    const SchemaPtr schema;
    const PolicySet set;
    const FirmsRead read;
    const Matcher matcher;
    const IndexedFirms firms;
};

using Seconds = std::map<std::string, double>; // of parts of a round

class Stopwatch {
  public:
    double lap() {
        const auto now = std::chrono::steady_clock::now();
        const double seconds = std::chrono::duration<double>(now - start_).count();
        start_ = now;
        return seconds;
    }

  private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Counts per place in the program: eligible, review.
using Counts = std::vector<std::array<std::uint64_t, 2>>;

/// What is wrong with the counts of a peer; empty if nothing is. Places may be left out.
inline std::string compare_counts(const City& city, const Counts& counts, const MatchResult& ours,
                                  const std::vector<bool>& left_out = {}) {
    for (std::size_t place = 0; place < counts.size(); ++place) {
        if (!left_out.empty() && left_out[place]) continue;
        const std::uint32_t policy = city.program().policies[place].policy;
        if (counts[place][0] != ours.counts(policy)[0] ||
            counts[place][1] != ours.counts(policy)[1])
            return "counts differ for " + city.set.policies[policy].id;
    }
    return {};
}

/// Talks. A peer has `Seconds round(const City&)` (parts; "seconds" is their sum, unless it is
/// given) and `std::string wrong(const City&, const MatchResult&)` about the last round; one that
/// cannot express all policies also has `std::size_t expressed()`.
template <class Peer> int serve(const std::string& version, int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " CITY AS_OF\n";
        return 2;
    }
    const City city(argv[1], *Date::parse(argv[2]));
    Peer peer(city);
    std::cout << "{\"version\": \"" << version << "\", \"firms\": " << city.firms.index.firms()
              << ", \"open\": " << city.program().policies.size();
    if constexpr (requires { peer.expressed(); })
        std::cout << ", \"expressed\": " << peer.expressed();
    std::cout << "}" << std::endl;
    bool first = true;
    for (std::string line; std::getline(std::cin, line);) {
        Seconds parts = peer.round(city);
        if (first) {
            const MatchResult ours = city.matcher.match(city.firms, {.top = kTop});
            const std::string wrong = peer.wrong(city, ours);
            if (!wrong.empty()) {
                std::cerr << argv[0] << ": " << wrong << "\n";
                return 1;
            }
        }
        first = false;
        double sum = 0;
        for (const auto& [part, seconds] : parts)
            sum += seconds;
        if (!parts.count("seconds")) parts["seconds"] = sum;
        const char* separator = "{";
        for (const auto& [part, seconds] : parts) {
            std::cout << separator << "\"" << part << "\": " << seconds;
            separator = ", ";
        }
        std::cout << ", \"equal\": true}" << std::endl;
    }
    return 0;
}

} // namespace qice::peer
