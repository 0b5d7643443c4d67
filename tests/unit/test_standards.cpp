// The size classes of 2017 and the unified social credit code.
#include "qice/model/standards.hpp"

#include "unit/world.hpp"

using namespace qice;

namespace {

const SizeClasses& classes() {
    static const SizeClasses loaded =
        SizeClasses::load(data_directory() + "/standards/sme_size.csv").value();
    return loaded;
}

constexpr std::int64_t kUnset = -1;

/// The class of a firm with whole persons and 万元, "unknown" where there is none.
std::string size_of(std::string_view industry, std::int64_t employees, std::int64_t revenue,
                    std::int64_t assets) {
    static const CodeList industries =
        CodeList::load(data_directory() + "/standards/gbt4754.csv").value();
    static const auto categories = classes().categories_of(industries);
    const auto indicator = [](std::int64_t value) {
        return SizeClasses::Indicator{value == kUnset ? std::nullopt : std::optional(value), 0};
    };
    const auto category = categories[industries.find(industry).value()];
    if (!category) return "unknown";
    const auto size_class =
        classes().classify(*category, indicator(employees), indicator(revenue), indicator(assets));
    return size_class ? std::string(kSizeClassNames[static_cast<std::size_t>(*size_class)])
                      : "unknown";
}

struct Bounds {
    const char* industry;
    std::vector<std::int64_t> employees, revenue, assets; // of small, medium, large
};

// 国统字〔2017〕213号, its table, with an industry of each row.
const Bounds kBounds[] = {
    {"0111", {}, {50, 500, 20000}, {}},
    {"3921", {20, 300, 1000}, {300, 2000, 40000}, {}},
    {"4710", {}, {300, 6000, 80000}, {300, 5000, 80000}},
    {"5177", {5, 20, 200}, {1000, 5000, 40000}, {}},
    {"5211", {10, 50, 300}, {100, 500, 20000}, {}},
    {"5910", {20, 300, 1000}, {200, 3000, 30000}, {}},
    {"5920", {20, 100, 200}, {100, 1000, 30000}, {}},
    {"6010", {20, 300, 1000}, {100, 2000, 30000}, {}},
    {"6110", {10, 100, 300}, {100, 2000, 10000}, {}},
    {"6210", {10, 100, 300}, {100, 2000, 10000}, {}},
    {"6421", {10, 100, 2000}, {100, 1000, 100000}, {}},
    {"6513", {10, 100, 300}, {50, 1000, 10000}, {}},
    {"7010", {}, {100, 1000, 200000}, {2000, 5000, 10000}},
    {"7020", {100, 300, 1000}, {500, 1000, 5000}, {}},
    {"7212", {10, 100, 300}, {}, {100, 8000, 120000}},
    {"7310", {10, 100, 300}, {}, {}},
};

const char* const kNames[] = {"micro", "small", "medium", "large"};

} // namespace

TEST_CASE("each bound of the sixteen categories belongs to the class above it") {
    constexpr std::int64_t kPlenty = 1'000'000'000;
    for (const Bounds& row : kBounds) {
        INFO(row.industry);
        for (std::size_t i = 0; i < 3; ++i) {
            for (std::int64_t step : {-1, 0, 1}) {
                const char* const expected = kNames[step < 0 ? i : i + 1];
                if (!row.employees.empty())
                    CHECK(size_of(row.industry, row.employees[i] + step, kPlenty, kPlenty) ==
                          expected);
                if (!row.revenue.empty())
                    CHECK(size_of(row.industry, kPlenty, row.revenue[i] + step, kPlenty) ==
                          expected);
                if (!row.assets.empty())
                    CHECK(size_of(row.industry, kPlenty, kPlenty, row.assets[i] + step) ==
                          expected);
            }
        }
    }
}

