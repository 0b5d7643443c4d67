// What somebody writes who has installed qice: reads the standard schema, matches one firm.
#include <qice/qice.hpp>

#include <iostream>

int main() {
    const qice::SchemaPtr schema =
        qice::Schema::load(qice::data_directory() + "/schema.json").value();
    const qice::PolicySet set = qice::parse_policies(
        R"({"id": "P", "rule": {"field": "revenue", "ge": "2000万元"}})", "text", schema);
    const qice::Date day = *qice::Date::parse("2026-06-15");
    const qice::FirmsRead read =
        qice::read_firms_csv("uscc,revenue\nA,3000万元\n", "text", schema, {.as_of = day}).value();
    const qice::Matcher matcher(*schema, set.policies, {.as_of = day});
    const qice::MatchResult result = matcher.match(read.firms, {});
    std::cout << "eligible " << result.pushes(0, qice::Verdict::eligible).size() << '\n';
}
