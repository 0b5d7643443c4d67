// Bytes to a small world: policies as JSON, firms as CSV, over the fields of world.hpp.
//
// Constants and cells are drawn from the same few values of a field, so that they meet at their
// boundaries. Bytes that have run out count as 0, and every choice of 0 ends something: any bytes
// give a finite world.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace qice::fuzz {

class Bytes {
  public:
    Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    bool empty() const { return at_ == size_; }
    /// 0 to n - 1.
    std::size_t pick(std::size_t n) { return empty() ? 0 : data_[at_++] % n; }
    bool coin() { return pick(2) == 1; }
    template <class T> const T& of(const std::vector<T>& values) {
        return values[pick(values.size())];
    }

  private:
    const std::uint8_t* data_;
    std::size_t size_, at_ = 0;
};

/// A field with the values that rules name and firms have, and the operators that fit it.
struct WorldField {
    std::string name;
    std::vector<std::string> operators;
    std::vector<std::string> values;
    bool in_csv = true;
};

inline const std::vector<WorldField>& world_fields() {
    static const std::vector<std::string> ordered{"ge", "gt", "le", "lt", "eq", "ne"};
    static const std::vector<std::string> listed{"in", "not_in"};
    static const std::vector<std::string> coded{"in", "not_in", "under", "not_under"};
    static const std::vector<std::string> sets{"has_any", "has_all", "has_none", "ever_has_any",
                                               "ever_has_none"};
    static const std::vector<std::string> money{
        "0",       "-1",           "0.01",  "100",
        "300万元", "299999999.99", "3亿元", "92233720368547758.07",
        "400000",  "2000万"};
    static const std::vector<std::string> ratios{"0", "3%",          "0.03", "-1",
                                                 "1", "0.333333333", "33%",  "1000000000"};
    static const std::vector<WorldField> fields{
        {"revenue", ordered, money},
        {"rd", ordered, money},
        {"staff", ordered, {"0", "1", "9", "10", "20", "299", "300", "1000"}},
        {"assets", ordered, {"0", "99", "100", "300", "12亿元"}},
        {"share", ordered, {"0", "3", "3%", "0.000000001", "-7", "9223372036.854775807"}},
        {"profit", ordered, money, false},
        {"total", ordered, money, false},
        {"rd_ratio", ordered, ratios, false},
        {"per_head", ordered, ratios, false},
        {"established",
         ordered,
         {"2025-06-15", "2025-06-16", "2024-02-29", "0001-01-01", "9999-12-31", "2026-06-15"}},
        {"age", ordered, {"0", "11", "12", "-1", "27", "24305"}, false},
        {"listed", {"is"}, {"true", "false"}},
        {"form", listed, {"企业", "合作社", "其他"}},
        {"brand", listed, {"a", "b", "ab", "", "企业"}},
        {"region", coded, {"44", "4419", "441900", "11", "4", "45"}},
        {"industry", coded, {"C", "39", "391", "3911", "I", "65", "F", "5211", "C39"}},

        {"branch", coded, {"C", "39", "391", "3911", "I", "65", "F", "5211", "C39"}},
        {"scale", listed, {"micro", "small", "medium", "large"}, false},
        {"titles", sets, {"甲", "乙", "丙", "甲乙"}},
        {"clusters", sets, {"甲", "乙", "丙"}},
        {"follows", {}, {"出口", "出口:0.5|制造:0.125", "制造", "出口:0", "研发:1|出口:0.001"}},
        {"name", {}, {"x", "企业"}},
    };
    return fields;
}

class WorldWriter {
  public:
    WorldWriter(const std::uint8_t* data, std::size_t size) : bytes_(data, size) {}

    Bytes& bytes() { return bytes_; }

    /// A list of policies as JSON.
    std::string policies() {
        const std::size_t count = 1 + bytes_.pick(6);
        std::string out = "[";
        for (std::size_t i = 0; i < count; ++i)
            out += (i == 0 ? "" : ",\n") + policy(i, count);
        return out + "]";
    }

    /// Firms as CSV; some worlds repeat their rows beyond one block of firms.
    std::string firms() {
        const std::size_t count = 1 + bytes_.pick(8);
        const std::size_t times = bytes_.pick(32) == 31 ? 70 : 1;
        std::string out = "id";
        for (const WorldField& field : world_fields())
            if (field.in_csv) out += ',' + field.name;
        std::vector<std::string> rows;
        for (std::size_t i = 0; i < count; ++i)
            rows.push_back(cells());
        for (std::size_t i = 0; i < count * times; ++i)
            out += "\nF" + std::to_string(i * 7919 % 1000) + rows[i % count];
        return out + '\n';
    }

  private:
    static std::string quoted(const std::string& text) { return '"' + text + '"'; }

