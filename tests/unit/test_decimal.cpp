// Numbers and units are read exactly or refused.
#include "qice/base/decimal.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

using namespace qice;

namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr auto kOverflow = NumberError::overflow;
constexpr auto kNotANumber = NumberError::not_a_number;
constexpr auto kTooManyDecimals = NumberError::too_many_decimals;
constexpr auto kWrongUnit = NumberError::wrong_unit;

std::int64_t read(std::string_view text, std::string_view unit = "", int decimals = 0,
                  bool exponents = false) {
    std::int64_t value = -999;
    INFO(text);
    REQUIRE(parse_number(text, Unit::parse(unit), decimals, value, exponents) == NumberError::none);
    return value;
}

NumberError refusal(std::string_view text, std::string_view unit = "", int decimals = 0,
                    bool exponents = false) {
    std::int64_t value = 0;
    return parse_number(text, Unit::parse(unit), decimals, value, exponents);
}

/// Whole numbers of any length, only to multiply and compare.
struct Big {
    int sign = 0;
    std::vector<std::uint32_t> limbs; // least first

    explicit Big(std::int64_t value) : sign(value < 0 ? -1 : value > 0 ? 1 : 0) {
        auto rest =
            value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
        for (; rest != 0; rest >>= 32)
            limbs.push_back(static_cast<std::uint32_t>(rest));
    }
    Big operator*(const Big& other) const {
        Big out(0);
        out.sign = sign * other.sign;
        out.limbs.assign(limbs.size() + other.limbs.size(), 0);
        for (std::size_t i = 0; i < limbs.size(); ++i) {
            std::uint64_t carry = 0;
            for (std::size_t j = 0; j < other.limbs.size() || carry != 0; ++j) {
                const std::uint64_t term =
                    j < other.limbs.size() ? std::uint64_t{limbs[i]} * other.limbs[j] : 0;
                carry += term + out.limbs[i + j];
                out.limbs[i + j] = static_cast<std::uint32_t>(carry);
                carry >>= 32;
            }
        }
        while (!out.limbs.empty() && out.limbs.back() == 0)
            out.limbs.pop_back();
        return out;
    }
    int compare(const Big& other) const {
        if (sign != other.sign) return sign < other.sign ? -1 : 1;
        int size = limbs.size() < other.limbs.size() ? -1 : limbs.size() > other.limbs.size();
        for (std::size_t i = limbs.size(); size == 0 && i-- > 0;)
            size = limbs[i] < other.limbs[i] ? -1 : limbs[i] > other.limbs[i];
        return sign * size;
    }
};

/// The sign of ratio - constant / 10^9, by long multiplication.
int exact_sign(const Ratio& ratio, std::int64_t constant) {
    Big left = Big(ratio.numerator) * Big(1'000'000'000);
    Big right = Big(constant) * Big(ratio.denominator);
    (ratio.shift > 0 ? left : right) =
        (ratio.shift > 0 ? left : right) * Big(power_of_ten(std::abs(ratio.shift)));
    return ratio.denominator < 0 ? -left.compare(right) : left.compare(right);
}

} // namespace

TEST_CASE("a number is held at the field's decimals") {
    CHECK(read("0") == 0);
    CHECK(read("1234.5", "", 2) == 123450);
    CHECK(read("-3") == -3);
    CHECK(read("-0", "", 2) == 0);
    CHECK(read("-0.01", "", 2) == -1);
    CHECK(read("0007") == 7);
    CHECK(read(" \t12 ") == 12);
    CHECK(read("1.50", "", 1) == 15); // exact by value, not by spelling
    CHECK(read("3.000000000000000000000000000000000000000000000") == 3);
}

