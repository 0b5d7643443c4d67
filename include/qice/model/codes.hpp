// A hierarchical code list (GB/T 4754, GB/T 2260, a portal's own), numbered in preorder.
//
// A code and everything under it is one interval of numbers, so "under C39" costs one comparison.
// Built once from `code,name,parent[,level][,alias]`, then immutable. find() costs one hash
// look-up.
#pragma once

#include "qice/base/status.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qice {

class CodeList {
  public:
    struct Code {
        std::string code;
        std::string name;
        std::string level; // empty where the list has no levels
        std::uint32_t parent = kRoot;
        std::uint32_t end = 0;   // one past the last code under this one
        std::uint32_t depth = 0; // 0 at a root
    };
    static constexpr std::uint32_t kRoot = UINT32_MAX; // parent of a code that has none

    CodeList(CodeList&&) noexcept;
    CodeList& operator=(CodeList&&) noexcept;
    ~CodeList();

    /// Reads CSV text with a header; `file` names it in errors. Unknown parents, cycles and codes
    /// that stand twice are errors.
    static Result<CodeList> parse(std::string_view csv, const std::string& file);
    static Result<CodeList> load(const std::string& path);

    /// The number of a code (or of one of its other spellings).
    std::optional<std::uint32_t> find(std::string_view code) const;
    const Code& operator[](std::uint32_t number) const { return codes_[number]; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(codes_.size()); }
    bool has_level(std::string_view level) const;
    /// Is `code` the same as `ancestor` or below it?
    bool under(std::uint32_t code, std::uint32_t ancestor) const {
        return code >= ancestor && code < codes_[ancestor].end;
    }

  private:
    struct Names;
    CodeList();

    std::vector<Code> codes_; // in preorder
    std::unique_ptr<Names> names_;
};

} // namespace qice
