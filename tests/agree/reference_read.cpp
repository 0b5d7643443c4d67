// Reading a firm's cells for the reference.
#include "reference.hpp"

#include <sstream>
#include <stdexcept>

namespace qice::agree {
namespace {

constexpr std::int64_t kForEver = INT64_MAX;

Wide ten_to(int n) {
    Wide power = 1;
    for (; n > 0; --n)
        power *= 10;
    return power;
}

std::string without_blanks(const std::string& text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> parts_of(const std::string& text, char separator) {
    std::vector<std::string> parts{""};
    for (char c : text) {
        if (c == separator)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

/// 万元 is ten thousand (4) of 元.
struct SplitUnit {
    int zeros = 0;
    std::string base;
};

SplitUnit split_unit(const std::string& text) {
    const std::vector<std::pair<std::string, int>> words{
        {"百万", 6}, {"千万", 7}, {"亿", 8}, {"万", 4}, {"千", 3}};
    for (const auto& [word, zeros] : words)
        if (text.starts_with(word)) return {zeros, text.substr(word.size())};
    return {0, text};
}

/// The zeros to append to a number with this suffix, for a field in this unit; false: misfit.
bool fit_suffix(const std::string& suffix, const std::string& unit, int& zeros) {
    zeros = 0;
    if (suffix.empty()) return true;
    const SplitUnit written = split_unit(suffix), wanted = split_unit(unit);
    if (wanted.base.empty() && written.base == "%") {
        zeros = -2;
        return true;
    }
    zeros = written.zeros - wanted.zeros;
    return written.base.empty() || written.base == wanted.base ||
           (wanted.base.empty() && written.base == "元");
}

/// Exact value x 10^decimals, or false.
bool read_number(std::string text, const std::string& unit, int decimals, Wide& out) {
    text = without_blanks(text);
    const bool minus = text.starts_with("-");
    if (minus) text.erase(0, 1);
    const std::size_t end = text.find_first_not_of("0123456789.");
    const std::string suffix = end == std::string::npos ? "" : without_blanks(text.substr(end));
    const std::vector<std::string> halves = parts_of(text.substr(0, end), '.');
    if (halves.size() > 2 || halves[0].empty() || (halves.size() == 2 && halves[1].empty()))
        return false;
    const std::string fraction = halves.size() == 2 ? halves[1] : "";
    int zeros = 0;
    if (halves[0].size() + fraction.size() > 30 || !fit_suffix(suffix, unit, zeros)) return false;
    Wide digits = 0;
    for (char c : halves[0] + fraction)
        digits = digits * 10 + (c - '0');
    zeros += decimals - static_cast<int>(fraction.size());
    for (; zeros < 0; ++zeros, digits /= 10)
        if (digits % 10 != 0) return false;
    for (; zeros > 0; --zeros)
        if ((digits *= 10) > INT64_MAX) return false;
    if (digits > INT64_MAX) return false;
    out = minus ? -digits : digits;
    return true;
}

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_in(int year, int month) {
    constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

/// 2026-11-23, 2026/1/5 or 20261123.
bool read_day(std::string text, int& year, int& month, int& day) {
    text = without_blanks(text);
    if (text.size() == 8 && text.find_first_not_of("0123456789") == std::string::npos)
        text = text.substr(0, 4) + "-" + text.substr(4, 2) + "-" + text.substr(6);
    const char separator = text.find('/') != std::string::npos ? '/' : '-';
    const std::vector<std::string> parts = parts_of(text, separator);
    if (parts.size() != 3 || parts[0].size() != 4) return false;
    for (const std::string& part : parts)
        if (part.empty() || part.size() > 4 ||
            part.find_first_not_of("0123456789") != std::string::npos)
            return false;
    year = std::stoi(parts[0]);
    month = std::stoi(parts[1]);
    day = std::stoi(parts[2]);
    return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days_in(year, month);
}

Value number_value(Wide number) {
    Value value;
    value.known = true;
    value.number = number;
    return value;
}

Value text_value(const std::string& text) {
    Value value;
    value.known = true;
    value.text = text;
    return value;
}

} // namespace

std::int64_t count_days(int year, int month, int day) {
    std::int64_t days = day - 1;
    for (int m = 1; m < month; ++m)
        days += days_in(year, m);
    for (int y = 1970; y < year; ++y)
        days += 365 + is_leap(y);
    for (int y = year; y < 1970; ++y)
        days -= 365 + is_leap(y);
    return days;
}

ReferenceReader::ReferenceReader(const Schema& schema,
                                 const std::map<std::string, std::string>& lists,
                                 const std::string& sizes, const std::string& as_of)
    : schema_(schema) {
    read_day(as_of, year_, month_, day_);
    as_of_ = count_days(year_, month_, day_);
    std::string line;
    for (const auto& [name, text] : lists) {
        std::istringstream lines(text);
        std::getline(lines, line); // code,name,parent,level,alias
        while (std::getline(lines, line)) {
            const std::vector<std::string> row = parts_of(line, ',');
            CodeTable& table = codes_[name];
            table.parent[row[0]] = row[2];
            table.level[row[0]] = row[3];
            table.real_code[row[0]] = row[0];
            for (const std::string& alias : parts_of(row[4], '|'))
                table.real_code[alias] = row[0];
            table.real_code.erase("");
        }
    }
    std::istringstream lines(sizes);
    std::getline(lines, line);
    while (std::getline(lines, line)) {
        std::vector<std::string> row = parts_of(line, ',');
        row.resize(12);
        SizeRow bounds;
        for (std::size_t first : {3u, 6u, 9u}) {
            bounds.bounds.emplace_back();
            for (std::size_t i = first; i < first + 3 && !row[i].empty(); ++i)
                bounds.bounds.back().push_back(std::stoll(row[i]));
        }
        for (const std::string& code : parts_of(row[2], '|'))
            sizes_[code] = bounds;
    }
}

ReferenceFirm ReferenceReader::read(const std::string& id,
                                    const std::map<std::string, std::string>& cells) const {
    ReferenceFirm firm{id, std::vector<Value>(schema_.size()), {}};
    for (std::uint32_t i = 0; i < schema_.size(); ++i) {
        const auto cell = cells.find(schema_[i].name);
        firm.values[i] = plain(schema_[i], cell == cells.end() ? "" : cell->second);
        if (schema_[i].kind == Kind::tags) { // the tags stand in `elements`, with their weights
            for (const auto& [name, weight] : firm.values[i].elements)
                firm.tags[name] = weight;
        }
    }
    std::vector<bool> done(schema_.size());
    for (std::uint32_t i = 0; i < schema_.size(); ++i)
        derived(i, firm, done);
    return firm;
}

Value ReferenceReader::plain(const Field& field, const std::string& raw) const {
    const std::string cell =
        field.kind == Kind::category || field.kind == Kind::text ? raw : without_blanks(raw);
    switch (field.kind) {
    case Kind::number: {
        Wide number = 0;
        if (!read_number(cell, field.unit_text, field.decimals, number)) return {};
        return number_value(number);
    }
    case Kind::date: {
        int year = 0, month = 0, day = 0;
        if (!read_day(cell, year, month, day)) return {};
        return number_value(count_days(year, month, day));
    }
    case Kind::flag: {
        std::string lower;
        for (char c : cell)
            lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (lower == "true" || lower == "1" || lower == "是") return number_value(1);
        if (lower == "false" || lower == "0" || lower == "否") return number_value(0);
        return {};
    }
    case Kind::category: {
        bool allowed = field.values.empty();
        for (const std::string& value : field.values)
            allowed = allowed || value == cell;
        return cell.empty() || !allowed ? Value{} : text_value(cell);
    }
    case Kind::code: return code(field, cell);
    case Kind::set:
    case Kind::tags: return set(field, cell);
    case Kind::text: return cell.empty() ? Value{} : text_value(cell);
    }
    return {};
}

Value ReferenceReader::code(const Field& field, const std::string& cell) const {
    if (cell.empty()) return {};
    if (field.codes_name == "prefix") return text_value(cell);
    const CodeTable& table = codes_.at(field.codes_name);
    const auto real = table.real_code.find(cell);
    if (real == table.real_code.end()) return {};
    bool allowed = field.levels.empty();
    for (const std::string& level : field.levels)
        allowed = allowed || level == table.level.at(real->second);
    return allowed ? text_value(real->second) : Value{};
}

/// A set with last valid days, or the tags with their weights.
Value ReferenceReader::set(const Field& field, const std::string& cell) const {
    const bool tags = field.kind == Kind::tags;
    Value value;
    value.known = tags || !cell.empty() || !field.missing_is_unknown;
    for (const std::string& part : parts_of(cell, '|')) {
        std::string name = without_blanks(part);
        if (name.empty()) continue;
        std::int64_t more = tags ? 1000 : kForEver;
        const std::size_t at = tags            ? name.rfind(':')
                               : field.expires ? name.rfind('@')
                                               : std::string::npos;
        if (at != std::string::npos) {
            Wide weight = 0;
            int year = 0, month = 0, day = 0;
            const std::string rest = name.substr(at + 1);
            const bool good =
                tags ? read_number(rest, "", 3, weight) && weight >= 0 && weight <= 1000
                     : read_day(rest, year, month, day);
            if (!good) return tags ? number_value(0) : Value{};
            more = tags ? static_cast<std::int64_t>(weight) : count_days(year, month, day);
            name = without_blanks(name.substr(0, at));
        }
        const auto [entry, is_new] = value.elements.emplace(name, more);
        if (!is_new && tags) return number_value(0); // a bad cell: no tags, but known
        if (entry->second < more) entry->second = more;
    }
    return value;
}

const Value& ReferenceReader::derived(std::uint32_t index, ReferenceFirm& firm,
                                      std::vector<bool>& done) const {
    const Field& field = schema_[index];
    Value& out = firm.values[index];
    if (done[index] || field.derive == Derive::none) return out;
    done[index] = true;
    std::vector<Value> operands;
    for (std::uint32_t operand : field.operands)
        operands.push_back(derived(operand, firm, done));
    switch (field.derive) {
    case Derive::sum:
    case Derive::difference: return out = sum(field, operands);
    case Derive::ratio: return out = ratio(field, operands);
    case Derive::sme_size: return out = size_class(field, operands);
    default: break;
    }
    if (!operands[0].known) return out = {};
    // Months are counted one by one: the n-th is complete on the same day of the month, or later.
    int year = year_, month = month_;
    Wide months = 0;
    const Wide from = operands[0].number;
    const auto month_begins = [&] { return Wide{count_days(year, month, 1)}; };
    if (from <= as_of_) {
        while (from < month_begins()) {
            --month;
            ++months;
            if (month == 0) month = 12, --year;
        }
        if (months > 0 && from - month_begins() + 1 > day_) --months;
        return out = number_value(months);
    }
    while (from >= month_begins() + days_in(year, month)) {
        ++month;
        --months;
        if (month == 13) month = 1, ++year;
    }
    if (from - month_begins() + 1 > day_) --months;
    return out = number_value(months);
}

Value ReferenceReader::sum(const Field& field, const std::vector<Value>& operands) const {
    Wide total = 0;
    for (std::size_t i = 0; i < operands.size(); ++i) {
        if (!operands[i].known) return {};
        const Wide scaled =
            operands[i].number * ten_to(field.decimals - schema_[field.operands[i]].decimals);
        total += field.derive == Derive::difference && i == 1 ? -scaled : scaled;
    }
    return total > INT64_MAX || total < -Wide{INT64_MAX} ? Value{} : number_value(total);
}

Value ReferenceReader::ratio(const Field& field, const std::vector<Value>& operands) const {
    Value out;
    if (!operands[0].known || !operands[1].known || operands[1].number == 0) return out;
    const int up = schema_[field.operands[1]].decimals - schema_[field.operands[0]].decimals;
    out.known = true;
    out.numerator = operands[0].number * ten_to(up);
    out.denominator = operands[1].number * ten_to(-up);
    if (out.denominator < 0) {
        out.numerator = -out.numerator;
        out.denominator = -out.denominator;
    }
    return out;
}

/// 0 micro, 1 small, 2 medium, 3 large, by one indicator; bounds on money are in 万元.
int ReferenceReader::class_of(const std::vector<Wide>& bounds, const Value& value,
                              const Field& field, bool money) const {
    const SplitUnit unit = split_unit(field.unit_text);
    int reached = 0;
    for (const Wide bound : bounds)
        reached +=
            value.number * ten_to(unit.zeros) >= bound * ten_to(field.decimals + (money ? 4 : 0));
    return reached;
}

Value ReferenceReader::size_class(const Field& field, const std::vector<Value>& operands) const {
    if (!operands[0].known) return {};
    const CodeTable& table = codes_.at(schema_[field.operands[0]].codes_name);
    std::string code = operands[0].text;
    while (!code.empty() && !sizes_.contains(code))
        code = table.parent.at(code);
    if (code.empty()) return {};
    // Every completion of the missing indicators must give the same class.
    std::vector<int> least{3}; // by completion
    for (std::size_t i = 0; i < 3; ++i) {
        const std::vector<Wide>& bounds = sizes_.at(code).bounds[i];
        if (bounds.empty()) continue;
        std::vector<int> classes{0, 1, 2, 3};
        if (operands[i + 1].known)
            classes = {class_of(bounds, operands[i + 1], schema_[field.operands[i + 1]], i > 0)};
        std::vector<int> next;
        for (int so_far : least)
            for (int of_this : classes)
                next.push_back(so_far < of_this ? so_far : of_this);
        least = next;
    }
    for (int of_completion : least)
        if (of_completion != least[0]) return {};
    constexpr const char* kNames[] = {"micro", "small", "medium", "large"};
    return text_value(kNames[least[0]]);
}

} // namespace qice::agree
