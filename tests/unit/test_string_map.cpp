#include "base/string_map.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <map>
#include <random>

using namespace qice;

TEST_CASE("a map of texts does what std::map does, whatever comes and goes") {
    std::mt19937 random(20260615);
    for (const unsigned keys : {3u, 40u, 3000u}) {
        StringMap<unsigned> map;
        std::map<std::string, unsigned> expected;
        for (unsigned step = 0; step < 20000; ++step) {
            const std::string key = "k" + std::to_string(random() % keys);
            const auto found = map.find(key);
            REQUIRE((found != map.end()) == expected.contains(key));
            switch (random() % 4) {
            case 0:
                if (found != map.end()) map.erase(found);
                expected.erase(key);
                break;
            case 1: map[key] = expected[key] = step; break;
            case 2:
                REQUIRE(map.emplace(key, step).second == expected.emplace(key, step).second);
                break;
            default:
                if (found != map.end()) REQUIRE(found->second == expected.at(key));
            }
            REQUIRE(map.size() == expected.size());
        }
        const StringMap<unsigned> copy(map);
        map.clear();
        REQUIRE(map.empty());
        REQUIRE(map.find("k1") == map.end());
        for (const auto& [key, value] : copy)
            REQUIRE(expected.at(key) == value);
        for (const auto& [key, value] : expected)
            REQUIRE(copy.find(key)->second == value);
    }
}

TEST_CASE("sets of texts and maps of views keep the order in which keys came") {
    StringSet set;
    REQUIRE(set.insert("b"));
    REQUIRE(set.insert("a"));
    REQUIRE_FALSE(set.insert("b"));
    REQUIRE(set.contains("a"));
    REQUIRE_FALSE(set.contains("c"));
    REQUIRE(set.keys() == std::vector<std::string>{"b", "a"});

    const std::string texts[] = {"x", "", "y"};
    ViewMap<int> views;
    for (const std::string& text : texts)
        views.emplace(text, static_cast<int>(views.size()));
    REQUIRE(views.find("")->second == 1);
    REQUIRE(views.find("y")->first.data() == texts[2].data());
}

TEST_CASE("keys that are looked up in batches are worked on one after another") {
    ViewMap<std::size_t> map;
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < 1000; ++i)
        keys.push_back("k" + std::to_string(i * i % 301));
    const auto key_of = [&](std::size_t i) { return std::string_view(keys[i]); };
    for (const std::size_t count : {0u, 1u, 31u, 32u, 33u, 1000u}) {
        std::size_t next = 0;
        map.in_batches(count, key_of, [&](std::size_t i) {
            REQUIRE(i == next++);
            if (const auto found = map.find(key_of(i)); found != map.end() && i % 3 == 0)
                map.erase(found);
            else
                map[key_of(i)] = i;
        });
        REQUIRE(next == count);
    }
    std::map<std::string_view, std::size_t> expected;
    for (const std::size_t count : {1u, 31u, 32u, 33u, 1000u})
        for (std::size_t i = 0; i < count; ++i)
            if (i % 3 == 0 && expected.contains(key_of(i)))
                expected.erase(key_of(i));
            else
                expected[key_of(i)] = i;
    REQUIRE(map.size() == expected.size());
    for (const auto& [key, value] : map)
        REQUIRE(expected.at(key) == value);
}
