// Bytes become an Arrow stream of any shape, most of it wrong: it is read or refused with a place,
// everything is released once, and the number of threads makes no difference.
//
// The stream keeps the one promise that nobody can check: buffers are as long as what the
// structures say of them, each an allocation of its own. All else may be a lie: offsets, lengths,
// null counts, numbers of buffers and children, dictionary numbers, released parts, types.
#include "qice/io/arrow.hpp"
#include "arrow/producer.hpp"
#include "bytes.hpp"
#include "readers.hpp"

#include <limits>

using namespace qice;
using fuzz::Bytes;
using producer::Made;

namespace {

constexpr const char* kFormats[] = {
    "u",    "U",    "vu",   "l",       "i",      "s",      "c",        "L",          "I",
    "S",    "C",    "b",    "f",       "g",      "n",      "tdD",      "tdm",        "tss:",
    "tsm:", "tsu:", "tsn:", "tss:UTC", "d:18,2", "d:38,0", "d:9,3,32", "d:18,-3,64", "d:76,9,256",
    "+l",   "+L",   "+m",   "+s",      "z",      "e",      "+w:3"};
constexpr const char* kIndexes[] = {"c", "C", "s", "S", "i", "I", "l", "L"};
constexpr const char* kTexts[] = {"",      "A",   "true",         "12.5",  "2000万元", "2026-11-23",
                                  "C3911", "x|y", "x@2027-01-01", "x:0.5", "\xff",     "企业"};
constexpr std::size_t kDeepest = 3;

std::size_t width_of(const std::string& format) {
    switch (format[0]) {
    case 'c':
    case 'C': return 1;
    case 's':
    case 'S':
    case 'e': return 2;
    case 'i':
    case 'I':
    case 'f': return 4;
    case 'd':
        return format.ends_with(",32")    ? 4
               : format.ends_with(",64")  ? 8
               : format.ends_with(",256") ? 32
                                          : 16;
    case 't': return format == "tdD" ? 4 : 8;
    default: return 8;
    }
}

/// The stream in the making.
class Maker {
  public:
    explicit Maker(Bytes& bytes) : bytes_(bytes) {}

    /// Columns without rows: the type.
    Made table() {
        Made made;
        made.format = "+s";
        made.children.push_back(named("id", type(bytes_.rarely(8) ? kDeepest : kDeepest - 1)));
        if (!bytes_.rarely(8)) made.children.back() = named("id", plain("u"));
        for (std::size_t i = bytes_.below(5); i > 0; --i) {
            const Schema& schema = *fuzz::schema();
            const Field& field = schema[static_cast<std::uint32_t>(bytes_.below(schema.size()))];
            made.children.push_back(named(bytes_.rarely(16) ? "?" : field.name, type(0)));
        }
        if (bytes_.rarely(64)) made.format = bytes_.one_of(kFormats);
        return made;
    }

    /// A batch of the type.
    Made batch(Made type) {
        const std::size_t rows = bytes_.below(40), before = bytes_.rarely(4) ? bytes_.below(9) : 0;
        type.length = static_cast<std::int64_t>(rows);
        type.offset = static_cast<std::int64_t>(before);
        type.buffers.push_back(bitmap(rows + before));
        for (Made& child : type.children)
            fill(child, rows + before);
        lie(type);
        return type;
    }

  private:
    static Made named(std::string name, Made made) {
        made.name = std::move(name);
        return made;
    }
    static Made plain(std::string format) {
        Made made;
        made.format = std::move(format);
        return made;
    }

    Made type(std::size_t depth) {
        Made made = plain(bytes_.one_of(kFormats));
        if (bytes_.rarely(6)) {
            made.format = bytes_.one_of(kIndexes);
            made.dictionary.push_back(plain(bytes_.rarely(4) ? "l" : bytes_.rarely(3) ? "U" : "u"));
        }
        if (bytes_.rarely(64)) made.format = bytes_.text(6).c_str();
        if (made.format[0] == '+' && depth < kDeepest) {
            if (made.format == "+m") {
                Made entries = plain("+s");
                entries.children = {named("key", type(depth + 1)), named("value", type(depth + 1))};
                if (!bytes_.rarely(4)) entries.children[0].format = "u";
                made.children.push_back(named("entries", entries));
            } else if (made.format == "+s") {
                made.children = {named("name", type(depth + 1)),
                                 named(bytes_.rarely(2) ? "until" : "weight", type(depth + 1))};
            } else {
                made.children.push_back(
                    named("item", bytes_.rarely(2) ? type(depth + 1) : plain("u")));
            }
        }
        return made;
    }

