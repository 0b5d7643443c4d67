// How fast do firms come from Arrow, and answers go to it, where the types match?
//
//   qice_bench_arrow [firms, default 550000]
//
// Firms: the columns of a made-up city as a producer would have them (decimal128, int64, date32,
// bool, dictionary, utf8 with sets and tags as in cells of CSV), in batches of 65,536; that the
// table is the city's is checked first. Then the columns of one type at a time, less what the ids
// alone take, and as the floor under all of it the same buffers copied into new memory. Answers:
// all pushes of 3,000 policies. Prints GB of the Arrow buffers a second of processor time, and how
// much of that time the system took for pages; the median of seven.
#include "city.hpp"

#include "io/arrow_make.hpp"
#include "qice/io/arrow.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

#include <sys/resource.h>

using namespace qice;

namespace {

/// Processor time, all threads, and the system's part of it.
struct Seconds {
    double all = 0, system = 0;

    static Seconds now() {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        const auto of = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
        };
        return {of(usage.ru_utime) + of(usage.ru_stime), of(usage.ru_stime)};
    }
    bool operator<(const Seconds& other) const { return all < other.all; }
};

/// The bytes of a batch's buffers; a dictionary's are the same in each batch and count once.
double bytes_of(const std::vector<ArrowColumnData>& columns) {
    double bytes = 0;
    for (const ArrowColumnData& column : columns)
        for (const auto& buffer : column.buffers)
            if (buffer) bytes += static_cast<double>(buffer->size());
    return bytes;
}

/// A column in the making, of one type.
class Maker {
  public:
    Maker(const FirmTable& firms, std::uint32_t field) : firms_(firms), field_(field) {
        const Field& of = firms.schema()[field];
        if (!of.is_string()) return;
        ArrowTexts texts;
        for (std::uint32_t i = 0; i < firms.column(field).dictionary.size(); ++i)
            texts.add(firms.column(field).dictionary[i]);
        dictionary_ = std::make_shared<const ArrowColumnData>(texts.finish());
    }

    ArrowColumnType type() const {
        const Field& of = firms_.schema()[field_];
        if (of.is_string()) return {of.name, "i", true, "u"};
        switch (of.kind) {
        case Kind::number:
            return {of.name, of.decimals == 0 ? "l" : "d:18," + std::to_string(of.decimals), true,
                    ""};
        case Kind::date: return {of.name, "tdD", true, ""};
        case Kind::flag: return {of.name, "b", true, ""};
        default: return {of.name, "u", true, ""};
        }
    }

    ArrowColumnData make(std::size_t from, std::size_t count) const {
        const Field& of = firms_.schema()[field_];
        if (of.kind == Kind::set || of.kind == Kind::tags || of.kind == Kind::text ||
            (of.kind == Kind::code && of.codes))
            return make_texts(from, count);
        Array<char> validity, values;
        validity.resize((count + 7) / 8, 0);
        for (std::size_t i = 0; i < count; ++i) {
            const auto value = firms_[from + i].scalar(field_);
            if (value) validity[i / 8] = static_cast<char>(validity[i / 8] | 1 << i % 8);
            const std::int64_t number = value.value_or(0);
            if (of.kind == Kind::flag) {
                if (i % 8 == 0) values.push_back(0);
                values.back() = static_cast<char>(values.back() | number << i % 8);
            } else if (of.is_string() || of.kind == Kind::date) {
                ArrowTexts::put(values, static_cast<std::int32_t>(number));
            } else if (of.decimals == 0) {
                ArrowTexts::put(values, number);
            } else {
                ArrowTexts::put(values, static_cast<__int128>(number));
            }
        }
        return {static_cast<std::int64_t>(count),
                {arrow_buffer(std::move(validity)), arrow_buffer(std::move(values))},
                dictionary_};
    }