TEST_CASE("a unit multiplies") {
    CHECK(read("2000万元", "元") == 20'000'000);
    CHECK(read("1.5亿元", "元", 2) == 15'000'000'000);
    CHECK(read("2000万", "元") == 20'000'000);
    CHECK(read("3千元", "元") == 3'000);
    CHECK(read("3百万元", "元") == 3'000'000);
    CHECK(read("3千万元", "元") == 30'000'000);
    CHECK(read("1 元", "元") == 1);
    CHECK(read("1.2345万元", "元") == 12'345);
    CHECK(read("12", "万元") == 12);
    CHECK(read("12万元", "万元") == 12);
    CHECK(read("1亿元", "万元") == 10'000);
    CHECK(read("15000元", "万元", 1) == 15);
    CHECK(read("5万人", "人") == 50'000);
    CHECK(read("5元") == 5); // a field without unit takes 元 and %
    CHECK(read("5万元") == 50'000);
    CHECK(read("3%", "", 2) == 3);
    CHECK(read("3%", "%") == 3); // in percent
    CHECK(read("3", "%") == 3);
}

TEST_CASE("a unit is a power of ten of a base") {
    CHECK(Unit::parse("万元") == Unit{"元", 4});
    CHECK(Unit::parse("百万元") == Unit{"元", 6});
    CHECK(Unit::parse("千万元") == Unit{"元", 7});
    CHECK(Unit::parse("亿") == Unit{"", 8});
    CHECK(Unit::parse("千克") == Unit{"克", 3});
    CHECK(Unit::parse("%") == Unit{"%", 0});
    CHECK(Unit::parse("") == Unit{"", 0});
    CHECK(Unit::parse("百元") == Unit{"百元", 0}); // 百 alone is no multiplier
}

TEST_CASE("a unit of something else is refused") {
    CHECK(refusal("5元", "人") == kWrongUnit);
    CHECK(refusal("5万元", "件") == kWrongUnit);
    CHECK(refusal("5%", "元") == kWrongUnit);
    CHECK(refusal("5万人", "元") == kWrongUnit);
    CHECK(refusal("5人", "元") == kNotANumber);
    CHECK(refusal("5元", "%") == kWrongUnit);
    CHECK(refusal("5‰", "", 9) == kNotANumber);
    CHECK(refusal("5%%", "", 9) == kNotANumber);
}

TEST_CASE("what is no number is refused") {
    for (const char* text : {"",      " ",     "-",   ".",    ".5",   "5.",    "+5",  "--5",
                             "1,000", "1 000", "abc", "0x10", "1e3",  "1E+08", "NaN", "inf",
                             "5.5.5", "1 2",   "5-",  "１２", "一千", "5 .5",  "1.-5"}) {
        INFO(text);
        CHECK(refusal(text, "", 9) == kNotANumber);
    }
}

TEST_CASE("more decimals than the field has are refused, never rounded") {
    CHECK(refusal("1.5") == kTooManyDecimals);
    CHECK(refusal("0.001", "", 2) == kTooManyDecimals);
    CHECK(refusal("1.23456万元", "元") == kTooManyDecimals);
    CHECK(refusal("1元", "万元") == kTooManyDecimals);
    CHECK(refusal("3%") == kTooManyDecimals);
    CHECK(refusal("0.00000000000000000000000000000000000000000000001", "", 9) == kTooManyDecimals);
    CHECK(refusal("99999999999999999999.99999999999999999999999999999999", "", 9) ==
          kTooManyDecimals);
}

TEST_CASE("numbers reach to the ends of 64 bits and not one further") {
    CHECK(read("9223372036854775807") == kMost);
    CHECK(read("-9223372036854775807") == -kMost);
    CHECK(refusal("9223372036854775808") == kOverflow);
    CHECK(refusal("-9223372036854775808") == kOverflow); // that value stands for unknown
    CHECK(read("92233720368547758.07", "元", 2) == kMost);
    CHECK(refusal("92233720368547758.08", "元", 2) == kOverflow);
    CHECK(refusal("922337203686亿元", "元") == kOverflow);
    CHECK(read("92233720368亿元", "元") == 9'223'372'036'800'000'000);
    CHECK(refusal("340282366920938463463374607431768211457") == kOverflow); // 2^128 + 1
    CHECK(refusal(std::string(5'000, '9')) == kOverflow);
    CHECK(read(std::string(5'000, '0') + "7") == 7);
}

TEST_CASE("JSON numbers may have an exponent") {
    CHECK(read("1.5e7", "", 0, true) == 15'000'000);
    CHECK(read("15E-1", "", 1, true) == 15);
    CHECK(read("1e+2", "", 0, true) == 100);
    CHECK(read("0e99999999999", "", 0, true) == 0);
    CHECK(read("-1200e-2", "", 0, true) == -12);
    CHECK(refusal("1e-1", "", 0, true) == kTooManyDecimals);
    CHECK(refusal("1e19", "", 0, true) == kOverflow);
    CHECK(refusal("1e999999999999999999", "", 0, true) == kOverflow);
    CHECK(refusal("1e-999999999999999999", "", 9, true) == kTooManyDecimals);
    CHECK(refusal("1e", "", 0, true) == kNotANumber);
    CHECK(refusal("1e+", "", 0, true) == kNotANumber);
}

TEST_CASE("every refusal has words") {
    CHECK(describe(kNotANumber) == std::string("is not a number"));
    CHECK(describe(kWrongUnit) == std::string("has a unit that does not fit the field's"));
    CHECK(describe(kTooManyDecimals) == std::string("has more decimals than the field"));
    CHECK(describe(kOverflow) == std::string("is too large"));
}

TEST_CASE("a value is written in its shortest exact form") {
    CHECK(format_decimal(1250, 2) == "12.5");
    CHECK(format_decimal(-3, 0) == "-3");
    CHECK(format_decimal(1, 3) == "0.001");
    CHECK(format_decimal(-1, 9) == "-0.000000001");
    CHECK(format_decimal(0, 4) == "0");
    CHECK(format_decimal(100, 0) == "100");
    CHECK(format_decimal(10'000, 2) == "100");
    CHECK(format_decimal(kMost, 9) == "9223372036.854775807");
    CHECK(format_decimal(std::numeric_limits<std::int64_t>::min(), 0) == "-9223372036854775808");
}

TEST_CASE("what is written reads back") {
    std::mt19937_64 random(11);
    for (int i = 0; i < 20'000; ++i) {
        const auto value = std::max(static_cast<std::int64_t>(random()) >> (random() % 63), -kMost);
        const int decimals = static_cast<int>(random() % 10);
        CHECK(read(format_decimal(value, decimals), "", decimals) == value);
    }
}

TEST_CASE("30.3万 of 1010万 is exactly 3 %") {
    const Ratio ratio{303'000, 10'100'000, 0};
    CHECK(compare(ratio, 30'000'000) == 0);
    CHECK(compare(ratio, 29'999'999) == 1);
    CHECK(compare(ratio, 30'000'001) == -1);
    CHECK(compare({-303'000, 10'100'000, 0}, -30'000'000) == 0);
    CHECK(compare({303'000, -10'100'000, 0}, -30'000'000) == 0); // a negative denominator
    CHECK(compare({-303'000, -10'100'000, 0}, 30'000'000) == 0);
    CHECK(compare({3, 10'000, 2}, 30'000'000) == 0); // 3 of 100.00
    CHECK(compare({300, 100, -2}, 30'000'000) == 0); // 3.00 of 100
}

TEST_CASE("ratios compare exactly, out to the limits of 64 bits") {
    std::mt19937_64 random(12);
    std::vector<std::int64_t> numbers{0, 1, -1, 2, 999'999'999, kMost, -kMost, kMost - 1};
    std::vector<std::int64_t> constants{0,
                                        1,
                                        -1,
                                        1'000'000'000,
                                        kMaxRatioConstant * 1'000'000'000,
                                        -kMaxRatioConstant * 1'000'000'000,
                                        kMaxRatioConstant * 1'000'000'000 - 1};
    for (int i = 0; i < 40; ++i) {
        numbers.push_back(std::max(static_cast<std::int64_t>(random()) >> (random() % 63), -kMost));
        constants.push_back(static_cast<std::int64_t>(random()) % 1'000'000'000'000'000'000);
    }
    std::size_t faults = 0, equal = 0;
    for (std::int64_t top : numbers)
        for (std::int64_t bottom : numbers)
            for (std::int64_t constant : constants)
                for (int shift : {-9, -2, 0, 2, 9}) {
                    if (bottom == 0) continue;
                    const Ratio ratio{top, bottom, shift};
                    const int sign = exact_sign(ratio, constant);
                    faults += compare(ratio, constant) != sign;
                    equal += sign == 0;
                }
    CHECK(faults == 0);
    CHECK(equal > 100);
}
