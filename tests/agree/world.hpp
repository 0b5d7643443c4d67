// Random worlds for the agreement tests: a schema, policies and firms out of one seed.
//
// A world is a pure function of its seed and shape, the same on every machine. Rules are valid;
// firms' cells are not always. Values lie on and right beside the constants that rules name, many
// are unknown, and scores tie often.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace qice::agree {

/// splitmix64: small, seeded, without any state but one word.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return least +
               static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(most - least + 1));
    }
    bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
    template <class T> T one_of(const std::vector<T>& items) { return items[below(items.size())]; }
    template <class T> void shuffle(std::vector<T>& items) {
        for (std::size_t i = items.size(); i > 1; --i)
            std::swap(items[i - 1], items[below(i)]);
    }
    /// 1 to `most` different items.
    template <class T> std::vector<T> some(std::vector<T> items, std::size_t most) {
        shuffle(items);
        items.resize(1 + below(most < items.size() ? most : items.size()));
        return items;
    }

  private:
    std::uint64_t state_;
};

enum class Shape : std::uint8_t {
    small,     // a few firms, a few policies
    blocks,    // several blocks of firms
    many,      // over 64 policies
    wide,      // over 250 cuts a field, at_least over 20 and more
    very_wide, // over 65,535 cuts a field
    apart,     // rules that hardly share a condition, over one field
};

struct WorldFirm {
    std::string id;
    std::map<std::string, std::string> cells; // by field name; absent = empty
};

struct World {
    std::uint64_t seed = 0;
    Shape shape = Shape::small;
    std::string as_of;                 // 2026-11-23
    std::vector<std::string> fields;   // of the schema, as JSON
    std::vector<std::string> policies; // as JSON
    std::vector<WorldFirm> firms;
    std::int64_t urgency_weight = 0, urgency_days = 0;
    bool include_closed = false;

    std::string schema() const;
};

/// What a world may hold; tests of single properties leave some of it out.
struct WorldOptions {
    bool manual = true; // conditions for a person
    bool known = true;  // the operator `known`
};

/// Makes worlds, and single pieces of one for tests that build their own rules.
class WorldMaker {
  public:
    WorldMaker(std::uint64_t seed, Shape shape, const WorldOptions& options = {});

    World make();

    Random& random() { return random_; }
    std::string condition();
    std::string node(int depth, bool manual);
    std::string policy(const std::string& id, const std::string& rule);
    WorldFirm firm(std::size_t number);
    /// A cell with a value (perhaps a bad one) for a field that is not derived; "" for others.
    std::string cell(const std::string& field, const WorldFirm& firm);
    std::vector<std::string> field_names() const;
    /// A date some days after the as-of date.
    std::string day(std::int64_t days) const;

  private:
    struct FieldSpec {
        std::string name, kind, unit, rest; // rest: more members as JSON, with a leading comma
        int decimals = 0;
        bool derived = false;
        std::vector<std::int64_t> constants; // x 10^decimals (ratios: 9 decimals); days from as_of
    };

    void make_fields();
    void add(FieldSpec field);
    void add_number(const std::string& name, const std::string& unit, int decimals,
                    const std::vector<std::int64_t>& wholes);
    void add_money(const std::string& name, const std::string& unit, int decimals);
    void add_ratio(const std::string& name, const std::string& operands, std::int64_t scale);
    std::string schema_json(const FieldSpec& field);

    std::string condition(const FieldSpec& field);
    std::string range(const FieldSpec& field);
    std::string constant(const FieldSpec& field, std::int64_t value);
    std::string membership(const std::vector<std::string>& values, const std::string& yes,
                           const std::string& no);
    std::string code_tests(const FieldSpec& field);
    std::string set_tests();
    std::string list_of(const std::vector<std::string>& values);
    std::string points(bool manual, std::size_t items);
    std::string rule();
    std::string wide_rule();
    std::string very_wide_rule(std::size_t number);
    std::string apart_rule();
    std::string own_range(const FieldSpec& field);
    std::string own_list(std::size_t brands);
    std::string bands(const FieldSpec& field, std::size_t count, std::size_t first);
    std::string children(std::size_t count, int depth, bool manual);
    std::string tags_member();
    std::string life_cycle(const std::string& id);

    std::string number_cell(const FieldSpec& field, const WorldFirm& firm);
    std::string spelling(const FieldSpec& field, std::int64_t value);
    std::string set_cell(bool expires);
    std::string tags_cell();
    const FieldSpec& spec(const std::string& name) const;

    Random random_;
    World world_;
    WorldOptions options_;
    std::int64_t as_of_days_ = 0;
    int unknown_percent_ = 0;
    std::vector<FieldSpec> specs_;
    std::vector<std::string> seen_conditions_;
    std::vector<std::string> set_names_, tag_names_, brands_;
};

/// The code lists that every world's schema names: file name, CSV text.
const std::map<std::string, std::string>& code_lists();

/// value / 10^decimals, exact.
std::string decimal_text(std::int64_t value, int decimals);
std::string quoted(const std::string& text);
std::string joined(const std::vector<std::string>& parts, const std::string& separator = ", ");

} // namespace qice::agree