TEST_CASE("only the indicators of its category decide a firm's class") {
    for (const Bounds& row : kBounds) {
        INFO(row.industry);
        CHECK(size_of(row.industry, row.employees.empty() ? kUnset : 2'000,
                      row.revenue.empty() ? kUnset : 200'000,
                      row.assets.empty() ? kUnset : 200'000) == "large");
    }
}

TEST_CASE("a firm is in the least class of its indicators") {
    CHECK(size_of("3921", 1000, 40000, kUnset) == "large");
    CHECK(size_of("3921", 1000, 39999, kUnset) == "medium");
    CHECK(size_of("3921", 299, 500000, kUnset) == "small");
    CHECK(size_of("3921", 19, 500000, kUnset) == "micro");
    CHECK(size_of("3921", 5000, 299, kUnset) == "micro");
    CHECK(size_of("5177", 4, 900000, kUnset) == "micro");
    CHECK(size_of("0111", kUnset, 20000, kUnset) == "large");
    CHECK(size_of("6513", 300, 9999, kUnset) == "medium");
    CHECK(size_of("6421", 500, 50000, kUnset) == "medium");
    CHECK(size_of("4710", kUnset, 80000, 4999) == "small");
    CHECK(size_of("7010", kUnset, 500000, 1999) == "micro");
    CHECK(size_of("7212", 350, kUnset, 7999) == "small");
    CHECK(size_of("7310", 300, kUnset, kUnset) == "large");
    CHECK(size_of("5910", 300, 3000, kUnset) == "medium");
    CHECK(size_of("5910", 150, 3000, kUnset) == "small");
}

TEST_CASE("a missing indicator leaves the class open unless another one settles it") {
    CHECK(size_of("3921", 5, kUnset, kUnset) == "micro"); // nothing is below micro
    CHECK(size_of("3921", kUnset, 100, kUnset) == "micro");
    CHECK(size_of("3921", 25, kUnset, kUnset) == "unknown");
    CHECK(size_of("3921", kUnset, 90000, kUnset) == "unknown");
    CHECK(size_of("3921", kUnset, kUnset, kUnset) == "unknown");
    CHECK(size_of("7310", kUnset, 90000, 90000) == "unknown");
}

TEST_CASE("an industry that the standard does not list has no class") {
    for (const char* industry : {"J", "66", "F", "59", "K", "704", "7040", "P", "83", "S", "T"}) {
        INFO(industry);
        CHECK(size_of(industry, 5, 5, 5) == "unknown");
    }
    CHECK(size_of("C", 19, 1, 1) == "micro"); // a whole section is listed
    CHECK(size_of("85", 300, 1, 1) == "large");
    CHECK(size_of("8511", 300, 1, 1) == "large");
    CHECK(size_of("7030", 300, 1, 1) == "large");
    CHECK(size_of("5990", 100, 1000, 1) == "medium");
}

TEST_CASE("a category is found from an industry with its section letter, without a list") {
    const auto id = [](std::string_view industry) {
        const auto category = classes().category_of(industry);
        return category ? classes().categories()[*category].id : "none";
    };
    CHECK(id("C3921") == "industry");
    CHECK(id("C") == "industry");
    CHECK(id("G591") == "transport");
    CHECK(id("591") == "transport");
    CHECK(id("G592") == "storage");
    CHECK(id("K7040") == "none");
    CHECK(id("J66") == "none");
    CHECK(id("") == "none");
}

TEST_CASE("money is compared in the unit it is held in") {
    // 49.99万元 and 50万元 in 元 with two decimals: 分, 10^-6 of 万元.
    const auto farm = [](std::int64_t cents) {
        return classes().classify(*classes().category_of("A"), {}, {cents, -6}, {});
    };
    CHECK(farm(49'990'000) == SizeClass::micro);
    CHECK(farm(49'999'999) == SizeClass::micro);
    CHECK(farm(50'000'000) == SizeClass::small);
    CHECK(farm(19'999'999'999) == SizeClass::medium);
    CHECK(farm(20'000'000'000) == SizeClass::large);
    CHECK(farm(INT64_MAX) == SizeClass::large);
    CHECK(farm(-INT64_MAX) == SizeClass::micro);
    const auto in_billions = [](std::int64_t value) { // 亿元 = 10^4 of 万元
        return classes().classify(*classes().category_of("A"), {}, {value, 4}, {});
    };
    CHECK(in_billions(1) == SizeClass::medium);
    CHECK(in_billions(2) == SizeClass::large);
    CHECK(in_billions(INT64_MAX) == SizeClass::large);
}

TEST_CASE("a faulty table of size classes is refused with its line") {
    world::Folder folder;
    const std::string header =
        "category,name,codes,employees_small,employees_medium,employees_large,revenue_small,"
        "revenue_medium,revenue_large,assets_small,assets_medium,assets_large\n";
    const auto fault = [&](const std::string& text) {
        const std::string path = folder.write("sizes.csv", text);
        return SizeClasses::load(path).status().to_string().substr(path.size());
    };
    CHECK(fault("a,b\n").substr(0, 24) == ":1: the size classes nee");
    CHECK(fault(header + "x,X,A,1,2,3\n") == ":2: this line needs 12 cells");
    CHECK(fault(header + "x,X,A,1,2,many,,,,,,\n") == ":2: \"many\" is not a whole number");
    CHECK(SizeClasses::load(folder.path + "/none").status().code() == StatusCode::invalid_input);
}

TEST_CASE("the check character of a credit code") {
    for (const char* code : {"91441900MA4W000037", "91440305MA5F123421", "91410300MA44ABCD56",
                             "91500000MA5U7XYWXM", "91510100MA6C0K1L1C", "91350200776049653A"}) {
        INFO(code);
        CHECK(is_credit_code(code));
        CHECK(credit_code_check(std::string_view(code).substr(0, 17)) == code[17]);
        // One wrong character is always found.
        for (std::size_t i = 0; i < 18; ++i) {
            std::string wrong = code;
            wrong[i] = wrong[i] == '7' ? '8' : '7';
            CHECK_FALSE(is_credit_code(wrong));
        }
    }
    CHECK_FALSE(is_credit_code("91350203M0001QAY9B"));
}

TEST_CASE("what has not the form of a credit code is none") {
    for (const char* text : {"", "9144190", "91441900MA4W0000377", "91441900ma4w000037",
                             "91441900MI4W000037", "91441900MA4W00003Z"}) {
        INFO(text);
        CHECK_FALSE(is_credit_code(text));
    }
    CHECK_FALSE(credit_code_check("91441900MA4W00003O"));
    CHECK_FALSE(credit_code_check("9144190"));
}

TEST_CASE("the data lies where the environment says, else with the program") {
    const char* const before = std::getenv("QICE_DATA");
    const std::string kept = before == nullptr ? "" : before;
    setenv("QICE_DATA", "/elsewhere", 1);
    CHECK(data_directory() == "/elsewhere");
    before == nullptr ? unsetenv("QICE_DATA") : setenv("QICE_DATA", kept.c_str(), 1);
    CHECK(std::filesystem::exists(data_directory() + "/standards/gbt4754.csv"));
}
