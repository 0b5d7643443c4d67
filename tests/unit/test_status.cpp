// Status and Result carry a sentence and a place.
#include "qice/base/status.hpp"

#include <catch2/catch.hpp>

#include <memory>

using namespace qice;

namespace {

Result<int> half(int number) {
    if (number % 2 != 0) return invalid_input("an odd number", {"numbers.txt", 3, 7});
    return number / 2;
}

Status check(int number) {
    QICE_ASSIGN_OR_RETURN(const int once, half(number));
    QICE_ASSIGN_OR_RETURN(const int twice, half(once));
    (void)twice;
    return {};
}

Status check_both(int a, int b) {
    QICE_RETURN_IF_ERROR(check(a));
    QICE_RETURN_IF_ERROR(check(b));
    return {};
}

} // namespace

TEST_CASE("a place names only what is known of it") {
    CHECK(Place{}.to_string() == "");
    CHECK(Place{"a.csv"}.to_string() == "a.csv");
    CHECK(Place{"a.csv", 12}.to_string() == "a.csv:12");
    CHECK(Place{"a.csv", 12, 40}.to_string() == "a.csv:12:40");
    CHECK(Place{"a.csv", 0, 40}.to_string() == "a.csv"); // a column without its line says nothing
}

TEST_CASE("a status is ok, or says what and where") {
    CHECK(Status().ok());
    const Status bad = invalid_input("not a date", {"a.csv", 2});
    CHECK_FALSE(bad.ok());
    CHECK(bad.code() == StatusCode::invalid_input);
    CHECK(bad.message() == "not a date");
    CHECK(bad.to_string() == "a.csv:2: not a date");
    CHECK(Status(StatusCode::io, "disk full").to_string() == "disk full");
}

TEST_CASE("a result is a value or the status that says why there is none") {
    CHECK(half(10).value() == 5);
    CHECK(half(10).status().ok());
    const Result<int> none = half(3);
    CHECK_FALSE(none.ok());
    CHECK(none.status().place().column == 7);
    CHECK_THROWS_WITH(none.value(), "numbers.txt:3:7: an odd number");
}

TEST_CASE("a result may hold what can only be moved") {
    Result<std::unique_ptr<int>> result(std::make_unique<int>(4));
    const std::unique_ptr<int> taken = std::move(result).value();
    CHECK(*taken == 4);
}

TEST_CASE("the first failure is what comes back") {
    CHECK(check_both(4, 8).ok());
    CHECK(check_both(4, 6).message() == "an odd number"); // 6 / 2 is odd
    CHECK(check_both(5, 8).place().line == 3);
}