  private:
    /// As cells of a CSV are written.
    ArrowColumnData make_texts(std::size_t from, std::size_t count) const {
        const Field& of = firms_.schema()[field_];
        const Column& column = firms_.column(field_);
        ArrowTexts texts(true);
        std::string text;
        for (std::size_t row = from; row < from + count; ++row) {
            text.clear();
            if (of.kind == Kind::text && column.texts.size() > 0) text = column.texts[row];
            if (of.kind == Kind::code)
                if (const auto code = firms_[row].scalar(field_))
                    text = (*of.codes)[static_cast<std::uint32_t>(*code)].code;
            if (of.kind == Kind::set && !column.offsets.empty())
                for (std::uint32_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
                    text += (text.empty() ? "" : "|") + column.dictionary[column.elements[i].name];
                    if (column.elements[i].until != kForever)
                        text += "@" + Date{column.elements[i].until}.to_string();
                }
            if (of.kind == Kind::tags && !column.offsets.empty())
                for (std::uint32_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i)
                    text += (text.empty() ? "" : "|") + column.dictionary[column.tags[i].name] +
                            ":" + format_decimal(column.tags[i].weight, 3);
            texts.add(text);
        }
        return texts.finish();
    }

    const FirmTable& firms_;
    const std::uint32_t field_;
    std::shared_ptr<const ArrowColumnData> dictionary_;
};

struct Batches {
    std::vector<ArrowColumnType> types;
    std::vector<std::vector<ArrowColumnData>> columns;
    std::vector<std::int64_t> rows;
    double bytes = 0;
};

class City : public ArrowSource {
  public:
    explicit City(const Batches& all) : all_(all) {}
    void give_type(ArrowSchema* out) override { make_arrow_schema(all_.types, out); }
    void give_batch(ArrowArray* out) override {
        if (next_ == all_.rows.size()) return;
        make_arrow_batch(all_.rows[next_], all_.columns[next_], out);
        ++next_;
    }

  private:
    const Batches& all_;
    std::size_t next_ = 0;
};

Batches batches_of(const FirmTable& firms) {
    constexpr std::size_t kRows = 65'536;
    Batches all;
    std::vector<Maker> makers;
    all.types.push_back({firms.schema().id_column(), "u", false, ""});
    for (std::uint32_t field = 0; field < firms.schema().size(); ++field) {
        const Field& of = firms.schema()[field];
        const Column& column = firms.column(field);
        const bool is_empty = column.numbers.empty() && column.codes.empty() &&
                              column.flags.empty() && column.offsets.empty() &&
                              column.texts.size() == 0;
        if (of.derived() || is_empty) continue;
        makers.emplace_back(firms, field);
        all.types.push_back(makers.back().type());
    }
    for (std::size_t from = 0; from < firms.size(); from += kRows) {
        const std::size_t count = std::min(kRows, firms.size() - from);
        std::vector<ArrowColumnData> columns;
        ArrowTexts ids;
        for (std::size_t row = from; row < from + count; ++row)
            ids.add(firms.id(row));
        columns.push_back(ids.finish());
        for (const Maker& maker : makers)
            columns.push_back(maker.make(from, count));
        all.bytes += bytes_of(columns);
        all.columns.push_back(std::move(columns));
        all.rows.push_back(static_cast<std::int64_t>(count));
    }
    return all;
}

bool same(const FirmTable& a, const FirmTable& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t row = 0; row < a.size(); row += 97)
        for (std::uint32_t field = 0; field < a.schema().size(); ++field) {
            const Field& of = a.schema()[field];
            if (a.id(row) != b.id(row) || a[row].known(field) != b[row].known(field)) return false;
            if (of.is_string() ? a[row].string(field) != b[row].string(field)
                               : a[row].scalar(field) != b[row].scalar(field))
                return false;
        }
    return true;
}