    std::optional<std::string> bitmap(std::size_t values) {
        if (bytes_.rarely(3)) return std::nullopt;
        std::string bits((values + 7) / 8, '\xff');
        for (char& byte : bits)
            if (bytes_.rarely(2)) byte = static_cast<char>(bytes_.byte());
        return bits;
    }

    template <class Offset> std::string offsets(std::size_t values, std::size_t most) {
        std::string made;
        Offset at = 0;
        for (std::size_t i = 0; i <= values; ++i) {
            producer::append(made, at);
            if (i + 1 <= values)
                at = static_cast<Offset>(
                    std::min<std::size_t>(most, static_cast<std::size_t>(at) + bytes_.below(4)));
            if (bytes_.rarely(200)) at = static_cast<Offset>(bytes_.below(most + 1));
        }
        if (bytes_.rarely(32)) { // one that is negative
            const Offset wrong = -1;
            std::memcpy(made.data() + sizeof wrong * bytes_.below(values + 1), &wrong,
                        sizeof wrong);
        }
        return made;
    }

    std::string values(const std::string& format, std::size_t count) {
        std::string made;
        const std::size_t width = width_of(format);
        for (std::size_t i = 0; i < count; ++i) {
            std::string value(width, '\0');
            value[0] = static_cast<char>(bytes_.byte());
            if (bytes_.rarely(8)) value = bytes_.text(width);
            value.resize(width, static_cast<char>(value.empty() ? 0 : value.back()));
            made += value;
        }
        return made;
    }

    std::string joined(std::size_t most) {
        std::string made;
        while (made.size() < most && !bytes_.empty())
            made += bytes_.one_of(kTexts);
        return made;
    }

    std::string views(std::size_t count, const std::string& buffer) {
        std::string made;
        for (std::size_t i = 0; i < count; ++i) {
            const std::string text = bytes_.one_of(kTexts);
            std::string view;
            producer::append(view, static_cast<std::int32_t>(text.size()));
            view += text.substr(0, 12);
            view.resize(16, '\0');
            if (bytes_.rarely(4)) {
                view.clear();
                producer::append(view,
                                 static_cast<std::int32_t>(bytes_.below(buffer.size() + 20)) - 2);
                producer::append(view, std::int32_t{0});
                producer::append(view, static_cast<std::int32_t>(bytes_.below(3)) -
                                           (bytes_.rarely(8) ? 1 : 0));
                producer::append(view, static_cast<std::int32_t>(bytes_.below(30)) - 1);
            }
            made += view;
        }
        return made;
    }

    /// Buffers and children for `rows` values, and for some before them.
    void fill(Made& made, std::size_t rows) {
        const std::size_t before = bytes_.rarely(4) ? bytes_.below(9) : 0, all = rows + before;
        made.length = static_cast<std::int64_t>(rows);
        made.offset = static_cast<std::int64_t>(before);
        made.null_count = bytes_.rarely(4) ? 0 : -1;
        const std::string& format = made.format;
        if (format != "n") made.buffers.push_back(bitmap(all));
        if (format == "u" || format == "U" || format == "z") {
            const std::string text = joined(3 * all);
            made.buffers.push_back(format == "U" ? offsets<std::int64_t>(all, text.size())
                                                 : offsets<std::int32_t>(all, text.size()));
            made.buffers.push_back(text);
        } else if (format == "vu") {
            const std::string text = joined(20);
            std::string sizes;
            producer::append(sizes, static_cast<std::int64_t>(text.size()));
            made.buffers.push_back(views(all, text));
            made.buffers.push_back(text);
            made.buffers.push_back(sizes);
        } else if (format[0] == '+' && format != "+s") {
            const std::size_t items = bytes_.below(30);
            made.buffers.push_back(format == "+L" ? offsets<std::int64_t>(all, items)
                                                  : offsets<std::int32_t>(all, items));
            for (Made& child : made.children)
                fill(child, items);
        } else if (format == "+s") {
            for (Made& child : made.children)
                fill(child, all);
        } else if (format == "b") {
            made.buffers.push_back(bytes_.text((all + 7) / 8));
            made.buffers.back()->resize((all + 7) / 8, '\x55');
        } else if (format != "n") {
            made.buffers.push_back(values(format, all));
        }
        for (Made& dictionary : made.dictionary)
            fill(dictionary, bytes_.below(12));
        lie(made);
    }

