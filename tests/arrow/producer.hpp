// A producer of Arrow structures for tests: it lays them out as nobody would expect and counts what
// is released.
//
//   producer::Books books;
//   producer::Made column = producer::texts("u", {"a", nullopt}, random); // sliced at random
//   ArrowArrayStream stream = producer::stream(books, type, {batch, batch});
//   ... books.all_released()
//
// Each buffer is an allocation of exactly its size, so that a sanitizer sees any byte that is read
// beside it; a structure that is released twice, or whose child is, ends the test.
#pragma once

#include "qice/arrow_abi.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace producer {

using Random = std::mt19937_64;

inline std::size_t below(Random& random, std::size_t bound) {
    return static_cast<std::size_t>(random() % bound);
}
inline bool chance(Random& random, double share) {
    return static_cast<double>(random() >> 11) * 0x1p-53 < share;
}

/// A column, or a batch: an array and its type in one.
struct Made {
    std::string format, name;
    std::int64_t length = 0, null_count = -1, offset = 0;
    std::vector<std::optional<std::string>> buffers; // nothing: a null pointer
    std::vector<Made> children;
    std::vector<Made> dictionary; // one, or none
};

/// What was handed out and came back.
struct Books {
    int made = 0, released = 0;
    bool all_released() const { return made == released; }
};

// ------------------------------------------------------------------------------ structures

namespace inside {

template <class Structure> struct Parts {
    Books* books = nullptr;
    std::string format, name;
    std::vector<std::unique_ptr<char[]>> buffers;
    std::vector<const void*> addresses;
    std::vector<std::unique_ptr<Structure>> children;
    std::vector<Structure*> pointers;
    std::unique_ptr<Structure> dictionary;
    bool is_released = false;
};

template <class Structure> void release(Structure* structure) {
    auto* const parts = static_cast<Parts<Structure>*>(structure->private_data);
    if (parts == nullptr || parts->is_released) {
        std::fputs("an Arrow structure is released twice\n", stderr);
        std::abort();
    }
    for (const auto& child : parts->children)
        if (child->release != nullptr) child->release(child.get());
    if (parts->dictionary && parts->dictionary->release != nullptr)
        parts->dictionary->release(parts->dictionary.get());
    parts->is_released = true;
    ++parts->books->released;
    delete parts;
    structure->release = nullptr;
    structure->private_data = nullptr;
}

template <class Structure> Parts<Structure>* start(Books& books, Structure* out) {
    auto* const parts = new Parts<Structure>;
    parts->books = &books;
    ++books.made;
    *out = {};
    out->private_data = parts;
    out->release = release<Structure>;
    return parts;
}

template <class Structure, class Give>
void give_children(Parts<Structure>& parts, const Made& made, Structure* out, Give&& give) {
    for (const Made& child : made.children) {
        parts.children.push_back(std::make_unique<Structure>());
        give(child, parts.children.back().get());
        parts.pointers.push_back(parts.children.back().get());
    }
    out->n_children = static_cast<std::int64_t>(parts.pointers.size());
    out->children = parts.pointers.empty() ? nullptr : parts.pointers.data();
    if (made.dictionary.empty()) return;
    parts.dictionary = std::make_unique<Structure>();
    give(made.dictionary[0], parts.dictionary.get());
    out->dictionary = parts.dictionary.get();
}

} // namespace inside

inline void give_type(Books& books, const Made& made, ArrowSchema* out) {
    auto* const parts = inside::start(books, out);
    parts->format = made.format;
    parts->name = made.name;
    out->format = parts->format.c_str();
    out->name = parts->name.c_str();
    out->flags = ARROW_FLAG_NULLABLE;
    inside::give_children(*parts, made, out,
                          [&](const Made& child, ArrowSchema* to) { give_type(books, child, to); });
}

inline void give_array(Books& books, const Made& made, ArrowArray* out) {
    auto* const parts = inside::start(books, out);
    out->length = made.length;
    out->null_count = made.null_count;
    out->offset = made.offset;
    for (const auto& buffer : made.buffers) {
        if (!buffer) {
            parts->addresses.push_back(nullptr);
            continue;
        }
        parts->buffers.push_back(std::make_unique<char[]>(buffer->size()));
        std::memcpy(parts->buffers.back().get(), buffer->data(), buffer->size());
        parts->addresses.push_back(parts->buffers.back().get());
    }
    // The addresses of the buffers behind a text_view are among its buffers already.
    out->n_buffers = static_cast<std::int64_t>(parts->addresses.size());
    out->buffers = parts->addresses.data();
    inside::give_children(*parts, made, out,
                          [&](const Made& child, ArrowArray* to) { give_array(books, child, to); });
}

