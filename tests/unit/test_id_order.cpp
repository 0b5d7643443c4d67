#include "qice/index/id_order.hpp"

#include "base/digit_sort.hpp"
#include "qice/match/matcher.hpp"

#include "world.hpp"

#include <algorithm>
#include <random>
#include <set>

using namespace qice;

namespace {

/// What ids are made of: few bytes or all, as long or not, with much in common or nothing.
struct Ids {
    std::string common;
    std::string bytes;
    std::size_t shortest, longest; // behind what is common
};

std::set<std::string> random_ids(const Ids& of, std::size_t count, std::mt19937_64& random) {
    std::set<std::string> ids;
    for (std::size_t tries = 0; ids.size() < count && tries < 4 * count; ++tries) {
        std::string id = of.common;
        const std::size_t length = of.shortest + random() % (of.longest - of.shortest + 1);
        for (std::size_t i = 0; i < length; ++i)
            id += of.bytes[random() % of.bytes.size()];
        if (!id.empty()) ids.insert(id);
    }
    return ids;
}

FirmTable table_of(const std::vector<std::string>& ids) {
    FirmTableBuilder builder(world::schema(), world::day("2026-06-15"));
    for (std::size_t row = 0; row < ids.size(); ++row) {
        builder.begin(ids[row], row + 2);
        builder.end();
    }
    return std::move(builder).finish();
}

} // namespace

TEST_CASE("firms are ordered by the bytes of their ids") {
    std::string all_bytes, letters = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    for (int byte = 1; byte < 256; ++byte)
        all_bytes += static_cast<char>(byte);
    std::mt19937_64 random(5);
    for (const Ids& of :
         {Ids{"", letters, 18, 18}, Ids{"9144190", letters, 11, 11}, Ids{"", "ab", 0, 12},
          Ids{"", all_bytes, 1, 20}, Ids{"", all_bytes, 2, 2},
          Ids{std::string(40, 'x'), "ab", 0, 12}, Ids{"", "a", 1, 60}, Ids{"", "01", 40, 90}}) {
        for (const std::size_t count : {0, 1, 2, 700}) {
            INFO(count << " of " << of.common << ", " << of.bytes.size() << " bytes");
            const std::set<std::string> sorted = random_ids(of, count, random);
            std::vector<std::string> ids(sorted.begin(), sorted.end());
            std::shuffle(ids.begin(), ids.end(), random);
            const FirmTable firms = table_of(ids);
            const Matcher matcher(*world::schema(), {}, {world::day("2026-06-15"), false, {}});
            const FirmIndex index(matcher.program(), firms);
            const IdOrder order(firms, index);
            REQUIRE(order.firms() == ids.size());
            std::uint32_t rank = 0;
            for (const std::string& id : sorted) {
                const std::uint32_t row = order.row_at(rank);
                CHECK(firms.id(row) == id);
                CHECK(order.ranks()[(*index.positions())[row]] == rank);
                ++rank;
            }
        }
    }
}

TEST_CASE("sorting by digits is stable, whatever the numbers") {
    struct Item {
        std::uint64_t key;
        std::size_t place;
    };
    std::mt19937_64 random(6);
    for (const std::uint64_t mask :
         {std::uint64_t{0}, std::uint64_t{0xff}, std::uint64_t{0xf0f0f}, ~std::uint64_t{0},
          std::uint64_t{0xff} << 56, std::uint64_t{3} << 30}) {
        std::vector<Item> items(random() % 3'000), spare;
        for (std::size_t i = 0; i < items.size(); ++i)
            items[i] = {random() & mask, i};
        std::vector<Item> wanted = items;
        std::stable_sort(wanted.begin(), wanted.end(),
                         [](const Item& a, const Item& b) { return a.key < b.key; });
        sort_by_digits(items, spare, [](const Item& item) { return item.key; });
        REQUIRE(items.size() == wanted.size());
        for (std::size_t i = 0; i < items.size(); ++i)
            REQUIRE((items[i].key == wanted[i].key && items[i].place == wanted[i].place));
    }
}