    /// Says something that is not so, and that can be found out.
    void lie(Made& made) {
        if (!bytes_.rarely(48)) return;
        switch (bytes_.below(10)) {
        case 0: made.null_count = bytes_.number<std::int64_t>(); break;
        case 1: made.offset = -1 - static_cast<std::int64_t>(bytes_.below(3)); break;
        case 2: made.length = -1; break;
        case 3: made.length = std::max<std::int64_t>(made.length - 1, 0); break;
        case 4: made.offset = std::numeric_limits<std::int64_t>::max(); break;
        case 5: made.buffers.clear(); break;
        case 6: made.buffers.push_back("more"); break;
        case 7:
            if (made.buffers.size() > 1) made.buffers[1] = std::nullopt;
            break;
        case 8:
            if (!made.children.empty()) made.children.pop_back();
            break;
        case 9: made.dictionary.clear(); break;
        }
    }

    Bytes& bytes_;
};

struct Plan {
    Made type;
    std::vector<Made> batches;
    int type_error = 0, end_error = 0;
    const char* last_error = nullptr;
    bool loses_child = false;
};

Plan plan_of(Bytes& bytes) {
    Plan plan;
    Maker maker(bytes);
    plan.type = maker.table();
    for (std::size_t i = bytes.below(4); i > 0; --i)
        plan.batches.push_back(maker.batch(plan.type));
    if (bytes.rarely(64)) plan.type_error = 5;
    if (bytes.rarely(16)) plan.end_error = 12;
    if (bytes.rarely(2)) plan.last_error = bytes.rarely(2) ? "it broke" : "\xff";
    return plan;
}

struct Said {
    std::string status;
    std::size_t rows = 0, aside = 0, bad = 0, seen = 0;
    bool operator==(const Said&) const = default;
};

Said read(const Plan& plan, const ReadOptions& options) {
    producer::Books books;
    producer::Stream stream{&books,          plan.type,      plan.batches,   0,
                            plan.type_error, plan.end_error, plan.last_error};
    ArrowArrayStream out = producer::stream(std::move(stream));
    const Result<FirmsRead> result = read_firms_arrow(&out, fuzz::schema(), options);
    fuzz::require(out.release == nullptr, "the stream was taken");
    fuzz::require(books.all_released(), "everything was released");
    if (!result.ok()) {
        fuzz::require(!result.status().message().empty(), "a refusal has a sentence");
        return {result.status().to_string(), 0, 0, 0, 0};
    }
    fuzz::check(*result, options.strict);
    return {"", result->firms.size(), result->rows_set_aside, result->quarantine.size(),
            fuzz::touch(result->firms)};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    const bool with_threads = bytes.rarely(8);
    const Plan plan = plan_of(bytes);
    std::size_t rows = 0;
    for (const bool strict : {false, true}) {
        ReadOptions options;
        options.as_of = *Date::from_civil(2026, 6, 15);
        options.strict = strict;
        options.ignore_unknown_columns = true;
        const Said said = read(plan, options);
        if (said.status.empty() && strict)
            fuzz::require(said.rows + said.aside == rows, "every row is kept or set aside");
        rows = said.rows + said.aside;
        if (!with_threads) continue;
        options.threads = 3;
        fuzz::require(read(plan, options) == said, "threads make no difference");
    }
    return 0;
}
