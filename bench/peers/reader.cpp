// qice reading firms, beside others that read the same file: from the CSV in the page cache to the
// typed table, derived fields and all; one thread.
//
//   qice_peer_reader CITY AS_OF        then a line on standard input a round
//
// Each round says how long it took, and what makes two tables the same: of each field that the file
// has, how many firms have a value, and what all values come to.
#include "peer.hpp"

namespace {

using namespace qice;

std::string decimal(__int128 value) {
    const bool negative = value < 0;
    std::string digits;
    do {
        const int digit = static_cast<int>(value % 10);
        digits.insert(digits.begin(), static_cast<char>('0' + (negative ? -digit : digit)));
        value /= 10;
    } while (value != 0);
    return (negative ? "-" : "") + digits;
}

/// Of a field: numbers and dates in units and days, flags, elements of sets and tags; of text only
/// how many.
std::string digest(const FirmTable& firms, std::uint32_t field) {
    const Kind kind = firms.schema()[field].kind;
    std::uint64_t known = 0;
    __int128 sum = 0;
    for (std::size_t row = 0; row < firms.size(); ++row) {
        const FirmView firm = firms[row];
        if (kind == Kind::set || kind == Kind::tags) {
            const std::size_t items =
                kind == Kind::tags
                    ? firm.tags().size()
                    : firm.elements(field).value_or(std::span<const SetElement>()).size();
            known += items != 0 ? 1 : 0;
            sum += static_cast<__int128>(items);
            continue;
        }
        if (!firm.known(field)) continue;
        ++known;
        if (kind == Kind::number || kind == Kind::date || kind == Kind::flag)
            sum += *firm.scalar(field);
    }
    return "[\"" + std::to_string(known) + "\", \"" + decimal(sum) + "\"]";
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " CITY AS_OF\n";
        return 2;
    }
    const std::string folder = argv[1];
    const SchemaPtr schema = Schema::load(folder + "/schema.json").value();
    std::cout << "{\"version\": \"qice\"}" << std::endl;
    std::optional<FirmsRead> read;
    for (std::string line; std::getline(std::cin, line);) {
        read.reset();
        peer::Stopwatch watch;
        read = read_firms(folder + "/firms.csv", schema, {.as_of = *Date::parse(argv[2])}).value();
        const double seconds = watch.lap();
        if (!read->quarantine.empty()) {
            std::cerr << argv[0] << ": some cells could not be taken\n";
            return 1;
        }
        std::cout << "{\"seconds\": " << seconds << ", \"firms\": " << read->firms.size()
                  << ", \"fields\": {";
        const char* separator = "";
        for (std::uint32_t field = 0; field < schema->size(); ++field) {
            if ((*schema)[field].derived()) continue;
            std::cout << separator << "\"" << (*schema)[field].name
                      << "\": " << digest(read->firms, field);
            separator = ", ";
        }
        std::cout << "}}" << std::endl;
    }
    return 0;
}
