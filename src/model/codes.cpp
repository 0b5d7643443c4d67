#include "qice/model/codes.hpp"

#include "base/hash_index.hpp"
#include "base/string_map.hpp"
#include "qice/base/csv.hpp"
#include "qice/base/text.hpp"

#include <algorithm>

namespace qice {

struct CodeList::Names {
    struct Name {
        std::string text;
        std::uint32_t number;
    };
    HashIndex index; // text -> place in names
    std::vector<Name> names;

    const Name* find(std::string_view text) const {
        const std::uint32_t place = index.find(
            hash_text(text), [&](std::uint32_t other) { return names[other].text == text; });
        return place == HashIndex::kNone ? nullptr : &names[place];
    }
    void add(std::string_view text, std::uint32_t number) {
        if (find(text) != nullptr) return; // the first one counts
        index.insert(hash_text(text), static_cast<std::uint32_t>(names.size()));
        names.push_back({std::string(text), number});
    }
};

CodeList::CodeList() : names_(std::make_unique<Names>()) {}
CodeList::CodeList(CodeList&&) noexcept = default;
CodeList& CodeList::operator=(CodeList&&) noexcept = default;
CodeList::~CodeList() = default;

std::optional<std::uint32_t> CodeList::find(std::string_view code) const {
    const Names::Name* found = names_->find(code);
    if (found == nullptr) return {};
    return found->number;
}

bool CodeList::has_level(std::string_view level) const {
    return std::any_of(codes_.begin(), codes_.end(),
                       [&](const Code& code) { return code.level == level; });
}

Result<CodeList> CodeList::load(const std::string& path) {
    QICE_ASSIGN_OR_RETURN(const std::string text, read_file(path));
    return parse(text, path);
}

Result<CodeList> CodeList::parse(std::string_view csv, const std::string& file) {
    struct Row {
        Code code;
        std::string parent, alias;
        std::uint32_t line;
        std::vector<std::uint32_t> children;
        std::uint32_t number = kRoot; // in preorder, once placed
    };
    std::vector<Row> rows;
    StringMap<std::uint32_t> row_of;
    CsvScanner scanner(csv);
    if (!scanner.next())
        return invalid_input("this code list is empty; it needs a header code,name,parent", {file});
    const std::vector<std::string> header(scanner.cells().begin(), scanner.cells().end());
    const auto column = [&](std::string_view name) {
        return static_cast<std::size_t>(std::find(header.begin(), header.end(), name) -
                                        header.begin());
    };
    const std::size_t code_at = column("code"), name_at = column("name"),
                      parent_at = column("parent"), level_at = column("level"),
                      alias_at = column("alias");
    if (code_at == header.size() || name_at == header.size() || parent_at == header.size())
        return invalid_input("a code list needs the columns code, name and parent", {file, 1});
    while (scanner.next()) {
        const Place place{file, static_cast<std::uint32_t>(scanner.line())};
        if (scanner.fault() != CsvScanner::Fault::none)
            return invalid_input(describe(scanner.fault()), place);
        if (!is_utf8(scanner.raw())) return invalid_input("this line is not UTF-8", place);
        const auto cell = [&](std::size_t at) {
            return std::string(at < scanner.cells().size() ? trim(scanner.cells()[at]) : "");
        };
        Row row{{cell(code_at), cell(name_at), cell(level_at)},
                cell(parent_at),
                cell(alias_at),
                place.line,
                {}};
        if (row.code.code.empty()) return invalid_input("this line has no code", place);
        if (!row_of.emplace(row.code.code, static_cast<std::uint32_t>(rows.size())).second)
            return invalid_input("code \"" + row.code.code + "\" stands twice", place);
        rows.push_back(std::move(row));
    }

    std::vector<std::uint32_t> roots;
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
        if (rows[i].parent.empty()) {
            roots.push_back(i);
            continue;
        }
        const auto parent = row_of.find(rows[i].parent);
        if (parent == row_of.end())
            return invalid_input("parent \"" + rows[i].parent + "\" of code \"" +
                                     rows[i].code.code + "\" is not on the list",
                                 {file, rows[i].line});
        rows[parent->second].children.push_back(i);
    }

    CodeList list;
    list.codes_.reserve(rows.size());
    struct Step {
        std::uint32_t row, parent;
        bool leave;
    };
    std::vector<Step> steps; // depth first, without recursion
    for (auto root = roots.rbegin(); root != roots.rend(); ++root)
        steps.push_back({*root, kRoot, false});
    while (!steps.empty()) {
        const Step step = steps.back();
        steps.pop_back();
        if (step.leave) {
            list.codes_[step.row].end = list.size();
            continue;
        }
        Row& row = rows[step.row];
        const std::uint32_t number = row.number = list.size();
        row.code.parent = step.parent;
        row.code.depth = step.parent == kRoot ? 0 : list.codes_[step.parent].depth + 1;
        list.names_->add(row.code.code, number);
        list.codes_.push_back(std::move(row.code));
        steps.push_back({number, 0, true});
        for (auto child = row.children.rbegin(); child != row.children.rend(); ++child)
            steps.push_back({*child, number, false});
    }
    // Other spellings come last, so that they never hide a code.
    for (const Row& row : rows) {
        if (row.number == kRoot)
            return invalid_input("this code is its own ancestor", {file, row.line});
        for (std::string_view alias : split(row.alias, '|'))
            if (!trim(alias).empty()) list.names_->add(trim(alias), row.number);
    }
    return list;
}

} // namespace qice