    std::string policy(std::size_t number, std::size_t count) {
        std::string out = "{\"id\":\"P" + std::to_string(number) + "\",\"rule\":" + node(0, false);
        if (bytes_.coin()) out += ",\"priority\":" + score();
        if (bytes_.coin()) out += ",\"tags\":{\"出口\":" + tag_weight() + ",\"制造\":0.5}";
        for (std::size_t i = bytes_.pick(3), first = i; i > 0; --i)
            out += (i == first ? ",\"prefer\":[" : ",") + std::string("{\"when\":") +
                   node(2, false) + ",\"add\":" + score() + (i == 1 ? "}]" : "}");
        if (bytes_.pick(8) == 7) out += ",\"status\":\"draft\"";
        if (bytes_.pick(4) == 3) out += ",\"windows\":[{\"closes\":" + day() + "}]";
        if (bytes_.pick(4) == 3) out += ",\"effective\":{\"from\":" + day() + "}";
        if (const std::size_t other = bytes_.pick(count); bytes_.pick(8) == 7 && other != number)
            out += ",\"supersedes\":[\"P" + std::to_string(other) + "\"]";
        return out + "}";
    }

    std::string day() {
        return bytes_.of<std::string>(
            {"\"2026-06-15\"", "\"2026-06-14\"", "\"2026-06-16\"", "\"2026-07-15\""});
    }
    std::string score() {
        return bytes_.of<std::string>(
            {"0", "0.5", "-0.25", "0.000001", "-1000000", "1000000", "0.2", "1"});
    }
    std::string tag_weight() {
        return bytes_.of<std::string>({"1", "0.5", "-0.001", "0", "1000", "-1000"});
    }

    std::string node(std::size_t depth, bool under_not, bool in_points = false) {
        const std::size_t kind = depth >= 5 ? bytes_.pick(3) : bytes_.pick(12);
        switch (kind) {
        case 1: return bytes_.coin() ? "{\"always\":false}" : "{\"always\":true}";
        case 2:
            if (under_not || in_points) return condition();
            return "{\"manual\":\"x\"}";
        case 3:
        case 4: return "{\"all\":" + nodes(depth, under_not, in_points) + "}";
        case 5:
        case 6: return "{\"any\":" + nodes(depth, under_not, in_points) + "}";
        case 7: return "{\"not\":" + node(depth + 1, true, in_points) + "}";
        case 8:
            return "{\"at_least\":" + std::to_string(bytes_.pick(5)) +
                   ",\"of\":" + nodes(depth, under_not, in_points) + "}";
        case 9: return points(depth, under_not, in_points);
        default: return condition();
        }
    }

    std::string nodes(std::size_t depth, bool under_not, bool in_points) {
        std::string out = "[";
        for (std::size_t i = 0, n = bytes_.pick(5); i < n; ++i)
            out += (i == 0 ? "" : ",") + node(depth + 1, under_not, in_points);
        return out + "]";
    }

    std::string points(std::size_t depth, bool under_not, bool in_points) {
        std::string out = "{\"points\":" + sum() + ",\"of\":[";
        for (std::size_t i = 0, n = bytes_.pick(4); i < n; ++i)
            out += (i == 0 ? "" : ",") + item(depth + 1, under_not, in_points);
        return out + "]}";
    }

    std::string item(std::size_t depth, bool under_not, bool in_points) {
        if (!under_not && !in_points && bytes_.pick(4) == 3)
            return "{\"manual\":\"x\",\"points\":" + sum() + "}";
        std::string out = "{\"tiers\":[";
        for (std::size_t i = 0, n = 1 + bytes_.pick(3); i < n; ++i)
            out += (i == 0 ? "" : ",") + std::string("{\"when\":") +
                   node(depth + 1, under_not, true) + ",\"points\":" + sum() + "}";
        return out + "]}";
    }
    std::string sum() {
        return bytes_.of<std::string>({"0", "10", "20", "30", "1", "1000", "50", "999"});
    }

    std::string condition() {
        const auto& fields = world_fields();
        const WorldField& field = fields[bytes_.pick(fields.size())];
        std::string out = "{\"field\":" + quoted(field.name);
        std::string used;
        for (std::size_t i = 0, n = 1 + bytes_.pick(2); i < n && !field.operators.empty(); ++i) {
            const std::string& op = bytes_.of(field.operators);
            if (op == used) continue;
            used = op;
            out += ',' + quoted(op) + ':' + constant(field, op);
        }
        if (used.empty() || bytes_.pick(16) == 15)
            out += ",\"known\":" + std::string(bytes_.coin() ? "false" : "true");
        return out + "}";
    }

    std::string constant(const WorldField& field, const std::string& op) {
        const auto value = [&] {
            const std::string& drawn = bytes_.of(field.values);
            return drawn.empty() ? field.values[0] : drawn;
        };
        if (op == "is") return value();
        if (op.size() == 2 && op != "in") return quoted(value());
        std::string out = "[" + quoted(value());
        for (std::size_t i = bytes_.pick(3); i > 0; --i)
            out += ',' + quoted(value());
        return out + "]";
    }

    std::string cells() {
        std::string out;
        for (const WorldField& field : world_fields()) {
            if (!field.in_csv) continue;
            out += ',';
            if (bytes_.pick(4) == 3) continue; // unknown
            out += bytes_.of(field.values);
            if (field.name == "titles" && bytes_.coin())
                out += "@2026-06-1" + std::to_string(bytes_.pick(10));
            if ((field.name == "titles" || field.name == "clusters") && bytes_.coin())
                out += '|' + bytes_.of(field.values);
        }
        return out;
    }

    Bytes bytes_;
};

} // namespace qice::fuzz