template <class Work> Seconds median(Work&& work) {
    std::vector<Seconds> times;
    for (int i = 0; i < 7; ++i) {
        const Seconds start = Seconds::now();
        work();
        const Seconds end = Seconds::now();
        times.push_back({end.all - start.all, end.system - start.system});
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

/// Some of the columns; the first is the id.
Batches some_of(const Batches& all, const std::vector<std::size_t>& places) {
    Batches some;
    some.rows = all.rows;
    for (const std::size_t place : places)
        some.types.push_back(all.types[place]);
    for (const auto& columns : all.columns) {
        std::vector<ArrowColumnData> chosen;
        for (const std::size_t place : places)
            chosen.push_back(columns[place]);
        some.bytes += bytes_of(chosen);
        some.columns.push_back(std::move(chosen));
    }
    return some;
}

FirmsRead read(const Batches& batches, const bench::City& city, unsigned threads) {
    ReadOptions options;
    options.as_of = city.as_of;
    options.threads = threads;
    ArrowArrayStream stream = arrow_stream(std::make_unique<City>(batches));
    return read_firms_arrow(&stream, city.schema, options).value();
}

/// What no reader can be faster than: all buffers copied into memory that nobody has touched.
void copy(const Batches& batches) {
    Array<char> to;
    to.resize(static_cast<std::size_t>(batches.bytes));
    std::size_t at = 0;
    for (const auto& columns : batches.columns)
        for (const ArrowColumnData& column : columns)
            for (const auto& buffer : column.buffers) {
                if (!buffer || buffer->empty()) continue;
                std::memcpy(to.data() + at, buffer->data(), buffer->size());
                at += buffer->size();
            }
}

void print(const std::string& what, double bytes, const Seconds& time) {
    std::printf("%-28s %5.0f MB %6.0f ms, of these %4.0f the system's: %6.2f GB/s\n", what.c_str(),
                bytes / 1e6, time.all * 1e3, time.system * 1e3, bytes / time.all / 1e9);
}

void measure_types(const Batches& all, const bench::City& city) {
    const Batches ids = some_of(all, {0});
    const Seconds ids_time = median([&] { read(ids, city, 1); });
    print("in, ids alone (utf8)", ids.bytes, ids_time);
    std::map<std::string, std::vector<std::size_t>> by_type;
    for (std::size_t place = 1; place < all.types.size(); ++place) {
        const ArrowColumnType& type = all.types[place];
        const std::string name = !type.dictionary_format.empty() ? "dictionary<int32, utf8>"
                                 : type.format == "l"            ? "int64"
                                 : type.format == "tdD"          ? "date32"
                                 : type.format == "b"            ? "bool"
                                 : type.format == "u"            ? "utf8"
                                                                 : "decimal128";
        std::vector<std::size_t>& places = by_type[name];
        if (places.empty()) places.push_back(0);
        places.push_back(place);
    }
    for (const auto& [name, places] : by_type) {
        const Batches some = some_of(all, places);
        const Seconds time = median([&] { read(some, city, 1); });
        print("in, " + std::to_string(places.size() - 1) + " of " + name, some.bytes - ids.bytes,
              {time.all - ids_time.all, time.system - ids_time.system});
    }
}

} // namespace

int main(int count, char** arguments) {
    const std::uint64_t size = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 550'000;
    const bench::City& city = bench::city(size, 3'000);
    const Batches all = batches_of(city.firms);
    const FirmsRead first = read(all, city, 1);
    if (!first.quarantine.empty() || !same(first.firms, city.firms)) {
        std::fputs("the firms are not those of the city\n", stderr);
        return 1;
    }
    std::printf("%zu firms, %zu columns\n", city.firms.size(), all.types.size());
    print("copied", all.bytes, median([&] { copy(all); }));
    for (const unsigned threads : {1u, 2u})
        print("in, " + std::to_string(threads) + " thread(s)", all.bytes,
              median([&] { read(all, city, threads); }));
    measure_types(all, city);
    const Matcher matcher(*city.schema, city.policies.policies, {city.as_of, false, {}});
    MatchOptions options;
    options.threads = 2;
    const MatchResult result = matcher.match(city.firms, options);
    double rows = 0, bytes = 0;
    const Seconds time = median([&] {
        ArrowPushes pushes;
        pushes.result = &result;
        pushes.firms = &city.firms;
        pushes.policies = city.policies.policies;
        ArrowArrayStream stream;
        export_pushes(pushes, &stream);
        rows = bytes = 0;
        for (;;) {
            ArrowArray batch;
            if (stream.get_next(&stream, &batch) != 0 || batch.release == nullptr) break;
            rows += static_cast<double>(batch.length);
            const auto* const ends =
                static_cast<const std::int32_t*>(batch.children[0]->buffers[1]);
            bytes += ends[batch.length] + static_cast<double>(batch.length) * (4 + 1 + 4 + 4 + 16);
            batch.release(&batch);
        }
        stream.release(&stream);
    });
    print("out, " + std::to_string(static_cast<long long>(rows)) + " pushes", bytes, time);
}