/// A stream that gives a type and batches, and may fail.
struct Stream {
    Books* books = nullptr;
    Made type;
    std::vector<Made> batches;
    std::size_t next = 0;
    int type_error = 0; // given instead of the type
    int end_error = 0;  // given instead of the end
    const char* last_error = nullptr;
};

inline ArrowArrayStream stream(Stream plan) {
    ArrowArrayStream out{};
    ++plan.books->made;
    out.private_data = new Stream(std::move(plan));
    out.get_schema = [](ArrowArrayStream* self, ArrowSchema* to) {
        auto& plan = *static_cast<Stream*>(self->private_data);
        if (plan.type_error == 0) give_type(*plan.books, plan.type, to);
        return plan.type_error;
    };
    out.get_next = [](ArrowArrayStream* self, ArrowArray* to) {
        auto& plan = *static_cast<Stream*>(self->private_data);
        if (plan.next < plan.batches.size()) {
            give_array(*plan.books, plan.batches[plan.next++], to);
            return 0;
        }
        if (plan.end_error == 0) *to = {};
        return plan.end_error;
    };
    out.get_last_error = [](ArrowArrayStream* self) {
        return static_cast<Stream*>(self->private_data)->last_error;
    };
    out.release = [](ArrowArrayStream* self) {
        if (self->private_data == nullptr) {
            std::fputs("an Arrow stream is released twice\n", stderr);
            std::abort();
        }
        auto* const plan = static_cast<Stream*>(self->private_data);
        ++plan->books->released;
        delete plan;
        self->private_data = nullptr;
        self->release = nullptr;
    };
    return out;
}

inline ArrowArrayStream stream(Books& books, Made type, std::vector<Made> batches) {
    Stream plan;
    plan.books = &books;
    plan.type = std::move(type);
    plan.batches = std::move(batches);
    return stream(std::move(plan));
}

// --------------------------------------------------------------------------------- columns

template <class Value> using Cells = std::vector<std::optional<Value>>;

template <class T> void append(std::string& to, T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    to.append(bytes, sizeof value);
}

/// Values before and behind those that count: the array is a slice.
template <class Value>
Cells<Value> with_slack(const Cells<Value>& cells, Made& made, Random& random) {
    made.offset = static_cast<std::int64_t>(chance(random, 0.5) ? below(random, 70) : 0);
    made.length = static_cast<std::int64_t>(cells.size());
    Cells<Value> all;
    const auto junk = [&] {
        all.push_back(cells.empty() || chance(random, 0.3) ? std::nullopt
                                                           : cells[below(random, cells.size())]);
    };
    for (std::int64_t i = 0; i < made.offset; ++i)
        junk();
    all.insert(all.end(), cells.begin(), cells.end());
    for (std::size_t i = below(random, 3); i > 0; --i)
        junk();
    return all;
}

/// The bitmap, absent where it may be; nulls counted or not.
template <class Value> void set_validity(const Cells<Value>& all, Made& made, Random& random) {
    std::string bits((all.size() + 7) / 8, '\0');
    std::int64_t nulls = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto at = static_cast<std::int64_t>(i);
        if (all[i])
            bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << i % 8);
        else
            nulls += at >= made.offset && at < made.offset + made.length;
    }
    const bool is_absent = nulls == 0 && chance(random, 0.5);
    made.buffers.insert(made.buffers.begin(), is_absent ? std::nullopt : std::optional(bits));
    made.null_count = chance(random, 0.5) ? -1 : nulls;
}

template <class T> Made numbers(const char* format, const Cells<T>& cells, Random& random) {
    Made made;
    made.format = format;
    const Cells<T> all = with_slack(cells, made, random);
    std::string bytes;
    for (const auto& cell : all)
        append(bytes, cell ? *cell : static_cast<T>(random()));
    made.buffers.push_back(bytes);
    set_validity(all, made, random);
    return made;
}

inline Made flags(const Cells<bool>& cells, Random& random) {
    Made made;
    made.format = "b";
    const Cells<bool> all = with_slack(cells, made, random);
    std::string bits((all.size() + 7) / 8, '\0');
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i].value_or(chance(random, 0.5)))
            bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << i % 8);
    made.buffers.push_back(bits);
    set_validity(all, made, random);
    return made;
}

inline Made nulls(std::size_t length) {
    Made made;
    made.format = "n";
    made.length = made.null_count = static_cast<std::int64_t>(length);
    return made;
}

