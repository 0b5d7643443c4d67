// JSON to rule: nodes, conditions, constants bound to the schema.
//
// A parser reads the rules of one policy; its errors name file, line, column, policy and field.
#pragma once

#include "base/json.hpp"
#include "qice/rule/parse.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

namespace qice {

class RuleParser {
  public:
    RuleParser(const JsonSource& source, const Schema& schema, const PolicyLimits& limits)
        : source_(source), schema_(schema), limits_(limits) {}

    void set_policy(std::string id) { policy_ = std::move(id); }

    /// A whole rule, numbered.
    Result<Rule> rule(const Json& json);

    Status error(const Json& json, const std::string& message) const;
    Status expected(const Json& json, std::string_view key, std::string_view what) const {
        return error(json,
                     in_key(key) + " needs " + std::string(what) + ", got " + json.describe());
    }
    /// `"ge"`
    static std::string in_key(std::string_view key);

    Status read_text(const Json& json, std::string_view key, std::string& out) const;
    /// A number as whole units of 10^-decimals, between `least` and `most`.
    Status read_scaled(const Json& json, std::string_view key, int decimals, std::int64_t least,
                       std::int64_t most, std::int64_t& out) const;
    Status unknown_key(const Json& json, std::string_view key,
                       std::initializer_list<std::string_view> known) const;
    Result<std::uint32_t> number_field(const Json& json, std::string_view key) const;

  private:
    struct Scope {
        std::uint32_t depth = 1;
        bool under_not = false;
        bool in_points = false;
    };
    Result<Node> node(const Json& json, Scope scope);
    Status node_members(const Json& json, std::string_view kind, Node& out) const;
    Status children(const Json& json, std::string_view key, Scope scope, std::vector<Node>& out);
    Result<Node> at_least(const Json& json, Scope scope);
    Result<Node> points(const Json& json, Scope scope);
    Result<PointsItem> points_item(const Json& json, Scope scope);
    Result<Node> manual(const Json& json, Scope scope);
    Result<Node> condition(const Json& json);
    Result<Test> test(const Field& field, std::string_view op, const Json& value) const;
    Status number_constant(const Field& field, std::string_view op, const Json& value,
                           std::int64_t& out) const;
    Status code_constant(const Field& field, Op op, const Json& value, Test& test) const;
    Status check_range(const Field& field, const Json& json, const Condition& condition) const;

    const JsonSource& source_;
    const Schema& schema_;
    const PolicyLimits& limits_;
    std::string policy_;
    std::string field_; // of the condition being read
};

} // namespace qice
