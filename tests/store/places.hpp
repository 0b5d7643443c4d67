// Where the tests make their stores: a SQLite file in a folder of its own, and, if QICE_POSTGRES
// names one, the database of a throw-away server (tests/postgres/server.py sets it).
//
//   TEST_CASE("...") {
//       const Place place(GENERATE_COPY(from_range(kinds_of_store())));   // once for each kind
//       auto store = place.open();
#pragma once

#include "push/store.hpp"
#include "store/postgres.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace qice::tests {

inline std::string postgres_address() {
    const char* address = std::getenv("QICE_POSTGRES");
    return address != nullptr ? address : "";
}

inline std::vector<std::string> kinds_of_store() {
    std::vector<std::string> kinds{"sqlite"};
    if (!postgres_address().empty()) kinds.emplace_back("postgresql");
    return kinds;
}

/// An empty place for a store, taken away at the end.
class StorePlace {
  public:
    explicit StorePlace(const std::string& kind) : is_file_(kind == "sqlite") {
        UNSCOPED_INFO("in a store of kind " << kind);
        clear();
        if (is_file_) std::filesystem::create_directories(folder_);
    }
    ~StorePlace() { clear(); }

    std::string file() const { return (folder_ / "s.db").string(); }
    std::string address() const { return is_file_ ? "sqlite:" + file() : postgres_address(); }
    bool is_file() const { return is_file_; }
    std::unique_ptr<Store> open(OpenMode mode = OpenMode::create) const {
        return open_store(address(), mode).value();
    }

  private:
    void clear() {
        if (is_file_) {
            std::filesystem::remove_all(folder_);
            return;
        }
        Postgres db;
        REQUIRE(db.open(address()).ok());
        REQUIRE(db.execute("DROP SCHEMA IF EXISTS qice CASCADE").ok());
    }

    bool is_file_;
    std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("qice-store-" + std::to_string(::getpid()));
};

} // namespace qice::tests