/// u, U or vu; null ones hold bytes too, which nobody may look at.
inline Made texts(const std::string& format, const Cells<std::string>& cells, Random& random) {
    Made made;
    made.format = format;
    const Cells<std::string> all = with_slack(cells, made, random);
    std::string values, bytes;
    if (format == "vu") {
        std::string buffers[2];
        for (const auto& cell : all) {
            if (!cell) {
                for (int i = 0; i < 2; ++i)
                    append(values, random());
                continue;
            }
            append(values, static_cast<std::int32_t>(cell->size()));
            if (cell->size() <= 12) {
                values += *cell + std::string(12 - cell->size(), '\0');
                continue;
            }
            const std::size_t buffer = below(random, 2);
            values += cell->substr(0, 4);
            append(values, static_cast<std::int32_t>(buffer));
            append(values, static_cast<std::int32_t>(buffers[buffer].size()));
            buffers[buffer] += *cell;
        }
        std::string sizes;
        made.buffers.emplace_back(values);
        for (const std::string& buffer : buffers) {
            made.buffers.emplace_back(buffer);
            append(sizes, static_cast<std::int64_t>(buffer.size()));
        }
        made.buffers.emplace_back(sizes);
        set_validity(all, made, random);
        return made;
    }
    const auto put = [&](std::size_t end) {
        if (format == "u")
            append(values, static_cast<std::int32_t>(end));
        else
            append(values, static_cast<std::int64_t>(end));
    };
    if (chance(random, 0.3)) bytes = "before"; // offsets need not begin at 0
    put(bytes.size());
    for (const auto& cell : all) {
        bytes += cell ? *cell : std::string(below(random, 4), '\xff');
        put(bytes.size());
    }
    made.buffers.emplace_back(values);
    made.buffers.emplace_back(bytes);
    set_validity(all, made, random);
    return made;
}

/// Numbers into the distinct values, some of which nobody names and one of which may be null.
inline Made dictionary(const char* format, const Cells<std::string>& cells, Random& random) {
    Cells<std::string> values;
    const bool has_null = chance(random, 0.3);
    if (has_null) values.push_back(std::nullopt);
    if (chance(random, 0.3)) values.push_back("named by nobody");
    Cells<std::int64_t> places;
    for (const auto& cell : cells) {
        if (!cell && (!has_null || chance(random, 0.5))) {
            places.push_back(std::nullopt);
            continue;
        }
        std::size_t place = 0;
        while (place < values.size() && values[place] != cell)
            ++place;
        if (place == values.size()) values.push_back(cell);
        places.push_back(static_cast<std::int64_t>(place));
    }
    Made made = numbers<std::int64_t>("l", places, random);
    const int width = *format == 'c' || *format == 'C'   ? 1
                      : *format == 's' || *format == 'S' ? 2
                      : *format == 'i' || *format == 'I' ? 4
                                                         : 8;
    std::string narrow;
    for (std::size_t i = 0; i < made.buffers[1]->size(); i += 8)
        narrow.append(*made.buffers[1], i, static_cast<std::size_t>(width)); // little end first
    made.buffers[1] = narrow;
    made.format = format;
    made.dictionary.push_back(texts(*format >= 'a' ? "u" : "U", values, random));
    return made;
}

/// A list of items, which `make` makes into a column.
template <class Item, class Make>
Made list(const std::string& format, const Cells<std::vector<Item>>& cells, Random& random,
          Make&& make) {
    Made made;
    made.format = format;
    const Cells<std::vector<Item>> all = with_slack(cells, made, random);
    std::vector<Item> items(below(random, 3)); // offsets need not begin at 0
    std::string ends;
    const auto put = [&] {
        if (format == "+L")
            append(ends, static_cast<std::int64_t>(items.size()));
        else
            append(ends, static_cast<std::int32_t>(items.size()));
    };
    put();
    for (const auto& cell : all) {
        if (cell) items.insert(items.end(), cell->begin(), cell->end());
        put();
    }
    made.buffers.emplace_back(ends);
    set_validity(all, made, random);
    made.children.push_back(make(items));
    made.children[0].name = "item";
    return made;
}

/// A structure of columns, sliced once more: `make(before, behind)` makes its columns with so many
/// rows more before the first and behind the last.
template <class Make> Made structure(const Cells<bool>& is_there, Random& random, Make&& make) {
    Made made;
    made.format = "+s";
    const Cells<bool> all = with_slack(is_there, made, random);
    set_validity(all, made, random);
    const auto before = static_cast<std::size_t>(made.offset);
    made.children = make(before, all.size() - is_there.size() - before);
    return made;
}

/// So many rows of nothing, the cells, and so many more.
template <class Value>
Cells<Value> around(std::size_t before, const Cells<Value>& cells, std::size_t behind) {
    Cells<Value> all(before);
    all.insert(all.end(), cells.begin(), cells.end());
    all.resize(all.size() + behind);
    return all;
}

} // namespace producer
