// How fast do firms come from Arrow, and answers go to it, where the types match?
//
//   qice_bench_arrow [firms, default 550000]
//
// Firms: the columns of a made-up city as a producer would have them (decimal128, int32, date32,
// bool, dictionary, utf8, list of utf8), in batches of 65,536; that the table is the city's is
// checked first. Answers: all pushes of 3,000 policies. Prints GB of buffers a second, the median
// of seven.
#include "city.hpp"

#include "io/arrow_make.hpp"
#include "qice/io/arrow.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

using namespace qice;

namespace {

double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

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

template <class Work> double median(Work&& work) {
    std::vector<double> times;
    for (int i = 0; i < 7; ++i) {
        const double start = seconds();
        work();
        times.push_back(seconds() - start);
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

} // namespace

int main(int count, char** arguments) {
    const std::uint64_t size = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 550'000;
    const bench::City& city = bench::city(size, 3'000);
    const Batches all = batches_of(city.firms);
    for (const unsigned threads : {1u, 2u}) {
        ReadOptions options;
        options.as_of = city.as_of;
        options.threads = threads;
        const auto read = [&] {
            ArrowArrayStream stream = arrow_stream(std::make_unique<City>(all));
            return read_firms_arrow(&stream, city.schema, options).value();
        };
        const FirmsRead first = read();
        if (!first.quarantine.empty() || !same(first.firms, city.firms)) {
            std::fputs("the firms are not those of the city\n", stderr);
            return 1;
        }
        const double time = median([&] { read(); });
        std::printf("in: %zu firms, %zu columns, %.0f MB, %u threads: %.0f ms, %.2f GB/s\n",
                    city.firms.size(), all.types.size(), all.bytes / 1e6, threads, time * 1e3,
                    all.bytes / time / 1e9);
    }
    const Matcher matcher(*city.schema, city.policies.policies, {city.as_of, false, {}});
    MatchOptions options;
    options.threads = 2;
    const MatchResult result = matcher.match(city.firms, options);
    double rows = 0, bytes = 0;
    const double time = median([&] {
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
    std::printf("out: %.0f pushes, %.0f MB: %.0f ms, %.2f GB/s\n", rows, bytes / 1e6, time * 1e3,
                bytes / time / 1e9);
}
