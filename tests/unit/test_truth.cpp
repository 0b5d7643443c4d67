// Strong Kleene logic.
#include "qice/base/truth.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace qice;

namespace {

constexpr Truth kNo = Truth::no, kUnknown = Truth::unknown, kYes = Truth::yes;
constexpr Truth kAll[] = {kNo, kUnknown, kYes};

/// Does `answer` say exactly what all completions of the unknowns agree on?
template <class Answer> bool fits_completions(Truth answer, Truth a, Truth b, Answer of) {
    bool can_be[2] = {false, false};
    for (bool x : {false, true})
        for (bool y : {false, true})
            if ((a == kUnknown || (a == kYes) == x) && (b == kUnknown || (b == kYes) == y))
                can_be[of(x, y)] = true;
    return answer == (can_be[0] && can_be[1] ? kUnknown : can_be[1] ? kYes : kNo);
}

} // namespace

TEST_CASE("and, or and not answer what every completion of the unknowns answers") {
    for (Truth a : kAll) {
        CHECK((!!a) == a);
        for (Truth b : kAll) {
            CHECK(fits_completions(a & b, a, b, [](bool x, bool y) { return x && y; }));
            CHECK(fits_completions(a | b, a, b, [](bool x, bool y) { return x || y; }));
            CHECK(fits_completions(!a, a, b, [](bool x, bool) { return !x; }));
        }
    }
}

TEST_CASE("at least k is yes when k are true and no when fewer than k are not false") {
    CHECK(at_least(2, 2, 0) == kYes);
    CHECK(at_least(2, 1, 1) == kUnknown);
    CHECK(at_least(2, 1, 0) == kNo);
    CHECK(at_least(2, 0, 1) == kNo);
    CHECK(at_least(2, 0, 2) == kUnknown);
    CHECK(at_least(0, 0, 0) == kYes);
    CHECK(at_least(4, 3, 0) == kNo);
}

TEST_CASE("truths have names") {
    CHECK(name_of(kYes) == std::string("yes"));
    CHECK(name_of(kNo) == std::string("no"));
    CHECK(name_of(kUnknown) == std::string("unknown"));
}
